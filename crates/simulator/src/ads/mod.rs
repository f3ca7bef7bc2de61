//! The Advertising API (F): profiles, asynchronous reports, campaigns.

mod campaigns;
mod profiles;
mod reporting;

pub use reporting::{AdsDesk, document};

use serde_json::json;

use crate::faults::Kind;
use crate::running::Limits;
use crate::server::amazon::UNAVAILABLE;
use crate::server::call::Request;
use crate::server::{Amazon, Answer, Call, Operation, chance};
use crate::signin::{Caller, Subject};

/// Every operation. Amazon publishes no quotas here; these are in the range that is seen.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [profiles::OPERATIONS, reporting::OPERATIONS, campaigns::OPERATIONS].into_iter().flatten()
}

/// Answers a request at the Ads endpoint of `region`.
pub fn serve(amazon: &Amazon, region: &str, request: &Request) -> Answer {
    let found =
        operations().find_map(|operation| Some((operation, operation.matches(&request.method, &request.path)?)));
    let Some((operation, names)) = found else {
        amazon.calls.end("unknown", 404);
        return refuse(404, "Method Not Found");
    };
    let answer = match admit(amazon, region, request) {
        Err(refusal) => refusal,
        Ok(caller) => {
            let number = amazon.calls.begin(operation.name, &caller.seller);
            called(amazon, &Call { operation, region, names, request, caller, number })
        }
    };
    let count = amazon.calls.end(operation.name, answer.status);
    answer.with("x-amz-rid", chance::hex(amazon.seed, &["ads request", &count.to_string()], 20).to_uppercase())
}

/// The advertiser behind a request. Another region's host answers as if the token were wrong (amazon.md: Ads reports).
fn admit(amazon: &Amazon, region: &str, request: &Request) -> Result<Caller, Answer> {
    let unauthorized = || refuse(401, "Not authorized to access this resource");
    let token =
        request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(unauthorized)?;
    let access = amazon.sign_in.access(token, request.now).ok_or_else(unauthorized)?;
    let client = request.header("amazon-advertising-api-clientid");
    let opens = access.subject == Subject::Advertiser
        && request.now < access.expires
        && client == Some(&access.client_id)
        && amazon.region_of(&access.seller) == Some(region);
    if !opens {
        return Err(unauthorized());
    }
    Ok(Caller { seller: access.seller, client_id: access.client_id, subject: access.subject })
}

fn called(amazon: &Amazon, call: &Call<'_>) -> Answer {
    let operation = call.operation;
    let key = (call.seller().to_owned(), call.caller.client_id.clone(), operation.name);
    let within = amazon.limits == Limits::Off || amazon.quota.take(key, operation.rate, operation.burst, call.now());
    if !within || call.strikes(amazon, Kind::Http429) {
        let refusal = refuse(429, "Too Many Requests");
        // The hint is usually there, not always.
        return if call.number.is_multiple_of(2) { refusal.with("retry-after", "5") } else { refusal };
    }
    if call.strikes(amazon, Kind::Http500) {
        return refuse(500, "Internal Server Error");
    }
    if call.strikes(amazon, Kind::Http503Html) {
        return Answer::bytes(503, "text/html", UNAVAILABLE);
    }
    let answer = (operation.handler)(amazon, call).unwrap_or_else(|refusal| refusal);
    amazon.damaged(answer, |kind| call.strikes(amazon, kind))
}

/// The profile a call names in its scope header; it must be the caller's own.
fn profile<'a>(amazon: &Amazon, call: &Call<'a>) -> Result<&'a str, Answer> {
    let scope =
        call.request.header("amazon-advertising-api-scope").ok_or_else(|| refuse(400, "Missing scope header"))?;
    let own = amazon.world.ads_profiles(call.seller()).iter().any(|profile| profile.id == scope);
    if own {
        Ok(scope)
    } else {
        Err(refuse(401, "Not authorized to manage this profile. Please check permissions and consent"))
    }
}

/// The Ads API's error shape.
fn refuse(status: u16, detail: &str) -> Answer {
    Answer::json(status, &json!({ "code": status.to_string(), "detail": detail, "details": detail }))
}
