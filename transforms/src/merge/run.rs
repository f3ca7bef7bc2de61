//! A stretch of a delivery's rows: collected, put in order, and kept in a file until all are merged.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::row::{RowConverter, Rows};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, SpillFile};
use datafusion::physical_plan::SpillManager;
use datafusion::physical_plan::common::spawn_buffered;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, stream};

/// Rows of a batch of sorted rows, and bytes after which it ends earlier: several batches of each run are in memory
/// while runs are merged.
const BATCH_ROWS: usize = 8192;
const BATCH_BYTES: usize = 1 << 20;

/// Rows in the order they came.
#[derive(Default)]
pub(crate) struct Unsorted {
    batches: Vec<Batch>,
    rows: usize,
    bytes: usize,
}

/// Columns without a single value are left out: most reports have few of the columns that are declared.
struct Batch {
    columns: Vec<Option<ArrayRef>>,
    keys: Rows,
}

impl Unsorted {
    /// Keeps a batch, whose sort columns are at `keys`.
    pub(crate) fn push(&mut self, batch: &RecordBatch, keys: &[usize], converter: &RowConverter) -> Result<()> {
        let sorted_by: Vec<ArrayRef> = keys.iter().map(|index| Arc::clone(batch.column(*index))).collect();
        let sorted_by = converter.convert_columns(&sorted_by)?;
        let kept = |(index, column): (usize, &ArrayRef)| {
            let live = column.null_count() < column.len() || keys.contains(&index);
            live.then(|| Arc::clone(column))
        };
        let columns: Vec<Option<ArrayRef>> = batch.columns().iter().enumerate().map(kept).collect();
        let held: usize = columns.iter().flatten().map(Array::get_array_memory_size).sum();
        self.bytes += held + sorted_by.size() + batch.num_rows() * size_of::<Place>();
        self.rows += batch.num_rows();
        self.batches.push(Batch { columns, keys: sorted_by });
        Ok(())
    }

    /// Bytes of memory held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Finds the order: rows of equal keys stay as they came. `schema` is that of all columns, `held` counts the rows' memory.
    pub(crate) fn sort(self, schema: &Schema, held: MemoryReservation) -> Sorted {
        let mut places: Vec<Place> = Vec::with_capacity(self.rows);
        for (batch, Batch { keys, .. }) in self.batches.iter().enumerate() {
            let rows = keys.iter().enumerate();
            places.extend(rows.map(|(row, key)| Place { prefix: prefix(key.data()), batch, row }));
        }
        places.sort_unstable_by(|left, right| {
            let key = |place: &Place| self.batches[place.batch].keys.row(place.row);
            let by_key = left.prefix.cmp(&right.prefix).then_with(|| key(left).cmp(&key(right)));
            by_key.then((left.batch, left.row).cmp(&(right.batch, right.row)))
        });
        let order = places.into_iter().map(|place| (place.batch, place.row)).collect();
        let lengths: Vec<usize> = self.batches.iter().map(|batch| batch.keys.num_rows()).collect();
        let live = |index: &usize| self.batches.iter().any(|batch| batch.columns[*index].is_some());
        let live: Vec<usize> = (0..schema.fields().len()).filter(live).collect();
        let part = |index: usize, batch: usize| match &self.batches[batch].columns[index] {
            Some(column) => Arc::clone(column),
            None => new_null_array(schema.field(index).data_type(), lengths[batch]),
        };
        let parts = |index: &usize| (0..lengths.len()).map(|batch| part(*index, batch)).collect();
        let columns: Vec<Vec<ArrayRef>> = live.iter().map(parts).collect();
        let fields: Vec<Arc<Field>> = live.iter().map(|index| Arc::clone(&schema.fields()[*index])).collect();
        let row_bytes = self.bytes / self.rows.max(1);
        let batch_rows = (BATCH_BYTES / row_bytes.max(1)).clamp(1, BATCH_ROWS);
        Sorted { schema: Arc::new(Schema::new(fields)), columns, order, batch_rows, _held: held }
    }
}

/// Where a row is, and how its key begins: what decides nearly every comparison without a look at the row.
struct Place {
    prefix: u128,
    batch: usize,
    row: usize,
}

fn prefix(key: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let length = key.len().min(bytes.len());
    bytes[..length].copy_from_slice(&key[..length]);
    u128::from_be_bytes(bytes)
}

/// Rows whose order is known; they are moved when they are asked for, once.
pub(crate) struct Sorted {
    schema: SchemaRef,
    /// By column: its part in each batch.
    columns: Vec<Vec<ArrayRef>>,
    /// Batch and row of each row.
    order: Vec<(usize, usize)>,
    batch_rows: usize,
    _held: MemoryReservation,
}

impl Sorted {
    /// The columns that have values, and those it is sorted by.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn gather(&self, start: usize) -> Result<RecordBatch> {
        let order = &self.order[start..self.order.len().min(start + self.batch_rows)];
        let columns = self.columns.iter().map(|parts| {
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            interleave(&parts, order)
        });
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    fn starts(&self) -> impl Iterator<Item = usize> + use<> {
        (0..self.order.len()).step_by(self.batch_rows)
    }

    /// The rows, moved by a task of their own.
    pub(crate) fn stream(self) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let batches = self.starts().map(move |start| self.gather(start));
        spawn_buffered(Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(batches))), 1)
    }

    /// Writes the rows to a file in the runtime's spill directory.
    pub(crate) fn spill(&self, runtime: &Arc<RuntimeEnv>) -> Result<SortedRun> {
        let mut batches = self.starts().map(|start| self.gather(start));
        futures::executor::block_on(SortedRun::write(&self.schema, &mut stream::iter(&mut batches), runtime))
    }
}

/// Sorted rows in a file, which is removed with the last clone of this.
#[derive(Clone)]
pub(crate) struct SortedRun {
    schema: SchemaRef,
    spill: SpillManager,
    file: Arc<dyn SpillFile>,
}

impl SortedRun {
    /// The columns in the file.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Writes rows that are sorted already.
    pub(crate) async fn write<S>(schema: &SchemaRef, rows: &mut S, runtime: &Arc<RuntimeEnv>) -> Result<Self>
    where
        S: futures::Stream<Item = Result<RecordBatch>> + Unpin,
    {
        let metrics = SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
        let spill = SpillManager::new(Arc::clone(runtime), metrics, Arc::clone(schema));
        let mut file = spill.create_in_progress_file("sorting a delivery")?;
        while let Some(batch) = rows.next().await {
            file.append_batch(&batch?)?;
        }
        let file = file.finish()?.ok_or_else(|| internal_datafusion_err!("a run without rows was spilled"))?;
        Ok(Self { schema: Arc::clone(schema), spill, file })
    }

    /// The rows, read by a task of their own.
    pub(crate) fn stream(self) -> Result<SendableRecordBatchStream> {
        self.spill.read_spill_as_stream(self.file, None)
    }
}

/// Adds the columns of `schema` that the rows lack, without values.
pub(crate) fn widen(rows: SendableRecordBatchStream, schema: &SchemaRef) -> SendableRecordBatchStream {
    if rows.schema() == *schema {
        return rows;
    }
    let target = Arc::clone(schema);
    let widened = rows.map(move |batch| {
        let batch = batch?;
        let column = |field: &Arc<Field>| {
            let known = batch.column_by_name(field.name()).cloned();
            known.unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
        };
        let columns = target.fields().iter().map(column).collect();
        Ok(RecordBatch::try_new(Arc::clone(&target), columns)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(Arc::clone(schema), widened))
}
