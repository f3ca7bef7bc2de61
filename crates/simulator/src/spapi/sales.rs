//! Sales v1 (amazon.md: Sales metrics).

use serde_json::json;

use super::{found, marketplaces};
use crate::answers::{MetricsQuery, order_metrics};
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role, call};

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] =
    &[Operation::get("sales.getOrderMetrics", "/sales/v1/orderMetrics", metrics).rate(0.5, 15).role(Role::Pricing)];

const GRANULARITIES: [&str; 6] = ["Hour", "Day", "Week", "Month", "Year", "Total"];

fn metrics(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let query = call.query();
    let marketplace = marketplaces(amazon, call, query, "marketplaceIds", 1)?.remove(0);
    let (from, to) = query
        .required("interval")?
        .split_once("--")
        .ok_or_else(|| Answer::invalid("interval must be two date-times separated by two hyphens."))?;
    let granularity = query.required("granularity")?;
    if !GRANULARITIES.contains(&granularity) {
        return Err(Answer::invalid("Invalid granularity."));
    }
    let zone = query.get("granularityTimeZone");
    if zone.is_none() && !["Hour", "Total"].contains(&granularity) {
        return Err(Answer::invalid("granularityTimeZone is required for this granularity."));
    }
    let metrics = MetricsQuery {
        marketplace,
        from: call::moment("interval", from)?,
        to: call::moment("interval", to)?,
        granularity: granularity.to_owned(),
        zone: zone.unwrap_or("UTC").to_owned(),
        asin: query.get("asin").map(str::to_owned),
        sku: query.get("sku").map(str::to_owned),
    };
    let payload = order_metrics(&amazon.world, call.seller(), &metrics, call.now()).map_err(Answer::invalid)?;
    found(&json!({ "payload": payload }))
}
