//! One SQL text for both databases: a statement with its values, and the rows that come back.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sellerlake_contracts::{Error, Result};
use sqlx::postgres::{PgRow, Postgres};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{Database, Decode, Encode, Type};

use crate::failure::{failure, strange};
use crate::pool::{Pool, Transaction};

/// A value for a `$n`. Each kind knows its type even when it is NULL, which PostgreSQL asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parameter {
    Text(Option<String>),
    Number(Option<i64>),
    Real(f64),
}

/// A statement and its values. `operation` names it in errors.
#[derive(Debug)]
pub(crate) struct Statement {
    operation: &'static str,
    text: &'static str,
    values: Vec<Parameter>,
}

/// Begins a statement; `$1` is the first value bound.
pub(crate) fn sql(operation: &'static str, text: &'static str) -> Statement {
    Statement { operation, text, values: Vec::new() }
}

/// Where a statement runs.
pub(crate) enum On<'a> {
    Pool(&'a Pool),
    Transaction(&'a mut Transaction),
}

impl On<'_> {
    /// The file of the database, where it is one and known here.
    fn place(&self) -> Option<Arc<str>> {
        match self {
            On::Pool(Pool::Sqlite(pool)) => Some(pool.connect_options().get_filename().to_string_lossy().into()),
            On::Pool(Pool::Postgres(_)) | On::Transaction(_) => None,
        }
    }
}

fn placed(error: Error, place: Option<&str>) -> Error {
    match place {
        Some(place) => error.with("state", place),
        None => error,
    }
}

macro_rules! run {
    ($statement:ident, $on:ident, $method:ident) => {{
        let operation = $statement.operation;
        let done = match $on {
            On::Pool(Pool::Sqlite(pool)) => $statement.query::<Sqlite>().$method(pool).await.map(Into::into),
            On::Pool(Pool::Postgres(pool)) => $statement.query::<Postgres>().$method(pool).await.map(Into::into),
            On::Transaction(Transaction::Sqlite(open)) => {
                $statement.query::<Sqlite>().$method(&mut **open).await.map(Into::into)
            }
            On::Transaction(Transaction::Postgres(open)) => {
                $statement.query::<Postgres>().$method(&mut **open).await.map(Into::into)
            }
        };
        done.map_err(|error| failure(operation, error))
    }};
}

impl Statement {
    /// Gives the next `$n` its value.
    pub(crate) fn bind(mut self, value: impl Into<Parameter>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it; says how many rows it changed.
    pub(crate) async fn execute<'a>(self, on: impl Into<On<'a>>) -> Result<u64> {
        let on = on.into();
        let place = on.place();
        let done = run!(self, on, execute).map(|Changed(rows)| rows);
        done.map_err(|error| placed(error, place.as_deref()))
    }

    /// Runs it; says whether it changed anything.
    pub(crate) async fn changes<'a>(self, on: impl Into<On<'a>>) -> Result<bool> {
        self.execute(on).await.map(|rows| rows > 0)
    }

    /// Its rows.
    pub(crate) async fn all<'a>(self, on: impl Into<On<'a>>) -> Result<Vec<Row>> {
        let (operation, on) = (self.operation, on.into());
        let place = on.place();
        let rows: Rows = run!(self, on, fetch_all).map_err(|error| placed(error, place.as_deref()))?;
        Ok(rows.0.into_iter().map(|values| Row { operation, place: place.clone(), values }).collect())
    }

    /// Its first row, if there is one.
    pub(crate) async fn first<'a>(self, on: impl Into<On<'a>>) -> Result<Option<Row>> {
        let (operation, on) = (self.operation, on.into());
        let place = on.place();
        let row: First = run!(self, on, fetch_optional).map_err(|error| placed(error, place.as_deref()))?;
        Ok(row.0.map(|values| Row { operation, place, values }))
    }

    fn query<DB: Database>(self) -> Query<'static, DB, DB::Arguments>
    where
        Option<String>: Encode<'static, DB> + Type<DB>,
        Option<i64>: Encode<'static, DB> + Type<DB>,
        f64: Encode<'static, DB> + Type<DB>,
    {
        self.values.into_iter().fold(sqlx::query(self.text), |query, value| match value {
            Parameter::Text(text) => query.bind(text),
            Parameter::Number(number) => query.bind(number),
            Parameter::Real(real) => query.bind(real),
        })
    }
}

/// A row of an answer.
#[derive(Debug)]
pub(crate) struct Row {
    operation: &'static str,
    place: Option<Arc<str>>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column: `String`, `i64`, `f64`, or an `Option` of them.
    pub(crate) fn get<T>(&self, column: &'static str) -> Result<T>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        let value = match &self.values {
            Values::Sqlite(row) => sqlx::Row::try_get(row, column),
            Values::Postgres(row) => sqlx::Row::try_get(row, column),
        };
        value.map_err(|error| placed(failure(self.operation, error).with("column", column), self.place.as_deref()))
    }

    /// A number that is never negative.
    pub(crate) fn count(&self, column: &'static str) -> Result<u64> {
        let number: i64 = self.get(column)?;
        u64::try_from(number).map_err(|_| self.strange(column, number))
    }

    /// A point in time.
    pub(crate) fn instant(&self, column: &'static str) -> Result<DateTime<Utc>> {
        self.maybe_instant(column)?.ok_or_else(|| self.strange(column, "NULL"))
    }

    /// A point in time, if there is one.
    pub(crate) fn maybe_instant(&self, column: &'static str) -> Result<Option<DateTime<Utc>>> {
        let Some(ms) = self.get::<Option<i64>>(column)? else { return Ok(None) };
        DateTime::from_timestamp_millis(ms).map(Some).ok_or_else(|| self.strange(column, ms))
    }

    /// An id or a word.
    pub(crate) fn parsed<T: FromStr<Err = Error>>(&self, column: &'static str) -> Result<T> {
        self.maybe_parsed(column)?.ok_or_else(|| self.strange(column, "NULL"))
    }

    /// An id or a word, if there is one.
    pub(crate) fn maybe_parsed<T: FromStr<Err = Error>>(&self, column: &'static str) -> Result<Option<T>> {
        let Some(text) = self.get::<Option<String>>(column)? else { return Ok(None) };
        text.parse().map(Some).map_err(|error| self.strange(column, &text).source(error))
    }

    /// What to say of a value that makes no sense.
    pub(crate) fn strange(&self, column: &'static str, value: impl std::fmt::Display) -> Error {
        placed(strange(self.operation, column, value), self.place.as_deref())
    }
}

struct Changed(u64);
struct Rows(Vec<Values>);
struct First(Option<Values>);

impl From<sqlx::sqlite::SqliteQueryResult> for Changed {
    fn from(done: sqlx::sqlite::SqliteQueryResult) -> Self {
        Self(done.rows_affected())
    }
}

impl From<sqlx::postgres::PgQueryResult> for Changed {
    fn from(done: sqlx::postgres::PgQueryResult) -> Self {
        Self(done.rows_affected())
    }
}

impl From<Vec<SqliteRow>> for Rows {
    fn from(rows: Vec<SqliteRow>) -> Self {
        Self(rows.into_iter().map(Values::Sqlite).collect())
    }
}

impl From<Vec<PgRow>> for Rows {
    fn from(rows: Vec<PgRow>) -> Self {
        Self(rows.into_iter().map(Values::Postgres).collect())
    }
}

impl From<Option<SqliteRow>> for First {
    fn from(row: Option<SqliteRow>) -> Self {
        Self(row.map(Values::Sqlite))
    }
}

impl From<Option<PgRow>> for First {
    fn from(row: Option<PgRow>) -> Self {
        Self(row.map(Values::Postgres))
    }
}

impl<'a> From<&'a Pool> for On<'a> {
    fn from(pool: &'a Pool) -> Self {
        Self::Pool(pool)
    }
}

impl<'a> From<&'a mut Transaction> for On<'a> {
    fn from(transaction: &'a mut Transaction) -> Self {
        Self::Transaction(transaction)
    }
}

impl From<Option<String>> for Parameter {
    fn from(text: Option<String>) -> Self {
        // PostgreSQL's text can't hold NUL; what Amazon sends may.
        Self::Text(text.map(|text| if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text }))
    }
}

impl From<String> for Parameter {
    fn from(text: String) -> Self {
        Some(text).into()
    }
}

impl From<&str> for Parameter {
    fn from(text: &str) -> Self {
        Some(text.to_owned()).into()
    }
}

impl From<&String> for Parameter {
    fn from(text: &String) -> Self {
        Some(text.clone()).into()
    }
}

impl From<Option<&str>> for Parameter {
    fn from(text: Option<&str>) -> Self {
        text.map(str::to_owned).into()
    }
}

impl From<i64> for Parameter {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<u32> for Parameter {
    fn from(number: u32) -> Self {
        Self::Number(Some(i64::from(number)))
    }
}

impl From<u64> for Parameter {
    fn from(number: u64) -> Self {
        Self::Number(Some(number as i64))
    }
}

impl From<f64> for Parameter {
    fn from(real: f64) -> Self {
        Self::Real(real)
    }
}

impl From<DateTime<Utc>> for Parameter {
    fn from(at: DateTime<Utc>) -> Self {
        Self::Number(Some(at.timestamp_millis()))
    }
}

impl From<Option<DateTime<Utc>>> for Parameter {
    fn from(at: Option<DateTime<Utc>>) -> Self {
        Self::Number(at.map(|at| at.timestamp_millis()))
    }
}
