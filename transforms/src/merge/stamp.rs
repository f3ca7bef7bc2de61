//! Stamping a delivery's sorted rows: from the decoded to the working schema.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int64Type, SchemaRef};
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use datafusion::common::{DataFusionError, internal_datafusion_err};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use sellerlake_contracts::DeliveryId;
use sellerlake_schemas::Source;

use crate::merge::schema::{INPUT, working_schema};

/// What all rows of a delivery share, known once it has been decoded to its end.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The server's cut-off.
    pub as_of: Option<DateTime<Utc>>,
    /// When the bytes arrived, in whole milliseconds, as the ledger keeps it: what decides between deliveries that were
    /// true at the same moment.
    pub fetched_at: DateTime<Utc>,
    /// Units whose controls are shown to hold, with their number of rows.
    pub proven: BTreeMap<String, u64>,
    /// Units whose rows must not be merged, because one of them is bad.
    pub held_back: BTreeSet<String>,
    /// Units that lack a bad row.
    pub incomplete: BTreeSet<String>,
}

/// Adds the stamp to sorted decoded rows, and the columns in which they have no value; leaves out what is held back.
pub fn stamp(source: &Source, sorted: SendableRecordBatchStream, stamp: Stamp) -> SendableRecordBatchStream {
    let schema = working_schema(source);
    let target = schema.clone();
    let rows = sorted.map(move |batch| stamp_batch(&batch?, &stamp, &target));
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

fn stamp_batch(batch: &RecordBatch, stamp: &Stamp, target: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let kept;
    let batch = if stamp.held_back.is_empty() {
        batch
    } else {
        let units = batch.column_by_name("_unit").map(AsArray::as_string::<i32>);
        let keep: BooleanArray = units.into_iter().flatten().map(|unit| Some(!is_in(unit, &stamp.held_back))).collect();
        kept = filter_record_batch(batch, &keep)?;
        &kept
    };
    let rows = batch.num_rows();
    let columns = target.fields().iter().map(|field| -> Result<ArrayRef, DataFusionError> {
        Ok(match field.name().as_str() {
            "_delivery_id" => Arc::new(StringArray::new_repeated(stamp.delivery.as_str(), rows)),
            "_as_of" => instants(stamp.as_of, rows),
            "_fetched_at" => instants(Some(stamp.fetched_at), rows),
            "_proven_rows" if stamp.proven.is_empty() => new_null_array(field.data_type(), rows),
            "_proven_rows" => {
                let units = batch.column_by_name("_unit").map(AsArray::as_string::<i32>);
                let counts = units.into_iter().flatten().map(|unit| stamp.proven.get(unit?));
                Arc::new(counts.map(|count| Some(i64::try_from(*count?).unwrap_or(i64::MAX))).collect::<Int64Array>())
            }
            "_incomplete" if stamp.incomplete.is_empty() => Arc::new(BooleanArray::from(vec![false; rows])),
            "_incomplete" => {
                let units = batch.column_by_name("_unit").map(AsArray::as_string::<i32>);
                let flags = units.into_iter().flatten().map(|unit| Some(is_in(unit, &stamp.incomplete)));
                Arc::new(flags.collect::<BooleanArray>())
            }
            "_marker" => {
                let lines = batch.column_by_name("_line").map(AsArray::as_primitive::<Int64Type>);
                let lines = lines.ok_or_else(|| internal_datafusion_err!("decoded rows lack their lines"))?;
                Arc::new(lines.values().iter().map(|line| Some(*line == 0)).collect::<BooleanArray>())
            }
            INPUT => Arc::new(Int64Array::from(vec![0; rows])),
            name => match batch.column_by_name(name) {
                Some(column) => Arc::clone(column),
                None => new_null_array(field.data_type(), rows),
            },
        })
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(target), columns)?)
}

fn instants(instant: Option<DateTime<Utc>>, rows: usize) -> ArrayRef {
    let micros = instant.map(|instant| instant.timestamp_micros());
    Arc::new(TimestampMicrosecondArray::from(vec![micros; rows]).with_timezone("UTC"))
}

fn is_in(unit: Option<&str>, units: &BTreeSet<String>) -> bool {
    unit.is_some_and(|unit| units.contains(unit))
}
