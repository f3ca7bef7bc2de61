//! The books, by day and category.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::world::{
    Charge, Marketplace, Seller, Transaction, TransactionKind, What, decimal, transaction_published_at,
};

/// Money of one category on one day.
///
/// Compare with the lake's `ledger_accrual`, `ledger_cash`, `balance_movements` or `fees`, grouped by `local_day`,
/// `marketplace_id`, `currency`, `category` and `is_refund`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Booked {
    /// Local day it was posted; in the cash lens, released.
    pub local_day: String,
    /// Marketplace.
    pub marketplace_id: String,
    /// Currency.
    pub currency: String,
    /// Category as the lake names it.
    pub category: String,
    /// Whether refunds moved it.
    pub is_refund: bool,
    /// Sum, signed to the seller.
    pub amount: String,
    /// The part of it that is tax: all of the tax categories, and the tax on fees.
    pub tax: String,
    /// Amounts added: one for each leaf of the transactions' detailed trees.
    pub lines: i64,
}

impl Booked {
    /// Whether the money was only moved, neither earned nor spent.
    pub(super) fn is_balance(&self) -> bool {
        self.category == "balance_movement"
    }

    /// Whether the row is about fees of orders or services.
    pub(super) fn is_fee(&self) -> bool {
        is_fee(&self.category)
    }
}

/// Whether a category is about fees of orders or services.
pub(super) fn is_fee(category: &str) -> bool {
    category.ends_with("_fee") || category == "shipping_chargeback"
}

/// What refunds of an order's SKU gave back on a day: a row of the lake's `refunds`. All amounts are signed to the
/// seller, so money given back is negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefundTruth {
    /// Local day the refund was posted.
    pub local_day: String,
    /// Marketplace.
    pub marketplace_id: String,
    /// Currency.
    pub currency: String,
    /// The order.
    pub order_id: String,
    /// The SKU.
    pub sku: String,
    /// The goods.
    pub principal: String,
    /// Shipping.
    pub shipping: String,
    /// Gift wrap.
    pub giftwrap: String,
    /// Discounts taken back.
    pub promo_rebates: String,
    /// Goodwill.
    pub other_charges: String,
    /// All of the above.
    pub refunds: String,
    /// Tax, withheld tax included.
    pub tax: String,
    /// Fees given back to the seller.
    pub fees_returned: String,
    /// What Amazon keeps.
    pub refund_admin_fees: String,
    /// Everything.
    pub total: String,
}

/// Posted transactions published by a moment, deferred or not, each once.
pub(super) fn posted(
    seller: &Seller,
    published_by: DateTime<Utc>,
) -> impl Iterator<Item = (DateTime<Utc>, &Transaction)> {
    moved(seller, published_by, |what| match what {
        What::Posted { transaction } => Some(*transaction),
        _ => None,
    })
}

fn moved<'a>(
    seller: &'a Seller,
    published_by: DateTime<Utc>,
    chosen: impl Fn(&What) -> Option<usize> + 'a,
) -> impl Iterator<Item = (DateTime<Utc>, &'a Transaction)> {
    let events = seller.events.iter().take_while(move |event| event.at <= published_by);
    let found = events.filter_map(move |event| Some((event.at, &seller.transactions[chosen(&event.what)?])));
    found.filter(move |(at, transaction)| transaction_published_at(transaction, *at) <= published_by)
}

/// The accrual lens: money earned and spent on the day it was posted, a release being no money of its own.
pub(super) fn ledger(seller: &Seller, published_by: DateTime<Utc>) -> Vec<Booked> {
    booked(posted(seller, published_by)).into_iter().filter(|row| !row.is_balance()).collect()
}

/// The cash lens, what was only moved included: money on the day it was released, at once or later.
pub(super) fn cash(seller: &Seller, published_by: DateTime<Utc>) -> Vec<Booked> {
    booked(moved(seller, published_by, |what| match what {
        What::Posted { transaction } if seller.transactions[*transaction].released_at.is_none() => Some(*transaction),
        What::Released { transaction } => Some(*transaction),
        _ => None,
    }))
}

/// Local day, marketplace, category, whether a refund moved it.
type Key = (chrono::NaiveDate, &'static str, &'static str, bool);

/// Marketplace, amount, tax in it, lines.
type Sum = (&'static Marketplace, i64, i64, i64);

/// The accrual lens before it is made text.
pub(super) fn ledger_sums(seller: &Seller, published_by: DateTime<Utc>) -> BTreeMap<Key, Sum> {
    sums(posted(seller, published_by))
}

fn booked<'a>(moved: impl Iterator<Item = (DateTime<Utc>, &'a Transaction)>) -> Vec<Booked> {
    sums(moved)
        .into_iter()
        .map(|((day, marketplace_id, category, is_refund), (market, amount, tax, lines))| Booked {
            local_day: day.to_string(),
            marketplace_id: marketplace_id.to_owned(),
            currency: market.currency.to_owned(),
            category: category.to_owned(),
            is_refund,
            amount: decimal(amount, market.digits),
            tax: decimal(tax, market.digits),
            lines,
        })
        .collect()
}

fn sums<'a>(moved: impl Iterator<Item = (DateTime<Utc>, &'a Transaction)>) -> BTreeMap<Key, Sum> {
    let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
    for (at, transaction) in moved {
        let market = transaction.market;
        let is_refund = transaction.kind == TransactionKind::Refund;
        for line in &transaction.lines {
            let category = category(line.charge);
            let sum = sums.entry((market.day(at), market.id, category, is_refund)).or_insert((market, 0, 0, 0));
            let is_tax = category.starts_with("tax_");
            sum.1 += line.base + line.tax;
            sum.2 += if is_tax { line.base } else { line.tax };
            sum.3 += 1 + i64::from(line.tax != 0);
        }
    }
    sums
}

/// The rows of `refunds`.
pub(super) fn refunds(seller: &Seller, published_by: DateTime<Utc>) -> Vec<RefundTruth> {
    type Key<'a> = (String, &'static str, &'a str, &'a str);
    let mut sums: BTreeMap<Key<'_>, (&'static Marketplace, [i64; 8])> = BTreeMap::new();
    for (at, transaction) in posted(seller, published_by) {
        let Some(order) = transaction.order.filter(|_| transaction.kind == TransactionKind::Refund) else { continue };
        let market = transaction.market;
        for line in &transaction.lines {
            let Some(product) = line.product else { continue };
            let day = market.day(at).to_string();
            let key = (day, market.id, seller.orders[order].id.as_str(), seller.products[product].sku.as_str());
            let place = match category(line.charge) {
                "product_sales" => 0,
                "shipping_income" => 1,
                "giftwrap_income" => 2,
                "promo_rebate" => 3,
                "other_charge" => 4,
                "tax_collected" | "tax_withheld" => 5,
                "refund_admin_fee" => 7,
                _ => 6,
            };
            sums.entry(key).or_insert((market, [0; 8])).1[place] += line.base + line.tax;
        }
    }
    sums.into_iter()
        .map(|((local_day, marketplace_id, order_id, sku), (market, sums))| {
            let money = |amount: i64| decimal(amount, market.digits);
            RefundTruth {
                local_day,
                marketplace_id: marketplace_id.to_owned(),
                currency: market.currency.to_owned(),
                order_id: order_id.to_owned(),
                sku: sku.to_owned(),
                principal: money(sums[0]),
                shipping: money(sums[1]),
                giftwrap: money(sums[2]),
                promo_rebates: money(sums[3]),
                other_charges: money(sums[4]),
                refunds: money(sums[..5].iter().sum()),
                tax: money(sums[5]),
                fees_returned: money(sums[6]),
                refund_admin_fees: money(sums[7]),
                total: money(sums.iter().sum()),
            }
        })
        .collect()
}

/// The lake's category of a charge.
fn category(charge: Charge) -> &'static str {
    match charge {
        Charge::Principal => "product_sales",
        Charge::Shipping => "shipping_income",
        Charge::GiftWrap => "giftwrap_income",
        Charge::Promotion | Charge::ShippingPromotion => "promo_rebate",
        Charge::Goodwill => "other_charge",
        Charge::Tax | Charge::ShippingTax | Charge::GiftWrapTax => "tax_collected",
        Charge::WithheldPrincipal | Charge::WithheldShipping | Charge::WithheldOther => "tax_withheld",
        Charge::Commission => "referral_fee",
        Charge::RefundCommission => "refund_admin_fee",
        Charge::Fulfilment => "fulfilment_fee",
        Charge::ShippingChargeback | Charge::GiftWrapChargeback => "shipping_chargeback",
        Charge::Storage => "storage_fee",
        Charge::Subscription => "subscription_fee",
        Charge::Inbound => "inbound_fee",
        Charge::Coupon => "promotion_fee",
        Charge::Advertising => "advertising",
        Charge::Reimbursement | Charge::ReversedReimbursement => "reimbursement",
        Charge::FundTransfer => "balance_movement",
    }
}
