//! Between a job of the ledger, which says that something is to be pulled, and the request that pulls it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, DeliveryId, Error, Kind, Request, Result, Window};
use sellerlake_state::JobPlan;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::declared::pipeline::{Need, Pipeline};
use crate::declared::scopes::Scoped;
use crate::planning::plan::Planned;

/// The parameter that tells a connector after how many minutes Amazon makes the same report again.
const COOLDOWN: &str = "cooldown";

/// What tells a job from others of its pipeline, scope and window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Distinction {
    /// The keys it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) keys: Vec<String>,
    /// Parameters of its own: the `origin` of what was found in a listing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) parameters: BTreeMap<String, String>,
}

impl Distinction {
    /// As the ledger keeps it; empty for the one request of a window.
    pub(crate) fn text(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        // Lists and maps of strings always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether it asks for something that a listing found.
    pub(crate) fn is_found(&self) -> bool {
        !self.parameters.is_empty()
    }

    pub(crate) fn of(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(text).map_err(|error| strange("what a job asks for").source(error))
    }
}

/// How far a job has come, as the ledger keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progressed {
    /// Where the connector goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connector: Option<Value>,
    /// The answer that stands in `raw/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) landed: Option<LandedAnswer>,
}

/// An answer that stands in `raw/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LandedAnswer {
    /// Its delivery.
    pub(crate) delivery: DeliveryId,
    /// When it was true.
    pub(crate) as_of: DateTime<Utc>,
}

impl Progressed {
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn of(text: Option<&str>) -> Result<Self> {
        let read = |text| serde_json::from_str(text).map_err(|error| strange("a job's checkpoint").source(error));
        text.map_or_else(|| Ok(Self::default()), read)
    }
}

fn strange(what: &str) -> Error {
    Error::permanent(Kind::Internal, format!("{what} can't be read back")).at("job.read")
}

/// The rows that ask for a planned window, one for each bunch of keys.
pub(crate) fn rows(
    pipeline: &Pipeline,
    scoped: &Scoped,
    planned: &Planned,
    keys: &[String],
    not_before: DateTime<Utc>,
) -> Vec<JobPlan> {
    let bunches: Vec<Vec<String>> = match &pipeline.keys {
        Some(declared) => keys.chunks(declared.per_request).map(<[String]>::to_vec).collect(),
        None => vec![Vec::new()],
    };
    let job = |keys| JobPlan {
        pipeline: pipeline.name.clone(),
        scope: scoped.scope.clone(),
        window: Some(planned.window),
        key: Distinction { keys, ..Distinction::default() }.text(),
        priority: planned.priority,
        not_before,
    };
    bunches.into_iter().map(job).collect()
}

/// The job of something a listing found; it belongs to the listing's window, which isn't done before it is.
pub(crate) fn found(
    pipeline: &Pipeline,
    listing: &sellerlake_state::Job,
    found: &Request,
    now: DateTime<Utc>,
) -> JobPlan {
    let own = found.parameters.iter().filter(|(name, value)| pipeline.parameters.get(*name) != Some(*value));
    let parameters = own.map(|(name, value)| (name.clone(), value.clone())).filter(|(name, _)| name != COOLDOWN);
    let distinction = Distinction { keys: found.keys.clone(), parameters: parameters.collect() };
    JobPlan {
        pipeline: listing.pipeline.clone(),
        scope: listing.scope.clone(),
        window: listing.window,
        key: distinction.text(),
        priority: listing.priority,
        not_before: now,
    }
}

/// The request a job stands for.
pub(crate) fn request(
    account: &AccountId,
    pipeline: &Pipeline,
    scoped: &Scoped,
    job: &sellerlake_state::Job,
) -> Result<Request> {
    let Distinction { keys, parameters } = Distinction::of(&job.key)?;
    let window = match &pipeline.need {
        Need::Window(rule) => {
            job.window.map(|window| Window { from: window.from - rule.margin.0, to: window.to + rule.margin.0 })
        }
        Need::Snapshot(_) => None,
    };
    let mut all = pipeline.parameters.clone();
    all.extend(pipeline.cooldown.time().map(|time| (COOLDOWN.to_owned(), time.num_minutes().to_string())));
    all.extend(parameters);
    Ok(Request {
        account: account.clone(),
        pipeline: pipeline.name.clone(),
        scope: scoped.scope.clone(),
        marketplaces: scoped.marketplaces.clone(),
        window,
        keys,
        parameters: all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_ledger_keeps_reads_back() {
        let listed = Distinction { keys: vec!["B0".into()], parameters: [("origin".into(), "9".into())].into() };
        assert_eq!(Distinction::of(&listed.text()).unwrap(), listed);
        assert_eq!(Distinction::default().text(), "");
        let progressed = Progressed { connector: Some(serde_json::json!({ "report": "1" })), landed: None };
        assert_eq!(Progressed::of(Some(&progressed.text())).unwrap(), progressed);
        assert!(Progressed::of(Some("nonsense")).is_err());
    }
}
