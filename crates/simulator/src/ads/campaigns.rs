//! Campaign lists, one per product, each with its own manners (amazon.md: Campaign lists).

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{profile, refuse};
use crate::answers::ads_campaigns;
use crate::paging::Paging;
use crate::server::{Amazon, Answer, Call, Operation, Query, Reply};
use crate::world::AdProduct;

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation::post("ads.listSpCampaigns", "/sp/campaigns/list", sponsored_products).rate(5.0, 10),
    Operation::post("ads.listSbCampaigns", "/sb/v4/campaigns/list", sponsored_brands).rate(5.0, 10),
    Operation::get("ads.listSdCampaigns", "/sd/campaigns", sponsored_display).rate(5.0, 10),
];

const MOST: u64 = 100;

fn sponsored_products(amazon: &Amazon, call: &Call<'_>) -> Reply {
    listed(amazon, call, AdProduct::Products, "application/vnd.spCampaign.v3+json")
}

fn sponsored_brands(amazon: &Amazon, call: &Call<'_>) -> Reply {
    listed(amazon, call, AdProduct::Brands, "application/vnd.sbcampaignresource.v4+json")
}

fn sponsored_display(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let profile = profile(amazon, call)?;
    let number = |name: &str, otherwise: usize| {
        call.query()
            .get(name)
            .map_or(Some(otherwise), |text| text.parse().ok())
            .ok_or_else(|| refuse(400, &format!("Invalid {name}")))
    };
    let (from, count) = (number("startIndex", 0)?, number("count", 5000)?);
    let campaigns = ads_campaigns(&amazon.world, profile, AdProduct::Display);
    let page: Vec<Value> = campaigns.into_iter().skip(from).take(count).collect();
    Ok(Answer::json(200, &Value::from(page)))
}

/// A list by POST: filter and token come in the body.
fn listed(amazon: &Amazon, call: &Call<'_>, product: AdProduct, media: &str) -> Reply {
    let profile = profile(amazon, call)?;
    let declared = call.request.header("content-type").unwrap_or_default();
    if !declared.eq_ignore_ascii_case(media) {
        return Err(refuse(415, &format!("Unsupported Media Type: expected {media}")));
    }
    let body: Value = serde_json::from_slice(&call.request.body).map_err(|_| refuse(400, "Malformed body"))?;
    let size = body["maxResults"].as_u64().unwrap_or(MOST).clamp(1, MOST) as usize;
    let states: Vec<String> = body["stateFilter"]["include"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_ascii_uppercase)
        .collect();
    let token = body["nextToken"].as_str().map(|token| format!("nextToken={token}")).unwrap_or_default();
    let request = crate::server::call::Request { query: Query::parse(&token), ..call.request.clone() };
    let paged = call.again(&request);
    let paging = Paging::new("nextToken", size, TimeDelta::hours(1));
    let page = paging.page(amazon, &paged, |_| {
        let mut campaigns = ads_campaigns(&amazon.world, profile, product);
        // Archived campaigns show up only when asked for.
        campaigns.retain(|campaign| match campaign["state"].as_str() {
            Some(state) if states.is_empty() => !state.eq_ignore_ascii_case("ARCHIVED"),
            Some(state) => states.iter().any(|wanted| wanted.eq_ignore_ascii_case(state)),
            None => true,
        });
        campaigns
    })?;
    let mut answer = json!({ "campaigns": page.items, "totalResults": page.items.len() });
    if let Some(next) = page.next {
        answer["nextToken"] = json!(next);
    }
    Ok(Answer::bytes(200, media, answer.to_string()))
}
