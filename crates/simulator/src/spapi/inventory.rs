//! FBA Inventory v1 (amazon.md: FBA inventory).

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{found, marketplaces, under};
use crate::answers::inventory_summaries;
use crate::paging::Paging;
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] =
    &[Operation::get("inventory.getInventorySummaries", "/fba/inventory/v1/summaries", summaries)
        .rate(2.0, 2)
        .role(Role::InventoryAndOrderTracking)];

/// Tokens die after half a minute.
const PAGING: Paging<'static> = Paging::new("nextToken", 50, TimeDelta::seconds(30));
const OLDEST_START: TimeDelta = TimeDelta::days(549);
const MOST_SKUS: usize = 50;

fn summaries(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let query = call.query();
    let marketplace = marketplaces(amazon, call, query, "marketplaceIds", 1)?.remove(0);
    if query.required("granularityType")? != "Marketplace" || query.required("granularityId")? != marketplace {
        return Err(Answer::invalid("granularityType must be Marketplace and granularityId the marketplace."));
    }
    let since = query.moment("startDateTime")?;
    if since.is_some_and(|since| since < call.now() - OLDEST_START) {
        return Err(Answer::invalid("startDateTime must be within the last 18 months."));
    }
    let mut skus = query.list("sellerSkus");
    skus.extend(query.get("sellerSku").map(str::to_owned));
    if skus.len() > MOST_SKUS {
        return Err(Answer::invalid("sellerSkus may have at most 50 values."));
    }
    let details = query.get("details") == Some("true");
    let page = PAGING.page(amazon, call, |now| {
        let mut all = inventory_summaries(&amazon.world, call.seller(), &marketplace, now);
        match since {
            // With a start the list of SKUs is ignored.
            Some(since) => all.retain(|summary| updated(summary).is_none_or(|at| at >= since)),
            None if skus.is_empty() => {}
            None => all.retain(|summary| {
                summary["sellerSku"].as_str().is_some_and(|sku| skus.iter().any(|known| known == sku))
            }),
        }
        if !details {
            all.iter_mut().filter_map(Value::as_object_mut).for_each(|summary| {
                summary.remove("inventoryDetails");
            });
        }
        all
    })?;
    let granularity = json!({ "granularityType": "Marketplace", "granularityId": marketplace });
    let mut payload = under("granularity", granularity);
    payload["inventorySummaries"] = Value::from(page.items);
    let mut body = under("payload", payload);
    if let Some(next) = page.next {
        body["pagination"] = json!({ "nextToken": next });
    }
    found(&body)
}

fn updated(summary: &Value) -> Option<chrono::DateTime<chrono::Utc>> {
    summary["lastUpdatedTime"].as_str().and_then(|text| text.parse().ok())
}
