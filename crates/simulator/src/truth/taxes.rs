//! The tax that prices contain and the seller owes.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::money::posted;
use crate::world::{Charge, Marketplace, Seller, Tax, decimal};

/// Sales of a SKU on a day, less what was given back, and the tax in them.
///
/// Compare with the lake's `daily_profit`, where it was given the lists of [`crate::lists`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VatTruth {
    /// Local day the money was posted.
    pub local_day: String,
    /// Marketplace.
    pub marketplace_id: String,
    /// Currency.
    pub currency: String,
    /// Seller's SKU.
    pub sku: String,
    /// What buyers paid for goods, shipping and gift wrap, less what was given back; tax included where nobody shows it.
    pub sales: String,
    /// The tax in it, negative, to four decimals.
    pub vat: String,
    /// Tax on Amazon's fees for the SKU, which the seller gets back everywhere, positive.
    pub reclaimed: String,
}

/// Rows with sales or something given back.
pub(super) fn taxes(seller: &Seller, published_by: DateTime<Utc>) -> Vec<VatTruth> {
    type Key<'a> = (NaiveDate, &'static str, &'a str);
    let mut sums: BTreeMap<Key<'_>, (&'static Marketplace, i64, i64)> = BTreeMap::new();
    for (at, transaction) in posted(seller, published_by) {
        let market = transaction.market;
        for line in &transaction.lines {
            let Some(product) = line.product else { continue };
            let key = (market.day(at), market.id, seller.products[product].sku.as_str());
            let sum = sums.entry(key).or_insert((market, 0, 0));
            if is_sale(line.charge) {
                sum.1 += line.base;
            }
            sum.2 -= line.tax;
        }
    }
    let rows = sums.into_iter().filter(|(_, (_, sales, _))| *sales != 0);
    rows.map(|((day, marketplace_id, sku), (market, sales, fee_tax))| VatTruth {
        local_day: day.to_string(),
        marketplace_id: marketplace_id.to_owned(),
        currency: market.currency.to_owned(),
        sku: sku.to_owned(),
        sales: decimal(sales, market.digits),
        vat: decimal(-contained(sales, market), 4),
        reclaimed: decimal(fee_tax, market.digits),
    })
    .collect()
}

/// The hidden tax in an amount, in ten-thousandths of the currency, rounded half away from zero.
pub(super) fn contained(sales: i64, market: &Marketplace) -> i64 {
    let Tax::Hidden(rate) = market.tax else { return 0 };
    let (owed, whole) =
        (i128::from(sales) * i128::from(rate) * 10_i128.pow(4 - market.digits), i128::from(1000 + rate));
    ((2 * owed.abs() + whole) / (2 * whole) * owed.signum()) as i64
}

fn is_sale(charge: Charge) -> bool {
    matches!(
        charge,
        Charge::Principal
            | Charge::Shipping
            | Charge::GiftWrap
            | Charge::Promotion
            | Charge::ShippingPromotion
            | Charge::Goodwill
    )
}
