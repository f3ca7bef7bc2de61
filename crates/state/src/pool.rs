//! Connections to one of the two databases, and transactions on them.

use sellerlake_contracts::Result;
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};

use crate::failure::failure;

/// PostgreSQL's advisory lock that stands for SQLite's one writer.
const ONE_WRITER: &str = "SELECT pg_advisory_xact_lock(8315168162849550433)";

/// Connections to one of the two databases.
#[derive(Debug, Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction under way; rolled back if it is dropped.
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Pool {
    pub(crate) async fn begin(&self, operation: &'static str) -> Result<Transaction> {
        // Takes SQLite's write lock first, because a transaction that reads before it writes can't be made to wait
        // when another one wrote in between.
        let begun = match self {
            Self::Sqlite(pool) => pool.begin_with("BEGIN IMMEDIATE").await.map(Transaction::Sqlite),
            Self::Postgres(pool) => pool.begin().await.map(Transaction::Postgres),
        };
        begun.map_err(|error| failure(operation, error))
    }

    pub(crate) async fn begin_alone(&self, operation: &'static str) -> Result<Transaction> {
        let mut transaction = self.begin(operation).await?;
        if matches!(transaction, Transaction::Postgres(_)) {
            transaction.script(operation, ONE_WRITER).await?;
        }
        Ok(transaction)
    }
}

impl Transaction {
    pub(crate) async fn commit(self, operation: &'static str) -> Result<()> {
        let committed = match self {
            Self::Sqlite(open) => open.commit().await,
            Self::Postgres(open) => open.commit().await,
        };
        committed.map_err(|error| failure(operation, error))
    }

    /// Runs a text of several statements without values.
    pub(crate) async fn script(&mut self, operation: &'static str, text: &'static str) -> Result<()> {
        let done = match self {
            Self::Sqlite(open) => sqlx::raw_sql(text).execute(&mut **open).await.map(drop),
            Self::Postgres(open) => sqlx::raw_sql(text).execute(&mut **open).await.map(drop),
        };
        done.map_err(|error| failure(operation, error))
    }
}
