//! What a world is grown from.

use chrono::{Days, NaiveDate};

use super::Region;

/// Who sells, how much, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Seed of everything random.
    pub seed: u64,
    /// The sellers to grow.
    pub sellers: Vec<SellerProfile>,
    /// First local day with orders.
    pub from: NaiveDate,
    /// First local day without orders. What follows from orders (shipping, refunds, settlements) goes on after it.
    pub to: NaiveDate,
    /// Most items on a page of any list, where Amazon itself would put more on one: small worlds have pages to turn, and
    /// what goes wrong between them, only if these are small too.
    pub most_per_page: usize,
    /// Whether a report type rests as a whole after one of its reports, and not just the same request: Amazon's documents
    /// say the one here and the other there.
    pub types_rest: bool,
    /// Whether the ledger report takes its range as instants, and not as local days: Amazon doesn't say which, and both
    /// have been seen.
    pub ledger_by_instant: bool,
}

/// One seller to grow.
#[derive(Debug, Clone, PartialEq)]
pub struct SellerProfile {
    /// Amazon's id of the selling partner.
    pub id: String,
    /// Region of its endpoints.
    pub region: Region,
    /// Country codes, the first being its home; `UK` for the United Kingdom.
    pub marketplaces: Vec<&'static str>,
    /// Average orders a day over all marketplaces.
    pub orders_per_day: f64,
    /// How many products it lists.
    pub products: usize,
    /// Whether it advertises.
    pub ads: bool,
}

/// Where the worlds below end; a caller with another calendar sets `from` and `to`.
const END: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 1).expect("a real day");

impl Profile {
    /// Three sellers, one a region, that ended `days` days of business on 1 November 2026.
    pub fn demo(days: u64) -> Self {
        let seller = |id: &str, region, marketplaces: &[&'static str], orders_per_day, products| SellerProfile {
            id: id.to_owned(),
            region,
            marketplaces: marketplaces.to_vec(),
            orders_per_day,
            products,
            ads: true,
        };
        Self {
            seed: 7,
            sellers: vec![
                seller("A2NORTHDEMO01", Region::NorthAmerica, &["US", "CA", "MX"], 28.0, 24),
                seller("A3EURODEMO002", Region::Europe, &["DE", "FR", "UK", "IT", "ES"], 22.0, 18),
                seller("A4FAREASTDEM3", Region::FarEast, &["JP"], 10.0, 10),
            ],
            from: END - Days::new(days),
            to: END,
            most_per_page: usize::MAX,
            types_rest: false,
            ledger_by_instant: false,
        }
    }

    /// Two tiny sellers and three weeks: every kind of event, grown in milliseconds.
    pub fn chaos(seed: u64) -> Self {
        let mut profile = Self::demo(21);
        profile.seed = seed;
        profile.sellers.truncate(2);
        for seller in &mut profile.sellers {
            seller.orders_per_day = 4.0;
            seller.products = 4;
            seller.marketplaces.truncate(2);
        }
        profile
    }
}
