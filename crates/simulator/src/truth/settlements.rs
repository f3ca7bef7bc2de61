//! What was paid out.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::world::{Seller, Source, TransactionKind, What, decimal, published_at};

/// A settlement whose report exists.
///
/// Compare with the lake's `settlements`. The total is added up from the money that was let go within the dates and
/// the reserves; that it equals what Amazon states is for the world's own tests to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettlementTruth {
    /// Amazon's id.
    pub settlement_id: String,
    /// Currency.
    pub currency: String,
    /// Marketplaces it covers.
    pub marketplace_ids: Vec<String>,
    /// First moment, inclusive: RFC 3339, UTC.
    pub started_at: String,
    /// Last moment, exclusive.
    pub ended_at: String,
    /// Paid out; negative where the seller owes.
    pub total: String,
    /// Amounts in it: one for each charge, tax on a fee being in the fee, and the reserves.
    pub lines: i64,
}

/// Settlements by their end.
pub(super) fn settlements(seller: &Seller, published_by: DateTime<Utc>) -> Vec<SettlementTruth> {
    let closed = seller.events.iter().filter_map(|event| match event.what {
        What::SettlementClosed { settlement } if published_at(Source::Settlements, event.at) <= published_by => {
            Some(&seller.settlements[settlement])
        }
        _ => None,
    });
    closed
        .map(|settlement| {
            let (mut total, mut lines) = (settlement.previous_reserve - settlement.current_reserve, 0);
            lines += i64::from(settlement.previous_reserve != 0) + i64::from(settlement.current_reserve != 0);
            for transaction in &seller.transactions {
                let at = transaction.released_at.unwrap_or(transaction.posted_at);
                let within = at >= settlement.start && at < settlement.end;
                let here = settlement.markets.iter().any(|market| market.id == transaction.market.id);
                if within && here && transaction.kind != TransactionKind::Transfer {
                    total += transaction.lines.iter().map(|line| line.base + line.tax).sum::<i64>();
                    lines += transaction.lines.iter().filter(|line| line.base + line.tax != 0).count() as i64;
                }
            }
            let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            SettlementTruth {
                settlement_id: settlement.id.to_string(),
                currency: settlement.markets[0].currency.to_owned(),
                marketplace_ids: settlement.markets.iter().map(|market| market.id.to_owned()).collect(),
                started_at: stamp(settlement.start),
                ended_at: stamp(settlement.end),
                total: decimal(total, settlement.markets[0].digits),
                lines,
            }
        })
        .collect()
}
