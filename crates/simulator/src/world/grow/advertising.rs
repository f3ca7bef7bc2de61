//! Campaigns and what their ads do a day.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::{Growth, converted};
use crate::world::{Ad, AdProduct, AdsProfile, Campaign, Marketplace, What};

/// Kind, name and ads of the campaigns of a profile.
const CAMPAIGNS: [(AdProduct, &str, usize); 4] = [
    (AdProduct::Products, "SP | Auto – all", 4),
    (AdProduct::Products, "SP | Exact \"best\"", 3),
    (AdProduct::Brands, "SB | Marke & Größe", 1),
    (AdProduct::Display, "SD | Views 30d", 2),
];

impl Growth {
    pub(super) fn advertise(&mut self) {
        for market in self.seller.marketplaces.clone() {
            let profile = self.seller.ads_profiles.len();
            let id = 100_000_000_000_000 + self.number() * 977;
            self.seller.ads_profiles.push(AdsProfile { id: id.to_string(), market });
            for (product, name, ads) in CAMPAIGNS {
                self.run_campaign(profile, market, product, name, ads);
            }
        }
        for ad in 0..self.seller.ads.len() {
            let market = self.seller.ads_profiles[self.seller.campaigns[self.seller.ads[ad].campaign].profile].market;
            let to = self.to;
            for day in self.from.iter_days().take_while(|day| *day < to) {
                self.run_ad(ad, market, day);
            }
        }
    }

    fn run_campaign(
        &mut self,
        profile: usize,
        market: &'static Marketplace,
        product: AdProduct,
        name: &str,
        ads: usize,
    ) {
        let campaign = self.seller.campaigns.len();
        let id = 370_000_000_000_000_000 + self.number() * 131;
        let name = format!("{name} {}", market.country);
        self.seller.campaigns.push(Campaign { id, profile, product, name, budget: converted(2500, market) });
        let group_id = id + 7;
        for place in 0..ads.min(self.seller.products.len()) {
            let shown = (product != AdProduct::Brands).then_some(place);
            let id = 480_000_000_000_000_000 + self.number() * 17;
            self.seller.ads.push(Ad { id, campaign, group_id, product: shown });
        }
    }

    fn run_ad(&mut self, ad: usize, market: &'static Marketplace, day: NaiveDate) {
        if self.chance(60) {
            return; // no impressions, no row
        }
        let ended = market.midnight(day + Days::new(1));
        let impressions = self.random.i64(60..1100);
        let clicks = impressions * self.random.i64(1..14) / 1000;
        let per_click = converted(self.random.i64(22..140), market).max(1);
        let cost = clicks * per_click;
        self.happens(ended, What::AdsCounted { ad, day, impressions, clicks, cost });
        if clicks > 2 && self.chance(200) {
            let at = ended + self.minutes(60 * 20, 60 * 64);
            let kept = clicks - self.random.i64(1..3);
            self.happens(at, What::AdsCorrected { ad, day, clicks: kept, cost: kept * per_click });
        }
        self.sell_by_ad(ad, market, day, ended, clicks);
    }

    /// Sales a day brought, told first after a day and again as weeks go by.
    fn sell_by_ad(&mut self, ad: usize, market: &Marketplace, day: NaiveDate, ended: DateTime<Utc>, clicks: i64) {
        let product = self.seller.ads[ad].product.unwrap_or(0);
        let price = self.seller.products[product].price(market.id, ended);
        let (mut purchases, mut units, mut sales) = (0, 0, 0);
        for (days, chance) in [(1, 1000), (7, 350), (28, 150)] {
            if !self.chance(chance) {
                continue;
            }
            let new = if days == 1 { clicks * self.random.i64(0..26) / 100 } else { self.random.i64(1..3) };
            if new == 0 {
                continue;
            }
            let sold = new + self.random.i64(0..2);
            (purchases, units, sales) = (purchases + new, units + sold, sales + sold * price);
            let at = ended + TimeDelta::days(days) - self.minutes(0, 60 * 8);
            self.happens(at, What::AdsSold { ad, day, purchases, units, sales });
        }
    }
}
