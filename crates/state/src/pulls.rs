//! Pulls: one row per call that is planned, under way or over; what a general queue would call a job.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, Error, Result, Scope, Window};
use sha2::{Digest, Sha256};

use crate::statement::{Row, sql};
use crate::words::words;
use crate::{AccountStatus, Lease, Leased, State};

words! {
    /// Whose turn it is: the first before the later ones.
    Priority, "priority" {
        /// Somebody waits for it.
        Manual = "manual",
        /// Amazon said that something changed.
        Notification = "notification",
        /// The schedule says so.
        Scheduled = "scheduled",
        /// What was loaded may have changed since.
        Restatement = "restatement",
        /// History: uses only what the others leave.
        Backfill = "backfill",
    }
}

words! {
    /// How far a pull has come.
    PullStatus, "pull status" {
        /// Its turn comes, not before its `not_before`.
        Queued = "queued",
        /// The holder of the account's lease is at it.
        Running = "running",
        /// It is over.
        Done = "done",
        /// It failed for good and waits for a person.
        Dead = "dead",
    }
}

impl Priority {
    fn rank(self) -> i64 {
        self as i64
    }
}

/// A call to plan. Two that agree in pipeline, scope, window and key are the same call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullPlan {
    /// Name of the declared pipeline.
    pub pipeline: String,
    /// What the call covers.
    pub scope: Scope,
    /// The span it asks for, to the millisecond.
    pub window: Option<Window>,
    /// What else tells it from others of the pipeline: an id, options; often empty.
    pub key: String,
    /// Whose turn it is.
    pub priority: Priority,
    /// Not before then.
    pub not_before: DateTime<Utc>,
}

impl PullPlan {
    /// The id of this call of an account: the same for the same call.
    pub fn id(&self, account: &AccountId) -> String {
        let window = self.window.map(|window| (window.from.timestamp_millis(), window.to.timestamp_millis()));
        fingerprint(&[&account.to_string(), &self.pipeline, &self.scope.0, &format!("{window:?}"), &self.key])
    }
}

/// An error as a pull remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullError {
    /// The kind's name, as the policy table knows it.
    pub kind: String,
    /// The sentence with its facts, without secrets.
    pub message: String,
}

impl From<&Error> for PullError {
    fn from(error: &Error) -> Self {
        Self { kind: format!("{:?}", error.kind()), message: error.to_string() }
    }
}

/// A pull as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Identity: a hash of account, pipeline, scope, window and key.
    pub id: String,
    /// Whose call it is.
    pub account: AccountId,
    /// Name of the declared pipeline.
    pub pipeline: String,
    /// What the call covers.
    pub scope: Scope,
    /// The span it asks for.
    pub window: Option<Window>,
    /// What else tells it from others of the pipeline.
    pub key: String,
    /// Whose turn it is.
    pub priority: Priority,
    /// Not before then.
    pub not_before: DateTime<Utc>,
    /// Failed attempts so far.
    pub attempt: u32,
    /// Where to go on: a report that was created is created once, because its id stands here.
    pub checkpoint: Option<String>,
    /// How it last failed.
    pub error: Option<PullError>,
    /// How far it has come.
    pub status: PullStatus,
    /// When it was planned.
    pub created_at: DateTime<Utc>,
    /// When this row last changed.
    pub updated_at: DateTime<Utc>,
}

/// What became of a running pull. A `checkpoint` says what stands from now on: `None` begins anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullStep {
    /// It goes on, and would go on from here after a crash.
    Checkpoint(String),
    /// It has to wait, which is no failure: back in the queue.
    Wait {
        /// Its next turn.
        until: DateTime<Utc>,
        /// Where to go on.
        checkpoint: Option<String>,
    },
    /// It failed and is tried again: back in the queue, with one more attempt counted.
    Retry {
        /// Its next turn.
        until: DateTime<Utc>,
        /// Where to go on.
        checkpoint: Option<String>,
        /// What happened.
        error: PullError,
    },
    /// It is over.
    Done,
    /// It failed for good.
    Dead(PullError),
}

/// Which pulls to list; an empty filter lists them all.
#[derive(Debug, Clone, Default)]
pub struct PullFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this pipeline.
    pub pipeline: Option<String>,
    /// That have come just so far.
    pub status: Option<PullStatus>,
}

impl Leased {
    /// Plans calls; those that are queued now and weren't before. One that is queued or running stays the one it is,
    /// moving to an earlier turn if this one's is; one that is done is queued again, from the beginning; one that is
    /// dead only if a person asks (`Manual`).
    pub async fn plan(&mut self, plans: &[PullPlan]) -> Result<Vec<Pull>> {
        let mut queued = Vec::with_capacity(plans.len());
        for plan in plans {
            queued.extend(self.plan_one(plan).await?);
        }
        Ok(queued)
    }

    async fn plan_one(&mut self, plan: &PullPlan) -> Result<Option<Pull>> {
        const OPERATION: &str = "pull.plan";
        let id = plan.id(&self.account);
        let queued = sql(
            OPERATION,
            "INSERT INTO pulls (id, account, pipeline, scope, window_from, window_to, call_key, priority, not_before,
                 attempt, status, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $11)
             ON CONFLICT (id) DO UPDATE SET priority = excluded.priority, not_before = excluded.not_before,
                 attempt = 0, checkpoint = NULL, error_kind = NULL, error_message = NULL, status = excluded.status,
                 created_at = excluded.created_at, updated_at = excluded.updated_at
             WHERE pulls.status = $12 OR (pulls.status = $13 AND excluded.priority = $14)
             RETURNING *",
        )
        .bind(&id)
        .bind(&self.account)
        .bind(&plan.pipeline)
        .bind(&plan.scope.0)
        .bind(plan.window.map(|window| window.from))
        .bind(plan.window.map(|window| window.to))
        .bind(&plan.key)
        .bind(plan.priority.rank())
        .bind(plan.not_before)
        .bind(PullStatus::Queued)
        .bind(self.now)
        .bind(PullStatus::Done)
        .bind(PullStatus::Dead)
        .bind(Priority::Manual.rank())
        .first(&mut self.transaction)
        .await?;
        if let Some(row) = queued {
            return read(&row).map(Some);
        }
        let hurry = "UPDATE pulls SET priority = $1, updated_at = $2 WHERE id = $3 AND status = $4 AND priority > $1";
        let hurry = sql(OPERATION, hurry).bind(plan.priority.rank()).bind(self.now).bind(&id).bind(PullStatus::Queued);
        hurry.execute(&mut self.transaction).await?;
        Ok(None)
    }

    /// Says what became of a running call; false if it isn't running.
    pub async fn step(&mut self, id: &str, step: &PullStep) -> Result<bool> {
        let (status, until, failed, checkpoint, error) = match step {
            PullStep::Checkpoint(checkpoint) => (PullStatus::Running, self.now, 0_u32, Some(checkpoint), None),
            PullStep::Wait { until, checkpoint } => (PullStatus::Queued, *until, 0, checkpoint.as_ref(), None),
            PullStep::Retry { until, checkpoint, error } => {
                (PullStatus::Queued, *until, 1, checkpoint.as_ref(), Some(error))
            }
            PullStep::Done => (PullStatus::Done, self.now, 0, None, None),
            PullStep::Dead(error) => (PullStatus::Dead, self.now, 1, None, Some(error)),
        };
        sql(
            "pull.step",
            "UPDATE pulls SET status = $1, not_before = $2, attempt = attempt + $3, checkpoint = $4,
                 error_kind = COALESCE($5, error_kind), error_message = COALESCE($6, error_message), updated_at = $7
             WHERE id = $8 AND account = $9 AND status = $10",
        )
        .bind(status)
        .bind(until)
        .bind(failed)
        .bind(checkpoint.map(String::as_str))
        .bind(error.map(|error| error.kind.as_str()))
        .bind(error.map(|error| error.message.as_str()))
        .bind(self.now)
        .bind(id)
        .bind(&self.account)
        .bind(PullStatus::Running)
        .changes(&mut self.transaction)
        .await
    }
}

// Written out twice, because no index serves `$1 IS NULL OR account = $1`.
const OF_ACCOUNT: &str = "SELECT * FROM pulls
     WHERE account = $1 AND ($2 IS NULL OR pipeline = $2) AND ($3 IS NULL OR status = $3)
     ORDER BY priority, not_before, created_at, id";
const OF_ALL: &str = "SELECT * FROM pulls
     WHERE $1 IS NULL AND ($2 IS NULL OR pipeline = $2) AND ($3 IS NULL OR status = $3)
     ORDER BY priority, not_before, created_at, id";

impl State {
    /// Takes a call whose time has come; `None` if it has not, if it is taken already, or while the account isn't
    /// active. One statement costs a third of a transaction, and this comes before every call.
    pub async fn claim_pull(&self, lease: &Lease, id: &str, now: DateTime<Utc>) -> Result<Option<Pull>> {
        const OPERATION: &str = "pull.claim";
        const CLAIM: &str = "UPDATE pulls SET status = $1, updated_at = $2
             WHERE id = $3 AND account = $4 AND status = $5 AND not_before <= $2
                 AND EXISTS (SELECT 1 FROM accounts WHERE accounts.id = $4 AND accounts.status = $6)
                 AND EXISTS (SELECT 1 FROM leases
                     WHERE leases.account = $4 AND leases.epoch = $7 AND leases.owner = $8)
             RETURNING *";
        let claimed = sql(OPERATION, CLAIM)
            .bind(PullStatus::Running)
            .bind(now)
            .bind(id)
            .bind(lease.account())
            .bind(PullStatus::Queued)
            .bind(AccountStatus::Active)
            .bind(lease.epoch())
            .bind(lease.owner())
            .first(self.writer())
            .await?;
        if claimed.is_none() {
            self.held(OPERATION, lease).await?;
        }
        claimed.as_ref().map(read).transpose()
    }

    /// Says how far a running call has come, and that whoever holds the account goes on with it at `until`; after a crash
    /// it is queued from there.
    pub async fn checkpoint_pull(
        &self,
        lease: &Lease,
        id: &str,
        checkpoint: &str,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        const OPERATION: &str = "pull.checkpoint";
        let reached = sql(
            OPERATION,
            "UPDATE pulls SET checkpoint = $1, not_before = $2, updated_at = $3
             WHERE id = $4 AND account = $5 AND status = $6 AND EXISTS
                 (SELECT 1 FROM leases WHERE leases.account = $5 AND leases.epoch = $7 AND leases.owner = $8)",
        )
        .bind(checkpoint)
        .bind(until)
        .bind(now)
        .bind(id)
        .bind(lease.account())
        .bind(PullStatus::Running)
        .bind(lease.epoch())
        .bind(lease.owner())
        .changes(self.writer())
        .await?;
        self.guarded(OPERATION, lease, reached).await
    }

    /// What is known of a pull.
    pub async fn pull(&self, id: &str) -> Result<Option<Pull>> {
        let row = sql("pull.get", "SELECT * FROM pulls WHERE id = $1").bind(id).first(self.reader()).await?;
        row.as_ref().map(read).transpose()
    }

    /// Pulls, in the order of their turns.
    pub async fn pulls(&self, filter: &PullFilter) -> Result<Vec<Pull>> {
        let rows = sql("pull.list", if filter.account.is_some() { OF_ACCOUNT } else { OF_ALL })
            .bind(filter.account.as_ref().map(ToString::to_string))
            .bind(filter.pipeline.as_deref())
            .bind(filter.status.map(PullStatus::as_str))
            .all(self.reader())
            .await?;
        rows.iter().map(read).collect()
    }

    /// What of an account's calls isn't over: queued, or dead and waiting for a person.
    pub async fn unfinished_pulls(&self, account: &AccountId) -> Result<Vec<Pull>> {
        const LIST: &str = "SELECT * FROM pulls WHERE account = $1 AND status IN ($2, $3)
             ORDER BY priority, not_before, created_at, id";
        let list = sql("pull.list", LIST).bind(account).bind(PullStatus::Queued).bind(PullStatus::Dead);
        list.all(self.reader()).await?.iter().map(read).collect()
    }

    /// Forgets what was over before then; says how much that was. What is dead stays until somebody looks.
    pub async fn forget_pulls(&self, before: DateTime<Utc>) -> Result<u64> {
        const FORGET: &str = "DELETE FROM pulls WHERE status = $1 AND updated_at < $2";
        sql("pull.forget", FORGET).bind(PullStatus::Done).bind(before).execute(self.writer()).await
    }
}

/// An id made of what it identifies: 32 hex digits.
pub(crate) fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(row: &Row) -> Result<Pull> {
    let window = row.maybe_instant("window_from")?.zip(row.maybe_instant("window_to")?);
    let rank: i64 = row.get("priority")?;
    let priority = Priority::ALL.iter().copied().find(|priority| priority.rank() == rank);
    let error = row.get::<Option<String>>("error_kind")?.zip(row.get::<Option<String>>("error_message")?);
    Ok(Pull {
        id: row.get("id")?,
        account: row.parsed("account")?,
        pipeline: row.get("pipeline")?,
        scope: Scope(row.get("scope")?),
        window: window.map(|(from, to)| Window { from, to }),
        key: row.get("call_key")?,
        priority: priority.ok_or_else(|| row.strange("priority", rank))?,
        not_before: row.instant("not_before")?,
        attempt: row.count("attempt")? as u32,
        checkpoint: row.get("checkpoint")?,
        error: error.map(|(kind, message)| PullError { kind, message }),
        status: row.parsed("status")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
    })
}
