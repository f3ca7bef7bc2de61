//! One request, read and checked.

use axum::body::Bytes;
use axum::http::HeaderMap;
use chrono::{DateTime, NaiveDate, Utc};
use serde::de::DeserializeOwned;

use super::operation::Operation;
use super::{Amazon, Answer};
use crate::faults::Kind;
use crate::signin::Caller;

/// A request before anybody knows which operation it means.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path below the endpoint, still percent-encoded.
    pub path: String,
    /// Query parameters, decoded.
    pub query: Query,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// The moment of the request.
    pub now: DateTime<Utc>,
}

impl Request {
    /// A header's text, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A request of a known caller for a known operation.
pub struct Call<'a> {
    /// What is asked for.
    pub operation: &'static Operation,
    /// The region of the endpoint: `na`, `eu` or `fe`.
    pub region: &'a str,
    /// Values of the path template's names, decoded.
    pub names: Vec<(&'static str, String)>,
    /// The request itself.
    pub request: &'a Request,
    /// Who asks.
    pub caller: Caller,
    /// How many calls of this operation this caller has made before.
    pub number: u64,
}

impl<'a> Call<'a> {
    /// The same call as if `request` had been made.
    #[must_use]
    pub fn again<'b>(&self, request: &'b Request) -> Call<'b>
    where
        'a: 'b,
    {
        Call {
            operation: self.operation,
            region: self.region,
            names: self.names.clone(),
            request,
            caller: self.caller.clone(),
            number: self.number,
        }
    }

    /// The moment of the call.
    pub fn now(&self) -> DateTime<Utc> {
        self.request.now
    }

    /// The seller on whose behalf the call is made; empty for grantless operations.
    pub fn seller(&self) -> &str {
        &self.caller.seller
    }

    /// A value out of the path.
    pub fn name(&self, name: &str) -> &str {
        self.names.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// Query parameters.
    pub fn query(&self) -> &Query {
        &self.request.query
    }

    /// The body as JSON of the wanted shape, or 400.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Answer> {
        serde_json::from_slice(&self.request.body)
            .map_err(|error| Answer::invalid(format!("Invalid request body: {error}")))
    }

    /// Whether `kind` happens here and now; counted if it does.
    pub fn strikes(&self, amazon: &Amazon, kind: Kind) -> bool {
        amazon.faults.strikes(kind, self.operation.name, self.seller(), self.number, self.now())
    }
}

/// Decoded query parameters in their order.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes `a=1&b=2`.
    pub fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The first value of a parameter; empty ones count as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All values of a list parameter, comma-separated or repeated.
    pub fn list(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(key, _)| key == name).flat_map(|(_, value)| value.split(','));
        values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// A list of `1..=most` values, or 400.
    pub fn required_list(&self, name: &str, most: usize) -> Result<Vec<String>, Answer> {
        let values = self.list(name);
        if values.is_empty() || values.len() > most {
            return Err(Answer::invalid(format!("{name} must have between 1 and {most} values.")));
        }
        Ok(values)
    }

    /// A required value, or 400.
    pub fn required(&self, name: &str) -> Result<&str, Answer> {
        self.get(name).ok_or_else(|| Answer::invalid(format!("{name} is a required parameter.")))
    }

    /// An ISO 8601 moment; a bare date is its midnight in UTC. 400 if it is neither.
    pub fn moment(&self, name: &str) -> Result<Option<DateTime<Utc>>, Answer> {
        self.get(name).map(|text| moment(name, text)).transpose()
    }

    /// A whole number within `range`, or `otherwise` if absent.
    pub fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<usize>,
        otherwise: usize,
    ) -> Result<usize, Answer> {
        let Some(text) = self.get(name) else { return Ok(otherwise) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| Answer::invalid(format!("{name} must be between {} and {}.", range.start(), range.end())))
    }

    /// The parameters but those in `without`, encoded.
    pub fn encoded(&self, without: &[&str]) -> String {
        let kept = self.0.iter().filter(|(key, _)| !without.contains(&key.as_str()));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }

    /// The names of all parameters.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    /// One text for all parameters but those in `without`: equal texts ask for the same thing.
    pub fn fingerprint(&self, without: &[&str]) -> String {
        let mut kept: Vec<String> = self
            .0
            .iter()
            .filter(|(key, _)| !without.contains(&key.as_str()))
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        kept.sort();
        kept.join("&")
    }
}

/// Reads a moment as Amazon does, or refuses it by name.
pub fn moment(name: &str, text: &str) -> Result<DateTime<Utc>, Answer> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.to_utc());
    }
    let midnight = text.parse::<NaiveDate>().ok().and_then(|date| date.and_hms_opt(0, 0, 0));
    midnight
        .map(|midnight| midnight.and_utc())
        .ok_or_else(|| Answer::invalid(format!("{name} is not a valid ISO 8601 date-time: {text}")))
}
