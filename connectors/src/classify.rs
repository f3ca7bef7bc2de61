//! From what came over the wire to an answer or a failure.

use std::time::Duration;

use bytes::Bytes;
use sellerlake_contracts::{Error, Kind};
use serde_json::Value;

use crate::failure::{CallFault, Failure, Stop};
use crate::operation::{Api, Operation};
use crate::transport::Arrived;

/// Bytes of a text that isn't JSON which an error may quote.
const QUOTED_BYTES: usize = 200;

/// A successful answer: the bytes as received and what they say.
#[derive(Debug)]
pub(crate) struct Reply {
    pub body: Bytes,
    pub json: Value,
}

impl Reply {
    /// The text at a JSON pointer, unless it is missing or empty.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.json.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
    }
}

/// Judges an answer by its status and its body. Either can lie alone: a 503 with HTML that is read as an empty list
/// loses a day in silence (amazon.md: Headers and error answers).
pub(crate) fn classify(operation: &Operation, arrived: Arrived) -> Result<Reply, Stop> {
    let parsed = serde_json::from_slice::<Value>(&arrived.body);
    let fault = match (arrived.status, &parsed) {
        (200..=299, Ok(_)) => None,
        (200..=299, Err(error)) if error.is_eof() && !arrived.body.is_empty() => Some(CallFault::CutShort),
        (200..=299, Err(_)) => Some(CallFault::NotAnAnswer),
        (429, _) => Some(CallFault::Throttled),
        (401, _) => Some(CallFault::Token),
        (403, Ok(json)) if speaks_of_token(json) => Some(CallFault::Token),
        (403, _) => Some(CallFault::Denied),
        (404, _) => Some(CallFault::NotFound),
        (425, _) => Some(CallFault::Duplicate),
        (408, _) => Some(CallFault::TimedOut),
        (500, Ok(_)) => Some(CallFault::Internal),
        (500.., _) => Some(CallFault::Unavailable),
        _ => Some(CallFault::Invalid),
    };
    match (fault, parsed) {
        (None, Ok(json)) => Ok(Reply { body: arrived.body, json }),
        (fault, parsed) => {
            Err(refusal(operation, fault.unwrap_or(CallFault::NotAnAnswer), &arrived, parsed.ok().as_ref()))
        }
    }
}

fn refusal(operation: &Operation, fault: CallFault, arrived: &Arrived, json: Option<&Value>) -> Stop {
    let words = json.map(words).unwrap_or_default();
    let told = sentence(operation, fault, &words);
    let error = match (fault, operation.api) {
        // Advertising is a grant of its own: without it the seller's other data still comes.
        (CallFault::Token, Api::Ads) => Error::permanent(Kind::Forbidden, told),
        _ => fault.error(told),
    };
    let mut error = error.at("amazon.call").with("operation", operation.name);
    error = error.with("status", arrived.status);
    if !words.code.is_empty() {
        error = error.with("code", &words.code);
    }
    if !words.details.is_empty() {
        error = error.with("details", &words.details);
    }
    if json.is_none() && !arrived.body.is_empty() && arrived.status >= 300 {
        error = error.with("body", quoted(&arrived.body));
    }
    if let Some(id) = arrived.request_id() {
        error = error.with("request id", id);
    }
    let hint = arrived.header("retry-after").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    let text = [words.message, words.details].join(" ");
    Stop::Failed(Box::new(Failure { fault, text, hint, error: remedied(operation, fault, error) }))
}

fn sentence(operation: &Operation, fault: CallFault, words: &Words) -> String {
    let name = operation.name;
    match fault {
        CallFault::NotAnAnswer => format!("Amazon answered {name} with something that isn't an answer"),
        CallFault::CutShort => format!("Amazon's answer to {name} breaks off"),
        _ if words.message.is_empty() => format!("Amazon refused {name}"),
        _ => format!("Amazon refused {name}: {}", words.message),
    }
}

fn remedied(operation: &Operation, fault: CallFault, error: Error) -> Error {
    match fault {
        CallFault::Denied if !operation.role.is_empty() => error.hint(format!(
            "the role {:?} is probably missing: add it to the developer profile and the application, then let the seller \
             authorise again (a new role only counts from then on); a token of another region is refused likewise",
            operation.role
        )),
        CallFault::Invalid if error.message().to_lowercase().contains("marketplace") => error.hint(
            "`sellerlake account check` with this account asks Amazon again where the seller sells, and keeps that; then \
             `sellerlake sync --retry`",
        ),
        CallFault::Denied => error.hint(
            "a role that this report or call needs is probably missing: add it to the developer profile and the \
             application, then let the seller authorise again (a new role only counts from then on)",
        ),
        _ => error,
    }
}

#[derive(Default)]
struct Words {
    code: String,
    message: String,
    details: String,
}

/// Out of the Selling Partner API's envelope, or the Ads API's flat one.
fn words(json: &Value) -> Words {
    let first = json.pointer("/errors/0").unwrap_or(json);
    let text = |names: [&str; 3]| {
        let found = names.iter().find_map(|name| first.get(name));
        found.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default()
    };
    Words {
        code: text(["code", "Code", "error"]),
        message: text(["message", "detail", "Message"]),
        details: text(["details", "Details", "description"]),
    }
}

fn speaks_of_token(json: &Value) -> bool {
    let words = words(json);
    let text = format!("{} {}", words.message, words.details).to_lowercase();
    text.contains("token") && ["revoked", "malformed", "invalid", "expired"].iter().any(|word| text.contains(word))
}

fn quoted(body: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&body[..body.len().min(QUOTED_BYTES)]).into_owned();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use sellerlake_contracts::Status;

    use super::*;

    const LIST: Operation = Operation::get("listThings", "/things").role("Pricing");

    fn failure(status: u16, body: &'static str) -> Failure {
        let arrived = Arrived::test(status, &[("x-amzn-requestid", "r-1"), ("retry-after", "7")], body);
        match classify(&LIST, arrived) {
            Err(Stop::Failed(failure)) => *failure,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn html_and_empty_bodies_are_never_an_empty_success() {
        assert_eq!(failure(503, "<html>busy</html>").fault, CallFault::Unavailable);
        assert_eq!(failure(200, "<html>ok</html>").fault, CallFault::NotAnAnswer);
        assert_eq!(failure(200, "").fault, CallFault::NotAnAnswer);
        assert_eq!(failure(200, r#"{"orders":[{"a":1"#).fault, CallFault::CutShort);
        assert!(classify(&LIST, Arrived::test(200, &[], "[]")).is_ok());
    }

    #[test]
    fn refusals_keep_amazons_words_and_request_id() {
        let refused = failure(400, r#"{"errors":[{"code":"InvalidInput","message":"Bad date.","details":"x"}]}"#);
        assert_eq!((refused.error.kind(), refused.error.status()), (Kind::Refused, Status::Permanent));
        let text = refused.error.to_string();
        assert!(
            text.contains("Bad date.") && text.contains("InvalidInput") && text.contains("request id: r-1"),
            "{text}"
        );
        assert_eq!(failure(429, "").hint, Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_403_about_the_token_is_not_one_about_a_role() {
        let expired = r#"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied.",
            "details":"The access token you provided has expired."}]}"#;
        assert_eq!(failure(403, expired).fault, CallFault::Token);
        let denied =
            failure(403, r#"{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied."}]}"#);
        assert_eq!((denied.fault, denied.error.kind()), (CallFault::Denied, Kind::Forbidden));
        assert!(denied.error.remedy().unwrap().contains("Pricing"));
    }
}
