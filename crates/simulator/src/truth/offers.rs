//! What the seller asked at a moment, and what Amazon would take for shipping it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::world::{Seller, decimal};

/// A listing's price, and the fee of shipping one unit.
///
/// Compare with the lake's `prices` of a day's answer, with `fee_estimates`, `listings`, `listing_status` and `products`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PriceTruth {
    /// Marketplace.
    pub marketplace_id: String,
    /// Seller's SKU.
    pub sku: String,
    /// Amazon's id of the product.
    pub asin: String,
    /// Currency of the amounts.
    pub currency: String,
    /// Price asked.
    pub price: String,
    /// What Amazon would take for shipping one unit, with the tax on it; nothing where the seller ships.
    pub fulfillment_fee: String,
}

/// Every product on sale, by marketplace and SKU.
pub(super) fn prices(seller: &Seller, at: DateTime<Utc>) -> Vec<PriceTruth> {
    let mut found = Vec::new();
    for market in &seller.marketplaces {
        for product in seller.products.iter().filter(|product| product.listed_at <= at) {
            let price = product.price(market.id, at);
            let shipped = if product.by_amazon { product.fulfilment * market.per_cent / 1000 } else { 0 };
            found.push(PriceTruth {
                marketplace_id: market.id.to_owned(),
                sku: product.sku.clone(),
                asin: product.asin.clone(),
                currency: market.currency.to_owned(),
                price: decimal(price, market.digits),
                fulfillment_fee: decimal(shipped + shipped * market.fee_tax / 1000, market.digits),
            });
        }
    }
    found.sort_by(|one, other| (&one.marketplace_id, &one.sku).cmp(&(&other.marketplace_id, &other.sku)));
    found
}
