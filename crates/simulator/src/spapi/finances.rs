//! Finances 2024-06-19 (amazon.md: Finances 2024-06-19).

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{found, under, window};
use crate::answers::transactions;
use crate::paging::Paging;
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] =
    &[Operation::get("finances.listTransactions", "/finances/2024-06-19/transactions", list)
        .rate(0.5, 10)
        .role(Role::FinanceAndAccounting)];

/// Longer ranges are empty, not refused.
const LONGEST: TimeDelta = TimeDelta::days(180);
/// How far back a transaction is found by what it relates to.
const HISTORY: TimeDelta = TimeDelta::days(730);
const PAGING: Paging<'static> = Paging::new("nextToken", 500, TimeDelta::minutes(25));

fn list(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let query = call.query();
    let related = match (query.get("relatedIdentifierName"), query.get("relatedIdentifierValue")) {
        (Some(name @ ("FINANCIAL_EVENT_GROUP_ID" | "ORDER_ID")), Some(value)) => Some((name, value)),
        (None, None) => None,
        _ => {
            return Err(Answer::invalid(
                "relatedIdentifierName must be FINANCIAL_EVENT_GROUP_ID or ORDER_ID, with a value.",
            ));
        }
    };
    let status = query.get("transactionStatus");
    if status.is_some_and(|status| !["DEFERRED", "RELEASED", "DEFERRED_RELEASED"].contains(&status)) {
        return Err(Answer::invalid("Invalid transactionStatus."));
    }
    let asked = window(call, "postedAfter", "postedBefore")?;
    if asked.is_none() && related.is_none() {
        return Err(Answer::invalid("Start date cannot be null"));
    }
    let marketplace = query.get("marketplaceId");
    let may_lack = asked.is_some_and(|window| window.is_recent(call.now()));
    let page = Paging { may_lack, ..PAGING }.page(amazon, call, |now| {
        let (from, to) = asked.map_or((now - HISTORY, now), |window| window.by(now));
        if related.is_none() && to - from > LONGEST {
            return Vec::new();
        }
        let fits = |transaction: &Value| {
            status.is_none_or(|status| transaction["transactionStatus"] == status)
                && related.is_none_or(|(name, value)| carries(transaction, name, value))
        };
        transactions(&amazon.world, call.seller(), from, to, marketplace, now).into_iter().filter(fits).collect()
    })?;
    let mut payload = under("transactions", page.items);
    if let Some(next) = page.next {
        payload["nextToken"] = json!(next);
    }
    found(&under("payload", payload))
}

fn carries(transaction: &Value, name: &str, value: &str) -> bool {
    let identifiers = transaction["relatedIdentifiers"].as_array();
    identifiers
        .into_iter()
        .flatten()
        .any(|identifier| identifier["relatedIdentifierName"] == name && identifier["relatedIdentifierValue"] == value)
}
