//! What goes back to the client.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

/// What a handler comes to, an answer mostly, or a refusal.
pub type Reply<T = Answer> = Result<T, Answer>;

/// How an answer is damaged on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The connection is held for a while and then closed without an answer.
    Hold,
    /// Half of the body is sent, then the connection is closed.
    Truncate,
}

/// Status, headers and body of one answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers besides those every answer carries.
    pub headers: Vec<(&'static str, String)>,
    /// The body's bytes.
    pub body: Bytes,
    /// What the network does to it.
    pub damage: Option<Damage>,
}

impl Answer {
    /// A JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", serde_json::to_vec(body).unwrap_or_default())
    }

    /// Any body.
    pub fn bytes(status: u16, content_type: impl Into<String>, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", content_type.into())];
        Self { status, headers, body: body.into(), damage: None }
    }

    /// No body at all.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), damage: None }
    }

    /// The Selling Partner API's error envelope (amazon.md: Headers and error answers).
    pub fn refuse(status: u16, code: &str, message: impl AsRef<str>, details: &str) -> Self {
        let error = json!({ "code": code, "message": message.as_ref(), "details": details });
        Self::json(status, &json!({ "errors": [error] }))
    }

    /// 400 `InvalidInput`: the client's mistake, told in `message`.
    pub fn invalid(message: impl AsRef<str>) -> Self {
        Self::refuse(400, "InvalidInput", message, "")
    }

    /// 404 `NotFound`.
    pub fn not_found(what: &str) -> Self {
        Self::refuse(404, "NotFound", format!("{what} was not found."), "")
    }

    /// 403 `Unauthorized`, with Amazon's one sentence and `details`.
    pub fn unauthorized(details: &str) -> Self {
        Self::refuse(403, "Unauthorized", "Access to requested resource is denied.", details)
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The HTTP response. A truncated one promises its whole length and breaks off halfway.
    pub fn into_response(self) -> Response<Body> {
        let body =
            if self.damage == Some(Damage::Truncate) { truncated(&self.body) } else { Body::from(self.body.clone()) };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.damage == Some(Damage::Truncate) {
            response.headers_mut().insert("content-length", HeaderValue::from(self.body.len()));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

fn truncated(body: &Bytes) -> Body {
    let half = body.slice(..body.len() / 2);
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Body::from_stream(futures::stream::iter([Ok(half), Err(broken)]))
}
