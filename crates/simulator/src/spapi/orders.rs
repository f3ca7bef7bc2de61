//! Orders 2026-01-01 (C.2).

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{found, marketplaces, window};
use crate::answers::{OrderFilter, orders_2026};
use crate::paging::Paging;
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their documented quotas (B.2).
pub const OPERATIONS: &[Operation] = &[
    Operation::get("orders_2026.searchOrders", "/orders/2026-01-01/orders", search)
        .rate(0.0056, 20)
        .role(Role::InventoryAndOrderTracking),
    Operation::get("orders_2026.getOrder", "/orders/2026-01-01/orders/{orderId}", get)
        .rate(0.5, 30)
        .role(Role::InventoryAndOrderTracking),
];

const INCLUDED: [&str; 11] = [
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
];
const PAGING: Paging<'static> = Paging {
    token: "paginationToken",
    size: 100,
    lifetime: TimeDelta::hours(24),
    free: &["maxResultsPerPage", "includedData"],
    identified: true,
};

fn search(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let query = call.query();
    let created = window(call, "createdAfter", "createdBefore")?;
    let updated = window(call, "lastUpdatedAfter", "lastUpdatedBefore")?;
    if created.is_some() == updated.is_some() {
        return Err(Answer::invalid("Exactly one of createdAfter and lastUpdatedAfter is required."));
    }
    let marketplaces = match query.get("marketplaceIds") {
        Some(_) => marketplaces(amazon, call, query, "marketplaceIds", 50)?,
        None => Vec::new(),
    };
    let included = included(call)?;
    let filter = OrderFilter { created, last_updated: updated, marketplaces };
    let (statuses, fulfilled_by) = (query.list("fulfillmentStatuses"), query.list("fulfilledBy"));
    let paging = Paging { size: query.number("maxResultsPerPage", 1..=100, 100)?, ..PAGING };
    let page = paging.page(amazon, call, |now| {
        let orders = orders_2026(&amazon.world, call.seller(), &filter, &included, now);
        orders.into_iter().filter(|order| fits(order, &statuses, &fulfilled_by)).collect()
    })?;
    let mut body = json!({ "orders": page.items });
    if let Some(next) = page.next {
        body["pagination"] = json!({ "nextToken": next });
    }
    let (name, end) = match (&filter.created, &filter.last_updated) {
        (Some((_, end)), _) => ("createdBefore", end),
        (_, Some((_, end))) => ("lastUpdatedBefore", end),
        _ => return found(&body),
    };
    // Without an end the server's own cut-off of the first page holds for all pages.
    let end = if query.get(name).is_some() { *end } else { page.as_of - TimeDelta::minutes(2) };
    body[name] = json!(end.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    found(&body)
}

fn included(call: &Call<'_>) -> Result<Vec<String>, Answer> {
    let included = call.query().list("includedData");
    match included.iter().find(|part| !INCLUDED.contains(&part.as_str())) {
        Some(unknown) => Err(Answer::invalid(format!("Invalid includedData: {unknown}."))),
        None => Ok(included),
    }
}

fn fits(order: &Value, statuses: &[String], fulfilled_by: &[String]) -> bool {
    let one_of = |list: &[String], value: &Value| {
        list.is_empty() || value.as_str().is_some_and(|value| list.iter().any(|known| known == value))
    };
    // The status can be filtered by without being included; then the answer's items tell it.
    let fulfillment = &order["fulfillment"];
    fulfillment.is_null()
        || (one_of(statuses, &fulfillment["fulfillmentStatus"]) && one_of(fulfilled_by, &fulfillment["fulfilledBy"]))
}

fn get(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let included = included(call)?;
    let filter = OrderFilter {
        created: Some((chrono::DateTime::UNIX_EPOCH, call.now())),
        last_updated: None,
        marketplaces: Vec::new(),
    };
    let orders = orders_2026(&amazon.world, call.seller(), &filter, &included, call.now());
    let order = orders.into_iter().find(|order| order["orderId"] == call.name("orderId"));
    found(&json!({ "order": order.ok_or_else(|| Answer::not_found("Order"))? }))
}
