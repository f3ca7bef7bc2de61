//! What happened in Amazon's warehouses.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::world::{MovementKind, Seller, Source, What, decimal, published_at};

/// Units of a product that moved on one day, by kind and condition.
///
/// Compare with the lake's `inventory_movements`, added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Local day.
    pub day: String,
    /// Country of the warehouse.
    pub country: String,
    /// Seller's SKU.
    pub sku: String,
    /// Kind, as the ledger names it.
    pub event_type: String,
    /// Condition.
    pub disposition: String,
    /// Movements.
    pub rows: i64,
    /// Units, negative when they left.
    pub units: i64,
}

/// Units of an order that came back on one day.
///
/// Compare with the lake's `returns`, added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentBack {
    /// UTC day.
    pub day: String,
    /// The order.
    pub order_id: String,
    /// Seller's SKU.
    pub sku: String,
    /// Condition found.
    pub disposition: String,
    /// Units.
    pub units: i64,
}

/// A reimbursement or its reversal.
///
/// Compare with the lake's `reimbursements`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paid {
    /// Local day of the approval.
    pub day: String,
    /// Amazon's id.
    pub reimbursement_id: String,
    /// Seller's SKU.
    pub sku: String,
    /// Currency.
    pub currency: String,
    /// Amount, negative in a reversal.
    pub amount: String,
    /// Units, negative in a reversal.
    pub units: i64,
}

fn published(
    seller: &Seller,
    source: Source,
    published_by: DateTime<Utc>,
) -> impl Iterator<Item = (DateTime<Utc>, &What)> {
    let events = seller.events.iter().take_while(move |event| event.at <= published_by);
    events.filter(move |event| published_at(source, event.at) <= published_by).map(|event| (event.at, &event.what))
}

/// Movements by day and product.
pub(super) fn movements(seller: &Seller, published_by: DateTime<Utc>) -> Vec<Moved> {
    type Key<'a> = (NaiveDate, &'a str, &'a str, &'a str, &'a str);
    let mut sums: BTreeMap<Key<'_>, (i64, i64)> = BTreeMap::new();
    for (at, what) in published(seller, Source::Ledger, published_by) {
        let What::StockMoved(movement) = what else { continue };
        let kind = match movement.kind {
            MovementKind::Receipt => "Receipts",
            MovementKind::Shipment => "Shipments",
            MovementKind::CustomerReturn => "CustomerReturns",
            MovementKind::Adjustment => "Adjustments",
            MovementKind::Transfer => "WhseTransfers",
        };
        let sku = seller.products[movement.product].sku.as_str();
        let key = (movement.market.day(at), movement.market.iso_country, sku, kind, movement.disposition);
        let sum = sums.entry(key).or_default();
        *sum = (sum.0 + 1, sum.1 + movement.units);
    }
    sums.into_iter()
        .map(|((day, country, sku, event_type, disposition), (rows, units))| Moved {
            day: day.to_string(),
            country: country.to_owned(),
            sku: sku.to_owned(),
            event_type: event_type.to_owned(),
            disposition: disposition.to_owned(),
            rows,
            units,
        })
        .collect()
}

/// Returns by day, order and product.
pub(super) fn returns(seller: &Seller, published_by: DateTime<Utc>) -> Vec<SentBack> {
    let mut sums: BTreeMap<(NaiveDate, &str, &str, &str), i64> = BTreeMap::new();
    for (at, what) in published(seller, Source::Returns, published_by) {
        let What::Returned { entry } = what else { continue };
        let entry = &seller.returns[*entry];
        let order = &seller.orders[entry.order];
        let sku = seller.products[order.items[entry.item].product].sku.as_str();
        *sums.entry((at.date_naive(), order.id.as_str(), sku, entry.disposition)).or_default() += entry.units;
    }
    sums.into_iter()
        .map(|((day, order_id, sku, disposition), units)| SentBack {
            day: day.to_string(),
            order_id: order_id.to_owned(),
            sku: sku.to_owned(),
            disposition: disposition.to_owned(),
            units,
        })
        .collect()
}

/// Reimbursements by id.
pub(super) fn reimbursements(seller: &Seller, published_by: DateTime<Utc>) -> Vec<Paid> {
    let approved = published(seller, Source::Returns, published_by).filter_map(|(_, what)| match what {
        What::Reimbursed { entry } => Some(&seller.reimbursements[*entry]),
        _ => None,
    });
    let mut paid: Vec<Paid> = approved
        .map(|entry| Paid {
            day: entry.market.day(entry.at).to_string(),
            reimbursement_id: entry.number.to_string(),
            sku: seller.products[entry.product].sku.clone(),
            currency: entry.market.currency.to_owned(),
            amount: decimal(entry.per_unit * entry.units, entry.market.digits),
            units: entry.units,
        })
        .collect();
    paid.sort_by(|one, other| one.reimbursement_id.cmp(&other.reimbursement_id));
    paid
}
