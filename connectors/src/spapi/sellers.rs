//! Where the seller sells, and its sales as Amazon counts them (amazon.md: Marketplaces; Sales metrics).

use sellerlake_contracts::{Request, Result};

use super::operations::{GET_MARKETPLACE_PARTICIPATIONS, GET_ORDER_METRICS};
use crate::ask::{Ask, instant};
use crate::paging::{Listing, Part};
use crate::parameters;

/// `getMarketplaceParticipations`: marketplaces of the account's region, pseudo ones included.
pub(crate) const PARTICIPATIONS: Listing = Listing::one_page(participations);

/// `getOrderMetrics` of one marketplace. Parameters: `granularity` (`Day`), `time_zone` (`UTC`), `buyer_type`,
/// `fulfillment_network`. In other zones than UTC the window must not contain a change of the zone's offset.
pub(crate) const ORDER_METRICS: Listing = Listing::one_page(order_metrics);

#[expect(clippy::unnecessary_wraps, reason = "every listing asks through one type")]
fn participations(_request: &Request, _part: &Part) -> Result<Ask> {
    Ok(Ask::of(&GET_MARKETPLACE_PARTICIPATIONS))
}

fn order_metrics(request: &Request, part: &Part) -> Result<Ask> {
    let window = part.window.map_or_else(|| parameters::window(request), Ok)?;
    let interval = format!("{}--{}", instant(window.from), instant(window.to));
    Ok(Ask::of(&GET_ORDER_METRICS)
        .query("marketplaceIds", parameters::marketplace(request)?.as_str())
        .query("interval", &interval)
        .query("granularity", parameters::optional(request, "granularity").unwrap_or("Day"))
        .query("granularityTimeZone", parameters::optional(request, "time_zone").unwrap_or("UTC"))
        .maybe("buyerType", parameters::optional(request, "buyer_type"))
        .maybe("fulfillmentNetwork", parameters::optional(request, "fulfillment_network")))
}
