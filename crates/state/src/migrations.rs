//! Bringing a database up to date, one numbered file at a time.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{Error, Kind, Result};
use sqlx::sqlite::SqlitePool;

use crate::database::{failure, to_ms};

/// Files of `migrations/sqlite`, in order; a file that was ever released is never edited.
const SQLITE: &[(&str, &str)] = &[("0001_lake", include_str!("../migrations/sqlite/0001_lake.sql"))];

const OPERATION: &str = "state.migrate";

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number     BIGINT PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)";

/// Applies what is missing, all of it or nothing.
pub(crate) async fn run(pool: &SqlitePool, now: DateTime<Utc>) -> Result<()> {
    let failed = |error| failure(OPERATION, error);
    // Processes that open a new database together take turns.
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    sqlx::raw_sql(LEDGER).execute(&mut *transaction).await.map_err(failed)?;
    let applied: Option<i64> =
        sqlx::query_scalar("SELECT max(number) FROM migrations").fetch_one(&mut *transaction).await.map_err(failed)?;
    let applied = usize::try_from(applied.unwrap_or(0)).unwrap_or(usize::MAX);
    if applied > SQLITE.len() {
        return Err(Error::permanent(Kind::Storage, "a newer sellerlake wrote the state database")
            .at(OPERATION)
            .with("version", applied)
            .with("readable_up_to", SQLITE.len())
            .hint("run the newer sellerlake"));
    }
    for (index, (name, sql)) in SQLITE.iter().enumerate().skip(applied) {
        sqlx::raw_sql(*sql).execute(&mut *transaction).await.map_err(|error| failed(error).with("migration", name))?;
        sqlx::query("INSERT INTO migrations (number, name, applied_at) VALUES ($1, $2, $3)")
            .bind(index as i64 + 1)
            .bind(*name)
            .bind(to_ms(now))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}
