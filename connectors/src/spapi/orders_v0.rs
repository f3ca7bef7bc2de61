//! Orders v0, which Amazon removes in March 2027 (amazon.md: Orders v0): orders without items, and the items of given
//! orders.

use chrono::TimeDelta;
use sellerlake_contracts::{Error, Kind, Request, Result};

use super::operations::{GET_ORDER_ITEMS, GET_ORDERS};
use crate::ask::Ask;
use crate::paging::{Listing, Part};
use crate::parameters;

/// `getOrders`, by last update.
pub(crate) const ORDERS_V0: Listing = Listing {
    token_parameter: "NextToken",
    token_at: "/payload/NextToken",
    // Its life isn't documented; an hour is what one step at most waits for.
    token_life: TimeDelta::hours(1),
    items_at: "/payload/Orders",
    full_page: 100,
    cutoff_at: "/payload/LastUpdatedBefore",
    lag: TimeDelta::seconds(150),
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
