//! Sorting one delivery's rows within the memory that is given.
//!
//! Only keys and places are sorted; the rows themselves, which are wide, are moved once, and once more where they
//! don't fit and sorted runs of them have to be merged from files.

use std::sync::Arc;
use std::thread::JoinHandle;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use sellerlake_schemas::Source;

use crate::decode::decoded_schema;
use crate::merge::run::{Sorted, SortedRun, Unsorted, widen};
use crate::merge::sort::{keys, merge_sorted, ordering};

/// Runs merged at once: more have to be merged in several passes, so that memory stays bounded.
const FAN_IN: usize = 32;

/// Where memory runs short, a run of fewer bytes isn't worth a file.
const LEAST_RUN_BYTES: usize = 1 << 20;

/// Takes decoded batches, and yields their rows by home, unit, version (the newest first) and line.
pub struct Sorter {
    source: Arc<Source>,
    schema: SchemaRef,
    /// Indices of the columns sorted by.
    keys: Vec<usize>,
    converter: RowConverter,
    context: Arc<TaskContext>,
    run_bytes: usize,
    unsorted: Unsorted,
    /// What those are counted in.
    held: MemoryReservation,
    /// The run before, on its way to its file.
    writing: Option<JoinHandle<Result<SortedRun>>>,
    runs: Vec<SortedRun>,
}

impl Sorter {
    /// A sorter without rows. What doesn't fit in `memory_bytes`, or in what `context`'s memory has left, is spilled to its
    /// directory.
    pub fn new(source: &Arc<Source>, context: &Arc<TaskContext>, memory_bytes: usize) -> Result<Self> {
        let schema = decoded_schema(source);
        let keys = keys(source, false);
        let fields = keys.iter().map(|(name, options)| {
            let kind = schema.field_with_name(name)?.data_type().clone();
            Ok(SortField::new_with_options(kind, *options))
        });
        let converter = RowConverter::new(fields.collect::<Result<_>>()?)?;
        let indices = keys.iter().map(|(name, _)| Ok(schema.index_of(name)?)).collect::<Result<_>>()?;
        Ok(Self {
            source: Arc::clone(source),
            schema,
            keys: indices,
            converter,
            context: Arc::clone(context),
            // While one run is written another one is collected.
            run_bytes: memory_bytes / 2,
            unsorted: Unsorted::default(),
            held: MemoryConsumer::new("sorting a delivery").with_can_spill(true).register(context.memory_pool()),
            writing: None,
            runs: Vec::new(),
        })
    }

    /// Takes rows. Blocks while an earlier run is written and another one is full.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let before = self.unsorted.bytes();
        self.unsorted.push(batch, &self.keys, &self.converter)?;
        let added = self.unsorted.bytes() - before;
        let is_short = self.held.try_grow(added).is_err();
        if is_short {
            // It is there, whatever becomes of it.
            self.held.grow(added);
        }
        let bytes = self.unsorted.bytes();
        if bytes < self.run_bytes && (bytes < LEAST_RUN_BYTES || !is_short) {
            return Ok(());
        }
        self.join()?;
        let (full, held) = (std::mem::take(&mut self.unsorted), self.held.take());
        let (schema, runtime) = (Arc::clone(&self.schema), self.context.runtime_env());
        self.writing = Some(std::thread::spawn(move || full.sort(&schema, held).spill(&runtime)));
        Ok(())
    }

    fn join(&mut self) -> Result<()> {
        if let Some(writing) = self.writing.take() {
            self.runs.push(writing.join().map_err(|_| internal_datafusion_err!("a sorting thread panicked"))??);
        }
        Ok(())
    }

    /// The sorted rows, without the columns in which none has a value.
    pub async fn finish(mut self) -> Result<SendableRecordBatchStream> {
        self.join()?;
        let last = std::mem::take(&mut self.unsorted).sort(&self.schema, self.held.take());
        if self.runs.is_empty() {
            return Ok(last.stream());
        }
        while self.runs.len() >= FAN_IN {
            let mut fewer = Vec::new();
            for group in self.runs.chunks(FAN_IN) {
                let mut merged = self.merge(group.to_vec(), None)?;
                fewer.push(SortedRun::write(&merged.schema(), &mut merged, &self.context.runtime_env()).await?);
            }
            self.runs = fewer;
        }
        self.merge(self.runs.clone(), Some(last))
    }

    /// Merges runs that follow each other: rows of equal keys stay as they came.
    fn merge(&self, runs: Vec<SortedRun>, last: Option<Sorted>) -> Result<SendableRecordBatchStream> {
        let schemas: Vec<&SchemaRef> =
            runs.iter().map(SortedRun::schema).chain(last.as_ref().map(Sorted::schema)).collect();
        let live = |name: &str| schemas.iter().any(|schema| schema.index_of(name).is_ok());
        let fields = self.schema.fields().iter().filter(|field| live(field.name())).cloned();
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let mut streams = runs.into_iter().map(SortedRun::stream).collect::<Result<Vec<_>>>()?;
        streams.extend(last.map(Sorted::stream));
        let streams = streams.into_iter().map(|rows| widen(rows, &schema)).collect();
        let order = ordering(&keys(&self.source, false), &schema)?;
        merge_sorted(schema, streams, &order, &self.context)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray, Date32Array, Int64Array, StringArray, new_null_array};
    use arrow::datatypes::Int64Type;
    use futures::TryStreamExt;
    use sellerlake_schemas::{Files, Findings, Schemas, add_built_in};

    use super::*;

    /// Files are read by tasks.
    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Runtime::new().unwrap().block_on(future)
    }

    fn source() -> Arc<Source> {
        let mut files = Files::default();
        add_built_in(&mut files);
        Arc::clone(Schemas::load(&files, &mut Findings::default()).source("all_orders").unwrap())
    }

    /// Rows of a few units in two months; every other one has a product's name.
    fn batch(source: &Source, lines: std::ops::Range<i64>) -> RecordBatch {
        let schema = decoded_schema(source);
        let text = |value: &dyn Fn(i64) -> Option<String>| -> ArrayRef {
            Arc::new(lines.clone().map(value).collect::<StringArray>())
        };
        let columns = schema.fields().iter().map(|field| match field.name().as_str() {
            "_unit" => text(&|line| Some(format!("unit {:03}", line * 7 % 100))),
            "_month" => Arc::new(lines.clone().map(|line| Some((line % 2) as i32)).collect::<Date32Array>()),
            "_line" => Arc::new(Int64Array::from_iter_values(lines.clone())),
            "product_name" => text(&|line| (line % 4 < 2).then(|| format!("product {line}"))),
            _ => new_null_array(field.data_type(), lines.clone().count()),
        });
        RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
    }

    /// The lines in sorted order, and the columns that came with them.
    async fn sorted(memory_bytes: usize, batches: &[std::ops::Range<i64>]) -> (Vec<i64>, Vec<String>, usize) {
        let source = source();
        let mut sorter = Sorter::new(&source, &Arc::default(), memory_bytes).unwrap();
        batches.iter().for_each(|lines| sorter.push(&batch(&source, lines.clone())).unwrap());
        let runs = sorter.runs.len();
        let rows = sorter.finish().await.unwrap();
        let names = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
        let rows: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        let mut lines = Vec::new();
        for rows in rows {
            let found = rows.column_by_name("_line").unwrap().as_primitive::<Int64Type>();
            let products = rows.column_by_name("product_name").unwrap().as_string::<i32>();
            for (line, product) in found.values().iter().zip(products) {
                assert_eq!(product, (line % 4 < 2).then(|| format!("product {line}")).as_deref());
                lines.push(*line);
            }
        }
        (lines, names, runs)
    }

    #[test]
    fn rows_come_sorted_whether_they_fit_or_not() {
        let batches: Vec<_> = (0..80).map(|batch| batch * 50..(batch + 1) * 50).collect();
        let mut expected: Vec<i64> = (0..4000).collect();
        expected.sort_by_key(|line| (line % 2, line * 7 % 100, *line));
        for (memory_bytes, least_runs) in [(1 << 30, 0), (1 << 18, 2), (1, 2 * FAN_IN)] {
            let (lines, names, runs) = block_on(sorted(memory_bytes, &batches));
            assert_eq!(lines, expected, "{memory_bytes} bytes");
            assert!(runs >= least_runs, "{runs} runs in {memory_bytes} bytes");
            assert_eq!(names, ["_unit", "_month", "_line", "last_updated_date", "product_name"]);
        }
    }

    #[test]
    fn no_rows_are_no_rows() {
        assert!(block_on(sorted(1 << 20, &[])).0.is_empty());
    }
}
