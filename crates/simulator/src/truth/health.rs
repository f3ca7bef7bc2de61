//! How long the stock lasts.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde::Serialize;

use super::{DailySales, StockTruth};
use crate::world::Seller;

/// Days of demand that stock is held against.
const DAYS: Days = Days::new(30);

/// A product's stock in one marketplace, and what was sold in the thirty local days before.
///
/// Compare with the lake's `inventory_health` of a snapshot taken at the moment. Units not sold are 0 where the
/// marketplace, or the pool, sold anything at all, and unknown elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Marketplace.
    pub marketplace_id: String,
    /// Seller's SKU.
    pub sku: String,
    /// Sellable units nobody was promised.
    pub fulfillable: i64,
    /// Units this marketplace took.
    pub units_sold: Option<i64>,
    /// Units all marketplaces of the pool took.
    pub pool_units_sold: Option<i64>,
}

/// Every row of stock, in its order.
pub(super) fn health(seller: &Seller, stock: &[StockTruth], sales: &[DailySales]) -> Vec<Health> {
    let pool = |id: &str| seller.marketplaces.iter().find(|market| market.id == id).map_or("", |market| market.pool);
    let Some(until) = stock.first().and_then(|row| row.snapshot_day.parse::<NaiveDate>().ok()) else {
        return Vec::new();
    };
    let days = (until - DAYS).to_string()..until.to_string();
    let mut sold: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    let mut pool_sold: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for row in sales.iter().filter(|row| days.contains(&row.local_day)) {
        let Some(marketplace) = row.marketplace_id.as_deref() else { continue };
        let units = row.units + row.mcf_units + row.replacement_units;
        *sold.entry(marketplace).or_default().entry(&row.sku).or_default() += units;
        *pool_sold.entry(pool(marketplace)).or_default().entry(&row.sku).or_default() += units;
    }
    let of = |sums: Option<&BTreeMap<&str, i64>>, sku: &str| sums.map(|sums| sums.get(sku).copied().unwrap_or(0));
    stock
        .iter()
        .map(|row| Health {
            marketplace_id: row.marketplace_id.clone(),
            sku: row.sku.clone(),
            fulfillable: row.fulfillable,
            units_sold: of(sold.get(row.marketplace_id.as_str()), &row.sku),
            pool_units_sold: of(pool_sold.get(pool(&row.marketplace_id)), &row.sku),
        })
        .collect()
}
