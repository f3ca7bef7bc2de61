//! Product Pricing v0 (amazon.md: Prices and fee estimates).

use serde_json::json;

use super::{found, marketplaces};
use crate::answers::{competitive_prices, prices};
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] = &[
    Operation::get("pricing.getPricing", "/products/pricing/v0/price", own_prices).rate(0.5, 1).role(Role::Pricing),
    Operation::get("pricing.getCompetitivePricing", "/products/pricing/v0/competitivePrice", competitive)
        .rate(0.5, 1)
        .role(Role::Pricing),
];

const MOST: usize = 20;

/// The marketplace, whether items are SKUs, and the items.
fn asked(amazon: &Amazon, call: &Call<'_>) -> Result<(String, bool, Vec<String>), Answer> {
    let query = call.query();
    let marketplace = marketplaces(amazon, call, query, "MarketplaceId", 1)?.remove(0);
    match query.required("ItemType")? {
        "Asin" => Ok((marketplace, false, query.required_list("Asins", MOST)?)),
        "Sku" => {
            // SKUs are encoded twice here.
            let skus = query.required_list("Skus", MOST)?.into_iter().map(|sku| decoded(&sku));
            Ok((marketplace, true, skus.collect()))
        }
        _ => Err(Answer::invalid("ItemType must be Asin or Sku.")),
    }
}

fn decoded(sku: &str) -> String {
    let pairs = format!("sku={}", sku.replace('+', "%2B"));
    url::form_urlencoded::parse(pairs.as_bytes()).next().map_or_else(|| sku.to_owned(), |(_, sku)| sku.into_owned())
}

fn own_prices(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let (marketplace, by_sku, items) = asked(amazon, call)?;
    found(&json!({ "payload": prices(&amazon.world, call.seller(), &marketplace, by_sku, &items, call.now()) }))
}

fn competitive(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let (marketplace, by_sku, items) = asked(amazon, call)?;
    found(
        &json!({ "payload": competitive_prices(&amazon.world, call.seller(), &marketplace, by_sku, &items, call.now()) }),
    )
}
