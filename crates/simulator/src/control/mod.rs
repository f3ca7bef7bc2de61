//! What only a simulator can offer: its accounts, its clock, its faults, its counts, and the truth.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::FaultPlan;
use crate::server::call::{self, Request};
use crate::server::{Amazon, Answer, Reply};
use crate::signin::accounts::accounts;
use crate::truth::{OrdersThrough, truth_through};

/// Answers `/simulator/…`.
pub fn serve(amazon: &Amazon, request: &Request) -> Answer {
    let reply = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/accounts") => shown(&accounts(&amazon.world, amazon.seed, &amazon.sign_in, amazon.url())),
        ("GET", "/clock") => clock(amazon, request.now),
        ("POST", "/clock") => sleep(amazon, request),
        ("GET", "/faults") => shown(&amazon.faults.fired()),
        ("POST", "/faults") => follow(amazon, request),
        ("POST", "/grants") => grants(amazon, request),
        ("POST", "/consent") => consent(amazon, request),
        ("GET", "/calls") => shown(&amazon.calls.counts()),
        ("GET", "/notifications") => {
            let destination = request.query.get("destinationId");
            shown(&amazon.notifications.messages(amazon, destination, request.now))
        }
        ("DELETE", "/notifications") => {
            amazon.notifications.purge(request.query.get("destinationId"));
            Ok(Answer::empty(204))
        }
        _ => Err(Answer::not_found("This address")),
    };
    reply.unwrap_or_else(|refusal| refusal)
}

/// Answers `/truth/{seller}?at=&through=`: what had been published by a moment, the present one unless given, to a client
/// that reads orders through the `api` (unless given) or through `reports`.
pub fn truth(amazon: &Amazon, request: &Request) -> Answer {
    let seller = request.path.trim_start_matches('/');
    let reply = request.query.moment("at").and_then(|at| {
        amazon.world.seller(seller).ok_or_else(|| Answer::not_found("Seller"))?;
        let through = match request.query.get("through") {
            None | Some("api") => OrdersThrough::Api,
            Some("reports") => OrdersThrough::Reports,
            Some(_) => return Err(Answer::invalid("through must be api or reports.")),
        };
        shown(&truth_through(&amazon.world, seller, at.unwrap_or(request.now), through))
    });
    reply.unwrap_or_else(|refusal| refusal)
}

fn shown(what: &impl serde::Serialize) -> Reply {
    match serde_json::to_vec(what) {
        Ok(text) => Ok(Answer::bytes(200, "application/json", text)),
        Err(error) => Err(Answer::refuse(500, "InternalFailure", error.to_string(), "")),
    }
}

fn body<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Answer> {
    serde_json::from_slice(&request.body).map_err(|error| Answer::invalid(error.to_string()))
}

fn clock(amazon: &Amazon, now: DateTime<Utc>) -> Reply {
    let kind = if amazon.clock.is_stepped() { "stepped" } else { "real" };
    shown(&json!({ "now": now.to_rfc3339_opts(SecondsFormat::Micros, true), "kind": kind }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sleep {
    sleep_until: String,
}

fn sleep(amazon: &Amazon, request: &Request) -> Reply {
    let sleep: Sleep = body(request)?;
    let until = call::moment("sleep_until", &sleep.sleep_until)?;
    if !amazon.clock.is_stepped() {
        return Err(Answer::refuse(409, "Conflict", "A real clock can't be moved.", ""));
    }
    clock(amazon, amazon.clock.sleep_until(until))
}

fn follow(amazon: &Amazon, request: &Request) -> Reply {
    let plan: FaultPlan = body(request)?;
    amazon.faults.follow(plan);
    shown(&amazon.faults.fired())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    seller_id: String,
    granted: bool,
}

/// Takes a seller's grant back, or gives it again.
fn grants(amazon: &Amazon, request: &Request) -> Reply {
    let grant: Grant = body(request)?;
    if grant.granted {
        amazon.sign_in.restore(&grant.seller_id);
    } else {
        amazon.sign_in.revoke(&grant.seller_id, request.now);
    }
    shown(&json!({ "seller_id": grant.seller_id, "granted": grant.granted }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    seller_id: String,
    redirect_uri: String,
    #[serde(default)]
    state: String,
}

/// What the consent page would send back to the redirect address.
fn consent(amazon: &Amazon, request: &Request) -> Reply {
    let consent: Consent = body(request)?;
    if amazon.world.seller(&consent.seller_id).is_none() {
        return Err(Answer::not_found("Seller"));
    }
    let code = amazon.sign_in.consent(&consent.seller_id, &consent.redirect_uri, request.now);
    let answer: Value =
        json!({ "state": consent.state, "selling_partner_id": consent.seller_id, "spapi_oauth_code": code });
    shown(&answer)
}
