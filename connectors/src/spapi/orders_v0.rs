//! Orders v0, which Amazon removes in March 2027 (amazon.md: Orders v0): orders without items, and the items of given
//! orders.

use chrono::TimeDelta;
use sellerlake_contracts::{Error, Kind, Request, Result};

use super::roles;
use crate::ask::{Ask, Sample};
use crate::operation::Operation;
use crate::paging::{Listing, Part};
use crate::parameters;

pub(crate) const GET_ORDERS: Operation =
    Operation::get("getOrders", "/orders/v0/orders").rate(0.0167, 20).role(roles::ORDERS);
pub(crate) const GET_ORDER_ITEMS: Operation =
    Operation::get("getOrderItems", "/orders/v0/orders/{orderId}/orderItems").rate(0.5, 30).role(roles::ORDERS);

/// `getOrders`, by last update.
pub(crate) const ORDERS_V0: Listing = Listing {
    token_parameter: "NextToken",
    token_at: "/payload/NextToken",
    // Its life isn't documented; an hour is what one step at most waits for.
    token_life: TimeDelta::hours(1),
    items_at: "/payload/Orders",
    full_page: 100,
    cutoff_at: "/payload/LastUpdatedBefore",
    ..Listing::one_page(orders)
};

/// `getOrderItems`, a call for each order in the request's keys.
pub(crate) const ORDER_ITEMS_V0: Listing = Listing {
    token_parameter: "NextToken",
    token_at: "/payload/NextToken",
    items_at: "/payload/OrderItems",
    keys_per_call: 1,
    ..Listing::one_page(items)
};

fn orders(request: &Request, part: &Part) -> Result<Ask> {
    let window = part.window.map_or_else(|| parameters::window(request), Ok)?;
    Ok(Ask::of(&GET_ORDERS)
        .list("MarketplaceIds", parameters::marketplaces(request))
        .at("LastUpdatedAfter", window.from)
        .at("LastUpdatedBefore", window.to)
        .query("MaxResultsPerPage", "100"))
}

fn items(request: &Request, part: &Part) -> Result<Ask> {
    let order = part.keys.first().ok_or_else(|| {
        Error::permanent(Kind::Usage, "order items are asked for by order, and no order is named")
            .at("connectors.request")
            .with("pipeline", &request.pipeline)
    })?;
    Ok(Ask::of(&GET_ORDER_ITEMS).name(order))
}

/// Orders, as the sandbox knows them.
pub(crate) fn order_samples() -> Vec<Sample> {
    let ask = Ask::of(&GET_ORDERS).query("CreatedAfter", "TEST_CASE_200").query("MarketplaceIds", "ATVPDKIKX0DER");
    vec![Sample::new(ask, "/payload/Orders/0/AmazonOrderId")]
}

/// Items, as the sandbox knows them.
pub(crate) fn item_samples() -> Vec<Sample> {
    vec![Sample::new(Ask::of(&GET_ORDER_ITEMS).name("TEST_CASE_200"), "/payload/OrderItems/0/OrderItemId")]
}
