//! Tokens 2021-03-01: restricted data tokens (amazon.md: Restricted data).

use serde::Deserialize;
use serde_json::json;

use super::found;
use crate::server::{Amazon, Answer, Call, Operation, Reply};
use crate::signin::{ACCESS_LIFETIME, Subject};

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] =
    &[Operation::post("tokens.createRestrictedDataToken", "/tokens/2021-03-01/restrictedDataToken", create)
        .rate(1.0, 10)];

const MOST: usize = 50;
const DOCUMENTS: &str = "/reports/2021-06-30/documents/";
const ELEMENTS: [&str; 3] = ["buyerInfo", "shippingAddress", "buyerTaxInformation"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    restricted_resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    method: String,
    path: String,
    #[serde(default)]
    data_elements: Vec<String>,
}

fn create(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let wanted: Wanted = call.body()?;
    if wanted.restricted_resources.is_empty() || wanted.restricted_resources.len() > MOST {
        return Err(Answer::invalid("restrictedResources must have between 1 and 50 values."));
    }
    for resource in &wanted.restricted_resources {
        check(resource)?;
    }
    let resources = wanted.restricted_resources.into_iter().map(|resource| (resource.method, resource.path)).collect();
    let token = amazon.sign_in.issue(&call.caller.client_id, call.seller(), Subject::Restricted(resources), call.now());
    found(&json!({ "restrictedDataToken": token, "expiresIn": ACCESS_LIFETIME.num_seconds() }))
}

fn check(resource: &Resource) -> Result<(), Answer> {
    let orders = resource.path.starts_with("/orders/v0/orders");
    // Documents are opened one by one; a template opens none.
    let document = resource.path.strip_prefix(DOCUMENTS).is_some_and(|id| !id.is_empty() && !id.starts_with('{'));
    if !orders && !document {
        return Err(Answer::invalid(format!("The path {} is not a restricted resource.", resource.path)));
    }
    let known = resource.data_elements.iter().all(|element| ELEMENTS.contains(&element.as_str()));
    if !known || (document && !resource.data_elements.is_empty()) {
        return Err(Answer::invalid(format!("Invalid dataElements for {}.", resource.path)));
    }
    Ok(())
}
