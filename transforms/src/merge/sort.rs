//! Sorting by unit and stamp, within the memory and spill directory of the runtime that is given.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Date32Array, Int64Array};
use arrow::compute::SortOptions;
use arrow::datatypes::{Date32Type, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::common::spawn_buffered;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{EmptyRecordBatchStream, execute_stream};
use futures::StreamExt;
use sellerlake_contracts::{Error, Kind, Month, Result};
use sellerlake_schemas::Source;

use crate::decode::decoded_schema;
use crate::merge::schema::{INPUT, MONTH, working_schema};

fn key(schema: &SchemaRef, name: &str, descending: bool) -> Result<PhysicalSortExpr> {
    let column = Column::new_with_schema(name, schema).map_err(failed)?;
    // NULL is the lowest of all, so last where the highest comes first.
    let options = SortOptions { descending, nulls_first: !descending };
    Ok(PhysicalSortExpr::new(Arc::new(column), options))
}

/// By home and unit; within a unit the highest stamp first; within a delivery in document order.
fn ordering(source: &Source, schema: &SchemaRef, stamped: bool) -> Result<LexOrdering> {
    let mut keys = vec![key(schema, MONTH, false)?, key(schema, "_unit", false)?];
    if let Some(version) = &source.version_column {
        keys.push(key(schema, version, true)?);
    }
    if stamped {
        keys.push(key(schema, "_as_of", true)?);
        keys.push(key(schema, "_delivery_id", true)?);
        keys.push(key(schema, INPUT, false)?);
    }
    keys.push(key(schema, "_line", false)?);
    LexOrdering::new(keys).ok_or_else(|| Error::permanent(Kind::Internal, "a merge needs sort keys"))
}

fn failed(error: DataFusionError) -> Error {
    Error::permanent(Kind::Internal, "can't set up the merge").at("merge.sort").source(error)
}

/// Rows per batch of a sort. Merging spilled runs needs four batches of each run in memory, so that small batches
/// let more runs be merged in one pass.
const SORT_BATCH_ROWS: usize = 2048;

/// Sorts the decoded rows of one delivery, which arrive on one or more streams.
///
/// All of it together uses `memory_bytes`, and spills to `context`'s directory what doesn't fit. Each sort has its
/// part to itself: out of one pool the first to merge its runs would take what the others need to go on at all.
pub fn sort_delivery(
    source: &Source,
    parts: Vec<SendableRecordBatchStream>,
    context: &Arc<TaskContext>,
    memory_bytes: usize,
) -> Result<SendableRecordBatchStream> {
    let schema = decoded_schema(source);
    let keys = ordering(source, &schema, false)?;
    let share = memory_bytes / parts.len().max(1);
    let sort = |part| {
        let part = Arc::new(Once::new(Arc::clone(&schema), part)) as Arc<dyn PartitionStream>;
        let input = StreamingTableExec::try_new(Arc::clone(&schema), vec![part], None, vec![], false, None)?;
        let sorted = SortExec::new(keys.clone(), Arc::new(input));
        // Polled by a task of its own, so that sorts run side by side.
        Ok(spawn_buffered(execute_stream(Arc::new(sorted), with_memory(context, share))?, 1))
    };
    let sorted =
        parts.into_iter().map(sort).collect::<std::result::Result<Vec<_>, DataFusionError>>().map_err(failed)?;
    merge_sorted(schema, sorted, &keys, context)
}

/// The same disk, but memory of one's own.
fn with_memory(context: &TaskContext, memory_bytes: usize) -> Arc<TaskContext> {
    let runtime = context.runtime_env();
    let memory_pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(memory_bytes));
    let runtime = RuntimeEnv { memory_pool, ..RuntimeEnv::clone(&runtime) };
    let config = context.session_config().clone().with_batch_size(SORT_BATCH_ROWS);
    let config = config.with_sort_spill_reservation_bytes(memory_bytes / 4);
    Arc::new(TaskContext::default().with_session_config(config).with_runtime(Arc::new(runtime)))
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
    let keys = ordering(source, &schema, true)?;
    merge_sorted(schema, streams, &keys, context)
}

fn merge_sorted(
    schema: SchemaRef,
    streams: Vec<SendableRecordBatchStream>,
    keys: &LexOrdering,
    context: &TaskContext,
) -> Result<SendableRecordBatchStream> {
    StreamingMergeBuilder::new()
        .with_streams(streams)
        .with_schema(schema)
        .with_expressions(keys)
        .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
        .with_batch_size(context.session_config().batch_size())
        .with_reservation(MemoryConsumer::new("merge").register(context.memory_pool()))
        .with_round_robin_tie_breaker(false)
        .build()
        .map_err(failed)
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

/// A stream as a table partition that can be read once.
struct Once {
    schema: SchemaRef,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

impl Once {
    fn new(schema: SchemaRef, rows: SendableRecordBatchStream) -> Self {
        Self { schema, rows: Mutex::new(Some(rows)) }
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("decoded rows")
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        rows.unwrap_or_else(|| Box::pin(EmptyRecordBatchStream::new(Arc::clone(&self.schema))))
    }
}
