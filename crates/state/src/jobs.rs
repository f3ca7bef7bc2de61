//! Jobs: one row per request that is planned, under way or over.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, Error, Result, Scope, SellerId, Window};
use sha2::{Digest, Sha256};

use crate::accounts::asked;
use crate::statement::{Row, Statement, sql};
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
    /// How far a job has come.
    JobStatus, "job status" {
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
pub struct JobPlan {
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

impl JobPlan {
    /// The id of this call of an account: the same for the same call.
    pub fn id(&self, account: &AccountId) -> String {
        let window = self.window.map(|window| (window.from.timestamp_millis(), window.to.timestamp_millis()));
        fingerprint(&[&account.to_string(), &self.pipeline, &self.scope.0, &format!("{window:?}"), &self.key])
    }
}

/// An error as a job remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobError {
    /// The kind's name, as the policy table knows it.
    pub kind: String,
    /// The sentence with its facts, without secrets.
    pub message: String,
}

impl From<&Error> for JobError {
    fn from(error: &Error) -> Self {
        Self { kind: format!("{:?}", error.kind()), message: error.to_string() }
    }
}

/// A job as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
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
    pub error: Option<JobError>,
    /// How far it has come.
    pub status: JobStatus,
    /// When it was planned.
    pub created_at: DateTime<Utc>,
    /// When this row last changed.
    pub updated_at: DateTime<Utc>,
}

/// What became of a running job. A `checkpoint` says what stands from now on: `None` begins anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStep {
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
        error: JobError,
    },
    /// It is over.
    Done,
    /// It failed for good.
    Dead(JobError),
}

/// Which jobs to list; an empty filter lists them all.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this seller, in all regions; not asked where an account is given.
    pub seller: Option<SellerId>,
    /// Of this pipeline.
    pub pipeline: Option<String>,
    /// That have come just so far.
    pub status: Option<JobStatus>,
}

impl Leased {
    /// Plans calls; those that are queued now and weren't before. One that is queued or running stays the one it is,
    /// moving to an earlier turn if this one's is; one that is done is queued again, from the beginning; one that is
    /// dead only if a person asks (`Manual`).
    pub async fn plan(&mut self, plans: &[JobPlan]) -> Result<Vec<Job>> {
        let mut queued = Vec::with_capacity(plans.len());
        for plan in plans {
            queued.extend(self.plan_one(plan).await?);
        }
        Ok(queued)
    }

    async fn plan_one(&mut self, plan: &JobPlan) -> Result<Option<Job>> {
        const OPERATION: &str = "job.plan";
        let id = plan.id(&self.account);
        let queued = sql(
            OPERATION,
            "INSERT INTO jobs (id, account, pipeline, scope, window_from, window_to, call_key, priority, not_before,
                 attempt, status, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $11)
             ON CONFLICT (id) DO UPDATE SET priority = excluded.priority, not_before = excluded.not_before,
                 attempt = 0, checkpoint = NULL, error_kind = NULL, error_message = NULL, status = excluded.status,
                 created_at = excluded.created_at, updated_at = excluded.updated_at
             WHERE jobs.status = $12 OR (jobs.status = $13 AND excluded.priority = $14)
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
        .bind(JobStatus::Queued)
        .bind(self.now)
        .bind(JobStatus::Done)
        .bind(JobStatus::Dead)
        .bind(Priority::Manual.rank())
        .first(&mut self.transaction)
        .await?;
        if let Some(row) = queued {
            return read(&row).map(Some);
        }
        let hurry = "UPDATE jobs SET priority = $1, updated_at = $2 WHERE id = $3 AND status = $4 AND priority > $1";
        let hurry = sql(OPERATION, hurry).bind(plan.priority.rank()).bind(self.now).bind(&id).bind(JobStatus::Queued);
        hurry.execute(&mut self.transaction).await?;
        Ok(None)
    }

    /// Says what became of a running call; false if it isn't running.
    pub async fn step(&mut self, id: &str, step: &JobStep) -> Result<bool> {
        let (status, until, failed, checkpoint, error) = match step {
            JobStep::Checkpoint(checkpoint) => (JobStatus::Running, self.now, 0_u32, Some(checkpoint), None),
            JobStep::Wait { until, checkpoint } => (JobStatus::Queued, *until, 0, checkpoint.as_ref(), None),
            JobStep::Retry { until, checkpoint, error } => {
                (JobStatus::Queued, *until, 1, checkpoint.as_ref(), Some(error))
            }
            JobStep::Done => (JobStatus::Done, self.now, 0, None, None),
            JobStep::Dead(error) => (JobStatus::Dead, self.now, 1, None, Some(error)),
        };
        sql(
            "job.step",
            "UPDATE jobs SET status = $1, not_before = $2, attempt = attempt + $3, checkpoint = $4,
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
        .bind(JobStatus::Running)
        .changes(&mut self.transaction)
        .await
    }
}

// Written out twice, because no index serves `$3 IS NULL OR account = $3`.
const OF_ACCOUNTS: &str = "SELECT * FROM jobs
     WHERE ($1 IS NULL OR pipeline = $1) AND ($2 IS NULL OR status = $2) AND account IN ($3, $4, $5)
     ORDER BY priority, not_before, created_at, id";
const OF_ALL: &str = "SELECT * FROM jobs WHERE ($1 IS NULL OR pipeline = $1) AND ($2 IS NULL OR status = $2)
     ORDER BY priority, not_before, created_at, id";

impl State {
    /// Takes a call whose time has come; `None` if it has not, if it is taken already, or while the account isn't
    /// active. One statement costs a third of a transaction, and this comes before every call.
    pub async fn claim_job(&self, lease: &Lease, id: &str, now: DateTime<Utc>) -> Result<Option<Job>> {
        const OPERATION: &str = "job.claim";
        const CLAIM: &str = "UPDATE jobs SET status = $1, updated_at = $2
             WHERE id = $3 AND account = $4 AND status = $5 AND not_before <= $2
                 AND EXISTS (SELECT 1 FROM accounts WHERE accounts.id = $4 AND accounts.status = $6)
                 AND EXISTS (SELECT 1 FROM leases
                     WHERE leases.account = $4 AND leases.epoch = $7 AND leases.owner = $8)
             RETURNING *";
        let claimed = sql(OPERATION, CLAIM)
            .bind(JobStatus::Running)
            .bind(now)
            .bind(id)
            .bind(lease.account())
            .bind(JobStatus::Queued)
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
    pub async fn checkpoint_job(
        &self,
        lease: &Lease,
        id: &str,
        checkpoint: &str,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        const OPERATION: &str = "job.checkpoint";
        let reached = sql(
            OPERATION,
            "UPDATE jobs SET checkpoint = $1, not_before = $2, updated_at = $3
             WHERE id = $4 AND account = $5 AND status = $6 AND EXISTS
                 (SELECT 1 FROM leases WHERE leases.account = $5 AND leases.epoch = $7 AND leases.owner = $8)",
        )
        .bind(checkpoint)
        .bind(until)
        .bind(now)
        .bind(id)
        .bind(lease.account())
        .bind(JobStatus::Running)
        .bind(lease.epoch())
        .bind(lease.owner())
        .changes(self.writer())
        .await?;
        self.guarded(OPERATION, lease, reached).await
    }

    /// What is known of a job.
    pub async fn job(&self, id: &str) -> Result<Option<Job>> {
        let row = sql("job.get", "SELECT * FROM jobs WHERE id = $1").bind(id).first(self.reader()).await?;
        row.as_ref().map(read).transpose()
    }

    /// Jobs, in the order of their turns.
    pub async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>> {
        let accounts = asked(filter.account.as_ref(), filter.seller.as_ref());
        let list = sql("job.list", if accounts.is_some() { OF_ACCOUNTS } else { OF_ALL })
            .bind(filter.pipeline.as_deref())
            .bind(filter.status.map(JobStatus::as_str));
        let list = accounts.iter().flatten().fold(list, Statement::bind);
        list.all(self.reader()).await?.iter().map(read).collect()
    }

    /// What of an account's calls isn't over: queued, or dead and waiting for a person.
    pub async fn unfinished_jobs(&self, account: &AccountId) -> Result<Vec<Job>> {
        const LIST: &str = "SELECT * FROM jobs WHERE account = $1 AND status IN ($2, $3)
             ORDER BY priority, not_before, created_at, id";
        let list = sql("job.list", LIST).bind(account).bind(JobStatus::Queued).bind(JobStatus::Dead);
        list.all(self.reader()).await?.iter().map(read).collect()
    }

    /// Forgets what was over before then; says how much that was. What is dead stays until somebody looks.
    pub async fn forget_jobs(&self, before: DateTime<Utc>) -> Result<u64> {
        const FORGET: &str = "DELETE FROM jobs WHERE status = $1 AND updated_at < $2";
        sql("job.forget", FORGET).bind(JobStatus::Done).bind(before).execute(self.writer()).await
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

fn read(row: &Row) -> Result<Job> {
    let window = row.maybe_instant("window_from")?.zip(row.maybe_instant("window_to")?);
    let rank: i64 = row.get("priority")?;
    let priority = Priority::ALL.iter().copied().find(|priority| priority.rank() == rank);
    let error = row.get::<Option<String>>("error_kind")?.zip(row.get::<Option<String>>("error_message")?);
    Ok(Job {
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
        error: error.map(|(kind, message)| JobError { kind, message }),
        status: row.parsed("status")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
    })
}
