//! Bringing a database up to date, one numbered file at a time.

use chrono::{DateTime, Utc};
use include_dir::{Dir, include_dir};
use sellerlake_contracts::{Error, Kind, Result};

use crate::pool::{Pool, Transaction};
use crate::statement::sql;

/// One step a file, by number, written out for each database; a file that was ever released is never edited.
static SQLITE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/sqlite");
static POSTGRES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/postgres");

const OPERATION: &str = "state.migrate";

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number     BIGINT PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)";

/// Names and texts, in order.
fn steps(folder: &'static Dir<'_>) -> Vec<(&'static str, &'static str)> {
    let step = |file: &'static include_dir::File<'_>| Some((file.path().file_stem()?.to_str()?, file.contents_utf8()?));
    let mut steps: Vec<_> = folder.files().filter_map(step).collect();
    steps.sort_unstable();
    steps
}

/// Insists that nothing is missing, for who may not add it.
pub(crate) async fn expect(pool: &Pool) -> Result<()> {
    let newest = sql(OPERATION, "SELECT max(number) AS number FROM migrations").first(pool).await?;
    let newest: Option<i64> = newest.map(|row| row.get("number")).transpose()?.flatten();
    let expected = steps(&SQLITE).len();
    if newest == Some(expected as i64) {
        return Ok(());
    }
    Err(Error::permanent(Kind::Storage, "another version of sellerlake wrote the state database")
        .at(OPERATION)
        .with("version", newest.unwrap_or_default())
        .with("expected", expected)
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
    let steps = match &transaction {
        Transaction::Sqlite(_) => steps(&SQLITE),
        Transaction::Postgres(_) => steps(&POSTGRES),
    };
    if applied > steps.len() {
        return Err(Error::permanent(Kind::Storage, "a newer sellerlake wrote the state database")
            .at(OPERATION)
            .with("version", applied)
            .with("readable_up_to", steps.len())
            .hint("run the newer sellerlake"));
    }
    for (index, (name, text)) in steps.into_iter().enumerate().skip(applied) {
        let done = transaction.script(OPERATION, text).await;
        done.map_err(|error| error.with("migration", name))?;
        sql(OPERATION, "INSERT INTO migrations (number, name, applied_at) VALUES ($1, $2, $3)")
            .bind(index as i64 + 1)
            .bind(name)
            .bind(now)
            .execute(&mut transaction)
            .await?;
    }
    transaction.commit(OPERATION).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_written_for_both_databases_and_none_is_missing() {
        let names = |folder| steps(folder).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(&SQLITE), names(&POSTGRES));
        for (index, name) in names(&SQLITE).into_iter().enumerate() {
            assert!(name.starts_with(&format!("{:04}_", index + 1)), "{name}");
        }
    }
}
