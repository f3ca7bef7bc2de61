//! The database: connections, transactions, and what it says when it fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sellerlake_contracts::{Error, Kind, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};

use crate::migrations;

/// How long a statement waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a task waits for a connection that other tasks of this process hold.
const ACQUIRE_TIMEOUT: Duration = Duration::from_mins(2);

/// Readers don't wait for the writer or for each other in WAL mode.
const READERS: u32 = 4;

/// The state database. Cheap to clone; every clone is the same database.
#[derive(Debug, Clone)]
pub struct State(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// A single connection: within one process writers queue fairly here, instead of polling SQLite's lock.
    writer: SqlitePool,
    reader: SqlitePool,
}

impl State {
    /// Opens `sqlite:///path/state.db`, or the path of a file, creating the file and its folder if need be and
    /// bringing an older database up to date. A newer one is refused.
    pub async fn open(url: &str, now: DateTime<Utc>) -> Result<Self> {
        let path = sqlite_path(url)?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                Error::permanent(Kind::Storage, "the folder of the state database can't be created")
                    .at("state.open")
                    .with("path", folder.display())
                    .hint("check its owner and mode, or choose another place for the state")
                    .source(error)
            })?;
        }
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit that was reported must survive a power cut: the lake's ledger moves on its word.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true);
        let failed = |error| failure("state.open", error).with("path", path.display());
        // Connections to a file don't go stale, and the last one to close would take the write-ahead log with it.
        let pool = |size| {
            let pool = SqlitePoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT);
            pool.idle_timeout(None).max_lifetime(None)
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(failed)?;
        migrations::run(&writer, now).await.map_err(|error| error.with("path", path.display()))?;
        let reader = pool(READERS).connect_with(options.read_only(true).create_if_missing(false)).await;
        Ok(Self(Arc::new(Inner { writer, reader: reader.map_err(failed)?, path })))
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Closes all connections, after what is under way.
    pub async fn close(&self) {
        self.0.reader.close().await;
        self.0.writer.close().await;
    }

    pub(crate) fn reader(&self) -> &SqlitePool {
        &self.0.reader
    }

    /// For single statements, which take SQLite's write lock at once and wait for it.
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.0.writer
    }

    /// For several statements: takes the write lock first, because a transaction that reads before it writes
    /// can't be made to wait when another one wrote in between.
    pub(crate) async fn begin(&self, operation: &'static str) -> Result<Transaction<'static, Sqlite>> {
        let begun = self.0.writer.begin_with("BEGIN IMMEDIATE").await;
        begun.map_err(|error| failure(operation, error))
    }
}

fn sqlite_path(url: &str) -> Result<PathBuf> {
    let refused = |message: &str| {
        Error::permanent(Kind::Usage, message)
            .at("state.open")
            .with("url", url)
            .hint("write sqlite:///folder/state.db or the path of a file")
    };
    let path = match url.split_once("://") {
        None if !url.starts_with("sqlite:") => url,
        Some(("sqlite", path)) => path,
        _ => return Err(refused("the state can't be kept at this kind of address")),
    };
    if path.is_empty() || path.starts_with(':') || path.contains('?') {
        return Err(refused("the address names no file to keep the state in"));
    }
    Ok(PathBuf::from(path))
}

/// A failure of the database, in our words.
pub(crate) fn failure(operation: &'static str, error: sqlx::Error) -> Error {
    // Primary result codes of SQLite: 5 busy, 6 locked, 8 read-only, 10 I/O, 11 corrupt, 13 full, 14 can't open, 26 not a database.
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let code = code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xFF);
    let failed = match code {
        Some(5 | 6) => Error::transient(Kind::Storage, "another process has kept the state database busy for too long"),
        Some(8 | 14) => Error::permanent(Kind::Storage, "the state database can't be opened for writing")
            .hint("check the owner and mode of the file and its folder"),
        Some(11 | 26) => Error::permanent(Kind::Storage, "the state database is damaged")
            .hint("restore it from a backup, or move it away: deliveries and objects are read back from the lake"),
        Some(13) => Error::transient(Kind::Storage, "the disk under the state database is full")
            .hint("the disk is full: free some space and run again"),
        // A write-ahead log that can't grow is told as an I/O error.
        Some(10) => Error::transient(Kind::Storage, "the disk under the state database failed")
            .hint("the disk is full, or failing: free some space or mend it, and run again"),
        _ => match &error {
            sqlx::Error::PoolTimedOut => {
                Error::transient(Kind::Storage, "no connection to the state database came free")
            }
            sqlx::Error::Io(_) => Error::transient(Kind::Storage, "the state database can't be reached"),
            sqlx::Error::Database(_) => Error::permanent(Kind::Storage, "the state database failed"),
            _ => Error::permanent(Kind::Internal, "the state database was asked something it can't answer"),
        },
    };
    failed.at(operation).source(error)
}

/// A stored value that makes no sense: the file was edited, or a newer version wrote it.
pub(crate) fn strange(operation: &'static str, column: &str, value: impl std::fmt::Display) -> Error {
    Error::permanent(Kind::Storage, "the state database holds a value that makes no sense")
        .at(operation)
        .with("column", column.to_owned())
        .with("value", value)
}

pub(crate) fn to_ms(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

pub(crate) fn from_ms(operation: &'static str, column: &str, ms: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ms).ok_or_else(|| strange(operation, column, ms))
}
