//! Listings Items 2021-08-01 (amazon.md: Catalogue and listings).

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{found, marketplaces, under};
use crate::answers::listings_items;
use crate::paging::Paging;
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their quotas (amazon.md: Default rates).
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
    let order = Order::of(call)?;
    let size = query.number("pageSize", 1..=MOST, 10)?;
    let paging = Paging::new("pageToken", size, TimeDelta::hours(1));
    let wanted = (!skus.is_empty()).then_some(&skus[..]);
    let print =
        |included: &[String], now| listings_items(&amazon.world, call.seller(), &marketplaces, wanted, included, now);
    let total = order.places(&print(&["summaries".to_owned()], call.now())).len();
    let page = paging.page(amazon, call, |now| {
        let mut items = print(&included, now);
        let places = order.places(&print(&["summaries".to_owned()], now));
        places.into_iter().take(RESULT_WINDOW).map(|place| items[place].take()).collect()
    })?;
    let mut body = under("items", page.items);
    body["numberOfResults"] = json!(total);
    if let Some(next) = page.next {
        body["pagination"] = json!({ "nextToken": next });
    }
    found(&body)
}

/// Which listings are wanted, and in which order.
struct Order<'a> {
    by: &'a str,
    ascending: bool,
    /// Field of the summary, whether the moment is its upper end, the moment.
    bounds: Vec<(&'static str, bool, DateTime<Utc>)>,
}

impl<'a> Order<'a> {
    fn of(call: &'a Call<'_>) -> Result<Self, Answer> {
        let query = call.query();
        let by = query.get("sortBy").unwrap_or("lastUpdatedDate");
        if !["sku", "createdDate", "lastUpdatedDate"].contains(&by) {
            return Err(Answer::invalid("sortBy must be sku, createdDate or lastUpdatedDate."));
        }
        let ascending = match query.get("sortOrder").unwrap_or("DESC") {
            "ASC" => true,
            "DESC" => false,
            _ => return Err(Answer::invalid("sortOrder must be ASC or DESC.")),
        };
        let mut bounds = Vec::new();
        for (name, field, is_upper) in [
            ("createdAfter", "createdDate", false),
            ("createdBefore", "createdDate", true),
            ("lastUpdatedAfter", "lastUpdatedDate", false),
            ("lastUpdatedBefore", "lastUpdatedDate", true),
        ] {
            bounds.extend(query.moment(name)?.map(|at| (field, is_upper, at)));
        }
        Ok(Self { by, ascending, bounds })
    }

    /// The places of the wanted ones among all, in order; read from their summaries.
    fn places(&self, summaries: &[Value]) -> Vec<usize> {
        let date = |item: &Value, field: &str| item["summaries"][0][field].as_str()?.parse::<DateTime<Utc>>().ok();
        let within = |item: &Value| {
            self.bounds.iter().all(|(field, is_upper, bound)| {
                date(item, field).is_some_and(|at| if *is_upper { at <= *bound } else { at >= *bound })
            })
        };
        let mut places: Vec<usize> = (0..summaries.len()).filter(|place| within(&summaries[*place])).collect();
        let key = |place: &usize| {
            let item = &summaries[*place];
            (date(item, self.by), item["sku"].as_str())
        };
        places.sort_by(|one, other| {
            let order = key(one).cmp(&key(other));
            if self.ascending { order } else { order.reverse() }
        });
        places
    }
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
