//! Whose turn it is: what a worker asks before it takes an account.

use chrono::{DateTime, Utc};
use sellerlake_contracts::Result;

use crate::statement::{Statement, sql};
use crate::{AccountId, AccountStatus, PullStatus, State};

/// Calls of active accounts that a free account could make: those that wait, and those that the last holder of a
/// lease left running when its time was up.
macro_rules! turns {
    ($select:literal, $due:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM pulls JOIN accounts ON accounts.id = pulls.account AND accounts.status = $2
                 LEFT JOIN leases ON leases.account = pulls.account AND leases.owner IS NOT NULL
             WHERE ((pulls.status = $3",
            $due,
            ") OR (pulls.status = $4 AND (leases.owner IS NULL OR leases.expires_at <= $1)))",
            $rest
        )
    };
}

const DUE: &str = turns!(
    "pulls.account AS account",
    " AND pulls.not_before <= $1",
    " AND (leases.owner IS NULL OR leases.expires_at <= $1)
      GROUP BY pulls.account ORDER BY min(pulls.priority), min(pulls.not_before), pulls.account LIMIT $5"
);

const NEXT: &str = turns!("min(pulls.not_before) AS turn", " AND pulls.not_before > $1", "");

impl State {
    /// Active accounts that nobody holds and that have calls to make now, at most `limit`: the most urgent first.
    pub async fn due_accounts(&self, limit: u32, now: DateTime<Utc>) -> Result<Vec<AccountId>> {
        let rows = bound(DUE, now).bind(limit).all(self.reader()).await?;
        rows.iter().map(|row| row.parsed("account")).collect()
    }

    /// When the next call's time comes that hasn't come yet; `None` if no active account waits for anything. May be
    /// in the past where a worker died.
    pub async fn next_turn(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let row = bound(NEXT, now).first(self.reader()).await?;
        row.map(|row| row.maybe_instant("turn")).transpose().map(Option::flatten)
    }
}

fn bound(text: &'static str, now: DateTime<Utc>) -> Statement {
    sql("pull.due", text).bind(now).bind(AccountStatus::Active).bind(PullStatus::Queued).bind(PullStatus::Running)
}
