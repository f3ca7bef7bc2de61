//! The Selling Partner API: one table of operations, one way through it.

mod application;
mod catalog;
mod fees;
mod finances;
mod finances_v0;
mod inventory;
mod kiosk;
mod listings;
mod notifications;
mod orders;
mod orders_v0;
mod pricing;
mod reports;
mod sales;
mod sellers;
mod tokens;

pub use kiosk::KioskDesk;
pub use notifications::NotificationDesk;
pub use reports::{Document, Report, ReportDesk};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::faults::{Kind, RECENT};
use crate::running::Limits;
use crate::server::amazon::UNAVAILABLE;
use crate::server::call::Request;
use crate::server::{Amazon, Answer, Call, Grant, Operation, Query, Reply, chance};
use crate::signin;

/// What a 429 says (amazon.md: Quotas).
pub(crate) const QUOTA_EXCEEDED: &str = "You exceeded your quota for the requested resource.";

/// Every operation, API by API.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        application::OPERATIONS,
        catalog::OPERATIONS,
        fees::OPERATIONS,
        finances::OPERATIONS,
        finances_v0::OPERATIONS,
        inventory::OPERATIONS,
        kiosk::OPERATIONS,
        listings::OPERATIONS,
        notifications::OPERATIONS,
        orders::OPERATIONS,
        orders_v0::OPERATIONS,
        pricing::OPERATIONS,
        reports::OPERATIONS,
        sales::OPERATIONS,
        sellers::OPERATIONS,
        tokens::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}

/// Answers a request at the endpoint of `region`.
pub fn serve(amazon: &Amazon, region: &str, request: &Request) -> Answer {
    let found =
        operations().find_map(|operation| Some((operation, operation.matches(&request.method, &request.path)?)));
    let Some((operation, names)) = found else {
        amazon.calls.end("unknown", 403);
        return Answer::refuse(403, "MissingAuthenticationToken", "Missing Authentication Token", "");
    };
    let mut answer = match signin::admit(amazon, operation, region, request) {
        Err(refusal) => refusal,
        Ok(caller) => {
            let number = amazon.calls.begin(operation.name, &caller.seller);
            called(amazon, &Call { operation, region, names, request, caller, number })
        }
    };
    let count = amazon.calls.end(operation.name, answer.status);
    if matches!(answer.status, 200..=299 | 400 | 404) {
        answer = answer.with("x-amzn-ratelimit-limit", format!("{:?}", operation.rate));
    }
    answer.with("x-amzn-requestid", chance::uuid(amazon.seed, &["request", &count.to_string()]))
}

fn called(amazon: &Amazon, call: &Call<'_>) -> Answer {
    let operation = call.operation;
    let owner = if operation.grant == Grant::Seller { call.seller() } else { "" };
    let key = (owner.to_owned(), call.caller.client_id.clone(), operation.name);
    let within = amazon.limits == Limits::Off || amazon.quota.take(key, operation.rate, operation.burst, call.now());
    if !within || call.strikes(amazon, Kind::Http429) {
        let refusal = Answer::refuse(429, "QuotaExceeded", QUOTA_EXCEEDED, "");
        return refusal.with("x-amzn-errortype", "TooManyRequestsException");
    }
    if call.strikes(amazon, Kind::Http500) {
        return Answer::refuse(500, "InternalFailure", "We encountered an internal error. Please try again.", "");
    }
    if call.strikes(amazon, Kind::Http503Html) {
        return Answer::bytes(503, "text/html", UNAVAILABLE);
    }
    let answer = (operation.handler)(amazon, call).unwrap_or_else(|refusal| refusal);
    amazon.damaged(answer, |kind| call.strikes(amazon, kind))
}

/// The marketplaces of a list parameter; 400 where the seller doesn't sell in one of them.
fn marketplaces(
    amazon: &Amazon,
    call: &Call<'_>,
    query: &Query,
    name: &str,
    most: usize,
) -> Result<Vec<String>, Answer> {
    let marketplaces = query.required_list(name, most)?;
    sold_in(amazon, call, &marketplaces)?;
    Ok(marketplaces)
}

fn sold_in(amazon: &Amazon, call: &Call<'_>, marketplaces: &[String]) -> Result<(), Answer> {
    let seller = amazon.world.seller(call.seller());
    let stranger = marketplaces.iter().find(|id| !seller.is_some_and(|seller| seller.sells_in(id)));
    stranger.map_or(Ok(()), |id| Err(Answer::invalid(format!("Invalid marketplaceId: {id}."))))
}

/// A date filter as it was asked for.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: DateTime<Utc>,
    to: Option<DateTime<Utc>>,
}

impl Window {
    /// Its two ends in a list as of a moment. Without an end it goes on until two minutes before.
    fn by(self, as_of: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.from, self.to.unwrap_or(as_of - SETTLED))
    }

    /// Whether it reaches into the last days, whose newest item a reading may lack.
    fn is_recent(self, now: DateTime<Utc>) -> bool {
        self.by(now).1 + RECENT >= now
    }
}

/// Filters may not reach closer to the present.
const SETTLED: TimeDelta = TimeDelta::minutes(2);

/// The window of two parameters; neither of its ends may be younger than two minutes.
fn window(call: &Call<'_>, after: &str, before: &str) -> Reply<Option<Window>> {
    let latest = call.now() - SETTLED;
    let to = call.query().moment(before)?;
    let Some(from) = call.query().moment(after)? else {
        return match to {
            Some(_) => Err(Answer::invalid(format!("{after} cannot be null when {before} is given."))),
            None => Ok(None),
        };
    };
    if to.is_some_and(|to| to > latest) || from > latest {
        let young = format!("{after} and {before} must be at least 2 minutes before the time of the request.");
        return Err(Answer::invalid(young));
    }
    if to.is_some_and(|to| to < from) {
        return Err(Answer::invalid(format!("{before} must not be before {after}.")));
    }
    Ok(Some(Window { from, to }))
}

/// An object of one field. Moves the value, where `json!` would copy a page of thousands of numbers.
fn under(name: &str, value: impl Into<Value>) -> Value {
    Value::Object(std::iter::once((name.to_owned(), value.into())).collect())
}

/// 200 with a JSON body.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it")]
fn found(body: &Value) -> Reply {
    Ok(Answer::json(200, body))
}
