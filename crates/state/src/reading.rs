//! A state for who may only read it, or where there is none to read.

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use sellerlake_contracts::{Error, Kind, Result};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::State;
use crate::address::Address;
use crate::database::greet;
use crate::failure::failure;
use crate::log;
use crate::migrations;
use crate::pool::Pool;

const OPERATION: &str = "state.open";

impl State {
    /// Opens a database that this user may not write to; nothing of it is changed, and writing to it fails.
    /// [`Kind::NotFound`] where there is no file or it can't be read, [`Kind::Storage`] if an older or newer version
    /// wrote it.
    pub async fn open_to_read(url: &str) -> Result<Self> {
        let address = Address::parse(url)?;
        let shown = address.shown();
        let (path, pool) = match address {
            Address::Sqlite(path) => {
                let pool = read_file(&path).await.map_err(|error| error.with("state", &shown))?;
                (Some(path), pool)
            }
            Address::Postgres(options) => {
                greet(&options).await.map_err(|error| error.with("state", &shown))?;
                let pool = PgPoolOptions::new().max_connections(2).connect_with(*options).await;
                (None, Pool::Postgres(pool.map_err(|error| failure(OPERATION, error))?))
            }
        };
        migrations::expect(&pool).await.map_err(|error| error.with("state", &shown))?;
        Ok(Self::over(path, shown, pool.clone(), pool))
    }

    /// A new state that nobody else sees and that ends with the process.
    pub async fn open_in_memory(now: DateTime<Utc>) -> Result<Self> {
        let pool = connect(SqliteConnectOptions::new().in_memory(true)).await?;
        migrations::run(&pool, now).await?;
        Ok(Self::over(None, "memory".to_owned(), pool.clone(), pool))
    }
}

/// SQLite wants to write a few bytes to read beside a writer. Where it may not, and no writer has left anything in the
/// log, the file is all there is.
async fn read_file(path: &Path) -> Result<Pool> {
    if let Err(error) = fs::File::open(path) {
        return Err(Error::permanent(Kind::NotFound, "there is no state database to read").at(OPERATION).source(error));
    }
    log::insist_on(path).await?;
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    match connect(options.clone()).await {
        Ok(pool) => Ok(pool),
        Err(_) if is_quiet(path) => connect(options.immutable(true)).await,
        Err(error) => Err(error),
    }
}

fn is_quiet(path: &Path) -> bool {
    fs::metadata(log::beside(path)).map_or(true, |log| log.len() == 0)
}

/// One connection, which stays: what is in memory goes with it.
async fn connect(options: SqliteConnectOptions) -> Result<Pool> {
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = Pool::Sqlite(pool.connect_with(options).await.map_err(|error| failure(OPERATION, error))?);
    // Opening a file reads nothing of it yet.
    crate::statement::sql(OPERATION, "SELECT count(*) AS n FROM sqlite_master").first(&pool).await?;
    Ok(pool)
}
