//! Orders 2026-01-01 (amazon.md: Orders 2026-01-01).

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Window, found, marketplaces, under, window};
use crate::answers::{OrderFilter, orders_2026};
use crate::paging::Paging;
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their quotas (amazon.md: Default rates).
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
    free: &["maxResultsPerPage", "includedData"],
    ..Paging::new("paginationToken", 100, TimeDelta::hours(24))
};

fn search(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let query = call.query();
    let created = window(call, "createdAfter", "createdBefore")?;
    let updated = window(call, "lastUpdatedAfter", "lastUpdatedBefore")?;
    let (window, name) = match (created, updated) {
        (Some(created), None) => (created, "createdBefore"),
        (None, Some(updated)) => (updated, "lastUpdatedBefore"),
        _ => return Err(Answer::invalid("Exactly one of createdAfter and lastUpdatedAfter is required.")),
    };
    let marketplaces = match query.get("marketplaceIds") {
        Some(_) => marketplaces(amazon, call, query, "marketplaceIds", 50)?,
        None => Vec::new(),
    };
    let included = included(call)?;
    let (statuses, fulfilled_by) = (query.list("fulfillmentStatuses"), query.list("fulfilledBy"));
    let (size, may_lack) = (query.number("maxResultsPerPage", 1..=100, 100)?, window.is_recent(call.now()));
    let paging = Paging { size, may_lack, ..PAGING };
    let page = paging.page(amazon, call, |as_of| {
        let filter = filter(created, updated, marketplaces, as_of);
        let print = |included: &[String]| orders_2026(&amazon.world, call.seller(), &filter, included, as_of);
        let mut orders = print(&included);
        if !statuses.is_empty() || !fulfilled_by.is_empty() {
            // What is filtered by need not be included.
            let told = print(&["FULFILLMENT".to_owned()]);
            let mut wanted = told.iter().map(|order| fits(order, &statuses, &fulfilled_by));
            orders.retain(|_| wanted.next().unwrap_or_default());
        }
        orders
    })?;
    let mut body = under("orders", page.items);
    body[name] = json!(stamp(window.by(page.as_of).1));
    if let Some(next) = page.next {
        body["pagination"] = json!({ "nextToken": next });
    }
    found(&body)
}

/// The filter of two windows, of which one is given, in a list as of a moment.
pub(super) fn filter(
    created: Option<Window>,
    updated: Option<Window>,
    marketplaces: Vec<String>,
    as_of: DateTime<Utc>,
) -> OrderFilter {
    let by = |window: Window| window.by(as_of);
    OrderFilter { created: created.map(by), last_updated: updated.map(by), marketplaces }
}

/// The filter that one order passes, and hardly another.
pub(super) fn only(amazon: &Amazon, seller: &str, order_id: &str) -> Result<OrderFilter, Answer> {
    let seller = amazon.world.seller(seller);
    let order = seller.and_then(|seller| seller.orders.iter().find(|order| order.id == order_id));
    let placed = order.ok_or_else(|| Answer::not_found("Order"))?.placed_at;
    Ok(OrderFilter { created: Some((placed, placed)), ..OrderFilter::default() })
}

/// A moment as the Orders APIs print it.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn included(call: &Call<'_>) -> Result<Vec<String>, Answer> {
    let included = call.query().list("includedData");
    match included.iter().find(|part| !INCLUDED.contains(&part.as_str())) {
        Some(unknown) => Err(Answer::invalid(format!("Invalid includedData: {unknown}."))),
        None => Ok(included),
    }
}

fn fits(order: &Value, statuses: &[String], fulfilled_by: &[String]) -> bool {
    let fulfillment = &order["fulfillment"];
    one_of(statuses, &fulfillment["fulfillmentStatus"]) && one_of(fulfilled_by, &fulfillment["fulfilledBy"])
}

/// Whether a filter lets a value pass; an empty one does.
pub(super) fn one_of(list: &[String], value: &Value) -> bool {
    list.is_empty() || value.as_str().is_some_and(|value| list.iter().any(|known| known == value))
}

fn get(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let (id, included) = (call.name("orderId"), included(call)?);
    let filter = only(amazon, call.seller(), id)?;
    let orders = orders_2026(&amazon.world, call.seller(), &filter, &included, call.now());
    let order = orders.into_iter().find(|order| order["orderId"] == id);
    found(&json!({ "order": order.ok_or_else(|| Answer::not_found("Order"))? }))
}
