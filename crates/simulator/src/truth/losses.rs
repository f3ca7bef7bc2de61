//! Stock that Amazon lost or damaged, and what it did about it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::world::{MovementKind, Seller, Source, What, latency};

/// What Amazon owes of a product in a pool of stock: a row of the lake's `reimbursement_gap`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapTruth {
    /// Local day of the first loss, find, damage or reimbursement.
    pub local_day: String,
    /// Amazon's id of the stock.
    pub fnsku: String,
    /// Pool of stock.
    pub stock_pool: String,
    /// Units lost.
    pub units_lost: i64,
    /// Units found.
    pub units_found: i64,
    /// Units damaged.
    pub units_damaged: i64,
    /// Units paid for, less those taken back.
    pub units_reimbursed_cash: i64,
    /// Units given back as stock.
    pub units_reimbursed_stock: i64,
    /// Units still owed.
    pub units_owed: i64,
}

#[derive(Default)]
struct Tally {
    first: Option<NaiveDate>,
    lost: i64,
    found: i64,
    damaged: i64,
    cash: i64,
    stock: i64,
}

/// Every product anything of it happened to, as the reports had it.
pub(super) fn gap(seller: &Seller, published_by: DateTime<Utc>) -> Vec<GapTruth> {
    let mut tallies: BTreeMap<(&str, &str), Tally> = BTreeMap::new();
    for event in seller.events.iter().take_while(|event| event.at <= published_by) {
        let (product, market, source) = match &event.what {
            What::StockMoved(moved) if moved.kind == MovementKind::Adjustment => {
                (moved.product, moved.market, Source::Ledger)
            }
            What::Reimbursed { entry } => {
                let entry = &seller.reimbursements[*entry];
                (entry.product, entry.market, Source::Returns)
            }
            _ => continue,
        };
        if event.at + latency(source) > published_by {
            continue;
        }
        let tally = tallies.entry((seller.products[product].fnsku.as_str(), market.pool)).or_default();
        tally.first.get_or_insert(market.day(event.at));
        match &event.what {
            What::StockMoved(moved) => match moved.reason {
                "M" => tally.lost -= moved.units,
                "F" => tally.found += moved.units,
                "E" => tally.damaged -= moved.units,
                _ => {}
            },
            What::Reimbursed { entry } => {
                let entry = &seller.reimbursements[*entry];
                *(if entry.in_stock { &mut tally.stock } else { &mut tally.cash }) += entry.units;
            }
            _ => {}
        }
    }
    let rows = tallies.into_iter().map(|((fnsku, pool), tally)| GapTruth {
        local_day: tally.first.unwrap_or_default().to_string(),
        fnsku: fnsku.to_owned(),
        stock_pool: pool.to_owned(),
        units_lost: tally.lost,
        units_found: tally.found,
        units_damaged: tally.damaged,
        units_reimbursed_cash: tally.cash,
        units_reimbursed_stock: tally.stock,
        units_owed: ((tally.lost - tally.found).max(0) + tally.damaged - tally.cash - tally.stock).max(0),
    });
    rows.collect()
}
