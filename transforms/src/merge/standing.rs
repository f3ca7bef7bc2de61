//! Thinning merged rows to the version that stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, AsArray, BooleanArray, BooleanBuilder, StringArray};
use arrow::compute::filter_record_batch;
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

/// The unit at hand and the delivery that won it: the one whose row came first.
#[derive(Default)]
struct Winner {
    unit: String,
    delivery: String,
    input: i64,
    seen: Option<Seen>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    newcomer_lost: bool,
    older_lost: bool,
}

impl Winner {
    fn count(&mut self, tally: &Tally) {
        let Some(seen) = self.seen.take() else { return };
        let counter = match (self.input, seen.older_lost, seen.newcomer_lost) {
            (0, false, _) => &tally.added,
            (0, true, _) => &tally.replaced,
            (_, _, true) => &tally.superseded,
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a row stands; rows must come in merge order.
    fn takes(&mut self, unit: &str, delivery: &str, input: i64, tally: &Tally) -> bool {
        if self.seen.is_none() || self.unit != unit {
            self.count(tally);
            unit.clone_into(&mut self.unit);
            delivery.clone_into(&mut self.delivery);
            self.input = input;
            self.seen = Some(Seen::default());
            return true;
        }
        let stands = self.input == input && self.delivery == delivery;
        if let (false, Some(seen)) = (stands, self.seen.as_mut()) {
            seen.newcomer_lost |= input == 0;
            seen.older_lost |= input != 0;
        }
        stands
    }
}

/// Keeps, of each unit in a merged stream, the rows of the delivery with the highest stamp, and drops the
/// columns only the merge needed.
pub fn standing(source: &Source, merged: SendableRecordBatchStream, tally: Arc<Tally>) -> SendableRecordBatchStream {
    let schema = stored_schema(source);
    let width: Vec<usize> = (0..schema.fields().len()).collect();
    let mut winner = Winner::default();
    let rows = merged.map(Some).chain(futures::stream::once(async { None })).filter_map(move |batch| {
        let kept = match batch {
            Some(batch) => Some(batch.and_then(|batch| keep(&batch, &mut winner, &tally, &width))),
            None => {
                winner.count(&tally);
                None
            }
        };
        async { kept }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

fn keep(
    batch: &RecordBatch,
    winner: &mut Winner,
    tally: &Tally,
    width: &[usize],
) -> Result<RecordBatch, DataFusionError> {
    let units = strings(batch, "_unit")?;
    let deliveries = strings(batch, "_delivery_id")?;
    let inputs = named(batch, INPUT)?.as_primitive::<Int64Type>();
    let mut mask = BooleanBuilder::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        mask.append_value(winner.takes(units.value(row), deliveries.value(row), inputs.value(row), tally));
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
