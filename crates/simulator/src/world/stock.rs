//! Units in Amazon's warehouses.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Marketplace, Seller, Thread, What};

/// Units that moved in a warehouse's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The product.
    pub product: usize,
    /// Marketplace whose warehouse it is.
    pub market: &'static Marketplace,
    /// Which of its warehouses.
    pub warehouse: &'static str,
    /// Why units moved.
    pub kind: MovementKind,
    /// Units, negative when they left.
    pub units: i64,
    /// Condition as Amazon names it; only `SELLABLE` can be sold.
    pub disposition: &'static str,
    /// Reason code of adjustments.
    pub reason: &'static str,
    /// Number its reference is made from.
    pub reference: u64,
}

/// Why units moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovementKind {
    /// The seller's shipment arrived.
    Receipt,
    /// A parcel left.
    Shipment,
    /// A buyer sent them back.
    CustomerReturn,
    /// Lost, found or damaged.
    Adjustment,
    /// Sent to or received from another warehouse.
    Transfer,
}

/// A return as a warehouse received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// The order.
    pub order: usize,
    /// The item of the order.
    pub item: usize,
    /// Units.
    pub units: i64,
    /// When they arrived.
    pub at: DateTime<Utc>,
    /// Where.
    pub warehouse: &'static str,
    /// Condition found.
    pub disposition: &'static str,
    /// Buyer's reason code.
    pub reason: &'static str,
    /// When its status became final.
    pub settled_at: DateTime<Utc>,
    /// Number of its licence plate.
    pub plate: u64,
}

/// A reimbursement or its reversal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reimbursement {
    /// Number its id is made from.
    pub number: u64,
    /// Marketplace that pays.
    pub market: &'static Marketplace,
    /// When it was approved.
    pub at: DateTime<Utc>,
    /// The product.
    pub product: usize,
    /// Units, negative in a reversal.
    pub units: i64,
    /// Paid for one unit, in minor units; never negative.
    pub per_unit: i64,
    /// Why.
    pub reason: &'static str,
    /// Whether the units were given back as stock, and no money was paid.
    pub in_stock: bool,
    /// Number of the reimbursement this reverses.
    pub reverses: Option<u64>,
}

/// Units of one product in one pool at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// In a warehouse and sellable, those promised to buyers included.
    pub sellable: i64,
    /// Promised to buyers and not shipped.
    pub reserved: i64,
    /// In a warehouse and not sellable.
    pub unsellable: i64,
    /// On the way to a warehouse.
    pub inbound: i64,
}

impl Level {
    /// What can be sold now.
    pub fn fulfillable(&self) -> i64 {
        self.sellable - self.reserved
    }

    /// All units Amazon counts.
    pub fn total(&self) -> i64 {
        self.sellable + self.unsellable + self.inbound
    }
}

/// Levels of every product Amazon stores, by product and pool, after all that happened before or at `at`.
pub fn stock_levels(seller: &Seller, at: DateTime<Utc>) -> BTreeMap<(usize, &'static str), Level> {
    let mut levels: BTreeMap<(usize, &'static str), Level> = BTreeMap::new();
    let end = at + chrono::TimeDelta::microseconds(1);
    for (_, event) in seller.between(Thread::Stock, DateTime::<Utc>::MIN_UTC, end) {
        match &event.what {
            What::StockMoved(movement) => {
                let level = levels.entry((movement.product, movement.market.pool)).or_default();
                if movement.disposition == "SELLABLE" {
                    level.sellable += movement.units;
                } else {
                    level.unsellable += movement.units;
                }
                if movement.kind == MovementKind::Receipt {
                    level.inbound = (level.inbound - movement.units).max(0);
                }
            }
            What::InboundSent { product, pool, units } => {
                levels.entry((*product, *pool)).or_default().inbound += units;
            }
            _ => {}
        }
    }
    // Only young orders can be open: everything ships or is called off within days.
    for number in seller.orders_placed(at - chrono::TimeDelta::days(30), end) {
        let order = &seller.orders[number];
        let Some(standing) = super::standing(seller, number, at).filter(|_| order.by_amazon) else { continue };
        for (item, state) in order.items.iter().zip(&standing.items) {
            levels.entry((item.product, order.market.pool)).or_default().reserved += state.ordered - state.shipped;
        }
    }
    levels
}

/// Whether a product's damaged units are stranded; there is one such product among eight.
pub(crate) fn strands(product: usize) -> bool {
    product % 8 == 5
}
