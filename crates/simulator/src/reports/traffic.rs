//! What was ordered on a local day, by product, as Amazon's own analytics count it.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::world::{Marketplace, Seller, hashed, standing};

/// Ordered product sales of one product on one day or more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sales {
    /// Orders with the product in them.
    pub(crate) orders: i64,
    /// Item rows.
    pub(crate) items: i64,
    /// Units.
    pub(crate) units: i64,
    /// Price times units, in minor units; pending orders included, before discounts and refunds.
    pub(crate) amount: i64,
}

impl Sales {
    pub(crate) fn add(&mut self, other: &Self) {
        self.orders += other.orders;
        self.items += other.items;
        self.units += other.units;
        self.amount += other.amount;
    }
}

/// Sales by product, all buyers and companies alone, of a day in a marketplace as known at `seen`. What was called off
/// by then is gone; replacements and multi-channel orders never count.
pub(crate) fn sales_of_day(
    seller: &Seller,
    market: &'static Marketplace,
    day: NaiveDate,
    seen: DateTime<Utc>,
) -> BTreeMap<usize, (Sales, Sales)> {
    let mut sales: BTreeMap<usize, (Sales, Sales)> = BTreeMap::new();
    for number in seller.orders_placed(market.midnight(day), market.midnight(day + Days::new(1))) {
        let order = &seller.orders[number];
        if order.market.id != market.id || order.non_amazon || order.replaces.is_some() {
            continue;
        }
        let Some(standing) = standing(seller, number, seen) else { continue };
        let mut counted: Vec<usize> = Vec::new();
        for (item, state) in order.items.iter().zip(&standing.items).filter(|(_, state)| state.ordered > 0) {
            let first = i64::from(!counted.contains(&item.product));
            counted.push(item.product);
            let found =
                Sales { orders: first, items: 1, units: state.ordered, amount: item.each.price * state.ordered };
            let entry = sales.entry(item.product).or_default();
            entry.0.add(&found);
            if order.business {
                entry.1.add(&found);
            }
        }
    }
    sales
}

/// Visits to a product's page on a day: browser and app sessions, browser and app views.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Visits {
    pub(super) browser_sessions: i64,
    pub(super) app_sessions: i64,
    pub(super) browser_views: i64,
    pub(super) app_views: i64,
}

impl Visits {
    /// So many that the units sold are a believable share of them.
    pub(super) fn of(product: usize, day: NaiveDate, units: i64) -> Self {
        let chance = hashed(&[product as u64, day.to_epoch_days() as u64, 61]);
        let browser_sessions = units * 4 + (chance % 17) as i64;
        let app_sessions = units * 5 + (chance / 17 % 23) as i64;
        Self {
            browser_sessions,
            app_sessions,
            browser_views: browser_sessions + (chance / 391 % 9) as i64,
            app_views: app_sessions + (chance / 3519 % 13) as i64,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.browser_sessions += other.browser_sessions;
        self.app_sessions += other.app_sessions;
        self.browser_views += other.browser_views;
        self.app_views += other.app_views;
    }

    pub(super) fn sessions(&self) -> i64 {
        self.browser_sessions + self.app_sessions
    }

    pub(super) fn views(&self) -> i64 {
        self.browser_views + self.app_views
    }
}
