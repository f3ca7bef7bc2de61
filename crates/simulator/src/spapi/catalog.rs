//! Catalog Items 2022-04-01 (amazon.md: Catalogue and listings).

use chrono::TimeDelta;
use serde_json::json;

use super::{found, marketplaces, under};
use crate::answers::catalog_items;
use crate::paging::Paging;
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] = &[
    Operation::get("catalog.searchCatalogItems", "/catalog/2022-04-01/items", search)
        .rate(2.0, 2)
        .role(Role::ProductListing),
    Operation::get("catalog.getCatalogItem", "/catalog/2022-04-01/items/{asin}", get)
        .rate(2.0, 2)
        .role(Role::ProductListing),
];

const MOST: usize = 20;

fn search(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let query = call.query();
    let marketplace = marketplaces(amazon, call, query, "marketplaceIds", 1)?.remove(0);
    if query.get("keywords").is_some() == query.get("identifiers").is_some() {
        return Err(Answer::invalid("Exactly one of identifiers and keywords is required."));
    }
    if query.get("keywords").is_some() {
        return Err(Answer::invalid("Searching by keywords is not supported here."));
    }
    let identifiers = query.required_list("identifiers", MOST)?;
    if query.required("identifiersType")? != "ASIN" {
        return Err(Answer::invalid("Only identifiersType ASIN is supported here."));
    }
    let included = included(call);
    let size = query.number("pageSize", 1..=MOST, 10)?;
    let paging = Paging::new("pageToken", size, TimeDelta::hours(1));
    // Unknown identifiers are missing without a word.
    let page = paging.page(amazon, call, |_| catalog_items(&amazon.world, &marketplace, &identifiers, &included))?;
    let mut body = under("items", page.items);
    body["numberOfResults"] = json!(identifiers.len());
    if let Some(next) = page.next {
        body["pagination"] = json!({ "nextToken": next });
    }
    found(&body)
}

fn get(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let marketplace = marketplaces(amazon, call, call.query(), "marketplaceIds", 1)?.remove(0);
    let asin = call.name("asin").to_owned();
    let item = catalog_items(&amazon.world, &marketplace, &[asin], &included(call)).into_iter().next();
    found(&item.ok_or_else(|| Answer::not_found("Item"))?)
}

fn included(call: &Call<'_>) -> Vec<String> {
    let included = call.query().list("includedData");
    if included.is_empty() { vec!["summaries".to_owned()] } else { included }
}
