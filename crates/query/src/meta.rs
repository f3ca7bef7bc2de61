//! What a session may know of its own objects: `meta.objects`, and tables of rows the caller has.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{MemTable, TableProvider};
use sellerlake_contracts::{Error, Kind, ObjectState, Result};

/// `meta.objects`: one row per object of the session, those that came out without rows included.
pub fn objects(objects: &[ObjectState]) -> Result<Arc<dyn TableProvider>> {
    let text = |value: &dyn Fn(&ObjectState) -> Option<String>| -> ArrayRef {
        Arc::new(objects.iter().map(value).collect::<StringArray>())
    };
    let number = |value: &dyn Fn(&ObjectState) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(objects.iter().map(value)))
    };
    let filled = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
    let columns: Vec<(&str, bool, ArrayRef)> = vec![
        ("path", false, text(&|object| Some(object.partition.path()))),
        ("area", false, text(&|object| Some(object.partition.area.to_string()))),
        ("name", false, text(&|object| Some(object.partition.name.clone()))),
        ("seller_id", false, text(&|object| Some(object.partition.seller.to_string()))),
        ("month", true, text(&|object| object.partition.month.map(|month| month.to_string()))),
        ("etag", true, text(&|object| object.etag.clone())),
        ("size_bytes", false, number(&|object| object.size_bytes)),
        ("rows", false, number(&|object| object.visible_rows)),
        ("marker_rows", false, number(&|object| object.rows.saturating_sub(object.visible_rows))),
        ("row_hash", true, text(&|object| filled(&object.row_hash))),
        ("input_hash", true, text(&|object| filled(&object.input_hash))),
        ("schema_version", false, number(&|object| u64::from(object.schema_version))),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, nullable, column)| Field::new(*name, column.data_type().clone(), *nullable))
        .collect();
    let arrays = columns.into_iter().map(|(_, _, column)| column).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(broken)?;
    rows(batch.schema(), vec![batch])
}

/// A table of rows the caller holds: reference data, `meta.deliveries`.
pub fn rows(schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Arc<dyn TableProvider>> {
    Ok(Arc::new(MemTable::try_new(schema, vec![batches]).map_err(broken)?))
}

fn broken(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::permanent(Kind::Internal, "rows don't fit their schema").at("query.meta").source(source)
}
