//! Bringing a database up to date, one numbered file at a time.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{Error, Kind, Result};

use crate::pool::{Pool, Transaction};
use crate::statement::sql;

/// One step, written out for each database.
struct Migration {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($name:literal) => {
        Migration {
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }
    };
}

/// In order; a file that was ever released is never edited.
const MIGRATIONS: &[Migration] = &[
    migration!("0001_lake"),
    migration!("0002_accounts"),
    migration!("0003_checksums"),
    migration!("0004_alerts"),
    migration!("0005_jobs"),
    migration!("0006_generations"),
    migration!("0007_catalogues"),
];

const OPERATION: &str = "state.migrate";

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number     BIGINT PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)";

/// Insists that nothing is missing, for who may not add it.
pub(crate) async fn expect(pool: &Pool) -> Result<()> {
    let newest = sql(OPERATION, "SELECT max(number) AS number FROM migrations").first(pool).await?;
    let newest: Option<i64> = newest.map(|row| row.get("number")).transpose()?.flatten();
    if newest == Some(MIGRATIONS.len() as i64) {
        return Ok(());
    }
    Err(Error::permanent(Kind::Storage, "another version of sellerlake wrote the state database")
        .at(OPERATION)
        .with("version", newest.unwrap_or_default())
        .with("expected", MIGRATIONS.len())
        .hint("run this sellerlake as a user who may write to it, once"))
}

/// Applies what is missing, all of it or nothing.
pub(crate) async fn run(pool: &Pool, now: DateTime<Utc>) -> Result<()> {
    // Processes that open a new database together take turns.
    let mut transaction = pool.begin_alone(OPERATION).await?;
    transaction.script(OPERATION, LEDGER).await?;
    let newest = sql(OPERATION, "SELECT max(number) AS number FROM migrations").first(&mut transaction).await?;
    let newest: Option<i64> = newest.map(|row| row.get("number")).transpose()?.flatten();
    let applied = usize::try_from(newest.unwrap_or(0)).unwrap_or(usize::MAX);
    if applied > MIGRATIONS.len() {
        return Err(Error::permanent(Kind::Storage, "a newer sellerlake wrote the state database")
            .at(OPERATION)
            .with("version", applied)
            .with("readable_up_to", MIGRATIONS.len())
            .hint("run the newer sellerlake"));
    }
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(applied) {
        let text = match &transaction {
            Transaction::Sqlite(_) => migration.sqlite,
            Transaction::Postgres(_) => migration.postgres,
        };
        let done = transaction.script(OPERATION, text).await;
        done.map_err(|error| error.with("migration", migration.name))?;
        sql(OPERATION, "INSERT INTO migrations (number, name, applied_at) VALUES ($1, $2, $3)")
            .bind(index as i64 + 1)
            .bind(migration.name)
            .bind(now)
            .execute(&mut transaction)
            .await?;
    }
    transaction.commit(OPERATION).await
}
