//! Alarms: what is wrong now and waits for somebody to look.

use std::fmt;

use chrono::{DateTime, Utc};
use sellerlake_contracts::Result;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::State;
use crate::database::{failure, from_ms, strange, to_ms};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Numbers are right, but somebody should know.
    Warning,
    /// Something stands still or is missing until somebody acts.
    Error,
}

impl Severity {
    /// The name as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
        sqlx::query(
            "INSERT INTO alarms (id, raised_at, updated_at, severity, subject, message)
             VALUES ($1, $2, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, severity = excluded.severity,
                 subject = excluded.subject, message = excluded.message",
        )
        .bind(id)
        .bind(to_ms(now))
        .bind(severity.as_str())
        .bind(subject)
        .bind(message)
        .execute(self.writer())
        .await
        .map(drop)
        .map_err(|error| failure("alarm.raise", error))
    }

    /// Clears an alarm; true if it stood.
    pub async fn clear_alarm(&self, id: &str) -> Result<bool> {
        // Nearly always there is nothing to clear, and asking costs no commit.
        let stands: Option<i64> = sqlx::query_scalar("SELECT 1 FROM alarms WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await
            .map_err(|error| failure("alarm.clear", error))?;
        if stands.is_none() {
            return Ok(false);
        }
        let cleared = sqlx::query("DELETE FROM alarms WHERE id = $1").bind(id).execute(self.writer()).await;
        cleared.map(|done| done.rows_affected() > 0).map_err(|error| failure("alarm.clear", error))
    }

    /// What stands, the oldest first.
    pub async fn alarms(&self) -> Result<Vec<Alarm>> {
        let rows = sqlx::query("SELECT * FROM alarms ORDER BY raised_at, id").fetch_all(self.reader()).await;
        rows.map_err(|error| failure("alarm.list", error))?.iter().map(read).collect()
    }
}

fn read(row: &SqliteRow) -> Result<Alarm> {
    let failed = |error| failure("alarm.list", error);
    let severity: String = row.try_get("severity").map_err(failed)?;
    let known = [Severity::Warning, Severity::Error].into_iter().find(|known| known.as_str() == severity);
    Ok(Alarm {
        id: row.try_get("id").map_err(failed)?,
        raised_at: from_ms("alarm.list", "raised_at", row.try_get("raised_at").map_err(failed)?)?,
        updated_at: from_ms("alarm.list", "updated_at", row.try_get("updated_at").map_err(failed)?)?,
        severity: known.ok_or_else(|| strange("alarm.list", "severity", &severity))?,
        subject: row.try_get("subject").map_err(failed)?,
        message: row.try_get("message").map_err(failed)?,
    })
}
