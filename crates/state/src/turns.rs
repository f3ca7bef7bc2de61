//! Whose turn it is: what a worker asks before it takes an account.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, Result};

use crate::statement::{Statement, sql};
use crate::{AccountStatus, JobStatus, State};

// Each account's turns are read from an index, in order, up to the first that is due: a long backlog costs nothing.
// What the last holder of a lease left running counts too, once its time is up. Of equals the one goes first that has
// waited longest.
const DUE: &str = "SELECT account FROM (
         SELECT accounts.id AS account, COALESCE(leases.acquired_at, 0) AS last_held, COALESCE(
             (SELECT priority FROM jobs WHERE account = accounts.id AND status = $3 AND +not_before <= $1
                  ORDER BY priority LIMIT 1),
             (SELECT priority FROM jobs WHERE account = accounts.id AND status = $4 ORDER BY priority LIMIT 1)
         ) AS urgency
         FROM accounts LEFT JOIN leases ON leases.account = accounts.id
         WHERE accounts.status = $2 AND (leases.owner IS NULL OR leases.expires_at <= $1)
     ) AS free WHERE urgency IS NOT NULL ORDER BY urgency, last_held, account LIMIT $5";

const NEXT: &str = "SELECT jobs.not_before AS turn
     FROM jobs JOIN accounts ON accounts.id = jobs.account AND accounts.status = $2
     WHERE jobs.status = $3 AND jobs.not_before > $1 ORDER BY jobs.not_before LIMIT 1";

impl State {
    /// Active accounts that nobody holds and that have calls to make now, at most `limit`: the most urgent first.
    pub async fn due_accounts(&self, limit: u32, now: DateTime<Utc>) -> Result<Vec<AccountId>> {
        let rows = bound(DUE, now).bind(JobStatus::Running).bind(limit).all(self.reader()).await?;
        rows.iter().map(|row| row.parsed("account")).collect()
    }

    /// When the next call's time comes that hasn't come yet; `None` if no active account waits for anything.
    pub async fn next_turn(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let row = bound(NEXT, now).first(self.reader()).await?;
        row.map(|row| row.instant("turn")).transpose()
    }
}

fn bound(text: &'static str, now: DateTime<Utc>) -> Statement {
    sql("job.due", text).bind(now).bind(AccountStatus::Active).bind(JobStatus::Queued)
}
