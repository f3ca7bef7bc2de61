//! Product Fees v0 (amazon.md: Prices and fee estimates): what Amazon would charge for a sale.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{found, sold_in};
use crate::answers::fees_estimate;
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] = &[
    Operation::post("fees.getMyFeesEstimates", "/products/fees/v0/feesEstimate", batch)
        .rate(0.5, 1)
        .role(Role::Pricing),
    Operation::post("fees.getMyFeesEstimateForSKU", "/products/fees/v0/listings/{SellerSKU}/feesEstimate", by_sku)
        .rate(1.0, 2)
        .role(Role::Pricing),
    Operation::post("fees.getMyFeesEstimateForASIN", "/products/fees/v0/items/{Asin}/feesEstimate", by_asin)
        .rate(1.0, 2)
        .role(Role::Pricing),
];

const MOST: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    fees_estimate_request: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    fees_estimate_request: Value,
    id_type: String,
    id_value: String,
}

fn by_sku(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let one: One = call.body()?;
    let result = estimate(amazon, call, "SellerSKU", call.name("SellerSKU"), &one.fees_estimate_request)?;
    found(&json!({ "payload": { "FeesEstimateResult": result } }))
}

fn by_asin(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let one: One = call.body()?;
    let result = estimate(amazon, call, "ASIN", call.name("Asin"), &one.fees_estimate_request)?;
    found(&json!({ "payload": { "FeesEstimateResult": result } }))
}

/// Body and answer are arrays; each item has a status of its own.
fn batch(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let items: Vec<Item> = call.body()?;
    if items.is_empty() || items.len() > MOST {
        return Err(Answer::invalid("The body must have between 1 and 20 requests."));
    }
    let results: Result<Vec<Value>, Answer> = items
        .iter()
        .map(|item| match item.id_type.as_str() {
            kind @ ("ASIN" | "SellerSKU") => estimate(amazon, call, kind, &item.id_value, &item.fees_estimate_request),
            other => Err(Answer::invalid(format!("Invalid IdType: {other}."))),
        })
        .collect();
    found(&Value::from(results?))
}

fn estimate(amazon: &Amazon, call: &Call<'_>, kind: &str, id: &str, request: &Value) -> Reply<Value> {
    let marketplace = request["MarketplaceId"].as_str().ok_or_else(|| Answer::invalid("MarketplaceId is required."))?;
    sold_in(amazon, call, &[marketplace.to_owned()])?;
    if request["PriceToEstimateFees"]["ListingPrice"]["Amount"].is_null() {
        return Err(Answer::invalid("PriceToEstimateFees.ListingPrice is required."));
    }
    Ok(fees_estimate(&amazon.world, call.seller(), kind, id, request, call.now()))
}
