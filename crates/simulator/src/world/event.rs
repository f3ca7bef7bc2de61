//! What can happen.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Movement, Parcel};

/// Something that happened. When a document shows it is another question: see [`super::published_at`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub what: What,
}

/// Who called an order off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelledBy {
    /// The buyer.
    Buyer,
    /// The seller.
    Seller,
}

/// What happened. Numbers are places in the seller's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A product went on sale in all of the seller's marketplaces.
    Listed {
        /// The product.
        product: usize,
    },
    /// A product's price changed in one marketplace.
    PriceChanged {
        /// The product.
        product: usize,
        /// The marketplace's id.
        marketplace: &'static str,
        /// The new price in minor units.
        price: i64,
    },
    /// An order was placed; its payment isn't authorised, so nobody sees its prices.
    Ordered {
        /// The order.
        order: usize,
    },
    /// Payment was authorised: the order can be shipped.
    PaymentAuthorised {
        /// The order.
        order: usize,
    },
    /// A parcel left.
    Shipped {
        /// The order.
        order: usize,
        /// What was in it.
        parcel: Parcel,
    },
    /// Some units of an item were called off; the order goes on.
    UnitsCancelled {
        /// The order.
        order: usize,
        /// The item in the order.
        item: usize,
        /// How many units.
        units: i64,
        /// By whom.
        by: CancelledBy,
    },
    /// The order was called off.
    Cancelled {
        /// The order.
        order: usize,
        /// By whom.
        by: CancelledBy,
        /// Whether its items vanished with it.
        emptied: bool,
    },
    /// Something no document shows changed; the order counts as updated.
    Touched {
        /// The order.
        order: usize,
    },
    /// Money moved, or was held back until a release.
    Posted {
        /// The transaction.
        transaction: usize,
    },
    /// Money held back was let go.
    Released {
        /// The transaction.
        transaction: usize,
    },
    /// A warehouse received a return.
    Returned {
        /// The return.
        entry: usize,
    },
    /// What becomes of a return was decided.
    ReturnSettled {
        /// The return.
        entry: usize,
    },
    /// A reimbursement, or its reversal, was approved.
    Reimbursed {
        /// The reimbursement.
        entry: usize,
    },
    /// The seller sent units to a warehouse.
    InboundSent {
        /// The product.
        product: usize,
        /// Pool they go to.
        pool: &'static str,
        /// How many.
        units: i64,
    },
    /// Units moved in a warehouse's books.
    StockMoved(Movement),
    /// An ad's traffic of a day was counted.
    AdsCounted {
        /// The ad.
        ad: usize,
        /// Day in the profile's zone.
        day: NaiveDate,
        /// Times shown.
        impressions: i64,
        /// Times clicked.
        clicks: i64,
        /// Cost in minor units.
        cost: i64,
    },
    /// Invalid clicks of a day were taken back.
    AdsCorrected {
        /// The ad.
        ad: usize,
        /// Day in the profile's zone.
        day: NaiveDate,
        /// Clicks that remain.
        clicks: i64,
        /// Cost that remains, in minor units.
        cost: i64,
    },
    /// What is attributed to an ad's day now: the whole, not what was added.
    AdsSold {
        /// The ad.
        ad: usize,
        /// Day in the profile's zone.
        day: NaiveDate,
        /// Orders.
        purchases: i64,
        /// Units.
        units: i64,
        /// Sales in minor units.
        sales: i64,
    },
    /// A settlement closed.
    SettlementClosed {
        /// The settlement.
        settlement: usize,
    },
}

impl What {
    /// The order this changed.
    pub fn order(&self) -> Option<usize> {
        match self {
            Self::Ordered { order }
            | Self::PaymentAuthorised { order }
            | Self::Shipped { order, .. }
            | Self::UnitsCancelled { order, .. }
            | Self::Cancelled { order, .. }
            | Self::Touched { order } => Some(*order),
            _ => None,
        }
    }
}
