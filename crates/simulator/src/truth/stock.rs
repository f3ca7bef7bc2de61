//! What could be sold at a moment.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::world::{Seller, What, strands};

/// A product's stock as one marketplace shows it. Marketplaces of one pool show the same units.
///
/// Compare with the lake's `inventory` of a snapshot taken at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StockTruth {
    /// UTC day of the moment.
    pub snapshot_day: String,
    /// Marketplace.
    pub marketplace_id: String,
    /// Seller's SKU.
    pub sku: String,
    /// Amazon's id of the stock.
    pub fnsku: String,
    /// Sellable units nobody was promised.
    pub fulfillable: i64,
    /// Units promised to buyers and not shipped.
    pub reserved: i64,
    /// Units nobody can buy.
    pub unsellable: i64,
}

/// A product's units that can't be bought.
///
/// Compare with the lake's `stranded_inventory` of a list taken at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StrandedTruth {
    /// UTC day of the moment.
    pub snapshot_day: String,
    /// Marketplace.
    pub marketplace_id: String,
    /// Seller's SKU.
    pub sku: String,
    /// Units nobody can buy.
    pub unfulfillable: i64,
}

#[derive(Default, Clone, Copy)]
struct Shelf {
    sellable: i64,
    unsellable: i64,
    promised: i64,
}

/// Every product on sale that Amazon stores, by marketplace and SKU.
pub(super) fn stock(seller: &Seller, at: DateTime<Utc>) -> Vec<StockTruth> {
    let shelves = shelves(seller, at);
    let mut found = Vec::new();
    for market in &seller.marketplaces {
        for (place, product) in seller.products.iter().enumerate() {
            if !product.by_amazon || product.listed_at > at {
                continue;
            }
            let shelf = shelves.get(&(place, market.pool)).copied().unwrap_or_default();
            found.push(StockTruth {
                snapshot_day: at.date_naive().to_string(),
                marketplace_id: market.id.to_owned(),
                sku: product.sku.clone(),
                fnsku: product.fnsku.clone(),
                fulfillable: shelf.sellable - shelf.promised,
                reserved: shelf.promised,
                unsellable: shelf.unsellable,
            });
        }
    }
    found.sort_by(|one, other| (&one.marketplace_id, &one.sku).cmp(&(&other.marketplace_id, &other.sku)));
    found
}

/// What of it is stranded.
pub(super) fn stranded(seller: &Seller, at: DateTime<Utc>) -> Vec<StrandedTruth> {
    let is_stranded = |sku: &str| seller.products.iter().position(|product| product.sku == sku).is_some_and(strands);
    let rows = stock(seller, at).into_iter().filter(|row| row.unsellable > 0 && is_stranded(&row.sku));
    let stranded = rows.map(|row| StrandedTruth {
        snapshot_day: row.snapshot_day,
        marketplace_id: row.marketplace_id,
        sku: row.sku,
        unfulfillable: row.unsellable,
    });
    stranded.collect()
}

fn shelves(seller: &Seller, at: DateTime<Utc>) -> BTreeMap<(usize, &'static str), Shelf> {
    let mut shelves: BTreeMap<(usize, &'static str), Shelf> = BTreeMap::new();
    // Units of each item of each order that are promised and still in the warehouse.
    let mut open: Vec<Vec<i64>> = vec![Vec::new(); seller.orders.len()];
    for event in seller.events.iter().take_while(|event| event.at <= at) {
        if let What::StockMoved(movement) = &event.what {
            let shelf = shelves.entry((movement.product, movement.market.pool)).or_default();
            match movement.disposition {
                "SELLABLE" => shelf.sellable += movement.units,
                _ => shelf.unsellable += movement.units,
            }
        }
        let Some(number) = event.what.order() else { continue };
        match &event.what {
            What::Ordered { .. } => open[number] = seller.orders[number].items.iter().map(|item| item.units).collect(),
            What::UnitsCancelled { item, units, .. } => open[number][*item] -= units,
            What::Cancelled { .. } => open[number].fill(0),
            What::Shipped { parcel, .. } => parcel.lines.iter().for_each(|(item, units)| open[number][*item] -= units),
            _ => {}
        }
    }
    for (order, open) in seller.orders.iter().zip(open).filter(|(order, _)| order.by_amazon) {
        for (item, units) in order.items.iter().zip(open).filter(|(_, units)| *units > 0) {
            shelves.entry((item.product, order.market.pool)).or_default().promised += units;
        }
    }
    shelves
}
