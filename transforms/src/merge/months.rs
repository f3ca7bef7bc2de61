//! Cutting one stream that is sorted by month into one stream a month.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Date32Type;
use arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, internal_datafusion_err};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};
use sellerlake_contracts::Month;

use crate::merge::schema::MONTH;

/// The rows of one month; `None` for sources without months.
pub struct MonthRows {
    /// Which month.
    pub month: Option<Month>,
    /// Its rows, in the order of the stream they were cut from.
    pub rows: SendableRecordBatchStream,
}

/// Batches in flight to the consumer of a month.
const AHEAD: usize = 2;

/// Hands each month's rows to `months` in turn; returns once the input has ended or nobody listens.
///
/// Must run beside the consumer: rows are passed on, not kept. An error ends the month at hand with it.
pub async fn split_months(mut sorted: SendableRecordBatchStream, mut months: mpsc::Sender<MonthRows>) {
    let schema = sorted.schema();
    let mut current: Option<(Option<i32>, Batches)> = None;
    while let Some(batch) = sorted.next().await {
        let pieces = match batch.and_then(|batch| pieces(&batch)) {
            Ok(pieces) => pieces,
            Err(error) => vec![(current.as_ref().and_then(|(day, _)| *day), Err(error))],
        };
        for (day, piece) in pieces {
            let open = current.as_ref().is_some_and(|(known, _)| *known == day);
            if !open {
                let (sender, receiver) = mpsc::channel(AHEAD);
                current = Some((day, sender));
                let rows = Box::pin(RecordBatchStreamAdapter::new(schema.clone(), receiver));
                let month = day.and_then(Date32Type::to_naive_date_opt).map(Month::of);
                if months.send(MonthRows { month, rows }).await.is_err() {
                    return;
                }
            }
            // A consumer that stopped listening to this month has failed and says so itself.
            if let Some((_, sender)) = current.as_mut()
                && sender.send(piece).await.is_err()
            {
                return;
            }
        }
    }
}

type Batches = mpsc::Sender<Result<RecordBatch, DataFusionError>>;

type Piece = (Option<i32>, Result<RecordBatch, DataFusionError>);

/// A batch cut where the month changes.
fn pieces(batch: &RecordBatch) -> Result<Vec<Piece>, DataFusionError> {
    let days = batch.column_by_name(MONTH).ok_or_else(|| internal_datafusion_err!("merged rows lack {MONTH}"))?;
    let days = days.as_primitive::<Date32Type>();
    let day = |row: usize| days.is_valid(row).then(|| days.value(row));
    let mut found = Vec::new();
    let mut start = 0;
    while start < batch.num_rows() {
        let length = (start..batch.num_rows()).take_while(|row| day(*row) == day(start)).count();
        found.push((day(start), Ok(batch.slice(start, length))));
        start += length;
    }
    Ok(found)
}
