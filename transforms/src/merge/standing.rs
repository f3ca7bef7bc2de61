//! Thinning merged rows to the version that stands.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, PrimitiveArray, StringArray};
use arrow::compute::filter_record_batch;
use arrow::compute::kernels::cmp::not_distinct;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, internal_datafusion_err};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use sellerlake_schemas::Source;

use crate::merge::schema::{INPUT, stored_schema};
use crate::merge::ties::{Contest, Other, Tie, Ties};

/// What became of the units of the new input (number 0).
#[derive(Debug, Default)]
pub struct StandingTally {
    /// Units nobody had.
    pub added: AtomicU64,
    /// Units that took an older version's place.
    pub replaced: AtomicU64,
    /// Units whose standing version is newer.
    pub superseded: AtomicU64,
    /// Rows of an older version of a unit than the same delivery has of it, by delivery.
    pub set_aside: Mutex<BTreeMap<String, u64>>,
    /// Units that two deliveries, true at the same moment, have differently.
    pub ties: Mutex<Ties>,
}

impl StandingTally {
    fn set_aside(&self, delivery: &str) {
        let mut rows = self.set_aside.lock().unwrap_or_else(PoisonError::into_inner);
        *rows.entry(delivery.to_owned()).or_default() += 1;
    }

    /// Counts a tie; `came_now` says whether the standing delivery, and the other one, is of what came.
    fn tie(&self, tie: Tie, came_now: (bool, bool)) {
        let mut one = Ties { by_rows: u64::from(tie.by_rows), example: Some(tie), ..Ties::default() };
        match came_now {
            (true, _) => one.won = 1,
            (false, true) => one.lost = 1,
            // It was told when it came.
            (false, false) => return,
        }
        self.ties.lock().unwrap_or_else(PoisonError::into_inner).extend(&one);
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It stands, as the first of its unit.
    Begins,
    /// It stands.
    Stands,
    /// The same delivery has a newer version of its unit.
    SetAside,
    /// Another delivery won its unit; by an older version, or else by a part of the stamp that comes later.
    Loses { outdated: bool },
}

/// The unit at hand and the version and delivery that won it: those of the row that came first.
#[derive(Default)]
struct Winner {
    unit: String,
    delivery: String,
    input: i64,
    stamp: Stamped,
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
    fn count(&mut self, tally: &StandingTally) {
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

    /// What becomes of a row; rows must come in merge order. `repeats` says whether it is of the same version as the
    /// row before: a delivery may hold a unit twice, when a page was read before an update and another after it.
    fn takes(&mut self, unit: &str, delivery: &str, input: i64, repeats: bool, tally: &StandingTally) -> Fate {
        if self.seen.is_none() || self.unit != unit {
            self.count(tally);
            unit.clone_into(&mut self.unit);
            delivery.clone_into(&mut self.delivery);
            self.input = input;
            self.outdated = false;
            self.seen = Some(Seen::default());
            return Fate::Begins;
        }
        self.outdated |= !repeats;
        let is_of_winner = self.input == input && self.delivery == delivery;
        if is_of_winner && !self.outdated {
            return Fate::Stands;
        }
        if let Some(seen) = self.seen.as_mut() {
            seen.newcomer_lost |= input == 0;
            seen.older_lost |= input != 0 && self.delivery != delivery;
            seen.repeated |= input != 0 && self.delivery == delivery;
        }
        if is_of_winner { Fate::SetAside } else { Fate::Loses { outdated: self.outdated } }
    }
}

/// Keeps, of each unit in a merged stream, the rows of the highest stamp (version, then delivery), and drops the
/// columns only the merge needed.
pub fn standing(
    source: &Source,
    merged: SendableRecordBatchStream,
    tally: Arc<StandingTally>,
) -> SendableRecordBatchStream {
    let schema = stored_schema(source);
    let width: Vec<usize> = (0..schema.fields().len()).collect();
    let version = source.version_column.clone();
    let (mut thinning, mut before) = (Thinning { tally, ..Thinning::default() }, None);
    let rows = merged.map(Some).chain(futures::stream::once(async { None })).filter_map(move |batch| {
        if batch.is_none() {
            thinning.end();
        }
        let kept = batch.map(|batch| {
            let batch = batch?;
            let repeats = repeats(&batch, version.as_deref(), &mut before)?;
            thinning.keep(&batch, &repeats, &width)
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

/// What is known on the way through the rows.
#[derive(Default)]
struct Thinning {
    winner: Winner,
    contest: Contest,
    tally: Arc<StandingTally>,
}

impl Thinning {
    fn keep(
        &mut self,
        batch: &RecordBatch,
        repeats: &BooleanArray,
        width: &[usize],
    ) -> Result<RecordBatch, DataFusionError> {
        let units = strings(batch, "_unit")?;
        let deliveries = strings(batch, "_delivery_id")?;
        let inputs = named(batch, INPUT)?.as_primitive::<Int64Type>();
        let stamps = Stamps::of(batch)?;
        let mut mask = BooleanBuilder::with_capacity(batch.num_rows());
        self.contest.next_batch();
        for row in 0..batch.num_rows() {
            let (unit, delivery, input) = (units.value(row), deliveries.value(row), inputs.value(row));
            let other = if self.winner.unit == unit { None } else { self.contest.end() };
            self.tell(other);
            let fate = self.winner.takes(unit, delivery, input, repeats.value(row), &self.tally);
            match fate {
                Fate::Begins => {
                    self.winner.stamp = stamps.at(row);
                    self.contest.begin(row);
                }
                Fate::Stands => self.contest.stands(),
                Fate::SetAside => self.tally.set_aside(delivery),
                Fate::Loses { outdated } => {
                    let (is_other, stamp) = (self.winner.delivery != delivery, stamps.at(row));
                    if !outdated && is_other && self.winner.stamp.is_contended_by(stamp) {
                        let is_shorter = self.winner.stamp.proven_rows != stamp.proven_rows;
                        let other = Other::new(delivery, input == 0, is_shorter);
                        let other = self.contest.contends(batch, row, other)?;
                        self.tell(other);
                    }
                }
            }
            mask.append_value(matches!(fate, Fate::Begins | Fate::Stands));
        }
        let mask: BooleanArray = mask.finish();
        let rows = batch.project(width)?;
        if mask.true_count() == mask.len() { Ok(rows) } else { Ok(filter_record_batch(&rows, &mask)?) }
    }

    fn end(&mut self) {
        let other = self.contest.end();
        self.tell(other);
        self.winner.count(&self.tally);
    }

    /// Tells of a tie in the unit at hand.
    fn tell(&self, other: Option<Other>) {
        let Some(other) = other else { return };
        let (unit, stands) = (self.winner.unit.clone(), self.winner.delivery.clone());
        let tie = Tie { unit, stands, other: other.delivery, by_rows: other.is_shorter };
        self.tally.tie(tie, (self.winner.input == 0, other.came_now));
    }
}

/// What a row's stamp says before it says when the delivery was fetched.
#[derive(Debug, Clone, Copy, Default)]
struct Stamped {
    proven_rows: Option<i64>,
    as_of: Option<i64>,
}

impl Stamped {
    /// Whether another version of the unit, both being proven or neither, was true no earlier.
    fn is_contended_by(self, other: Self) -> bool {
        self.proven_rows.is_some() == other.proven_rows.is_some() && self.as_of <= other.as_of
    }
}

struct Stamps<'a> {
    proven_rows: &'a PrimitiveArray<Int64Type>,
    as_of: &'a PrimitiveArray<TimestampMicrosecondType>,
}

impl<'a> Stamps<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, DataFusionError> {
        let (proven_rows, as_of) = (named(batch, "_proven_rows")?, named(batch, "_as_of")?);
        Ok(Self { proven_rows: proven_rows.as_primitive(), as_of: as_of.as_primitive() })
    }

    fn at(&self, row: usize) -> Stamped {
        let as_of = self.as_of.is_valid(row).then(|| self.as_of.value(row));
        Stamped { proven_rows: self.proven_rows.is_valid(row).then(|| self.proven_rows.value(row)), as_of }
    }
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

    use super::Fate::{Begins, Loses, SetAside, Stands};
    use super::*;

    #[test]
    fn of_a_unit_that_comes_twice_in_a_delivery_the_newer_version_stands_with_its_twins() {
        let (mut winner, tally) = (Winner::default(), StandingTally::default());
        let rows = [("a", true), ("a", true), ("a", false), ("a", true), ("b", false), ("b", true)];
        let fates = rows.map(|(unit, repeats)| winner.takes(unit, "delivery", 0, repeats, &tally));
        assert_eq!(fates, [Begins, Stands, SetAside, SetAside, Begins, Stands]);
        winner.count(&tally);
        assert_eq!(tally.added.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_delivery_that_comes_again_adds_and_replaces_nothing() {
        let (mut winner, tally) = (Winner::default(), StandingTally::default());
        let rows =
            [("a", "d", 0), ("a", "d", 1), ("b", "e", 0), ("b", "d", 1), ("c", "e", 0), ("d", "e", 1), ("d", "d", 0)];
        let fates = rows.map(|(unit, delivery, input)| winner.takes(unit, delivery, input, true, &tally));
        let lost = Loses { outdated: false };
        assert_eq!(fates, [Begins, lost, Begins, lost, Begins, Begins, lost]);
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
