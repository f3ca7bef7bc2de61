//! FBA stock of one marketplace, now (amazon.md: FBA inventory).

use chrono::TimeDelta;
use sellerlake_contracts::{Request, Result};

use super::roles;
use crate::ask::Ask;
use crate::operation::Operation;
use crate::paging::{Listing, Part};
use crate::parameters;

pub(crate) const GET_INVENTORY_SUMMARIES: Operation =
    Operation::get("getInventorySummaries", "/fba/inventory/v1/summaries").rate(2.0, 2).role(roles::FULFILMENT);

/// `getInventorySummaries`. Tokens live thirty seconds, so a list that is interrupted starts over.
pub(crate) const INVENTORY: Listing = Listing {
    token_parameter: "nextToken",
    token_at: "/pagination/nextToken",
    token_life: TimeDelta::seconds(30),
    items_at: "/payload/inventorySummaries",
    full_page: 50,
    ..Listing::one_page(ask)
};

fn ask(request: &Request, _part: &Part) -> Result<Ask> {
    let marketplace = parameters::marketplace(request)?.as_str();
    Ok(Ask::of(&GET_INVENTORY_SUMMARIES)
        .query("details", "true")
        .query("granularityType", "Marketplace")
        .query("granularityId", marketplace)
        .query("marketplaceIds", marketplace))
}
