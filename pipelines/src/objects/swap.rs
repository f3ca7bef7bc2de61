//! Writing one partition: stream into a spool, compare, swap, remember.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::common::spawn_buffered;
use futures::StreamExt;
use sellerlake_contracts::{Error, Kind, Partition, Result};
use sellerlake_sinks::{BuiltPartition, PartitionWriter, WriteOptions};

use crate::objects::Objects;
use crate::objects::working::Working;

/// Batches that may wait for the writer.
const AHEAD: usize = 2;

/// Which part of all memory a row group of very wide rows may take until it is written.
const GROUPS: usize = 8;

/// What to write.
pub(crate) struct ObjectLayout {
    pub(crate) partition: Partition,
    pub(crate) schema_version: u32,
    pub(crate) sorted_by: Vec<String>,
    /// Of the version that it replaces; 0 where none ever stood.
    pub(crate) replaces: u64,
}

impl Objects {
    /// Streams rows into a new file of a partition; nothing is published yet.
    pub(crate) async fn build(
        &self,
        layout: ObjectLayout,
        rows: SendableRecordBatchStream,
        working: &Working,
    ) -> Result<BuiltPartition> {
        let ObjectLayout { partition, schema_version, sorted_by, replaces } = layout;
        let threads = self.shared.settings.threads;
        let group_bytes = self.shared.budget.size_bytes() / GROUPS;
        let options = WriteOptions { sorted_by, nulls_first: true, group_bytes, threads, generation: replaces + 1 };
        let held = working.holds("writing a partition");
        let (spool, schema, named) = (self.shared.lake.spool()?, rows.schema(), partition.clone());
        // Computed by a task of its own, while a thread writes, so that partitions built at once share the cores.
        let mut rows = spawn_buffered(rows, AHEAD);
        let runtime = tokio::runtime::Handle::current();
        let writing = tokio::task::spawn_blocking(move || {
            let mut writer = PartitionWriter::new(spool, partition, schema, schema_version, &options)?;
            while let Some(batch) = runtime.block_on(rows.next()) {
                writer.write(&batch.map_err(|error| row_error(error, &named))?)?;
                held.resize(writer.held_bytes());
            }
            writer.finish()
        });
        writing.await.map_err(|error| Error::permanent(Kind::Internal, "writing was interrupted").source(error))?
    }
}

/// What a stream of rows failed with, as one of our errors: a reader's conflict stays a conflict.
pub(crate) fn row_error(error: DataFusionError, partition: &Partition) -> Error {
    if let Some(conflict) = sellerlake_query::conflict(&error) {
        return Error::transient(Kind::Conflict, conflict.to_string()).at("partition.build").source(error);
    }
    sellerlake_query::explain(error, &[]).at("partition.build").with("partition", partition)
}

/// Attempts at anything that answers "look again".
pub(crate) const ATTEMPTS: u32 = 40;

impl Objects {
    /// Waits a little longer each time, and not as long as the neighbour who collided with us.
    pub(crate) async fn back_off(&self, attempt: u32) {
        static TURN: AtomicU64 = AtomicU64::new(0);
        let turn = TURN.fetch_add(1, Ordering::Relaxed) + u64::from(std::process::id());
        let jitter_ms = (turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as i64;
        let wait = TimeDelta::milliseconds(i64::from(attempt.min(8)) * 8 + jitter_ms);
        self.shared.clock.sleep_until(self.shared.clock.now() + wait).await;
    }
}
