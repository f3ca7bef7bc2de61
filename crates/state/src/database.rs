//! The state database: opened, brought up to date, closed; SQLite or PostgreSQL.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{Clock, Error, Kind, Result, Status, SystemClock};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use crate::address::Address;
use crate::failure::failure;
use crate::log;
use crate::migrations;
use crate::pool::{Pool, Transaction};

/// How long a statement of SQLite waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a task waits for a connection that other tasks of this process hold.
const ACQUIRE_TIMEOUT: Duration = Duration::from_mins(2);

/// Readers of SQLite don't wait for the writer or for each other in WAL mode.
const READERS: u32 = 4;

/// Connections of one process to a PostgreSQL server.
const CONNECTIONS: u32 = 8;

/// What each connection to PostgreSQL begins with: locks are waited for as long as SQLite's, and a commit that was
/// reported must survive a power cut, whatever the server was told to do for others.
const PREPARE_POSTGRES: &str = "SET lock_timeout = '1min';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// The state database. Cheap to clone; every clone is the same database.
#[derive(Debug, Clone)]
pub struct State(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: Option<PathBuf>,
    shown: String,
    /// Of SQLite a single connection: within one process writers queue fairly here, instead of polling its lock.
    writer: Pool,
    reader: Pool,
}

impl State {
    /// Opens `sqlite:///path/state.db` or the path of a file, creating the file and its folder if need be, or the
    /// database at `postgres://user:password@host/database`; brings an older one up to date. A newer one is refused.
    pub async fn open(url: &str, now: DateTime<Utc>) -> Result<Self> {
        let address = Address::parse(url)?;
        let shown = address.shown();
        let opened = match &address {
            Address::Sqlite(path) => match log::insist_on(path).await {
                Ok(()) => open_patiently(path, now).await,
                Err(error) => Err(error),
            },
            Address::Postgres(options) => open_postgres((**options).clone(), now).await,
        };
        let (writer, reader) = opened.map_err(|error| error.with("state", &shown))?;
        let path = match address {
            Address::Sqlite(path) => Some(path),
            Address::Postgres(_) => None,
        };
        Ok(Self::over(path, shown, writer, reader))
    }

    pub(crate) fn over(path: Option<PathBuf>, shown: String, writer: Pool, reader: Pool) -> Self {
        Self(Arc::new(Inner { path, shown, writer, reader }))
    }

    /// The database's file; `None` if a server keeps it.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Where the state is kept, as it may be shown: without user and password.
    pub fn address(&self) -> &str {
        &self.0.shown
    }

    /// Closes all connections, after what is under way.
    pub async fn close(&self) {
        for pool in [&self.0.reader, &self.0.writer] {
            match pool {
                Pool::Sqlite(pool) => pool.close().await,
                Pool::Postgres(pool) => pool.close().await,
            }
        }
    }

    pub(crate) fn reader(&self) -> &Pool {
        &self.0.reader
    }

    /// For single statements, which take their locks at once and wait for them.
    pub(crate) fn writer(&self) -> &Pool {
        &self.0.writer
    }

    /// For several statements, the first of which locks the row that all conflicting writers lock first: on
    /// PostgreSQL others go on meanwhile. On SQLite there is one writer anyway.
    pub(crate) async fn begin(&self, operation: &'static str) -> Result<Transaction> {
        self.0.writer.begin(operation).await
    }

    /// For several statements that no other writer may interleave with.
    pub(crate) async fn begin_alone(&self, operation: &'static str) -> Result<Transaction> {
        self.0.writer.begin_alone(operation).await
    }

    /// Empties SQLite's log, which keeps what was overwritten in the database itself. Waits for those who still read
    /// from it, though not for ever. A server keeps its log as it was told to.
    pub(crate) async fn empty_log(&self, operation: &'static str) -> Result<()> {
        match &self.0.writer {
            Pool::Sqlite(pool) => sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(pool)
                .await
                .map(drop)
                .map_err(|error| failure(operation, error)),
            Pool::Postgres(_) => Ok(()),
        }
    }
}

const OPEN: &str = "state.open";

/// A new file that others are opening for the first time, too, is tried again: whoever turns its log on has it alone,
/// and SQLite doesn't wait for that.
async fn open_patiently(path: &Path, now: DateTime<Utc>) -> Result<(Pool, Pool)> {
    let end = SystemClock.now() + BUSY_TIMEOUT;
    let mut pause = TimeDelta::zero();
    loop {
        match open_sqlite(path, now).await {
            Err(error) if error.status() == Status::Transient && SystemClock.now() < end => {}
            opened => return opened,
        }
        pause += TimeDelta::milliseconds(10);
        SystemClock.sleep_until(SystemClock.now() + pause).await;
    }
}

/// Makes the file for its owner alone, and says nothing where it can't: opening it says more. SQLite gives its log
/// the same mode.
fn make_private(path: &Path) {
    drop(OpenOptions::new().write(true).create_new(true).mode(0o600).open(path));
}

async fn open_sqlite(path: &Path, now: DateTime<Utc>) -> Result<(Pool, Pool)> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::permanent(Kind::Storage, "the folder of the state database can't be created")
                .at(OPEN)
                .hint("check its owner and mode, or choose another place for the state")
                .source(error)
        })?;
    }
    make_private(path);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit that was reported must survive a power cut: the lake's ledger moves on its word.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        // What is deleted is overwritten: secrets that are forgotten are gone, encrypted or not.
        .pragma("secure_delete", "ON")
        .foreign_keys(true);
    // Connections to a file don't go stale, and the last one to close would take the write-ahead log with it.
    let pool = |size| {
        let pool = SqlitePoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT);
        // A transaction that could be neither committed nor rolled back, on a full disk, takes its connection along.
        let pool = pool.before_acquire(|connection, _| {
            let sound = !connection.is_in_transaction();
            Box::pin(async move { Ok(sound) })
        });
        // Each is tried when it is given back; that is enough for a file, and once more costs as much as a statement.
        pool.test_before_acquire(false).idle_timeout(None).max_lifetime(None)
    };
    let failed = |error| failure(OPEN, error);
    let writer = Pool::Sqlite(pool(1).connect_with(options.clone()).await.map_err(failed)?);
    migrations::run(&writer, now).await?;
    let reader = pool(READERS).connect_with(options.read_only(true).create_if_missing(false)).await;
    Ok((writer, Pool::Sqlite(reader.map_err(failed)?)))
}

/// Connects once: a pool goes on for minutes where nobody listens.
pub(crate) async fn greet(options: &PgConnectOptions) -> Result<()> {
    let failed = |error| failure(OPEN, error);
    options.connect().await.map_err(failed)?.close().await.map_err(failed)
}

async fn open_postgres(options: PgConnectOptions, now: DateTime<Utc>) -> Result<(Pool, Pool)> {
    greet(&options).await?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| {
            Box::pin(async move { sqlx::raw_sql(PREPARE_POSTGRES).execute(connection).await.map(drop) })
        })
        .connect_with(options)
        .await
        .map_err(|error| failure(OPEN, error))?;
    let pool = Pool::Postgres(pool);
    migrations::run(&pool, now).await?;
    Ok((pool.clone(), pool))
}
