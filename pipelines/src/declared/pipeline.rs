//! One pipeline as it is declared: what is asked of Amazon, for what, how far back and how often again.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use sellerlake_contracts::ConnectorFacts;
use serde::Deserialize;

use crate::declared::span::Span;

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
    /// The window of one request, unless it is written that of the connector; ignored where a request is one month.
    #[serde(default = "unsaid")]
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

fn unsaid() -> Span {
    Span::UNSAID
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// One SELECT over the seller's lake with a column `key`, and `marketplace_id` where keys belong to one.
    pub sql: String,
    /// Most keys of one request.
    pub per_request: usize,
}

/// One declared pipeline: `pipelines/<name>.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The file's name.
    pub name: String,
    /// Its file, for messages.
    pub file: String,
    /// What it pulls and why so.
    pub doc: String,
    /// What its requests are answered by.
    pub connector: ConnectorFacts,
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
