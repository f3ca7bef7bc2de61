//! From landed bytes to sorted, stamped rows ready to merge.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, AsArray};
use arrow::record_batch::RecordBatch;
use chrono::SubsecRound;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::TryStreamExt;
use sellerlake_contracts::{Delivery, Error, Kind, Result};
use sellerlake_schemas::Source;
use sellerlake_sinks::{Mapped, Spool};
use sellerlake_transforms::decode::{DecodeRequest, Outcome, decode, decoding_bytes, inflate, recognise};
use sellerlake_transforms::merge::{Sorter, Stamp, marker_batch, stamp};

use crate::loading::Loading;
use crate::loading::groups::USUAL_RATIO;
use crate::loading::land::ALLOW_PERSONAL_DATA;
use crate::objects::working::Working;

/// Which part of all memory a load begins with for sorting, merging and writing.
const MERGING: usize = 16;

/// A decoded delivery; its rows are in the working schema, sorted.
pub(crate) struct Prepared {
    pub(crate) delivery: Delivery,
    pub(crate) outcome: Outcome,
    /// `None` where nothing may be merged.
    pub(crate) rows: Option<SendableRecordBatchStream>,
    /// How many units it has, once its rows have been read.
    pub(crate) units: Arc<AtomicU64>,
}

/// Counts the units of sorted rows as they pass.
fn counted(rows: SendableRecordBatchStream, units: &Arc<AtomicU64>) -> SendableRecordBatchStream {
    let (schema, total, mut count) = (rows.schema(), Arc::clone(units), UnitCount::default());
    let rows = rows.inspect_ok(move |batch| {
        count.add(batch, |_| ());
        total.store(count.units, Ordering::Relaxed);
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// Counts units where their rows come one after the other.
#[derive(Debug, Default)]
pub(crate) struct UnitCount {
    pub(crate) units: u64,
    last: Option<String>,
}

impl UnitCount {
    /// Calls `begins` with the number of each row that begins a unit.
    pub(crate) fn add(&mut self, batch: &RecordBatch, mut begins: impl FnMut(usize)) {
        let Some(units) = batch.column_by_name("_unit").and_then(|column| column.as_string_opt::<i32>()) else {
            return;
        };
        for row in 0..units.len() {
            let unit = units.value(row);
            if self.last.as_deref() != Some(unit) {
                self.last = Some(unit.to_owned());
                self.units += 1;
                begins(row);
            }
        }
    }
}

impl Prepared {
    pub(crate) fn refused(delivery: Delivery, reason: String) -> Self {
        let outcome = Outcome { refused: Some(reason), ..Outcome::default() };
        Self { delivery, outcome, rows: None, units: Arc::default() }
    }
}

impl Loading {
    /// Decodes and sorts one delivery. A document that can't be what it was said to be comes back refused.
    pub(crate) async fn prepare(
        &self,
        source: &Arc<Source>,
        delivery: Delivery,
        working: &Working,
    ) -> Result<Prepared> {
        let bytes = match self.plain_bytes(&delivery).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == Kind::Decode => return Ok(Prepared::refused(delivery, error.to_string())),
            Err(error) => return Err(error),
        };
        let (outcome, sorter) = self.decode(source, &delivery, bytes, working).await?;
        if outcome.refused.is_some() || outcome.hold_back_all {
            return Ok(Prepared { delivery, outcome, rows: None, units: Arc::default() });
        }
        let stamped = Stamp {
            delivery: delivery.id.clone(),
            // A document that lacks its end never held all of its units: its rows stand only where no other delivery's do.
            as_of: outcome.as_of.filter(|_| !outcome.more_follows || source.has_units_within_records()),
            fetched_at: delivery.fetched_at.trunc_subsecs(3),
            proven: outcome.proven.clone(),
            held_back: outcome.held_back.clone(),
            incomplete: outcome.incomplete.clone(),
        };
        let rows = stamp(source, sorter.finish().await.map_err(unsorted)?, stamped);
        let units = Arc::default();
        let rows = Some(counted(rows, &units));
        Ok(Prepared { delivery, outcome, rows, units })
    }

    async fn decode(
        &self,
        source: &Arc<Source>,
        delivery: &Delivery,
        bytes: Mapped,
        working: &Working,
    ) -> Result<(Outcome, Sorter)> {
        let others = self.shared.declarations.schemas.sources.clone();
        let (source, delivery) = (Arc::clone(source), delivery.clone());
        let held = working.holds("decoding");
        let threads = self.decoding_threads(bytes.len() as u64, &held);
        // The rest is for merging with what stands.
        let memory_bytes = self.shared.settings.memory_bytes / 4 * 3;
        let mut sorter = Sorter::new(&source, &working.task(), memory_bytes).map_err(unsorted)?;
        let work = tokio::task::spawn_blocking(move || {
            let allow_personal_data = delivery.options.contains_key(ALLOW_PERSONAL_DATA);
            let request = DecodeRequest { source: &source, delivery: &delivery, allow_personal_data, threads };
            let mut outcome =
                decode(&request, &bytes, &mut |batch: RecordBatch| sorter.push(&batch).map_err(unsorted))?;
            if let Some(reason) = &mut outcome.refused {
                let likely = recognise(&request, &bytes, others.values().map(AsRef::as_ref));
                if !likely.is_empty() {
                    *reason = format!("{reason}; it reads like {}", likely.join(" or "));
                }
            }
            if !outcome.empty.is_empty() {
                sorter.push(&marker_batch(&source, &outcome.empty)?).map_err(unsorted)?;
            }
            drop(held);
            Ok((outcome, sorter))
        });
        work.await.map_err(|error| Error::permanent(Kind::Internal, "decoding was interrupted").source(error))?
    }

    /// How many threads may decode a document of so many bytes: one in any case, and more where there is memory for them.
    fn decoding_threads(&self, document_bytes: u64, held: &MemoryReservation) -> usize {
        let most_bytes = self.shared.budget.size_bytes() / 2;
        let fits = |threads: &usize| {
            let bytes = decoding_bytes(document_bytes, *threads);
            bytes <= most_bytes && held.try_grow(bytes).is_ok()
        };
        (2..=self.shared.settings.threads).rev().find(fits).unwrap_or_else(|| {
            held.grow(decoding_bytes(document_bytes, 1));
            1
        })
    }

    /// What loading these one after the other begins with.
    pub(crate) fn loading_bytes(&self, deliveries: &[Delivery]) -> usize {
        let decoding = deliveries.iter().map(|delivery| {
            let ratio = if delivery.extension.ends_with("gz") { USUAL_RATIO } else { 1 };
            decoding_bytes(delivery.size_bytes.saturating_mul(ratio), 1)
        });
        decoding.max().unwrap_or(0) + self.shared.budget.size_bytes() / MERGING
    }

    /// The delivery's bytes, inflated, as a memory map.
    async fn plain_bytes(&self, delivery: &Delivery) -> Result<Mapped> {
        let most_bytes = self.shared.settings.document_bytes;
        let raw = self.shared.lake.fetch(delivery).await?;
        let mut spool = self.shared.lake.spool()?;
        let work = tokio::task::spawn_blocking(move || {
            let mapped = raw.map()?;
            if !mapped.starts_with(&[0x1f, 0x8b]) {
                return Ok(mapped);
            }
            let mut bounded = Bounded { spool: &mut spool, left: most_bytes, is_full: false };
            inflate(&mut &mapped[..], &mut bounded).map_err(|error| {
                // Refused, and so not tried again by every later run.
                if bounded.is_full { too_long(most_bytes) } else { error }
            })?;
            spool.map()
        });
        work.await.map_err(|error| Error::permanent(Kind::Internal, "inflating was interrupted").source(error))?
    }
}

/// A spool that takes no more than it may.
struct Bounded<'a> {
    spool: &'a mut Spool,
    left: u64,
    is_full: bool,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            self.is_full = true;
            return Err(io::Error::other("there is more than it may take"));
        }
        let written = self.spool.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.spool.flush()
    }
}

fn too_long(most_bytes: u64) -> Error {
    let problem = format!(
        "unpacked it is longer than {} MiB, which no report is; if this is one, raise document_mib in the settings and replay",
        most_bytes >> 20
    );
    Error::permanent(Kind::Decode, problem).at("decode.inflate")
}

fn unsorted(error: DataFusionError) -> Error {
    sellerlake_query::explain(error, &[]).at("delivery.sort")
}
