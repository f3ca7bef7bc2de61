//! Alarms: what is wrong now and waits for somebody to look.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sellerlake_contracts::Result;

use crate::State;
use crate::statement::{Row, sql};
use crate::words::words;

words! {
    /// How bad it is.
    Severity, "severity" {
        /// Numbers are right, but somebody should know.
        Warning = "warning",
        /// Something stands still or is missing until somebody acts.
        Error = "error",
    }
}

/// Something that is wrong, once per `id`, until it is cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Names the condition, so that raising it again finds it: `stage tables/orders/seller_id=A1`.
    pub id: String,
    /// When it was first raised since it was last clear.
    pub raised_at: DateTime<Utc>,
    /// When it was last raised.
    pub updated_at: DateTime<Utc>,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, in a few words.
    pub subject: String,
    /// What happened and what to do, as last raised.
    pub message: String,
}

impl State {
    /// Raises an alarm, or says anew what one that stands is about.
    pub async fn raise_alarm(
        &self,
        id: &str,
        severity: Severity,
        subject: &str,
        message: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sql(
            "alarm.raise",
            "INSERT INTO alarms (id, raised_at, updated_at, severity, subject, message)
             VALUES ($1, $2, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, severity = excluded.severity,
                 subject = excluded.subject, message = excluded.message",
        )
        .bind(id)
        .bind(now)
        .bind(severity)
        .bind(subject)
        .bind(message)
        .execute(self.writer())
        .await
        .map(drop)
    }

    /// Clears an alarm; true if it stood.
    pub async fn clear_alarm(&self, id: &str) -> Result<bool> {
        const OPERATION: &str = "alarm.clear";
        // Nearly always there is nothing to clear, and asking costs no commit.
        if sql(OPERATION, "SELECT id FROM alarms WHERE id = $1").bind(id).first(self.reader()).await?.is_none() {
            return Ok(false);
        }
        sql(OPERATION, "DELETE FROM alarms WHERE id = $1").bind(id).changes(self.writer()).await
    }

    /// The ids that stand and begin so.
    pub async fn alarms_of(&self, prefix: &str) -> Result<BTreeSet<String>> {
        const LIST: &str = "SELECT id FROM alarms WHERE substr(id, 1, length($1)) = $1";
        let rows = sql("alarm.list", LIST).bind(prefix).all(self.reader()).await?;
        rows.iter().map(|row| row.get("id")).collect()
    }

    /// What stands, the oldest first.
    pub async fn alarms(&self) -> Result<Vec<Alarm>> {
        let rows = sql("alarm.list", "SELECT * FROM alarms ORDER BY raised_at, id").all(self.reader()).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Alarm> {
    Ok(Alarm {
        id: row.get("id")?,
        raised_at: row.instant("raised_at")?,
        updated_at: row.instant("updated_at")?,
        severity: row.parsed("severity")?,
        subject: row.get("subject")?,
        message: row.get("message")?,
    })
}
