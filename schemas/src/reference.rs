//! Small data that belongs to the product: marketplaces, zones, fee categories.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::csv::ReaderBuilder;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};

use crate::table::Table;

/// A reference table: `schemas/tables/<name>.toml` declares it, `schemas/reference/<name>.csv` holds its rows.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Its declaration.
    pub table: Table,
    /// Its rows.
    pub rows: RecordBatch,
    /// Hash of the rows, an input hash of everything that reads it.
    pub hash: String,
}

/// Reads a CSV file whose header is the table's columns, in their order.
pub(crate) fn read_rows(table: &Table, text: &str) -> Result<RecordBatch, String> {
    let header = text.lines().next().unwrap_or_default().trim_end();
    let expected: Vec<&str> = table.columns.keys().map(String::as_str).collect();
    if header.split(',').ne(expected.iter().copied()) {
        return Err(format!("the header is {header:?}, the declared columns are {:?}", expected.join(",")));
    }
    let fields: Vec<Field> = table
        .columns
        .values()
        .map(|column| Field::new(&column.name, column.column_type.arrow(), !column.required))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let reader = ReaderBuilder::new(schema.clone()).with_header(true).build(text.as_bytes());
    let batches: Result<Vec<RecordBatch>, _> = reader.map_err(|error| error.to_string())?.collect();
    let batches = batches.map_err(|error| error.to_string())?;
    let rows = arrow::compute::concat_batches(&schema, &batches).map_err(|error| error.to_string())?;
    check_key(table, &rows)?;
    Ok(rows)
}

/// The table's key tells its rows apart.
fn check_key(table: &Table, rows: &RecordBatch) -> Result<(), String> {
    let columns: Vec<ArrayRef> = table.key.iter().filter_map(|name| rows.column_by_name(name).cloned()).collect();
    if columns.is_empty() {
        return Ok(());
    }
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields).map_err(|error| error.to_string())?;
    let keys = converter.convert_columns(&columns).map_err(|error| error.to_string())?;
    let mut seen = HashMap::new();
    for (at, key) in keys.iter().enumerate() {
        if let Some(earlier) = seen.insert(key, at) {
            // The header is line 1.
            return Err(format!("lines {} and {} have the same {}", earlier + 2, at + 2, table.key.join(", ")));
        }
    }
    Ok(())
}
