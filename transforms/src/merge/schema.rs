//! Schemas of rows on their way from a decoded delivery to a partition of `sources/`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use chrono::NaiveDate;
use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_schemas::Source;

use crate::decode::{EmptyUnit, decoded_schema};

/// Column that orders rows of equal stamps from two inputs; lower wins.
pub(crate) const INPUT: &str = "_input";
/// Column with the first day of the row's month.
pub(crate) const MONTH: &str = "_month";

/// What a partition of `sources/` holds: the declared columns, then the columns the lake adds.
///
/// `_unit` is the key a newer delivery replaces; `_delivery_id` and `_line` lead to the bytes; `_proven_rows`, `_as_of` and
/// `_fetched_at` are the stamp, the first of them NULL where no declared sum proves the unit; `_marker` rows say that a unit
/// is known to be empty; `_extra` keeps undeclared columns as JSON.
pub fn stored_schema(source: &Source) -> SchemaRef {
    let declared = source.columns.values().map(|column| Field::new(&column.name, column.column_type.arrow(), true));
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let added = [
        Field::new("_unit", DataType::Utf8, false),
        Field::new("_delivery_id", DataType::Utf8, false),
        Field::new("_line", DataType::Int64, false),
        Field::new("_as_of", instant.clone(), true),
        Field::new("_incomplete", DataType::Boolean, false),
        Field::new("_marker", DataType::Boolean, false),
        Field::new("_extra", DataType::Utf8, true),
        Field::new("_proven_rows", DataType::Int64, true),
        Field::new("_fetched_at", instant, true),
    ];
    Arc::new(Schema::new(declared.chain(added).collect::<Vec<_>>()))
}

/// The stored columns plus those only the merge needs.
pub fn working_schema(source: &Source) -> SchemaRef {
    let mut fields: Vec<Field> = stored_schema(source).fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new(MONTH, DataType::Date32, true));
    fields.push(Field::new(INPUT, DataType::Int64, false));
    Arc::new(Schema::new(fields))
}

/// Rows, in the decoded schema, that stand for units which came out empty; line 0 marks them.
pub fn marker_batch(source: &Source, empty: &[EmptyUnit]) -> Result<RecordBatch> {
    let schema = decoded_schema(source);
    let days = |day: Option<NaiveDate>| day.map(arrow::datatypes::Date32Type::from_naive_date);
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "_unit" => Arc::new(StringArray::from_iter_values(empty.iter().map(|unit| &unit.unit))),
            MONTH => Arc::new(empty.iter().map(|unit| days(unit.month)).collect::<Date32Array>()),
            "_line" => Arc::new(Int64Array::from(vec![0; empty.len()])),
            _ => new_null_array(field.data_type(), empty.len()),
        }
    });
    RecordBatch::try_new(schema.clone(), columns.collect())
        .map_err(|error| Error::permanent(Kind::Internal, "can't build marker rows").at("merge.markers").source(error))
}
