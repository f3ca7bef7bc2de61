//! The front door: one answer per request, whatever it is for.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::{HeaderValue, Response};
use chrono::SecondsFormat;

use super::answer::Damage;
use super::call::{Query, Request};
use super::line::Cut;
use super::{Amazon, Answer};
use crate::{ads, control, files, sandbox, signin, spapi};

/// No request of a client is larger.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Routes everything to one handler: paths are matched against the operations' own templates.
pub fn router(amazon: Arc<Amazon>) -> Router {
    Router::new().fallback(answer).with_state(amazon)
}

async fn answer(
    State(amazon): State<Arc<Amazon>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: HttpRequest,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default();
    let now = amazon.now();
    let reply = route(&amazon, parts, body, now);
    if reply.damage == Some(Damage::Hold) {
        tokio::time::sleep(amazon.hold).await;
        cut.now();
    }
    let mut response = reply.into_response();
    let shown = now.to_rfc3339_opts(SecondsFormat::Micros, true);
    if let Ok(shown) = HeaderValue::from_str(&shown) {
        response.headers_mut().insert("x-simulator-now", shown);
    }
    // As Amazon's servers tell it, so that clients can compare clocks.
    if let Ok(date) = HeaderValue::from_str(&now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
        response.headers_mut().insert("date", date);
    }
    response
}

fn route(
    amazon: &Amazon,
    parts: axum::http::request::Parts,
    body: Bytes,
    now: chrono::DateTime<chrono::Utc>,
) -> Answer {
    let whole = parts.uri.path().trim_start_matches('/');
    let (first, rest) = whole.split_once('/').unwrap_or((whole, ""));
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: format!("/{rest}"),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body,
        now,
    };
    match first {
        "na" | "eu" | "fe" => spapi::serve(amazon, first, &request),
        "ads-na" | "ads-eu" | "ads-fe" => ads::serve(amazon, &first[4..], &request),
        "sandbox-na" | "sandbox-eu" | "sandbox-fe" => sandbox::serve(amazon, &first[8..], &request),
        "auth" if rest == "o2/token" => counted(amazon, "lwa.token", signin::token(amazon, &request)),
        "files" => counted(amazon, files::OPERATION, files::serve(amazon, &request)),
        "simulator" => control::serve(amazon, &request),
        "truth" => control::truth(amazon, &request),
        _ => Answer::not_found("This address"),
    }
}

fn counted(amazon: &Amazon, operation: &'static str, answer: Answer) -> Answer {
    amazon.calls.end(operation, answer.status);
    answer
}
