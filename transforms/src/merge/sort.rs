//! What rows are sorted by, and merging streams that are.

use std::sync::Arc;

use arrow::array::{Date32Array, Int64Array};
use arrow::compute::SortOptions;
use arrow::datatypes::{Date32Type, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::{DataFusionError, internal_datafusion_err};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::EmptyRecordBatchStream;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use sellerlake_contracts::{Error, Kind, Month, Result};
use sellerlake_schemas::Source;

use crate::merge::schema::{INPUT, MONTH, working_schema};

/// By home and unit; within a unit the highest stamp first; within a delivery in document order.
///
/// The stamp is, in this order: the version, how many rows the unit's controls prove, the server's cut-off, when it was
/// fetched, and the content. Controls go before the cut-off: what doesn't add up isn't what was true later, but a part of
/// it; and where the lost rows add up to nothing, only their number tells.
pub(crate) fn keys(source: &Source, stamped: bool) -> Vec<(&str, SortOptions)> {
    // NULL is the lowest of all, so last where the highest comes first.
    let ascending = SortOptions { descending: false, nulls_first: true };
    let descending = SortOptions { descending: true, nulls_first: false };
    let mut keys = vec![(MONTH, ascending), ("_unit", ascending)];
    keys.extend(source.version_column.as_deref().map(|version| (version, descending)));
    if stamped {
        keys.extend([("_proven_rows", descending), ("_as_of", descending), ("_fetched_at", descending)]);
        keys.extend([("_delivery_id", descending), (INPUT, ascending)]);
    }
    keys.push(("_line", ascending));
    keys
}

pub(crate) fn ordering(keys: &[(&str, SortOptions)], schema: &SchemaRef) -> DataFusionResult<LexOrdering> {
    let keys = keys
        .iter()
        .map(|(name, options)| Ok(PhysicalSortExpr::new(Arc::new(Column::new_with_schema(name, schema)?), *options)));
    let keys = keys.collect::<DataFusionResult<Vec<_>>>()?;
    LexOrdering::new(keys).ok_or_else(|| internal_datafusion_err!("a merge needs sort keys"))
}

fn failed(error: DataFusionError) -> Error {
    Error::permanent(Kind::Internal, "can't set up the merge").at("merge.sort").source(error)
}

/// Merges sorted streams in the working schema into one.
pub fn merge(
    source: &Source,
    mut streams: Vec<SendableRecordBatchStream>,
    context: &Arc<TaskContext>,
) -> Result<SendableRecordBatchStream> {
    let schema = working_schema(source);
    match streams.len() {
        0 => return Ok(Box::pin(EmptyRecordBatchStream::new(schema))),
        1 => return Ok(streams.remove(0)),
        _ => {}
    }
    let keys = ordering(&keys(source, true), &schema).map_err(failed)?;
    merge_sorted(schema, streams, &keys, context).map_err(failed)
}

/// Merges streams sorted by `keys`; of equal rows those of the earlier stream come first.
pub(crate) fn merge_sorted(
    schema: SchemaRef,
    streams: Vec<SendableRecordBatchStream>,
    keys: &LexOrdering,
    context: &TaskContext,
) -> DataFusionResult<SendableRecordBatchStream> {
    StreamingMergeBuilder::new()
        .with_streams(streams)
        .with_schema(schema)
        .with_expressions(keys)
        .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
        .with_batch_size(context.session_config().batch_size())
        .with_reservation(MemoryConsumer::new("merge").register(context.memory_pool()))
        .with_round_robin_tie_breaker(false)
        .build()
}

/// Puts the stored rows of one partition into the working schema, as input number `input`.
pub fn as_input(
    source: &Source,
    stored: SendableRecordBatchStream,
    month: Option<Month>,
    input: i64,
) -> SendableRecordBatchStream {
    let schema = working_schema(source);
    let day = month.map(|month| Date32Type::from_naive_date(month.first_day()));
    let target = schema.clone();
    let rows = stored.map(move |batch| {
        let batch = batch?;
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(Date32Array::from(vec![day; batch.num_rows()])));
        columns.push(Arc::new(Int64Array::from(vec![input; batch.num_rows()])));
        Ok(RecordBatch::try_new(Arc::clone(&target), columns)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}
