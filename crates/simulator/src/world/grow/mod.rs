//! How a seller lives through its time. Each step only appends; events are put in order at the end.

mod advertising;
mod catalogue;
mod demand;
mod lives;
mod money;
mod orders;
mod services;
mod settlements;
mod shelves;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::marketplace::marketplace;
use super::{Event, Marketplace, Profile, Seller, SellerProfile, Timeline, What, hashed};

/// A seller in growth.
struct Growth {
    random: fastrand::Rng,
    from: NaiveDate,
    to: NaiveDate,
    /// Orders a day in thousandths.
    pace: u64,
    /// Next number for ids; begins apart for each seller, so that no two share one.
    next: u64,
    seller: Seller,
}

/// Grows one seller of a profile.
pub(super) fn seller(profile: &Profile, wanted: &SellerProfile) -> Seller {
    let salt = wanted
        .id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let seed = hashed(&[profile.seed, salt]);
    let mut growth = Growth {
        random: fastrand::Rng::with_seed(seed),
        from: profile.from,
        to: profile.to,
        pace: (wanted.orders_per_day * 1000.0) as u64,
        next: seed % 900_000 * 1_000_000,
        seller: Seller {
            id: wanted.id.clone(),
            name: format!("{} Trading", &wanted.id[wanted.id.len().saturating_sub(6)..]),
            region: wanted.region,
            marketplaces: wanted.marketplaces.iter().filter_map(|country| marketplace(country)).collect(),
            products: Vec::new(),
            orders: Vec::new(),
            transactions: Vec::new(),
            returns: Vec::new(),
            reimbursements: Vec::new(),
            settlements: Vec::new(),
            ads_profiles: Vec::new(),
            campaigns: Vec::new(),
            ads: Vec::new(),
            events: Vec::new(),
            timeline: Timeline::default(),
        },
    };
    if growth.seller.marketplaces.is_empty() || wanted.products == 0 {
        return growth.seller;
    }
    growth.list_products(wanted.products);
    growth.take_orders();
    growth.live_orders();
    growth.fill_shelves();
    if wanted.ads {
        growth.advertise();
    }
    growth.charge_services();
    growth.settle();
    growth.seller.events.sort_by_key(|event| event.at);
    Timeline::file(&mut growth.seller);
    growth.seller
}

impl Growth {
    fn happens(&mut self, at: DateTime<Utc>, what: What) {
        self.seller.events.push(Event { at, what });
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// True `permille` times in a thousand.
    fn chance(&mut self, permille: u32) -> bool {
        self.random.u32(0..1000) < permille
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.usize(0..choices.len())]
    }

    /// Some time between `least` and `most` minutes.
    fn minutes(&mut self, least: i64, most: i64) -> TimeDelta {
        TimeDelta::seconds(self.random.i64(least * 60..most * 60))
    }

    /// The seller's first moment: midnight of the first day where its day begins first.
    fn birth(&self) -> DateTime<Utc> {
        let births = self.seller.marketplaces.iter().map(|market| market.midnight(self.from));
        births.min().unwrap_or_default()
    }

    /// Marketplaces, one for each pool of stock.
    fn pools(&self) -> Vec<&'static Marketplace> {
        let mut pools: Vec<&'static Marketplace> = Vec::new();
        for market in &self.seller.marketplaces {
            if pools.iter().all(|known| known.pool != market.pool) {
                pools.push(market);
            }
        }
        pools
    }
}

/// A price of US cents in a marketplace's minor units.
fn converted(cents: i64, market: &Marketplace) -> i64 {
    cents * market.per_cent / 1000
}
