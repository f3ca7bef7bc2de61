//! Orders 2026-01-01: whole orders with their items, by last update (amazon.md: Orders 2026-01-01).

use chrono::TimeDelta;
use sellerlake_contracts::{Request, Result};

use super::roles;
use crate::ask::{Ask, Sample};
use crate::operation::Operation;
use crate::paging::{Listing, Part};
use crate::parameters;

pub(crate) const SEARCH_ORDERS: Operation =
    Operation::get("searchOrders", "/orders/2026-01-01/orders").rate(0.0056, 20).role(roles::ORDERS);

/// Nothing financial comes unless it is asked for.
const INCLUDED: &str = "PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,TAX";

/// `searchOrders`. Parameters: `included_data`, `by` (`last_update` or `created`). An order at a page's or a window's
/// boundary may come twice.
pub(crate) const ORDERS: Listing = Listing {
    token_parameter: "paginationToken",
    token_at: "/pagination/nextToken",
    token_life: TimeDelta::hours(24),
    items_at: "/orders",
    full_page: 100,
    cutoff_at: "/lastUpdatedBefore",
    ..Listing::one_page(ask)
};

fn ask(request: &Request, part: &Part) -> Result<Ask> {
    let window = part.window.map_or_else(|| parameters::window(request), Ok)?;
    let (after, before) = match parameters::optional(request, "by") {
        Some("created") => ("createdAfter", "createdBefore"),
        _ => ("lastUpdatedAfter", "lastUpdatedBefore"),
    };
    Ok(Ask::of(&SEARCH_ORDERS)
        .at(after, window.from)
        .at(before, window.to)
        .list("marketplaceIds", parameters::marketplaces(request))
        .query("maxResultsPerPage", "100")
        .list("includedData", parameters::list(request, "included_data", INCLUDED)))
}

/// Orders, as the sandbox knows them.
pub(crate) fn samples() -> Vec<Sample> {
    let included =
        ["BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES"];
    let searched = Ask::of(&SEARCH_ORDERS)
        .query("createdAfter", "2024-12-25T00:00:00Z")
        .query("marketplaceIds", "A1VC38T7YXB528")
        .list("includedData", included);
    vec![Sample::new(searched, "/orders/0/orderId")]
}
