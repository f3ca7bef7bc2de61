//! Listings Items 2021-08-01 (C.6).

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{found, marketplaces, under};
use crate::answers::listings_items;
use crate::paging::{Late, Paging};
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their documented quotas (B.2).
pub const OPERATIONS: &[Operation] = &[
    Operation::get("listings.searchListingsItems", "/listings/2021-08-01/items/{sellerId}", search)
        .rate(5.0, 5)
        .role(Role::ProductListing),
    Operation::get("listings.getListingsItem", "/listings/2021-08-01/items/{sellerId}/{sku}", get)
        .rate(5.0, 10)
        .role(Role::ProductListing),
];

const MOST: usize = 20;
/// A search shows no more than its first so many items.
const RESULT_WINDOW: usize = 1000;

fn search(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let query = call.query();
    own(call)?;
    let marketplaces = marketplaces(amazon, call, query, "marketplaceIds", 1)?;
    let skus = query.list("identifiers");
    if skus.len() > MOST || (!skus.is_empty() && query.required("identifiersType")? != "SKU") {
        return Err(Answer::invalid("identifiers must be at most 20 of identifiersType SKU."));
    }
    let included = included(call);
    let size = query.number("pageSize", 1..=MOST, 10)?;
    let paging = Paging {
        token: "pageToken",
        size,
        lifetime: TimeDelta::hours(1),
        free: &[],
        identified: true,
        late: Late::Anything,
    };
    let wanted = (!skus.is_empty()).then_some(&skus[..]);
    let print = |now| listings_items(&amazon.world, call.seller(), &marketplaces, wanted, &included, now);
    let total = print(call.now()).len();
    let page = paging.page(amazon, call, |now| print(now).into_iter().take(RESULT_WINDOW).collect())?;
    let mut body = under("items", page.items);
    body["numberOfResults"] = json!(total);
    if let Some(next) = page.next {
        body["pagination"] = json!({ "nextToken": next });
    }
    found(&body)
}

fn get(amazon: &Amazon, call: &Call<'_>) -> Reply {
    own(call)?;
    let marketplaces = marketplaces(amazon, call, call.query(), "marketplaceIds", 1)?;
    let sku = [call.name("sku").to_owned()];
    let items = listings_items(&amazon.world, call.seller(), &marketplaces, Some(&sku), &included(call), call.now());
    let item: Option<Value> = items.into_iter().next();
    found(&item.ok_or_else(|| Answer::not_found("SKU"))?)
}

/// A token opens its own seller's listings only.
fn own(call: &Call<'_>) -> Result<(), Answer> {
    if call.name("sellerId") == call.seller() { Ok(()) } else { Err(Answer::unauthorized("")) }
}

fn included(call: &Call<'_>) -> Vec<String> {
    let included = call.query().list("includedData");
    if included.is_empty() { vec!["summaries".to_owned()] } else { included }
}
