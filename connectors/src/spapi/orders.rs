//! Orders 2026-01-01: whole orders with their items, by last update (amazon.md: Orders 2026-01-01).

use chrono::TimeDelta;
use sellerlake_contracts::{Request, Result};

use super::operations::SEARCH_ORDERS;
use crate::ask::Ask;
use crate::paging::{Listing, Part};
use crate::parameters;

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
    // Bounds must be two minutes old; a little more, because clocks differ.
    lag: TimeDelta::seconds(150),
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
