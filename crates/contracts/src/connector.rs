//! The contract between what plans requests and what speaks with Amazon.

use std::collections::BTreeMap;
use std::io::Read;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::{AccountId, MarketplaceId, Result, Scope, Window};

/// One request in the pipeline's words: everything that decides which bytes come back.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Whose quota and credentials.
    pub account: AccountId,
    /// Name of the pipeline that asks.
    pub pipeline: String,
    /// What the request covers: the account, the region, a marketplace or an Ads profile.
    pub scope: Scope,
    /// Marketplaces to name in the request, none where it names none.
    pub marketplaces: Vec<MarketplaceId>,
    /// The span asked for; `None` for a snapshot of now.
    pub window: Option<Window>,
    /// Keys to ask for, where the operation wants them (ASINs, SKUs).
    pub keys: Vec<String>,
    /// What else the operation takes: `report_type`, `option.<name>`, `included_data`, ...
    pub parameters: BTreeMap<String, String>,
}

/// The bytes of one page, in order.
pub type Page = Box<dyn Read + Send>;

/// Every document of one complete answer, ready to land.
pub struct AmazonAnswer {
    /// Its pages; one for an ordinary document.
    pub pages: Vec<Page>,
    /// What the bytes are, as a file name's extension: `txt`, `json`, `json.gz`.
    pub extension: &'static str,
    /// Charset label that came along, verbatim.
    pub charset: Option<String>,
    /// The server's cut-off, or the end of processing.
    pub as_of: DateTime<Utc>,
    /// Amazon's id of the report, query or document.
    pub origin: Option<String>,
}

/// How far one call of [`Connector::step`] came.
pub enum Step {
    /// Nothing to do before `until`; come back with the checkpoint, which is stored first.
    Wait {
        /// When to come back.
        until: DateTime<Utc>,
        /// What must survive a crash: above all the id of a report that was created. Null: there is nothing to go on
        /// from.
        checkpoint: Value,
        /// The token bucket that is empty until then. Whatever else waits for it needn't come any earlier.
        bucket: Option<String>,
    },
    /// A whole answer.
    Answer(AmazonAnswer),
    /// Amazon says there is nothing: cancelled without data, twice, or an answer that can't hold any.
    NoData {
        /// In Amazon's words where it has any.
        reason: String,
        /// When Amazon said so.
        as_of: DateTime<Utc>,
    },
    /// A listing: each is a request of its own, told apart by its `origin` parameter.
    Found(Vec<Request>),
    /// Amazon gave up on this request and repeating it before `again_at` would only hurt.
    Fatal {
        /// Amazon's explanation, from the document of the failed report where there is one.
        reason: String,
        /// End of the cooldown.
        again_at: DateTime<Utc>,
    },
}

/// One operation of one of Amazon's APIs, for one account.
///
/// `step` may be called again with the same request and the last stored checkpoint after any failure or crash; it then
/// goes on where the checkpoint says, and never creates a second report for a checkpoint that holds an id. Errors
/// that are transient mean the same step may be tried again; permanent ones need a person. An empty answer is an
/// [`AmazonAnswer`] whose document has no rows, or [`Step::NoData`]; never an error. Quota is waited for inside, up to a
/// minute; longer waits come back as [`Step::Wait`].
#[async_trait]
pub trait Connector: Send + Sync {
    /// Goes as far as it can without waiting long.
    async fn step(&self, request: &Request, checkpoint: Option<&Value>) -> Result<Step>;
}

/// The level of one token bucket, as it is kept between runs.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketLevel {
    /// `createReport`, `searchOrders`, ...
    pub operation: String,
    /// Tokens left at `updated_at`, at most `burst`; less than none after a refusal.
    pub tokens: f64,
    /// Tokens per second: the documented rate, or what Amazon's header said last.
    pub rate: f64,
    /// Most tokens it holds.
    pub burst: f64,
    /// When the level was taken.
    pub updated_at: DateTime<Utc>,
}

impl BucketLevel {
    /// Tokens left at `now`. A clock that went back gives nothing and takes nothing.
    pub fn at(&self, now: DateTime<Utc>) -> f64 {
        let elapsed_ms = (now - self.updated_at).num_milliseconds().max(0) as f64;
        (self.tokens + elapsed_ms / 1_000.0 * self.rate).min(self.burst)
    }

    /// Takes a token out; if there is none, says when there will be one.
    pub fn spend(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let level = self.at(now);
        if level >= 1.0 {
            self.tokens = level - 1.0;
            self.updated_at = self.updated_at.max(now);
            return None;
        }
        // A bucket that never fills is asked again in a day.
        let wait_ms = ((1.0 - level) / self.rate * 1_000.0).ceil().min(86_400_000.0);
        Some(now + TimeDelta::milliseconds(wait_ms as i64))
    }
}

/// Whether an empty bucket fills up within two minutes. Keeping its level costs more than the calls that whoever takes
/// over after a crash waits with, because it takes the bucket for empty.
pub fn soon_full(rate: f64, burst: f64) -> bool {
    burst <= 120.0 * rate
}

/// How fast an operation may be used: the quota of the scarcest call that each use of it needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Calls a second.
    pub rate: f64,
    /// Calls at once after a rest.
    pub burst: f64,
}

/// Whether a connector is asked for chosen products or orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keyed {
    /// Never: it answers for everything.
    Never,
    /// If the request names keys.
    #[default]
    Perhaps,
    /// Always: without keys it has nothing to ask for.
    Always,
}

/// What is known of a connector before it is used: what those need who plan, check and run pipelines. Each is a row of
/// one table, which `sellerlake_connectors::offered` hands out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ConnectorFacts {
    /// What a pipeline's `connector` names.
    pub name: &'static str,
    /// Whether it wants keys.
    pub keyed: Keyed,
    /// How long before the present its answers end, whatever was asked for.
    pub lag: TimeDelta,
    /// The quota that holds it up; `None` where Amazon publishes none.
    pub pace: Option<Pace>,
    /// How long what Amazon gave up on is left alone, where nobody knows better.
    pub cooldown: TimeDelta,
    /// The window of one request, unless a pipeline says otherwise.
    pub chunk: TimeDelta,
    /// The keys of one request, unless a pipeline says otherwise.
    pub chunk_keys: usize,
    /// Parameters it can't do without.
    pub parameters: &'static [&'static str],
}

/// A token bucket that all accounts of an application share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharedBucket {
    /// Name of the operation.
    pub operation: &'static str,
    /// Tokens per second.
    pub rate: f64,
    /// Most tokens it holds.
    pub burst: f64,
}

/// Where token buckets outlive the process, so that a restart doesn't burst again, and where the application's are.
#[async_trait]
pub trait BucketStore: Send + Sync {
    /// Levels of an account.
    async fn load(&self, account: &AccountId) -> Result<Vec<BucketLevel>>;
    /// Whether whoever drew from an account's buckets before died: levels that need not be kept at each call may be
    /// lower than what is known of them.
    async fn is_in_doubt(&self, _account: &AccountId) -> bool {
        false
    }
    /// Keeps levels; called before the calls they pay for are sent. Those of a bucket that is [soon full](soon_full)
    /// may be forgotten.
    async fn save(&self, account: &AccountId, levels: &[BucketLevel]) -> Result<()>;
    /// Keeps the levels an account is given back with: the next holder may begin at once.
    async fn settle(&self, account: &AccountId, levels: &[BucketLevel]) -> Result<()>;
    /// Takes a token out of a shared bucket, in whatever process; if there is none, says when there will be one.
    async fn spend(&self, bucket: &SharedBucket, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>>;
    /// Amazon refused: the bucket gives nothing before `until`.
    async fn drain(&self, bucket: &SharedBucket, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()>;
}
