//! Orders as they were placed. What became of them is in the events.

use chrono::{DateTime, Utc};

use super::Marketplace;

/// An order as it was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Amazon's id, 3-7-7 digits; `S01-` and 7-7 for multi-channel fulfilment.
    pub id: String,
    /// Where it was placed; for multi-channel fulfilment, whose stock it takes.
    pub market: &'static Marketplace,
    /// Multi-channel fulfilment: sold elsewhere, shipped by Amazon, without prices.
    pub non_amazon: bool,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// Whether Amazon ships it.
    pub by_amazon: bool,
    /// Whether a company bought it.
    pub business: bool,
    /// The order this one replaces, for nothing.
    pub replaces: Option<usize>,
    /// Which of the marketplace's places it goes to.
    pub place: usize,
    /// Its items. Two can be equal in all but their ids.
    pub items: Vec<Item>,
    /// Places of its events in the seller's list, oldest first.
    pub history: Vec<usize>,
}

/// One item row of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Amazon's id of the item.
    pub id: u64,
    /// Place of the product in the seller's list.
    pub product: usize,
    /// Units ordered.
    pub units: i64,
    /// Money of one unit; an amount of some units is that many times it.
    pub each: UnitMoney,
    /// Promotion the discounts come from.
    pub promotion: Option<&'static str>,
}

/// Money of one unit in minor units. Discounts are positive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnitMoney {
    /// Price as the buyer saw it on the listing.
    pub price: i64,
    /// Tax on it, or in it, where Amazon shows it.
    pub tax: i64,
    /// Shipping.
    pub shipping: i64,
    /// Tax on shipping.
    pub shipping_tax: i64,
    /// Gift wrap.
    pub gift_wrap: i64,
    /// Tax on gift wrap.
    pub gift_wrap_tax: i64,
    /// Taken off the price.
    pub discount: i64,
    /// Taken off shipping.
    pub shipping_discount: i64,
}

/// What left a warehouse in one box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Number its ids are made from.
    pub number: u64,
    /// Item of the order and units of it.
    pub lines: Vec<(usize, i64)>,
}

impl Parcel {
    /// Amazon's shipment id.
    pub fn shipment_id(&self) -> String {
        format!("D{:09}", self.number)
    }

    /// Amazon's id of one of its lines.
    pub fn shipment_item_id(&self, line: usize) -> String {
        format!("D{:09}{line:02}", self.number)
    }
}
