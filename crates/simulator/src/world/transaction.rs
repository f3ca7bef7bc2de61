//! Money that moved.

use chrono::{DateTime, Utc};

use super::{Marketplace, hashed};

/// One movement of money, made of signed lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Number its ids are made from; unique in the world.
    pub number: u64,
    /// What it was about.
    pub kind: TransactionKind,
    /// Marketplace it belongs to.
    pub market: &'static Marketplace,
    /// When it was posted.
    pub posted_at: DateTime<Utc>,
    /// When it was let go, if it was held back first. A deferred transaction is told again then, under another id.
    pub released_at: Option<DateTime<Utc>>,
    /// The order behind it.
    pub order: Option<usize>,
    /// The parcel behind it.
    pub parcel: Option<u64>,
    /// Its lines; those of one item stand together.
    pub lines: Vec<Line>,
}

/// What a transaction is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionKind {
    /// A parcel left.
    Shipment,
    /// A buyer got money back.
    Refund,
    /// Amazon charged for a service.
    ServiceFee,
    /// Amazon charged for advertising.
    ProductAds,
    /// Amazon paid for stock it lost or damaged, or took that back.
    Reimbursement,
    /// A settlement was paid out.
    Transfer,
}

/// One amount of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The item of the order.
    pub item: Option<usize>,
    /// The product.
    pub product: Option<usize>,
    /// Units behind the amount.
    pub units: i64,
    /// What it is for.
    pub charge: Charge,
    /// Amount in minor units, signed to the seller; of fees, before tax.
    pub base: i64,
    /// Tax on a fee, signed like the base; 0 for all else.
    pub tax: i64,
}

/// What an amount is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Charge {
    /// The goods.
    Principal,
    /// Tax on the goods.
    Tax,
    /// Shipping.
    Shipping,
    /// Tax on shipping.
    ShippingTax,
    /// Gift wrap.
    GiftWrap,
    /// Tax on gift wrap.
    GiftWrapTax,
    /// Discount on the goods.
    Promotion,
    /// Discount on shipping.
    ShippingPromotion,
    /// Tax on the goods, withheld.
    WithheldPrincipal,
    /// Tax on shipping, withheld.
    WithheldShipping,
    /// Tax on the rest, withheld.
    WithheldOther,
    /// Money given back beyond the price.
    Goodwill,
    /// Referral fee.
    Commission,
    /// Pick and pack.
    Fulfilment,
    /// Shipping the buyer paid for, kept by Amazon who shipped.
    ShippingChargeback,
    /// Gift wrap the buyer paid for, kept by Amazon who wrapped.
    GiftWrapChargeback,
    /// What Amazon keeps of the referral fee on a refund.
    RefundCommission,
    /// Monthly storage.
    Storage,
    /// Monthly subscription.
    Subscription,
    /// Transport to a warehouse.
    Inbound,
    /// Coupons.
    Coupon,
    /// Advertising.
    Advertising,
    /// Paid for lost or damaged stock.
    Reimbursement,
    /// Such a payment taken back.
    ReversedReimbursement,
    /// Paid out to the bank.
    FundTransfer,
}

impl Line {
    /// The amount, tax on fees included.
    pub fn amount(&self) -> i64 {
        self.base + self.tax
    }
}

impl Transaction {
    /// Sum of the lines in minor units.
    pub fn total(&self) -> i64 {
        self.lines.iter().map(Line::amount).sum()
    }

    /// Amazon's id; of a deferred transaction, the id it had from the start.
    pub fn id(&self) -> String {
        format!("{:016x}{:08x}", hashed(&[self.number, 1]), self.number & 0xffff_ffff)
    }

    /// The id under which a deferred transaction is told again.
    pub fn release_id(&self) -> String {
        format!("{:016x}{:08x}", hashed(&[self.number, 2]), self.number & 0xffff_ffff)
    }

    /// When the money counts towards a settlement.
    pub fn settles_at(&self) -> DateTime<Utc> {
        self.released_at.unwrap_or(self.posted_at)
    }
}
