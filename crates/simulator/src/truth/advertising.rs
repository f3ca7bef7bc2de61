//! What advertising cost and brought.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::world::{AdProduct, Marketplace, Seller, Source, What, decimal, published_at};

/// Advertising of one SKU on one day.
///
/// Compare with the lake's `ppc` grouped by `day`, `profile_id`, `ad_product` and `sku`. Days, purchases and sales are
/// those of the click; both counts and sales are the newest published by the moment. There is no remainder: campaigns
/// and products tell the same totals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdSpend {
    /// Day in the profile's zone.
    pub day: String,
    /// Advertising profile.
    pub profile_id: String,
    /// Its marketplace.
    pub marketplace_id: String,
    /// Its currency.
    pub currency: String,
    /// `SP`, `SB` or `SD`.
    pub ad_product: String,
    /// The SKU advertised; none for `SB`.
    pub sku: Option<String>,
    /// Times shown.
    pub impressions: i64,
    /// Times clicked.
    pub clicks: i64,
    /// Cost, positive.
    pub cost: String,
    /// Attributed sales.
    pub sales: String,
    /// Attributed orders.
    pub purchases: i64,
    /// Attributed units.
    pub units: i64,
}

/// Impressions, clicks, cost, purchases, units, sales.
type Counts = [i64; 6];

/// Advertising of a marketplace on one day.
///
/// Compare with the lake's `daily_ppc`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdDay {
    /// Day in the profile's zone.
    pub day: String,
    /// Marketplace.
    pub marketplace_id: String,
    /// Its currency.
    pub currency: String,
    /// `SP`, `SB` or `SD`.
    pub ad_product: String,
    /// Times shown.
    pub impressions: i64,
    /// Times clicked.
    pub clicks: i64,
    /// Cost, positive.
    pub cost: String,
    /// Attributed sales.
    pub sales: String,
    /// Attributed orders.
    pub purchases: i64,
}

/// Day, profile, kind, product.
type Place = (NaiveDate, usize, AdProduct, Option<usize>);

fn name(kind: AdProduct) -> &'static str {
    match kind {
        AdProduct::Products => "SP",
        AdProduct::Brands => "SB",
        AdProduct::Display => "SD",
    }
}

/// What advertising cost, by day and marketplace, in minor units.
pub(super) fn costs(
    seller: &Seller,
    published_by: DateTime<Utc>,
) -> BTreeMap<(NaiveDate, &'static str), (&'static Marketplace, i64)> {
    let mut costs = BTreeMap::new();
    for ((day, profile, ..), counts) in counted(seller, published_by) {
        let market = seller.ads_profiles[profile].market;
        costs.entry((day, market.id)).or_insert((market, 0)).1 += counts[2];
    }
    costs
}

/// Every day, marketplace and kind of advertising.
pub(super) fn days(seller: &Seller, published_by: DateTime<Utc>) -> Vec<AdDay> {
    let mut days: BTreeMap<(NaiveDate, &str, &str), (&Marketplace, Counts)> = BTreeMap::new();
    for ((day, profile, kind, _), counts) in counted(seller, published_by) {
        let market = seller.ads_profiles[profile].market;
        let sums = &mut days.entry((day, market.id, name(kind))).or_insert((market, [0; 6])).1;
        sums.iter_mut().zip(counts).for_each(|(sum, more)| *sum += more);
    }
    days.into_iter()
        .map(|((day, marketplace_id, kind), (market, [impressions, clicks, cost, purchases, _, sales]))| AdDay {
            day: day.to_string(),
            marketplace_id: marketplace_id.to_owned(),
            currency: market.currency.to_owned(),
            ad_product: kind.to_owned(),
            impressions,
            clicks,
            cost: decimal(cost, market.digits),
            sales: decimal(sales, market.digits),
            purchases,
        })
        .collect()
}

fn counted(seller: &Seller, published_by: DateTime<Utc>) -> BTreeMap<Place, Counts> {
    let mut newest: BTreeMap<(NaiveDate, usize), Counts> = BTreeMap::new();
    for event in seller.events.iter().take_while(|event| event.at <= published_by) {
        let told = |source| published_at(source, event.at) <= published_by;
        match event.what {
            What::AdsCounted { ad, day, impressions, clicks, cost } if told(Source::AdsTraffic) => {
                newest.insert((day, ad), [impressions, clicks, cost, 0, 0, 0]);
            }
            What::AdsCorrected { ad, day, clicks, cost } if told(Source::AdsRestated) => {
                if let Some(counts) = newest.get_mut(&(day, ad)) {
                    counts[1..3].copy_from_slice(&[clicks, cost]);
                }
            }
            What::AdsSold { ad, day, purchases, units, sales } if told(Source::AdsRestated) => {
                if let Some(counts) = newest.get_mut(&(day, ad)) {
                    counts[3..].copy_from_slice(&[purchases, units, sales]);
                }
            }
            _ => {}
        }
    }
    let mut rows: BTreeMap<Place, Counts> = BTreeMap::new();
    for ((day, ad), counts) in newest {
        let ad = &seller.ads[ad];
        let campaign = &seller.campaigns[ad.campaign];
        let row = rows.entry((day, campaign.profile, campaign.product, ad.product)).or_default();
        row.iter_mut().zip(counts).for_each(|(sum, more)| *sum += more);
    }
    rows
}

/// Every day and SKU that was shown to anybody.
pub(super) fn spend(seller: &Seller, published_by: DateTime<Utc>) -> Vec<AdSpend> {
    counted(seller, published_by)
        .into_iter()
        .map(|((day, profile, kind, product), [impressions, clicks, cost, purchases, units, sales])| {
            let profile = &seller.ads_profiles[profile];
            AdSpend {
                day: day.to_string(),
                profile_id: profile.id.clone(),
                marketplace_id: profile.market.id.to_owned(),
                currency: profile.market.currency.to_owned(),
                ad_product: name(kind).to_owned(),
                sku: product.map(|product| seller.products[product].sku.clone()),
                impressions,
                clicks,
                cost: decimal(cost, profile.market.digits),
                sales: decimal(sales, profile.market.digits),
                purchases,
                units,
            }
        })
        .collect()
}
