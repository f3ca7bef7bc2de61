//! Orders v0 (amazon.md: Orders v0).

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::orders::{filter, one_of, only, stamp};
use super::{found, marketplaces, under, window};
use crate::answers::{order_items_v0, orders_v0};
use crate::paging::{Paging, carried, carry};
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] = &[
    Operation::get("orders_v0.getOrders", "/orders/v0/orders", list)
        .rate(0.0167, 20)
        .role(Role::InventoryAndOrderTracking),
    Operation::get("orders_v0.getOrder", "/orders/v0/orders/{orderId}", get)
        .rate(0.5, 30)
        .role(Role::InventoryAndOrderTracking),
    Operation::get("orders_v0.getOrderItems", "/orders/v0/orders/{orderId}/orderItems", items)
        .rate(0.5, 30)
        .role(Role::InventoryAndOrderTracking),
];

const PAGING: Paging<'static> =
    Paging { free: &["MaxResultsPerPage"], ..Paging::new("NextToken", 100, TimeDelta::hours(24)) };

fn list(amazon: &Amazon, call: &Call<'_>) -> Reply {
    // Filters are baked into the token; only the marketplaces come again.
    let Some(request) = carried(call, "NextToken")? else { return list_page(amazon, call) };
    marketplaces(amazon, call, call.query(), "MarketplaceIds", 50)?;
    list_page(amazon, &call.again(&request))
}

fn list_page(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let query = call.query();
    let marketplaces = marketplaces(amazon, call, query, "MarketplaceIds", 50)?;
    let created = window(call, "CreatedAfter", "CreatedBefore")?;
    let updated = window(call, "LastUpdatedAfter", "LastUpdatedBefore")?;
    let ids = query.list("AmazonOrderIds");
    if ids.is_empty() && created.is_some() == updated.is_some() {
        return Err(Answer::invalid("Exactly one of CreatedAfter and LastUpdatedAfter is required."));
    }
    let (statuses, channels) = (query.list("OrderStatuses"), query.list("FulfillmentChannels"));
    let may_lack = updated.or(created).is_some_and(|window| window.is_recent(call.now()));
    let paging = Paging { size: query.number("MaxResultsPerPage", 1..=100, 100)?, may_lack, ..PAGING };
    let page = paging.page(amazon, call, |as_of| {
        let filter = filter(created, updated, marketplaces, as_of);
        let fits = |order: &Value| {
            one_of(&statuses, &order["OrderStatus"])
                && one_of(&channels, &order["FulfillmentChannel"])
                && one_of(&ids, &order["AmazonOrderId"])
        };
        orders_v0(&amazon.world, call.seller(), &filter, as_of).into_iter().filter(fits).collect()
    })?;
    // The server's own cut-off, which is the next watermark.
    let name = if updated.is_some() { "LastUpdatedBefore" } else { "CreatedBefore" };
    let end = updated.or(created).map_or(page.as_of, |window| window.by(page.as_of).1);
    let mut payload = under("Orders", page.items);
    payload[name] = json!(stamp(end));
    if let Some(next) = page.next {
        payload["NextToken"] = json!(carry(call, "NextToken", &next));
    }
    found(&under("payload", payload))
}

fn get(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let id = call.name("orderId");
    let filter = only(amazon, call.seller(), id)?;
    let orders = orders_v0(&amazon.world, call.seller(), &filter, call.now());
    let order = orders.into_iter().find(|order| order["AmazonOrderId"] == id);
    found(&json!({ "payload": order.ok_or_else(|| Answer::not_found("Order"))? }))
}

fn items(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let id = call.name("orderId");
    let items = order_items_v0(&amazon.world, call.seller(), id, call.now());
    let items = items.ok_or_else(|| Answer::not_found("Order"))?;
    found(&json!({ "payload": { "AmazonOrderId": id, "OrderItems": items } }))
}
