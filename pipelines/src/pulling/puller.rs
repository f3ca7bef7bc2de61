//! Who pulls: what is asked of a run, who may watch and stop it, and what it brought.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{AccountId, Partition, Result, Scope, Window};
use sellerlake_state::{Lease, Priority};
use tokio::sync::watch;

use crate::Workspace;
use crate::declared::pipeline::Pipeline;
use crate::declared::pipelines::Pipelines;
use crate::declared::scopes::Zones;
use crate::pulling::connect::Connectors;

/// How long an account is held without a sign of life.
pub(crate) const LEASE: Duration = Duration::from_mins(5);

/// Time between two signs of life.
pub(crate) const BEAT: TimeDelta = TimeDelta::seconds(100);

/// What is pulled, and how long it may take.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// Only these pipelines; none: all of them.
    pub pipelines: Vec<String>,
    /// Nothing earlier, whatever the account wants.
    pub since: Option<DateTime<Utc>>,
    /// Nothing later.
    pub until: Option<DateTime<Utc>>,
    /// Whose turn it is, whatever the plan says.
    pub priority: Option<Priority>,
    /// Ask again for what waits for a person or for the end of a cooldown.
    pub retry: bool,
    /// The longest wait for the next request's turn; what comes later is left to a later run.
    pub patience: TimeDelta,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            pipelines: Vec::new(),
            since: None,
            until: None,
            priority: None,
            retry: false,
            // Ads reports may take three hours.
            patience: TimeDelta::hours(4),
        }
    }
}

impl SyncOptions {
    /// The pipelines that are meant.
    pub(crate) fn selected<'a>(&self, pipelines: &'a Pipelines) -> Result<Vec<&'a Arc<Pipeline>>> {
        if self.pipelines.is_empty() {
            return Ok(pipelines.iter().collect());
        }
        self.pipelines.iter().map(|name| pipelines.get(name)).collect()
    }
}

/// Follows a run; called often, so cheap.
pub trait Watch: Send + Sync {
    /// So many more requests are to be made; by Amazon's quotas all that are left take at least so long.
    fn planned(&self, account: &AccountId, requests: u64, at_least: TimeDelta);
    /// A request of this pipeline is over.
    fn concluded(&self, account: &AccountId, pipeline: &str);
}

/// Whether somebody wants the run to stop.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Receiver<bool>);

impl Cancel {
    /// A switch, and what it stops.
    pub fn switch() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Nobody stops it.
    pub fn never() -> Self {
        Self::switch().1
    }

    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Comes back once somebody does; never if nobody can any more.
    pub(crate) async fn asked(&mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Something that didn't come, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The pipeline.
    pub pipeline: String,
    /// The scope.
    pub scope: Scope,
    /// The interval, on the scope's clock.
    pub window: Option<Window>,
    /// For a reader.
    pub reason: String,
    /// When it is tried again; `None`: not before somebody acts.
    pub again_at: Option<DateTime<Utc>>,
}

/// What a run brought.
#[derive(Debug, Default)]
pub struct Synced {
    /// Requests that are over.
    pub requests: u64,
    /// Deliveries loaded.
    pub deliveries: u64,
    /// Rows in them.
    pub rows: u64,
    /// Requests that Amazon had nothing for.
    pub empty: u64,
    /// Requests that Amazon had nothing for so early that it means nothing; they are made again.
    pub early: u64,
    /// Units that came and don't add up to what they say themselves.
    pub unbalanced: u64,
    /// Intervals that waited for a person before this run, and still do.
    pub waiting: u64,
    /// Requests left for a later run.
    pub left: u64,
    /// When the first of those has its turn.
    pub next_turn: Option<DateTime<Utc>>,
    /// What didn't come.
    pub troubles: Vec<Trouble>,
    /// Why the account stands still, where it does.
    pub stopped: Option<String>,
    /// Partitions of `sources/` that changed.
    pub touched: BTreeSet<Partition>,
}

impl Synced {
    /// Whether all that was wanted came.
    pub fn is_complete(&self) -> bool {
        self.left == 0
            && self.waiting == 0
            && self.unbalanced == 0
            && self.troubles.is_empty()
            && self.stopped.is_none()
    }
}

/// Pulls what accounts lack.
pub struct Puller {
    /// Where it goes.
    pub workspace: Arc<Workspace>,
    /// What is pulled.
    pub pipelines: Arc<Pipelines>,
    /// Who asks Amazon.
    pub connectors: Arc<dyn Connectors>,
    pub(crate) zones: Zones,
    pub(crate) owner: String,
}

impl Puller {
    /// `owner` names this process in leases, each start anew: a [`Process::owner`](sellerlake_state::Process::owner).
    pub fn new(
        workspace: Arc<Workspace>,
        pipelines: Arc<Pipelines>,
        connectors: Arc<dyn Connectors>,
        owner: &str,
    ) -> Self {
        let zones = Zones::of(&workspace.declarations().schemas);
        Self { workspace, pipelines, connectors, zones, owner: owner.to_owned() }
    }

    /// One sign of life.
    pub(crate) async fn beat(&self, lease: &Lease) -> Result<()> {
        let workspace = &self.workspace;
        workspace.state().renew_lease(lease, LEASE, workspace.clock().now()).await.map(drop)
    }
}
