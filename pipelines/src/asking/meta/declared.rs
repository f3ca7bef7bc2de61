//! How a table of `meta` is declared, and how its rows become columns.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use sellerlake_contracts::{Error, Kind, Result, SellerId};
use sellerlake_query::meta::Rows;

use crate::asking::sight::Sight;

/// A table of `meta` whose rows are made of `R`s. Each is a `static`.
pub(super) struct TableOf<R: 'static> {
    pub(super) name: &'static str,
    /// What a row is.
    pub(super) doc: &'static str,
    pub(super) columns: &'static [ColumnOf<R>],
    /// What there is of a seller, in as many parts as are read at a time; of every seller where none is named.
    pub(super) read: fn(Sight, Option<SellerId>) -> Parts<R>,
}

/// Rows as they are read, some at a time.
pub(super) type Parts<R> = BoxStream<'static, Result<Vec<R>>>;

/// A column: its name, what it means, and how it follows from a row.
pub(super) struct ColumnOf<R> {
    name: &'static str,
    doc: &'static str,
    value: Value<R>,
}

enum Value<R> {
    Text(fn(&R) -> Option<String>),
    Count(fn(&R) -> Option<u64>),
    Instant(fn(&R) -> Option<DateTime<Utc>>),
    Wall(fn(&R) -> Option<DateTime<Utc>>),
}

pub(super) const fn text<R>(name: &'static str, doc: &'static str, value: fn(&R) -> Option<String>) -> ColumnOf<R> {
    ColumnOf { name, doc, value: Value::Text(value) }
}

/// A number that is never negative.
pub(super) const fn count<R>(name: &'static str, doc: &'static str, value: fn(&R) -> Option<u64>) -> ColumnOf<R> {
    ColumnOf { name, doc, value: Value::Count(value) }
}

/// A moment, UTC.
pub(super) const fn instant<R>(
    name: &'static str,
    doc: &'static str,
    value: fn(&R) -> Option<DateTime<Utc>>,
) -> ColumnOf<R> {
    ColumnOf { name, doc, value: Value::Instant(value) }
}

/// A time by the scope's own clock.
pub(super) const fn wall<R>(
    name: &'static str,
    doc: &'static str,
    value: fn(&R) -> Option<DateTime<Utc>>,
) -> ColumnOf<R> {
    ColumnOf { name, doc, value: Value::Wall(value) }
}

impl<R> ColumnOf<R> {
    fn data_type(&self) -> DataType {
        match self.value {
            Value::Text(_) => DataType::Utf8,
            Value::Count(_) => DataType::Int64,
            Value::Instant(_) => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            Value::Wall(_) => DataType::Timestamp(TimeUnit::Millisecond, None),
        }
    }

    /// The type as declarations name it.
    fn type_name(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "text",
            Value::Count(_) => "int",
            Value::Instant(_) => "timestamp",
            Value::Wall(_) => "timestamp, local",
        }
    }

    fn values(&self, rows: &[R]) -> ArrayRef {
        match self.value {
            Value::Text(value) => Arc::new(rows.iter().map(value).collect::<StringArray>()),
            Value::Count(value) => {
                Arc::new(rows.iter().map(|row| value(row).map(|count| count as i64)).collect::<Int64Array>())
            }
            Value::Instant(value) => Arc::new(millis(rows, value).with_timezone("UTC")),
            Value::Wall(value) => Arc::new(millis(rows, value)),
        }
    }
}

fn millis<R>(rows: &[R], value: fn(&R) -> Option<DateTime<Utc>>) -> TimestampMillisecondArray {
    rows.iter().map(|row| value(row).map(|at| at.timestamp_millis())).collect()
}

/// What a table of `meta` is called and means.
#[derive(Debug, Clone)]
pub struct MetaDoc {
    /// Its name, without `meta`.
    pub name: &'static str,
    /// What a row is.
    pub doc: &'static str,
    /// Its columns.
    pub columns: Vec<MetaColumn>,
}

/// What a column of such a table is called and means.
#[derive(Debug, Clone)]
pub struct MetaColumn {
    /// Its name.
    pub name: &'static str,
    /// Its type, as declarations name types.
    pub type_name: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// A table of `meta`, whatever its rows are made of.
pub(crate) trait MetaTable: Sync {
    fn name(&self) -> &'static str;
    fn doc(&self) -> MetaDoc;
    fn schema(&self) -> SchemaRef;
    /// What there is of one seller, or of every one.
    fn read(&'static self, sight: Sight, seller: Option<SellerId>) -> BoxStream<'static, Result<RecordBatch>>;
}

impl<R: Send + 'static> MetaTable for TableOf<R> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn doc(&self) -> MetaDoc {
        let column =
            |column: &ColumnOf<R>| MetaColumn { name: column.name, type_name: column.type_name(), doc: column.doc };
        MetaDoc { name: self.name, doc: self.doc, columns: self.columns.iter().map(column).collect() }
    }

    fn schema(&self) -> SchemaRef {
        let field = |column: &ColumnOf<R>| Field::new(column.name, column.data_type(), true);
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }

    fn read(&'static self, sight: Sight, seller: Option<SellerId>) -> BoxStream<'static, Result<RecordBatch>> {
        let schema = self.schema();
        let batch = move |rows: Result<Vec<R>>| {
            let rows = rows?;
            let columns = self.columns.iter().map(|column| column.values(&rows)).collect();
            RecordBatch::try_new(Arc::clone(&schema), columns).map_err(|error| {
                Error::permanent(Kind::Internal, "can't show what is known").with("table", self.name).source(error)
            })
        };
        (self.read)(sight, seller).map(batch).boxed()
    }
}

/// A table of `meta` as one session sees it.
pub(crate) struct Seen {
    pub(crate) table: &'static dyn MetaTable,
    pub(crate) sight: Sight,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "meta.{}", self.table.name())
    }
}

impl Rows for Seen {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn read(&self, sellers: Option<&BTreeSet<String>>) -> BoxStream<'static, Result<RecordBatch>> {
        let (table, sight) = (self.table, self.sight.clone());
        let asked = stream::iter(sight.granted.among(sellers));
        asked.flat_map(move |seller| table.read(sight.clone(), seller)).boxed()
    }
}

/// Rows that are all read at once.
pub(super) fn at_once<R: Send + 'static>(rows: impl Future<Output = Result<Vec<R>>> + Send + 'static) -> Parts<R> {
    stream::once(rows).boxed()
}
