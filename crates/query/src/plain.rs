//! Text as callers get it. Views are how the lake's text is read, and an answer holds none.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::error::Result;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

/// The same rows with Utf8 for Utf8View.
pub(crate) fn plain(rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let shown = rows.schema();
    let fields: Vec<FieldRef> = shown.fields().iter().map(plain_field).collect();
    if fields.iter().zip(shown.fields()).all(|(plain, shown)| plain.data_type() == shown.data_type()) {
        return rows;
    }
    let schema = Arc::new(Schema::new_with_metadata(fields, shown.metadata().clone()));
    let target = Arc::clone(&schema);
    let plain = rows.map(move |batch| {
        let batch = batch?;
        let columns = target.fields().iter().zip(batch.columns());
        let columns = columns.map(|(field, column)| cast(column, field.data_type())).collect::<Result<_, _>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&target), columns)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, plain))
}

fn plain_field(field: &FieldRef) -> FieldRef {
    let plain = match field.data_type() {
        DataType::Utf8View => DataType::Utf8,
        DataType::List(item) => DataType::List(plain_field(item)),
        _ => return Arc::clone(field),
    };
    Arc::new(Field::clone(field).with_data_type(plain))
}
