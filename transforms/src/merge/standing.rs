//! Thinning merged rows to the version that stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, AsArray, BooleanArray, BooleanBuilder, StringArray};
use arrow::compute::filter_record_batch;
use arrow::compute::kernels::cmp::not_distinct;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, internal_datafusion_err};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use sellerlake_schemas::Source;

use crate::merge::schema::{INPUT, stored_schema};

/// What became of the units of the new input (number 0).
#[derive(Debug, Default)]
pub struct Tally {
    /// Units nobody had.
    pub added: AtomicU64,
    /// Units that took an older version's place.
    pub replaced: AtomicU64,
    /// Units whose standing version is newer.
    pub superseded: AtomicU64,
}

/// The unit at hand and the version and delivery that won it: those of the row that came first.
#[derive(Default)]
struct Winner {
    unit: String,
    delivery: String,
    input: i64,
    /// Whether the unit's rows have reached an older version.
    outdated: bool,
    seen: Option<Seen>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    newcomer_lost: bool,
    older_lost: bool,
    /// What stood is of the winning delivery itself, which has come again.
    repeated: bool,
}

impl Winner {
    fn count(&mut self, tally: &Tally) {
        let Some(seen) = self.seen.take() else { return };
        let counter = match (self.input, seen.older_lost, seen.newcomer_lost) {
            (0, false, _) if seen.repeated => return,
            (0, false, _) => &tally.added,
            (0, true, _) => &tally.replaced,
            (_, _, true) => &tally.superseded,
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a row stands; rows must come in merge order. `repeats` says whether it is of the same version as the
    /// row before: a delivery may hold a unit twice, when a page was read before an update and another after it.
    fn takes(&mut self, unit: &str, delivery: &str, input: i64, repeats: bool, tally: &Tally) -> bool {
        if self.seen.is_none() || self.unit != unit {
            self.count(tally);
            unit.clone_into(&mut self.unit);
            delivery.clone_into(&mut self.delivery);
            self.input = input;
            self.outdated = false;
            self.seen = Some(Seen::default());
            return true;
        }
        self.outdated |= !repeats;
        let stands = !self.outdated && self.input == input && self.delivery == delivery;
        if let (false, Some(seen)) = (stands, self.seen.as_mut()) {
            seen.newcomer_lost |= input == 0;
            seen.older_lost |= input != 0 && self.delivery != delivery;
            seen.repeated |= input != 0 && self.delivery == delivery;
        }
        stands
    }
}

/// Keeps, of each unit in a merged stream, the rows of the highest stamp (version, then delivery), and drops the
/// columns only the merge needed.
pub fn standing(source: &Source, merged: SendableRecordBatchStream, tally: Arc<Tally>) -> SendableRecordBatchStream {
    let schema = stored_schema(source);
    let width: Vec<usize> = (0..schema.fields().len()).collect();
    let version = source.version_column.clone();
    let (mut winner, mut before) = (Winner::default(), None);
    let rows = merged.map(Some).chain(futures::stream::once(async { None })).filter_map(move |batch| {
        if batch.is_none() {
            winner.count(&tally);
        }
        let kept = batch.map(|batch| {
            let batch = batch?;
            let repeats = repeats(&batch, version.as_deref(), &mut before)?;
            keep(&batch, &repeats, &mut winner, &tally, &width)
        });
        async { kept }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// Of each row, whether its version is that of the row before it; `before` carries the last one to the next batch.
fn repeats(
    batch: &RecordBatch,
    version: Option<&str>,
    before: &mut Option<ArrayRef>,
) -> Result<BooleanArray, DataFusionError> {
    let rows = batch.num_rows();
    let Some(version) = version.filter(|_| rows > 0) else { return Ok(BooleanArray::from(vec![true; rows])) };
    let versions = named(batch, version)?;
    let last = before.replace(versions.slice(rows - 1, 1)).unwrap_or_else(|| versions.slice(0, 1));
    let first = not_distinct(&versions.slice(0, 1), &last)?;
    let others = not_distinct(&versions.slice(1, rows - 1), &versions.slice(0, rows - 1))?;
    Ok(first.iter().chain(others.iter()).collect())
}

fn keep(
    batch: &RecordBatch,
    repeats: &BooleanArray,
    winner: &mut Winner,
    tally: &Tally,
    width: &[usize],
) -> Result<RecordBatch, DataFusionError> {
    let units = strings(batch, "_unit")?;
    let deliveries = strings(batch, "_delivery_id")?;
    let inputs = named(batch, INPUT)?.as_primitive::<Int64Type>();
    let mut mask = BooleanBuilder::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let (unit, delivery, input) = (units.value(row), deliveries.value(row), inputs.value(row));
        mask.append_value(winner.takes(unit, delivery, input, repeats.value(row), tally));
    }
    let mask: BooleanArray = mask.finish();
    let rows = batch.project(width)?;
    if mask.true_count() == mask.len() { Ok(rows) } else { Ok(filter_record_batch(&rows, &mask)?) }
}

fn named<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, DataFusionError> {
    batch.column_by_name(name).ok_or_else(|| internal_datafusion_err!("merged rows lack {name}"))
}

fn strings<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray, DataFusionError> {
    Ok(named(batch, name)?.as_string::<i32>())
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;

    #[test]
    fn of_a_unit_that_comes_twice_in_a_delivery_the_newer_version_stands_with_its_twins() {
        let (mut winner, tally) = (Winner::default(), Tally::default());
        let rows = [("a", true), ("a", true), ("a", false), ("a", true), ("b", false), ("b", true)];
        let stands = rows.map(|(unit, repeats)| winner.takes(unit, "delivery", 0, repeats, &tally));
        assert_eq!(stands, [true, true, false, false, true, true]);
        winner.count(&tally);
        assert_eq!(tally.added.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_delivery_that_comes_again_adds_and_replaces_nothing() {
        let (mut winner, tally) = (Winner::default(), Tally::default());
        let rows =
            [("a", "d", 0), ("a", "d", 1), ("b", "e", 0), ("b", "d", 1), ("c", "e", 0), ("d", "e", 1), ("d", "d", 0)];
        let stands = rows.map(|(unit, delivery, input)| winner.takes(unit, delivery, input, true, &tally));
        assert_eq!(stands, [true, false, true, false, true, true, false]);
        winner.count(&tally);
        let counts = [&tally.added, &tally.replaced, &tally.superseded].map(|counter| counter.load(Ordering::Relaxed));
        assert_eq!(counts, [1, 1, 1]);
    }

    #[test]
    fn versions_are_compared_across_batches() {
        let batch = |versions: &[Option<i64>]| {
            let versions: ArrayRef = Arc::new(Int64Array::from(versions.to_vec()));
            RecordBatch::try_from_iter_with_nullable([("version", versions, true)]).unwrap()
        };
        let mut before = None;
        let mut repeats = |versions: &[Option<i64>]| -> Vec<bool> {
            repeats(&batch(versions), Some("version"), &mut before).unwrap().iter().flatten().collect()
        };
        assert_eq!(repeats(&[Some(2), Some(2), Some(1)]), [true, true, false]);
        assert_eq!(repeats(&[Some(1), None]), [true, false]);
        assert!(repeats(&[]).is_empty());
        assert_eq!(repeats(&[None]), [true]);
    }
}
