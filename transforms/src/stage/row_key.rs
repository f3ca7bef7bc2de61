//! Rows that are told twice: what a table declares as its key must tell its rows apart.
//!
//! Rows come sorted. Those that are equal in the sort's first columns stand together, so where these are the whole key
//! a row is compared with the one before it, and else with the other rows of its run only, which are remembered by the
//! hash of what is left of the key.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::not_distinct;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use sellerlake_contracts::{Error, Kind};
use sellerlake_schemas::Table;
use xxhash_rust::xxh3::xxh3_128;

/// Keys shown in an error.
const SHOWN: usize = 3;

/// A set that was larger than this isn't emptied for the next run but made anew: emptying takes time by its capacity.
const KEPT_CAPACITY: usize = 1 << 10;

/// What an entry of a hash set takes: the hash, a control byte, and the room that is kept free.
const ENTRY_BYTES: usize = 2 * size_of::<u128>();

/// Fails the stream at the first rows that have the key of another one. What is remembered counts against the pool.
pub fn unique(
    rows: SendableRecordBatchStream,
    table: &Arc<Table>,
    pool: &Arc<dyn MemoryPool>,
) -> DataFusionResult<SendableRecordBatchStream> {
    let schema = rows.schema();
    let Some(mut seen) = Seen::new(table, &schema, pool)? else { return Ok(rows) };
    let table = Arc::clone(table);
    let checked = rows.map(move |batch| {
        let batch = batch?;
        match seen.repeated(&batch)?.as_slice() {
            [] => Ok(batch),
            repeated => Err(told_twice(&table, &batch, repeated)),
        }
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, checked)))
}

/// The rows so far, as far as they matter to the next one.
struct Seen {
    /// Columns that rows are sorted by first, and that belong to the key.
    leading: Vec<usize>,
    /// The other columns of the key, and how they are made bytes of; none where rows are sorted by the whole key.
    rest: Option<(Vec<usize>, RowConverter)>,
    /// Leading columns of the last row.
    last: Option<Vec<ArrayRef>>,
    /// Hashes of the rest of the key, of the rows that are equal in the leading columns.
    run: HashSet<u128>,
    reservation: MemoryReservation,
}

impl Seen {
    /// Nothing seen yet; `None` for a table without a key.
    fn new(table: &Table, schema: &SchemaRef, pool: &Arc<dyn MemoryPool>) -> DataFusionResult<Option<Self>> {
        if table.key.is_empty() {
            return Ok(None);
        }
        let leading: Vec<&String> = table.sort.iter().take_while(|name| table.key.contains(name)).collect();
        let rest: Vec<&String> = table.key.iter().filter(|name| !leading.contains(name)).collect();
        let at = |names: &[&String]| names.iter().map(|name| schema.index_of(name)).collect::<Result<Vec<_>, _>>();
        let (leading, rest) = (at(&leading)?, at(&rest)?);
        let rest = if rest.is_empty() {
            None
        } else {
            let fields = rest.iter().map(|at| SortField::new(schema.field(*at).data_type().clone())).collect();
            Some((rest, RowConverter::new(fields)?))
        };
        let reservation = MemoryConsumer::new(format!("row keys of {}", table.name)).register(pool);
        Ok(Some(Self { leading, rest, last: None, run: HashSet::new(), reservation }))
    }

    /// Which rows of the batch have the key of an earlier one.
    fn repeated(&mut self, batch: &RecordBatch) -> DataFusionResult<Vec<usize>> {
        if batch.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let same = self.same_as_before(batch)?;
        let last = batch.num_rows() - 1;
        let kept = self.leading.iter().map(|at| batch.column(*at).slice(last, 1));
        self.last = Some(kept.collect());
        let Some((rest, converter)) = &self.rest else { return Ok(same.set_indices().collect()) };
        // Where every row begins a run, only the last one can go on in the next batch.
        let first = if same.count_set_bits() == 0 { last } else { 0 };
        let columns: Vec<ArrayRef> =
            rest.iter().map(|at| batch.column(*at).slice(first, batch.num_rows() - first)).collect();
        let keys = converter.convert_columns(&columns)?;
        let mut repeated = Vec::new();
        for (row, key) in (first..).zip(keys.iter()) {
            if !same.value(row) {
                begin_run(&mut self.run);
            }
            if !self.run.insert(xxh3_128(key.as_ref())) {
                repeated.push(row);
            }
        }
        self.reservation.try_resize(self.run.capacity() * ENTRY_BYTES)?;
        Ok(repeated)
    }

    /// Of each row, whether it is equal to the one before it in the leading columns.
    fn same_as_before(&self, batch: &RecordBatch) -> DataFusionResult<BooleanBuffer> {
        let rows = batch.num_rows();
        let first = match &self.last {
            Some(last) => {
                let mut pairs = self.leading.iter().zip(last);
                pairs.try_fold(true, |same, (at, last)| {
                    let equal = not_distinct(last, &batch.column(*at).slice(0, 1))?;
                    Ok::<_, DataFusionError>(same && equal.value(0))
                })?
            }
            None => false,
        };
        let mut same = BooleanBuffer::new_set(rows - 1);
        for at in &self.leading {
            let column = batch.column(*at);
            let equal: BooleanArray = not_distinct(&column.slice(0, rows - 1), &column.slice(1, rows - 1))?;
            same = &same & equal.values();
            if same.count_set_bits() == 0 {
                break;
            }
        }
        Ok(std::iter::once(first).chain(same.iter()).collect())
    }
}

fn begin_run(run: &mut HashSet<u128>) {
    if run.capacity() > KEPT_CAPACITY {
        *run = HashSet::new();
    } else {
        run.clear();
    }
}

fn told_twice(table: &Table, batch: &RecordBatch, repeated: &[usize]) -> DataFusionError {
    let error = Error::permanent(Kind::Data, format!("rows of {} are there twice", table.name))
        .at("stage.key")
        .with("key", table.key.join(", "))
        .with("found", show(table, batch, repeated))
        .hint("a delivery holds them twice, or the stage's SQL multiplies rows; mend that, or widen the table's `key`");
    DataFusionError::External(Box::new(error))
}

/// The keys of the first repeated rows: `local_day 2026-03-01, sku MUG; ...`.
fn show(table: &Table, batch: &RecordBatch, repeated: &[usize]) -> String {
    let options = FormatOptions::new().with_null("NULL");
    let columns: Vec<_> = table
        .key
        .iter()
        .filter_map(|name| Some((name, ArrayFormatter::try_new(batch.column_by_name(name)?, &options).ok()?)))
        .collect();
    let keys = repeated.iter().take(SHOWN).map(|row| {
        let cells = columns.iter().map(|(name, cells)| format!("{name} {}", cells.value(*row)));
        cells.collect::<Vec<_>>().join(", ")
    });
    let more = if repeated.len() > SHOWN { "; ..." } else { "" };
    format!("{}{more}", keys.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::execution::memory_pool::{GreedyMemoryPool, UnboundedMemoryPool};
    use indexmap::IndexMap;
    use proptest::prelude::*;
    use sellerlake_schemas::Grain;

    use super::*;

    type Pair = (Option<i64>, Option<String>);

    fn table(sort: &[&str], key: &[&str]) -> Table {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Table {
            name: "things".to_owned(),
            version: 1,
            doc: String::new(),
            grain: Grain::None,
            sort: names(sort),
            key: names(key),
            no_key: None,
            columns: IndexMap::new(),
        }
    }

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("day", DataType::Int64, true), Field::new("sku", DataType::Utf8, true)]))
    }

    fn batch(rows: &[Pair]) -> RecordBatch {
        let days: Int64Array = rows.iter().map(|(day, _)| *day).collect();
        let skus: StringArray = rows.iter().map(|(_, sku)| sku.as_deref()).collect();
        RecordBatch::try_new(schema(), vec![Arc::new(days), Arc::new(skus)]).unwrap()
    }

    /// How many rows of all batches are told twice.
    fn repeated(rows: &[Pair], size: usize, sort: &[&str], key: &[&str]) -> usize {
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        let mut seen = Seen::new(&table(sort, key), &schema(), &pool).unwrap().unwrap();
        rows.chunks(size).map(|rows| seen.repeated(&batch(rows)).unwrap().len()).sum()
    }

    proptest! {
        /// However rows are sorted and cut into batches, as many are found as there are more rows than keys.
        #[test]
        fn every_row_told_twice_is_found(
            mut rows in prop::collection::vec((prop::option::of(0_i64..6), prop::option::of("[ab]{0,1}")), 0..40),
            size in 1_usize..9,
        ) {
            rows.sort();
            let keys = rows.iter().collect::<HashSet<_>>().len();
            for sort in [&["day", "sku"][..], &["day"], &[]] {
                prop_assert_eq!(repeated(&rows, size, sort, &["sku", "day"]), rows.len() - keys);
            }
            let days = rows.iter().map(|(day, _)| day).collect::<HashSet<_>>().len();
            prop_assert_eq!(repeated(&rows, size, &["day", "sku"], &["day"]), rows.len() - days);
        }
    }

    #[test]
    fn the_error_names_the_first_keys() {
        let rows: Vec<Pair> = [1, 2, 2, 3, 3, 4, 4, 5, 5].map(|day| (Some(day), None)).into();
        let table = table(&["day"], &["day", "sku"]);
        let error = told_twice(&table, &batch(&rows), &[2, 4, 6, 8]).to_string();
        assert!(error.contains("day 2, sku NULL; day 3, sku NULL; day 4, sku NULL; ..."), "{error}");
    }

    #[test]
    fn what_is_remembered_counts_against_the_pool() {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(10_000));
        let mut seen = Seen::new(&table(&[], &["day"]), &schema(), &pool).unwrap().unwrap();
        let rows = |days: std::ops::Range<i64>| batch(&days.map(|day| (Some(day), None)).collect::<Vec<_>>());
        assert!(seen.repeated(&rows(0..100)).unwrap().is_empty());
        assert!(pool.reserved() > 0);
        assert!(seen.repeated(&rows(100..5000)).is_err());
    }
}
