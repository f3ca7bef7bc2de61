//! From landed bytes to sorted, stamped rows ready to merge.

use std::sync::{Arc, OnceLock};

use arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use futures::stream;
use sellerlake_contracts::{Delivery, Error, Kind, Result};
use sellerlake_schemas::Source;
use sellerlake_sinks::Mapped;
use sellerlake_transforms::decode::{Outcome, Request, decode, decoded_schema, inflate};
use sellerlake_transforms::merge::{Stamp, marker_batch, sort_delivery, stamp};
use tokio::sync::mpsc;

use crate::Workspace;
use crate::land::ALLOW_PERSONAL_DATA;

/// Streams a delivery's rows are sorted on, side by side.
const SORTS: usize = 2;

/// Decoded batches that may wait for a sort.
const AHEAD: usize = 2;

/// A decoded delivery; its rows are in the working schema, sorted.
pub(crate) struct Prepared {
    pub(crate) delivery: Delivery,
    pub(crate) outcome: Outcome,
    /// `None` where nothing may be merged.
    pub(crate) rows: Option<SendableRecordBatchStream>,
}

impl Workspace {
    /// Decodes and sorts one delivery. A document that can't be what it was said to be comes back refused.
    pub(crate) async fn prepare(&self, source: &Arc<Source>, delivery: Delivery) -> Result<Prepared> {
        let bytes = match self.plain_bytes(&delivery).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == Kind::Decode => {
                let outcome = Outcome { refused: Some(error.to_string()), ..Outcome::default() };
                return Ok(Prepared { delivery, outcome, rows: None });
            }
            Err(error) => return Err(error),
        };
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..SORTS).map(|_| mpsc::channel(AHEAD)).unzip();
        let parts = receivers.into_iter().map(|receiver| as_stream(source, receiver)).collect();
        let cell = Arc::new(OnceLock::new());
        // The rest is for merging with what stands.
        let memory_bytes = self.settings.memory_bytes / 4 * 3;
        let sorted = sort_delivery(source, parts, &self.task(), memory_bytes)?;
        let mut rows = stamp(source, sorted, Arc::clone(&cell));
        let decoding = self.decode(source, &delivery, bytes, senders, cell);
        // The sort must be pulled while decoding feeds it; it yields nothing before its input has ended.
        let (decoded, first) = futures::join!(decoding, rows.next());
        let outcome = decoded?;
        if outcome.refused.is_some() || outcome.hold_back_all {
            return Ok(Prepared { delivery, outcome, rows: None });
        }
        let schema = rows.schema();
        let rows = RecordBatchStreamAdapter::new(schema, stream::iter(first).chain(rows));
        Ok(Prepared { delivery, outcome, rows: Some(Box::pin(rows)) })
    }

    async fn decode(
        &self,
        source: &Arc<Source>,
        delivery: &Delivery,
        bytes: Mapped,
        senders: Vec<mpsc::Sender<RecordBatch>>,
        cell: Arc<OnceLock<Stamp>>,
    ) -> Result<Outcome> {
        let (source, delivery, threads) = (Arc::clone(source), delivery.clone(), self.settings.threads);
        let work = tokio::task::spawn_blocking(move || {
            let allow_personal_data = delivery.options.contains_key(ALLOW_PERSONAL_DATA);
            let request = Request { source: &source, delivery: &delivery, allow_personal_data, threads };
            let mut turn = 0;
            let mut emit = |batch: RecordBatch| {
                turn = (turn + 1) % senders.len();
                // A sort that no longer listens has failed, and says so itself.
                let _ = senders[turn].blocking_send(batch);
                Ok(())
            };
            let outcome = decode(&request, &bytes, &mut emit)?;
            if !outcome.empty.is_empty() {
                emit(marker_batch(&source, &outcome.empty)?)?;
            }
            let stamp = Stamp {
                delivery: delivery.id.clone(),
                as_of: outcome.as_of,
                held_back: outcome.held_back.clone(),
                incomplete: outcome.incomplete.clone(),
            };
            // Filled once: this closure is its only writer.
            let _ = cell.set(stamp);
            Ok(outcome)
        });
        work.await.map_err(|error| Error::permanent(Kind::Internal, "decoding was interrupted").source(error))?
    }

    /// The delivery's bytes, inflated, as a memory map.
    async fn plain_bytes(&self, delivery: &Delivery) -> Result<Mapped> {
        let raw = self.lake.fetch(delivery).await?;
        let mut spool = self.lake.spool()?;
        let work = tokio::task::spawn_blocking(move || {
            let mapped = raw.map()?;
            if !mapped.starts_with(&[0x1f, 0x8b]) {
                return Ok(mapped);
            }
            inflate(&mut &mapped[..], &mut spool)?;
            spool.map()
        });
        work.await.map_err(|error| Error::permanent(Kind::Internal, "inflating was interrupted").source(error))?
    }
}

fn as_stream(source: &Source, receiver: mpsc::Receiver<RecordBatch>) -> SendableRecordBatchStream {
    let batches = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|batch| (Ok::<_, DataFusionError>(batch), receiver))
    });
    Box::pin(RecordBatchStreamAdapter::new(decoded_schema(source), batches))
}
