//! Pipelines as they are declared: what is asked of Amazon, for what, how far back and how often again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_schemas::{File, Files, Findings, nearest};
use sellerlake_transforms::Declarations;
use serde::Deserialize;

use crate::declared_rules::check_pipeline;
use crate::span::Span;

/// The declarations that come with the binary.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// What one request covers, and so what quota, slices and units are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// All of the account's marketplaces in one request.
    Account,
    /// All of the region, whichever marketplace is named: FBA's reports (amazon.md: Report types).
    Region,
    /// One marketplace.
    Marketplace,
    /// One Ads profile.
    AdsProfile,
}

impl ScopeKind {
    /// The word a source's `scope` has for it.
    pub fn of_source(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Region => "region",
            Self::Marketplace => "marketplace",
            Self::AdsProfile => "profile",
        }
    }
}

/// Which marketplaces a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// Every one the scope has.
    All,
    /// Only the first: the answer covers the others too.
    First,
    /// None.
    None,
}

/// How soon Amazon makes the same kind of report again; asking earlier gets CANCELLED or the old document
/// (amazon.md: How often a report is made).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cooldown {
    /// At any time.
    #[default]
    Exempt,
    /// Every 30 minutes.
    NearRealTime,
    /// Every 4 hours.
    Daily,
    /// Every 24 hours.
    OnceADay,
}

impl Cooldown {
    /// The time that must pass; `None` where it need not, or where the connector knows better.
    pub(crate) fn time(self) -> Option<TimeDelta> {
        match self {
            Self::Exempt => None,
            Self::NearRealTime => Some(TimeDelta::minutes(30)),
            Self::Daily => Some(TimeDelta::hours(4)),
            Self::OnceADay => Some(TimeDelta::hours(24)),
        }
    }
}

/// What the ends of a window fall on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// Any instant.
    Instant,
    /// Midnight.
    #[default]
    Day,
    /// The first of a month; a request asks for exactly one.
    Month,
}

/// Whose midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// UTC's.
    #[default]
    Utc,
    /// The marketplace's, or the Ads profile's: windows are then days as they are printed (amazon.md: Days and clocks).
    Local,
}

/// The recent past that is asked for again, because Amazon still changes it (amazon.md: Windows that are asked again).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restate {
    /// An interval may still change for this long after it ended.
    #[serde(rename = "for")]
    pub horizon: Span,
    /// How old an answer may grow while its interval may still change.
    pub every: Span,
}

/// A pipeline that asks for spans of time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowRule {
    /// What the ends of a window fall on.
    #[serde(default)]
    pub align: Align,
    /// Whose midnight, where they fall on midnights.
    #[serde(default)]
    pub zone: Zone,
    /// The longest window Amazon takes; ignored where a request is one month.
    #[serde(default = "one_day")]
    pub span: Span,
    /// How long after an interval Amazon first knows of it.
    #[serde(default = "no_time")]
    pub lag: Span,
    /// How far back Amazon answers; what lies further back is unreachable.
    pub reach: Span,
    /// How far a window begins before what is missing, for rows that came late to its predecessor.
    #[serde(default = "no_time")]
    pub overlap: Span,
    /// How much more than a window is asked for on both sides, and not counted: where Amazon may end days elsewhere than
    /// the window does.
    #[serde(default = "no_time")]
    pub margin: Span,
    /// What is asked for again, the short horizons first.
    #[serde(default)]
    pub restate: Vec<Restate>,
}

fn one_day() -> Span {
    Span::days(1)
}

fn no_time() -> Span {
    Span::ZERO
}

/// What a pipeline must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Every moment of a span.
    Window(WindowRule),
    /// The present, once in each period of this length; what was missed can't be had later.
    Snapshot(Span),
}

/// The keys a request names, read from the lake.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// One SELECT over the seller's lake with a column `key`, and `marketplace_id` where keys belong to one.
    pub sql: String,
    /// Most keys of one request.
    pub per_pull: usize,
}

/// One declared pipeline: `pipelines/<name>.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The file's name.
    pub name: String,
    /// Its file, for messages.
    pub file: String,
    /// What it pulls and why so.
    pub doc: String,
    /// Name of the connector's operation.
    pub connector: String,
    /// Declared source its answers are.
    pub source: String,
    /// What one request covers.
    pub scope: ScopeKind,
    /// Marketplaces a request names.
    pub marketplaces: Naming,
    /// How often it runs unless somebody says otherwise.
    pub every: Span,
    /// How soon the same may be asked again.
    pub cooldown: Cooldown,
    /// What else the operation takes.
    pub parameters: BTreeMap<String, String>,
    /// What it must have.
    pub need: Need,
    /// The keys its requests name, if any.
    pub keys: Option<Keys>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Parameter {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    doc: String,
    connector: String,
    source: String,
    scope: ScopeKind,
    marketplaces: Option<Naming>,
    every: Span,
    #[serde(default)]
    cooldown: Cooldown,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    window: Option<WindowRule>,
    snapshot: Option<Span>,
    keys: Option<Keys>,
}

/// Every declared pipeline, by name.
#[derive(Debug, Clone, Default)]
pub struct Pipelines(BTreeMap<String, Arc<Pipeline>>);

impl Pipelines {
    /// Loads what is built in and, where given, what a user's directory has under `pipelines/`; fails listing every
    /// mistake. A pipeline of the user's may not take the name of a built-in one.
    pub fn load(user: Option<&Path>, declarations: &Declarations) -> Result<Self> {
        let mut files = Files::default();
        if let Some(user) = user {
            files.add_user_directory(user)?;
        }
        let mut findings = Findings::default();
        let pipelines = Self::from_files(&files, declarations, &mut findings);
        findings.into_result()?;
        Ok(pipelines)
    }

    /// Builds from the built-in declarations and a user's files, recording mistakes.
    pub fn from_files(files: &Files, declarations: &Declarations, findings: &mut Findings) -> Self {
        let mut pipelines = Self::default();
        let built_in = BUILT_IN.iter().map(|(name, text)| File {
            path: format!("pipelines/{name}"),
            text: (*text).to_owned(),
            user: false,
        });
        for file in built_in.chain(files.within("pipelines", "toml").cloned()) {
            pipelines.add(&file, declarations, findings);
        }
        pipelines
    }

    fn add(&mut self, file: &File, declarations: &Declarations, findings: &mut Findings) {
        if self.0.contains_key(file.stem()) {
            let problem =
                format!("{:?} is a built-in pipeline, which can't be replaced; choose another name", file.stem());
            findings.add(&file.path, "", problem);
            return;
        }
        let written: Written = match toml::from_str(&file.text) {
            Ok(written) => written,
            Err(error) => return findings.unreadable(&file.path, "", &error.to_string()),
        };
        let need = match (written.window, written.snapshot) {
            (Some(window), None) => Need::Window(window),
            (None, Some(period)) => Need::Snapshot(period),
            (None, None) => {
                return findings.add(&file.path, "", "expected either [window] or `snapshot`, found neither");
            }
            (Some(_), Some(_)) => {
                return findings.add(&file.path, "snapshot", "expected either [window] or `snapshot`, found both");
            }
        };
        let naming = match written.scope {
            ScopeKind::Region => Naming::First,
            ScopeKind::Account | ScopeKind::Marketplace | ScopeKind::AdsProfile => Naming::All,
        };
        let parameters = written.parameters.into_iter().map(|(name, value)| match value {
            Parameter::One(text) => (name, text),
            Parameter::Many(list) => (name, list.join(",")),
        });
        let pipeline = Pipeline {
            name: file.stem().to_owned(),
            file: file.path.clone(),
            doc: written.doc,
            connector: written.connector,
            source: written.source,
            scope: written.scope,
            marketplaces: written.marketplaces.unwrap_or(naming),
            every: written.every,
            cooldown: written.cooldown,
            parameters: parameters.collect(),
            need,
            keys: written.keys,
        };
        check_pipeline(&pipeline, declarations, findings);
        self.0.insert(pipeline.name.clone(), Arc::new(pipeline));
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Pipeline>> {
        self.0.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pipeline of this name; a [`Kind::Usage`] error with the nearest one otherwise.
    pub fn get(&self, name: &str) -> Result<&Arc<Pipeline>> {
        self.0.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            let hint = match nearest(name, known.iter().copied()) {
                Some(nearest) => format!("did you mean {nearest:?}?"),
                None => format!("there are: {}", known.join(", ")),
            };
            Error::permanent(Kind::Usage, format!("{name:?} is not a pipeline")).hint(hint)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let declarations = Declarations::load(None).unwrap();
        let mut findings = Findings::default();
        let file = File { path: "pipelines/mine.toml".into(), text: text.into(), user: true };
        Pipelines::default().add(&file, &declarations, &mut findings);
        findings.sorted().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_built_in_has_no_mistakes() {
        let pipelines = Pipelines::load(None, &Declarations::load(None).unwrap()).unwrap();
        assert!(pipelines.len() > 10);
        assert!(pipelines.get("all_order").unwrap_err().remedy().unwrap().contains("all_orders"));
    }

    #[test]
    fn every_mistake_is_found_at_once() {
        let text = r#"
            doc = "Mine."
            connector = "reports"
            source = "all_order"
            scope = "region"
            every = "0m"
            [window]
            reach = "30d"
            restate = [{ for = "60d", every = "1d" }]
        "#;
        let found = findings(text);
        assert!(found.iter().any(|line| line.contains(r#"did you mean "report"?"#)), "{found:#?}");
        assert!(found.iter().any(|line| line.contains(r#"did you mean "all_orders"?"#)), "{found:#?}");
        assert!(found.iter().any(|line| line.contains("every")), "{found:#?}");
        assert!(found.iter().any(|line| line.contains("restate")), "{found:#?}");
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let found = findings("doc = \"Mine.\"\nconector = \"report\"\n");
        assert!(found[0].contains("did you mean \"connector\"?"), "{found:?}");
    }
}
