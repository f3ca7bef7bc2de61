//! One call in the making: operation, path, query, body.

use chrono::{DateTime, SecondsFormat, Utc};
use sellerlake_contracts::Secret;
use serde_json::Value;

use crate::operation::Operation;

/// Everything a call needs besides what is added to every call.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub operation: &'static Operation,
    path: String,
    query: String,
    pub body: Option<String>,
    pub headers: Vec<(&'static str, String)>,
    /// A token for this call alone, in place of the account's: a restricted data token (amazon.md: Restricted data).
    pub bearer: Option<Secret>,
}

/// A call as the documentation shows it, word for word, since the sandbox answers no others (amazon.md: Sandbox).
#[derive(Debug)]
pub(crate) struct Sample {
    pub ask: Ask,
    /// Where the documented answer holds something.
    pub holds: &'static str,
}

impl Sample {
    pub(crate) fn new(ask: Ask, holds: &'static str) -> Self {
        Self { ask, holds }
    }
}

/// An instant as Amazon wants it in queries and bodies.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Percent-encodes everything but letters, digits, `-`, `_`, `.` and `*`.
pub(crate) fn encoded(text: &str) -> String {
    // A form writes a space as a plus, which isn't one everywhere.
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    form.replace('+', "%20")
}

impl Ask {
    pub(crate) fn of(operation: &'static Operation) -> Self {
        let path = operation.path.to_owned();
        Self { operation, path, query: String::new(), body: None, headers: Vec::new(), bearer: None }
    }

    /// Fills the path's next name in braces, as one segment: a SKU's slash becomes `%2F`.
    pub(crate) fn name(mut self, value: &str) -> Self {
        let open = self.path.find('{');
        let close = open.and_then(|open| self.path[open..].find('}').map(|length| open + length));
        if let (Some(open), Some(close)) = (open, close) {
            self.path.replace_range(open..=close, &encoded(value));
        }
        self
    }

    pub(crate) fn query(self, name: &str, value: &str) -> Self {
        self.raw(name, &encoded(value))
    }

    /// A query parameter if there is a value.
    pub(crate) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// A comma-separated list, each element encoded once (C).
    pub(crate) fn list<'a>(self, name: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let values: Vec<String> = values.into_iter().map(encoded).collect();
        if values.is_empty() { self } else { self.raw(name, &values.join(",")) }
    }

    pub(crate) fn at(self, name: &str, at: DateTime<Utc>) -> Self {
        self.query(name, &instant(at))
    }

    fn raw(mut self, name: &str, value: &str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(&format!("{name}={value}"));
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string());
        self.headers.push(("content-type", "application/json".to_owned()));
        self
    }

    /// A JSON body under one of the Ads API's media types.
    pub(crate) fn body(mut self, media_type: &str, body: &Value) -> Self {
        self.body = Some(body.to_string());
        self.header("content-type", media_type)
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn bearer(mut self, token: Secret) -> Self {
        self.bearer = Some(token);
        self
    }

    /// The path alone, as a restricted data token names it.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn url(&self, base: &str) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{base}{}{mark}{}", self.path, self.query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: Operation = Operation::get("getListingsItem", "/listings/2021-08-01/items/{sellerId}/{sku}");

    #[test]
    fn a_sku_stays_one_segment_and_one_element() {
        let ask = Ask::of(&ITEM).name("A1").name("a/b +ä").list("ids", ["x,y", "z"]).query("at", "09:00");
        assert_eq!(ask.url("h"), "h/listings/2021-08-01/items/A1/a%2Fb%20%2B%C3%A4?ids=x%2Cy,z&at=09%3A00");
    }
}
