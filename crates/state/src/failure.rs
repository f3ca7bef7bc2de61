//! What the database says when it fails, in our words.

use sellerlake_contracts::{Error, Kind};
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

/// A failure of the database, in our words.
pub(crate) fn failure(operation: &'static str, error: sqlx::Error) -> Error {
    let told = error.as_database_error().and_then(|error| match error.try_downcast_ref::<PgDatabaseError>() {
        Some(error) => of_postgres(error.code()),
        None => of_sqlite(error),
    });
    let failed = told.unwrap_or_else(|| match &error {
        sqlx::Error::PoolTimedOut => Error::transient(Kind::Storage, "no connection to the state database came free"),
        sqlx::Error::Io(_) => Error::transient(Kind::Storage, "the state database can't be reached")
            .hint("check that the server runs and that its address is right"),
        sqlx::Error::Tls(_) => Error::permanent(Kind::Storage, "the state database can't be reached over TLS"),
        sqlx::Error::Database(_) => Error::permanent(Kind::Storage, "the state database failed"),
        _ => Error::permanent(Kind::Internal, "the state database was asked something it can't answer"),
    });
    failed.at(operation).source(error)
}

/// What to do about a database that isn't what was written.
pub(crate) const RESTORE: &str = "restore the state database and its log from a backup, or move both away: deliveries and objects are read \
                                  back from the lake";

fn busy() -> Error {
    Error::transient(Kind::Storage, "another process has kept the state database busy for too long")
}

fn full() -> Error {
    Error::transient(Kind::Storage, "the disk under the state database is full")
        .hint("the disk is full: free some space and run again")
}

/// Primary result codes: 5 busy, 6 locked, 8 read-only, 10 I/O, 11 corrupt, 13 full, 14 can't open, 26 not a database.
fn of_sqlite(error: &dyn DatabaseError) -> Option<Error> {
    let code = error.code()?.parse::<u32>().ok()? & 0xFF;
    Some(match code {
        5 | 6 => busy(),
        8 | 14 => Error::permanent(Kind::Storage, "the state database can't be opened for writing")
            .hint("check the owner and mode of the file and its folder"),
        11 | 26 => Error::permanent(Kind::Storage, "the state database is damaged").hint(RESTORE),
        13 => full(),
        // A write-ahead log that can't grow is told as an I/O error.
        10 => Error::transient(Kind::Storage, "the disk under the state database failed")
            .hint("the disk is full, or failing: free some space or mend it, and run again"),
        _ => return None,
    })
}

fn of_postgres(code: &str) -> Option<Error> {
    Some(match code {
        "55P03" | "40001" | "40P01" => busy(),
        "53100" => full(),
        "28000" | "28P01" => Error::permanent(Kind::Storage, "the state database refused the user or the password")
            .hint("check user and password in the state's address"),
        "3D000" => Error::permanent(Kind::Storage, "the state database does not exist")
            .hint("create it (CREATE DATABASE ...); tables are made by sellerlake"),
        "42501" | "25006" => Error::permanent(Kind::Storage, "the state database can't be written by this user")
            .hint("the user must own the database or may create and write tables in its schema"),
        "53300" => Error::transient(Kind::Storage, "the state database has no connection left")
            .hint("raise max_connections or run fewer workers"),
        "57P01" | "57P02" | "57P03" => Error::transient(Kind::Storage, "the state database is stopping or starting"),
        _ => return None,
    })
}

/// A stored value that makes no sense: somebody edited it, or a newer version wrote it.
pub(crate) fn strange(operation: &'static str, column: &'static str, value: impl std::fmt::Display) -> Error {
    Error::permanent(Kind::Storage, "the state database holds a value that makes no sense")
        .at(operation)
        .with("column", column)
        .with("value", value)
        .hint(RESTORE)
}
