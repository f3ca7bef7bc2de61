//! What an order has become by a moment, for the documents that print it.

use chrono::{DateTime, Utc};

use super::{CancelledBy, Seller, What};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Payment isn't authorised; prices are unknown.
    Pending,
    /// To be shipped.
    Unshipped,
    /// Some of it has left.
    PartiallyShipped,
    /// All of it has left.
    Shipped,
    /// Called off.
    Cancelled,
}

/// An order at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub status: Status,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whether cancelling took the items with it.
    pub emptied: bool,
    /// Who called it off.
    pub cancelled_by: Option<CancelledBy>,
    /// Its items, in the order's order.
    pub items: Vec<ItemStanding>,
}

/// An item at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemStanding {
    /// Units ordered and not called off.
    pub ordered: i64,
    /// Units that have left.
    pub shipped: i64,
    /// Who called some or all of it off.
    pub cancelled_by: Option<CancelledBy>,
}

impl Standing {
    /// Whether documents show prices.
    pub fn is_priced(&self) -> bool {
        !matches!(self.status, Status::Pending | Status::Cancelled)
    }
}

/// The order after everything that happened to it before or at `seen`; nothing if it wasn't placed yet.
pub fn standing(seller: &Seller, order: usize, seen: DateTime<Utc>) -> Option<Standing> {
    let placed = &seller.orders[order];
    if placed.placed_at > seen {
        return None;
    }
    let mut standing = Standing {
        status: Status::Pending,
        updated_at: placed.placed_at,
        emptied: false,
        cancelled_by: None,
        items: placed
            .items
            .iter()
            .map(|item| ItemStanding { ordered: item.units, shipped: 0, cancelled_by: None })
            .collect(),
    };
    for event in placed.history.iter().map(|place| &seller.events[*place]).take_while(|event| event.at <= seen) {
        standing.updated_at = event.at;
        match &event.what {
            What::PaymentAuthorised { .. } => standing.status = Status::Unshipped,
            What::Shipped { parcel, .. } => {
                for (item, units) in &parcel.lines {
                    standing.items[*item].shipped += units;
                }
                let open = standing.items.iter().any(|item| item.shipped < item.ordered);
                standing.status = if open { Status::PartiallyShipped } else { Status::Shipped };
            }
            What::UnitsCancelled { item, units, by, .. } => {
                standing.items[*item].ordered -= units;
                standing.items[*item].cancelled_by = Some(*by);
            }
            What::Cancelled { by, emptied, .. } => {
                standing.status = Status::Cancelled;
                standing.emptied = *emptied;
                standing.cancelled_by = Some(*by);
                for item in &mut standing.items {
                    item.ordered = 0;
                    item.cancelled_by = Some(*by);
                }
            }
            _ => {}
        }
    }
    Some(standing)
}
