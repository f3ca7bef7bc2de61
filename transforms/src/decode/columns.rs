//! Arrow columns as a source declares them, and the batches they fill.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_schemas::{ColumnType, Source};

use super::cell::Value;

/// Rows after which a batch is handed out.
const BATCH_ROWS: usize = 32_768;
/// Bytes of text after which a batch is handed out, far below what 32-bit offsets can address.
const BATCH_TEXT_BYTES: usize = 32 << 20;

/// The columns of decoded batches: `_unit` (Utf8), `_month` (Date32, first day; NULL: no month), `_line` (Int64),
/// the declared columns in order (personal ones NULL where dropped), `_extra` (Utf8, JSON of unknown columns).
pub fn decoded_schema(source: &Source) -> SchemaRef {
    let mut fields = vec![
        Field::new("_unit", DataType::Utf8, false),
        Field::new("_month", DataType::Date32, true),
        Field::new("_line", DataType::Int64, false),
    ];
    fields.extend(source.columns.iter().map(|(name, column)| Field::new(name, column.column_type.arrow(), true)));
    fields.push(Field::new("_extra", DataType::Utf8, true));
    Arc::new(Schema::new(fields))
}

enum ColumnBuilder {
    Text(StringBuilder),
    Int(Int64Builder),
    Decimal(Decimal128Builder),
    Instant(TimestampMicrosecondBuilder),
    Day(Date32Builder),
    Bool(BooleanBuilder),
}

impl ColumnBuilder {
    /// A builder with room for so many rows and bytes of text.
    fn new(column_type: ColumnType, rows: usize, text_bytes: usize) -> Self {
        let arrow = || column_type.arrow();
        match column_type {
            ColumnType::Text | ColumnType::Json => Self::Text(StringBuilder::with_capacity(rows, text_bytes)),
            ColumnType::Int => Self::Int(Int64Builder::with_capacity(rows)),
            ColumnType::Decimal(..) => Self::Decimal(Decimal128Builder::with_capacity(rows).with_data_type(arrow())),
            ColumnType::Timestamp => {
                Self::Instant(TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(arrow()))
            }
            ColumnType::Date => Self::Day(Date32Builder::with_capacity(rows)),
            ColumnType::Bool => Self::Bool(BooleanBuilder::with_capacity(rows)),
        }
    }

    /// Bytes of text so far.
    fn text_bytes(&self) -> usize {
        if let Self::Text(builder) = self { builder.values_slice().len() } else { 0 }
    }

    /// A builder with room for what this one holds and a little more.
    fn successor(&self, column_type: ColumnType, rows: usize) -> Self {
        Self::new(column_type, rows, self.text_bytes() + self.text_bytes() / 16)
    }

    /// Appends a value; one of another type than the column's becomes NULL, which no reader produces.
    fn push(&mut self, value: &Value<'_>) {
        match (self, value) {
            (Self::Text(builder), Value::Text(text)) => builder.append_value(text),
            (Self::Text(builder), _) => builder.append_null(),
            (Self::Int(builder), Value::Int(value)) => builder.append_value(*value),
            (Self::Int(builder), _) => builder.append_null(),
            (Self::Decimal(builder), Value::Decimal(value)) => builder.append_value(*value),
            (Self::Decimal(builder), _) => builder.append_null(),
            (Self::Instant(builder), Value::Instant(value)) => builder.append_value(*value),
            (Self::Instant(builder), _) => builder.append_null(),
            (Self::Day(builder), Value::Day(value)) => builder.append_value(*value),
            (Self::Day(builder), _) => builder.append_null(),
            (Self::Bool(builder), Value::Bool(value)) => builder.append_value(*value),
            (Self::Bool(builder), _) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder) => Arc::new(builder.finish()),
            Self::Instant(builder) => Arc::new(builder.finish()),
            Self::Day(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Collects rows into a batch of the [`decoded_schema`].
pub struct BatchBuilder {
    schema: SchemaRef,
    types: Vec<ColumnType>,
    unit: StringBuilder,
    month: Date32Builder,
    line: Int64Builder,
    columns: Vec<ColumnBuilder>,
    extra: StringBuilder,
    rows: usize,
    text_bytes: usize,
}

impl BatchBuilder {
    /// An empty batch of the source.
    pub fn new(source: &Source, schema: SchemaRef) -> Self {
        let types: Vec<ColumnType> = source.columns.values().map(|column| column.column_type).collect();
        Self {
            schema,
            unit: StringBuilder::new(),
            month: Date32Builder::new(),
            line: Int64Builder::new(),
            columns: types.iter().map(|column_type| ColumnBuilder::new(*column_type, 0, 0)).collect(),
            types,
            extra: StringBuilder::new(),
            rows: 0,
            text_bytes: 0,
        }
    }

    /// Appends a row: one value per declared column, `month` in days since 1970, `extra` as JSON text.
    pub fn push(&mut self, unit: &str, month: Option<i32>, line: u64, values: &[Value<'_>], extra: Option<&str>) {
        debug_assert_eq!(values.len(), self.columns.len());
        self.unit.append_value(unit);
        self.month.append_option(month);
        self.line.append_value(line as i64);
        let mut text_bytes = unit.len() + extra.map_or(0, str::len);
        for (builder, value) in self.columns.iter_mut().zip(values) {
            if let Value::Text(text) = value {
                text_bytes += text.len();
            }
            builder.push(value);
        }
        self.extra.append_option(extra);
        self.rows += 1;
        self.text_bytes += text_bytes;
    }

    /// Whether the batch should be handed out before the next row.
    pub fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.text_bytes >= BATCH_TEXT_BYTES
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows so far as a batch; the builder is empty afterwards.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len() + 4);
        arrays.push(Arc::new(self.unit.finish()));
        arrays.push(Arc::new(self.month.finish()));
        arrays.push(Arc::new(self.line.finish()));
        // After a large batch the next one will be much like it: growing into fresh memory is what costs.
        let room = if self.rows >= BATCH_ROWS / 4 { self.rows + self.rows / 16 } else { 0 };
        for (builder, column_type) in self.columns.iter_mut().zip(&self.types) {
            let successor = if room > 0 { Some(builder.successor(*column_type, room)) } else { None };
            arrays.push(builder.finish());
            if let Some(successor) = successor {
                *builder = successor;
            }
        }
        arrays.push(Arc::new(self.extra.finish()));
        self.rows = 0;
        self.text_bytes = 0;
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map_err(|error| Error::permanent(Kind::Internal, "decoded columns don't fit together").source(error))
    }
}
