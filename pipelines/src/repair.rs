//! Rebuilding the catalogue from the lake.

use sellerlake_contracts::{ObjectState, Partition, Result};
use sellerlake_sinks::Head;

use crate::Workspace;
use crate::progress::Progress;
use crate::rebuild::Rebuilt;

/// What a repair did.
#[derive(Debug, Default)]
pub struct Repaired {
    /// Objects found in the lake.
    pub objects: u64,
    /// Deliveries found in `raw/` that the state had not known.
    pub deliveries: u64,
    /// What was rebuilt, per seller.
    pub rebuilt: Vec<Rebuilt>,
}

impl Workspace {
    /// Makes the catalogue say what the lake holds, then rebuilds what can't be shown to be current.
    ///
    /// An object's inputs are not in the lake, so everything is computed once; what comes out equal is not
    /// rewritten.
    pub async fn repair(&self, progress: &dyn Progress) -> Result<Repaired> {
        let mut repaired = Repaired::default();
        let found = self.lake.partitions(None).await?;
        progress.begin("reading footers", Some(found.len() as u64));
        let mut objects = Vec::new();
        for (partition, head) in found {
            objects.push(self.read_object(&partition, &head).await?);
            progress.advance(1);
        }
        progress.end();
        repaired.objects = objects.len() as u64;
        self.state.replace_objects(&objects, self.clock.now()).await?;
        repaired.deliveries = self.repair_deliveries().await?;
        for seller in self.sellers().await? {
            repaired.rebuilt.push(self.rebuild(&seller, None, progress).await?);
        }
        Ok(repaired)
    }

    /// Enters deliveries that stand in `raw/` but that the state doesn't know.
    async fn repair_deliveries(&self) -> Result<u64> {
        let mut entered = 0;
        for delivery in self.lake.deliveries(None, None).await? {
            if self.state.delivery(&delivery.id).await?.is_none() {
                self.state.begin_landing(&delivery, self.clock.now()).await?;
                self.state.set_landed(&delivery.id, self.clock.now()).await?;
                entered += 1;
            }
        }
        Ok(entered)
    }

    /// What an object is, from its footer; what it was made from is unknown, so it counts as stale.
    pub(crate) async fn read_object(&self, partition: &Partition, head: &Head) -> Result<ObjectState> {
        let footer = self.lake.footer(partition, head).await?;
        Ok(ObjectState {
            partition: partition.clone(),
            etag: Some(head.etag.clone()),
            size_bytes: head.size_bytes,
            rows: footer.rows,
            visible_rows: footer.visible_rows,
            row_hash: footer.row_hash,
            input_hash: String::new(),
            schema_version: footer.schema_version,
        })
    }

    /// What a partition is now, where that isn't what was known; remembered for everybody.
    pub(crate) async fn look_again(
        &self,
        partition: &Partition,
        known: Option<&ObjectState>,
    ) -> Result<Option<ObjectState>> {
        let Some(head) = self.lake.head(partition).await? else { return Ok(None) };
        if known.and_then(|known| known.etag.as_ref()) == Some(&head.etag) {
            return Ok(None);
        }
        let object = self.read_object(partition, &head).await?;
        self.state.put_object(&object, self.clock.now()).await?;
        Ok(Some(object))
    }
}
