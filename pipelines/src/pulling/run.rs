//! One run for one account, as it stands: what is asked for, under way, landed, and over.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, Clock, Delivery, Error, Result, Scope, Step, SystemClock, Window};
use sellerlake_state::{Condition, Job, Lease, SliceKey, SliceMark};
use tokio::task::JoinSet;

use crate::declared::scopes::Holder;
use crate::pulling::jobs::LandedAnswer;
use crate::pulling::puller::{Puller, SyncOptions, Synced, Watch};
use crate::pulling::turns::Turns;

/// An answer that stands in `raw/` and waits to be loaded with others of its source.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) job: Job,
    pub(crate) delivery: Delivery,
    pub(crate) landed: LandedAnswer,
    pub(crate) since: DateTime<Utc>,
    /// About how much it inflates to.
    pub(crate) plain_bytes: u64,
}

/// What came of a request, as far as its window is concerned.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub(crate) mark: SliceMark,
    /// When the answer was true, where there was one.
    pub(crate) as_of: DateTime<Utc>,
}

/// The requests of one window; it is covered when all of them are over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WindowKey {
    pub(crate) pipeline: String,
    pub(crate) scope: Scope,
    pub(crate) window: Window,
}

impl WindowKey {
    pub(crate) fn of(job: &Job) -> Option<Self> {
        let window = job.window?;
        Some(Self { pipeline: job.pipeline.clone(), scope: job.scope.clone(), window })
    }
}

pub(crate) struct AccountRun<'a> {
    pub(crate) puller: &'a Puller,
    pub(crate) holder: &'a Holder,
    pub(crate) account: AccountId,
    pub(crate) options: &'a SyncOptions,
    pub(crate) watch: &'a dyn Watch,
    pub(crate) lease: Lease,
    pub(crate) synced: Synced,
    /// Requests in the queue that this run is for, by id.
    pub(crate) queue: BTreeMap<String, Job>,
    /// Jobs of the queue that wait and are still running as the ledger has them: it is told of their state when the run ends.
    pub(crate) held: BTreeSet<String>,
    /// Requests that count as open.
    pub(crate) counted: BTreeSet<String>,
    /// How many requests of a window are not over.
    pub(crate) open: BTreeMap<WindowKey, u32>,
    /// Windows one of whose requests failed, and why.
    pub(crate) spoiled: BTreeMap<WindowKey, sellerlake_state::SliceMark>,
    /// What landed and isn't loaded, by source.
    pub(crate) pending: BTreeMap<String, Vec<Pending>>,
    /// Pipelines that Amazon forbids, and in which words.
    pub(crate) barred: BTreeMap<String, Error>,
    /// Alerts that fire about this account's requests.
    pub(crate) firing: BTreeSet<Condition>,
    pub(crate) flying: JoinSet<(Job, Result<Step>)>,
    pub(crate) turns: Turns,
    /// Pipelines of what is flying.
    pub(crate) airborne: BTreeMap<String, usize>,
    pub(crate) renewed_at: DateTime<Utc>,
    /// When the log was last told how far this has come, by real time.
    pub(crate) told_at: DateTime<Utc>,
    pub(crate) planned_at: DateTime<Utc>,
    /// Intervals that waited for a person when the run first looked.
    pub(crate) waiting: BTreeMap<SliceKey, usize>,
}

impl<'a> AccountRun<'a> {
    pub(crate) fn new(
        puller: &'a Puller,
        holder: &'a Holder,
        options: &'a SyncOptions,
        watch: &'a dyn Watch,
        lease: Lease,
    ) -> Self {
        Self {
            puller,
            holder,
            account: lease.account().clone(),
            options,
            watch,
            renewed_at: puller.workspace.clock().now(),
            told_at: SystemClock.now(),
            planned_at: puller.workspace.clock().now(),
            waiting: BTreeMap::new(),
            lease,
            synced: Synced::default(),
            queue: BTreeMap::new(),
            held: BTreeSet::new(),
            counted: BTreeSet::new(),
            open: BTreeMap::new(),
            spoiled: BTreeMap::new(),
            pending: BTreeMap::new(),
            barred: BTreeMap::new(),
            firing: BTreeSet::new(),
            flying: JoinSet::new(),
            turns: Turns::default(),
            airborne: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.puller.workspace.clock().now()
    }
}
