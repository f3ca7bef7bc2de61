//! Runs: the log of what was done when, and what came of it.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, Error, Kind, Result, SellerId};

use crate::State;
use crate::accounts::asked;
use crate::jobs::fingerprint;
use crate::statement::{Row, Statement, sql};
use crate::words::words;

words! {
    /// What came of a run.
    RunOutcome, "outcome of a run" {
        /// It goes on.
        Running = "running",
        /// All of it was done.
        Succeeded = "succeeded",
        /// Some of it was done; the message says what wasn't.
        Partial = "partial",
        /// Nothing came of it.
        Failed = "failed",
        /// The process died, or lost the account.
        Interrupted = "interrupted",
    }
}

/// What is said of a run when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// What came of it.
    pub outcome: RunOutcome,
    /// Calls to Amazon.
    pub calls: u64,
    /// Rows loaded.
    pub rows: u64,
    /// For a reader.
    pub message: Option<String>,
}

/// A run in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Identity.
    pub id: String,
    /// Whose, where it was of one account.
    pub account: Option<AccountId>,
    /// Name of the pipeline, or of the command.
    pub pipeline: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What came of it.
    pub outcome: RunOutcome,
    /// Calls to Amazon.
    pub calls: u64,
    /// Rows loaded.
    pub rows: u64,
    /// For a reader.
    pub message: Option<String>,
}

/// Which runs to list; an empty filter lists them all.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this seller, in all regions; not asked where an account is given.
    pub seller: Option<SellerId>,
    /// Of this pipeline.
    pub pipeline: Option<String>,
    /// With this outcome.
    pub outcome: Option<RunOutcome>,
    /// At most so many, the newest.
    pub limit: Option<u32>,
}

// Written out twice, because no index serves `$4 IS NULL OR account = $4`.
const OF_ACCOUNTS: &str = "SELECT * FROM runs
     WHERE ($1 IS NULL OR pipeline = $1) AND ($2 IS NULL OR outcome = $2) AND account IN ($4, $5, $6)
     ORDER BY started_at DESC, id LIMIT $3";
const OF_ALL: &str = "SELECT * FROM runs WHERE ($1 IS NULL OR pipeline = $1) AND ($2 IS NULL OR outcome = $2)
     ORDER BY started_at DESC, id LIMIT $3";

impl State {
    /// Enters a run that begins; answers its id.
    pub async fn begin_run(&self, account: Option<&AccountId>, pipeline: &str, now: DateTime<Utc>) -> Result<String> {
        let started = now.timestamp_millis().to_string();
        let whose = account.map(ToString::to_string).unwrap_or_default();
        // Two of the same kind may begin in the same millisecond.
        for turn in 0_u32.. {
            let id = fingerprint(&[&whose, pipeline, &started, &turn.to_string()]);
            let entered = sql(
                "run.begin",
                "INSERT INTO runs (id, account, pipeline, started_at, outcome, calls, row_count)
                 VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT (id) DO NOTHING",
            )
            .bind(&id)
            .bind(account.map(ToString::to_string))
            .bind(pipeline)
            .bind(now)
            .bind(RunOutcome::Running)
            .changes(self.writer())
            .await?;
            if entered {
                return Ok(id);
            }
        }
        Err(Error::permanent(Kind::Internal, "no id is left for the run").at("run.begin"))
    }

    /// Enters what came of a run; false if it has ended before, or was never begun.
    pub async fn end_run(&self, id: &str, end: &RunEnd, now: DateTime<Utc>) -> Result<bool> {
        const END: &str = "UPDATE runs SET ended_at = $1, outcome = $2, calls = $3, row_count = $4, message = $5
             WHERE id = $6 AND ended_at IS NULL";
        let run = sql("run.end", END).bind(now).bind(end.outcome).bind(end.calls).bind(end.rows);
        run.bind(end.message.as_deref()).bind(id).changes(self.writer()).await
    }

    /// The log, the newest first.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<Run>> {
        let accounts = asked(filter.account.as_ref(), filter.seller.as_ref());
        let list = sql("run.list", if accounts.is_some() { OF_ACCOUNTS } else { OF_ALL })
            .bind(filter.pipeline.as_deref())
            .bind(filter.outcome.map(RunOutcome::as_str))
            .bind(filter.limit.map_or(i64::MAX, i64::from));
        let list = accounts.iter().flatten().fold(list, Statement::bind);
        list.all(self.reader()).await?.iter().map(read).collect()
    }

    /// Forgets runs that ended before then; says how many.
    pub async fn forget_runs(&self, before: DateTime<Utc>) -> Result<u64> {
        sql("run.forget", "DELETE FROM runs WHERE ended_at < $1").bind(before).execute(self.writer()).await
    }
}

fn read(row: &Row) -> Result<Run> {
    Ok(Run {
        id: row.get("id")?,
        account: row.maybe_parsed("account")?,
        pipeline: row.get("pipeline")?,
        started_at: row.instant("started_at")?,
        ended_at: row.maybe_instant("ended_at")?,
        outcome: row.parsed("outcome")?,
        calls: row.count("calls")?,
        rows: row.count("row_count")?,
        message: row.get("message")?,
    })
}
