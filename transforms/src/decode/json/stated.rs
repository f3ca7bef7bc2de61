//! What a document states outside its rows.

use chrono::{DateTime, Utc};
use sellerlake_schemas::{Column, ColumnPath, ColumnType, Source};

use crate::decode::cell::{CellFormat, Value};
use crate::decode::json::node::Node;
use crate::decode::json::walk::scalar_at;

/// A column's value where the document states it outside its rows.
pub(crate) fn stated_once(column: &Column, skeleton: &Node<'_>) -> Option<String> {
    column.path.iter().find_map(|path| match path {
        ColumnPath::Document(path) => scalar_at(skeleton, path).map(|text| text.trim().to_owned()),
        _ => None,
    })
}

/// The value of the source's as-of column that a document states outside its records.
pub(crate) fn stated_as_of(source: &Source, skeleton: &Node<'_>) -> Option<DateTime<Utc>> {
    let column = source.columns.get(source.as_of.as_deref()?)?;
    let texts = column.path.iter().filter_map(|path| match path {
        ColumnPath::Document(path) => scalar_at(skeleton, path),
        _ => None,
    });
    let moments = CellFormat::new(column).moments;
    let read = |text: &str| match column.column_type {
        ColumnType::Timestamp => moments.instant(text.trim()).ok().map(Value::Instant),
        _ => moments.day(text.trim()).ok().map(Value::Day),
    };
    texts.filter_map(|text| read(&text)).find_map(|value| as_instant(&value))
}

/// A day or instant as an instant.
pub(crate) fn as_instant(value: &Value<'_>) -> Option<DateTime<Utc>> {
    match value {
        Value::Instant(micros) => DateTime::from_timestamp_micros(*micros),
        Value::Day(days) => DateTime::from_timestamp(i64::from(*days) * 86_400, 0),
        _ => None,
    }
}
