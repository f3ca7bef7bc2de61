//! Where the seller sells, and its sales as Amazon counts them (amazon.md: Marketplaces; Sales metrics).

use sellerlake_contracts::{Request, Result};

use super::roles;
use crate::ask::{Ask, Sample, instant};
use crate::operation::Operation;
use crate::paging::{Listing, Part};
use crate::parameters;

pub(crate) const GET_MARKETPLACE_PARTICIPATIONS: Operation =
    Operation::get("getMarketplaceParticipations", "/sellers/v1/marketplaceParticipations")
        .rate(0.016, 15)
        .role(roles::INSIGHT);
pub(crate) const GET_ORDER_METRICS: Operation =
    Operation::get("getOrderMetrics", "/sales/v1/orderMetrics").rate(0.5, 15).role(roles::ORDERS);

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

/// Where the seller sells, as the sandbox knows it.
pub(crate) fn participation_samples() -> Vec<Sample> {
    vec![Sample::new(Ask::of(&GET_MARKETPLACE_PARTICIPATIONS), "/payload/0/marketplace/id")]
}

/// Sales, as the sandbox knows them.
pub(crate) fn metrics_samples() -> Vec<Sample> {
    vec![Sample::new(Ask::of(&GET_ORDER_METRICS).query("granularity", "Total"), "/payload/0/unitCount")]
}
