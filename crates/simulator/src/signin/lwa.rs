//! `POST /auth/o2/token` (amazon.md: Login with Amazon).

use std::collections::HashMap;

use serde_json::json;

use super::ledger::ACCESS_LIFETIME;
use super::{Application, NOTIFICATIONS, ROTATION, Subject, accounts};
use crate::faults::Kind;
use crate::server::call::Request;
use crate::server::{Amazon, Answer, Reply, chance};

const OPERATION: &str = "lwa.token";
const NO_GRANT: &str = "The request has an invalid grant parameter : refresh_token. \
                        User may have revoked or didn't grant the permission.";

/// Answers a request for a token. Errors have OAuth's shape, not the Selling Partner API's.
pub fn token(amazon: &Amazon, request: &Request) -> Answer {
    let form = form(request);
    let seller = form.get("refresh_token").and_then(|token| amazon.sign_in.owner(token)).unwrap_or_default();
    let number = amazon.calls.begin(OPERATION, &seller);
    let id = chance::uuid(amazon.seed, &["sign-in", &seller, &number.to_string()]);
    answered(amazon, request, &form, &seller, number).with("x-amzn-requestid", id)
}

fn answered(amazon: &Amazon, request: &Request, form: &HashMap<String, String>, seller: &str, number: u64) -> Answer {
    let strikes = |kind| amazon.faults.strikes(kind, OPERATION, seller, number, request.now);
    if request.method != "POST" {
        return refuse(400, "invalid_request", "Only POST is supported.");
    }
    if strikes(Kind::Http429) {
        return refuse(429, "temporarily_unavailable", "Too many requests.");
    }
    if strikes(Kind::Http500) {
        return refuse(500, "server_error", "The authorization server encountered an unexpected condition.");
    }
    if strikes(Kind::Http503Html) {
        return Answer::bytes(503, "text/html", crate::server::amazon::UNAVAILABLE);
    }
    if !seller.is_empty() && strikes(Kind::RevokedToken) {
        amazon.sign_in.revoke(seller, request.now);
    }
    let answer = exchange(amazon, request, form).unwrap_or_else(|refusal| refusal);
    amazon.damaged(answer, strikes)
}

/// The form's fields; a JSON object does as well.
fn form(request: &Request) -> HashMap<String, String> {
    if request.header("content-type").is_some_and(|kind| kind.contains("json")) {
        return serde_json::from_slice(&request.body).unwrap_or_default();
    }
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

fn exchange(amazon: &Amazon, request: &Request, form: &HashMap<String, String>) -> Reply {
    let field = |name: &str| {
        let missing =
            || refuse(400, "invalid_request", &format!("The request is missing a required parameter : {name}"));
        form.get(name).filter(|value| !value.is_empty()).map(String::as_str).ok_or_else(missing)
    };
    let grant_type = field("grant_type")?;
    let (client_id, secret) = (field("client_id")?, field("client_secret")?);
    let application = amazon
        .sign_in
        .authenticate(client_id, secret, request.now)
        .ok_or_else(|| refuse(401, "invalid_client", "Client authentication failed"))?;
    match grant_type {
        "refresh_token" => {
            let token = field("refresh_token")?;
            let seller = amazon.sign_in.granted(token, &application, request.now);
            let seller = seller.ok_or_else(|| refuse(400, "invalid_grant", NO_GRANT))?;
            Ok(granted(amazon, request, &application, &seller))
        }
        "authorization_code" => {
            let seller = amazon.sign_in.redeem(field("code")?, field("redirect_uri")?, request.now);
            let refusal = || refuse(400, "invalid_grant", "The request has an invalid grant parameter : code");
            Ok(granted(amazon, request, &application, &seller.ok_or_else(refusal)?))
        }
        "client_credentials" if application.is_ads => {
            Err(refuse(400, "unauthorized_client", "The client is not authorized to use this grant type."))
        }
        "client_credentials" => {
            let scope = field("scope")?;
            if ![NOTIFICATIONS, ROTATION].contains(&scope) {
                return Err(refuse(400, "invalid_scope", "The requested scope is invalid, unknown, or malformed"));
            }
            let token = amazon.sign_in.issue(client_id, "", Subject::Scope(scope.to_owned()), request.now);
            Ok(Answer::json(
                200,
                &json!({
                    "access_token": token, "token_type": "bearer", "expires_in": ACCESS_LIFETIME.num_seconds(), "scope": scope,
                }),
            ))
        }
        _ => Err(refuse(400, "unsupported_grant_type", "The authorization grant type is not supported")),
    }
}

fn granted(amazon: &Amazon, request: &Request, application: &Application, seller: &str) -> Answer {
    let subject = if application.is_ads { Subject::Advertiser } else { Subject::Seller };
    let access = amazon.sign_in.issue(&application.client_id, seller, subject, request.now);
    Answer::json(
        200,
        &json!({
            "access_token": access,
            "refresh_token": accounts::refresh_token(amazon.seed, application.api(), seller),
            "token_type": "bearer",
            "expires_in": ACCESS_LIFETIME.num_seconds(),
        }),
    )
}

fn refuse(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
}
