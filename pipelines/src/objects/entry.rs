//! The catalogue's entry of an object: read from the object itself, and told to others.

use sellerlake_contracts::{ObjectState, Partition, Result};
use sellerlake_sinks::{Footer, Head};

use crate::Workspace;

impl Workspace {
    /// What an object is, from its footer; what it was made from is unknown, so it counts as stale.
    pub(crate) async fn read_object(&self, partition: &Partition, head: &Head) -> Result<ObjectState> {
        Ok(described(partition, head.clone(), self.lake.footer(partition, head).await?))
    }

    /// What a partition is now, where that isn't what was known; remembered for everybody.
    pub(crate) async fn look_again(
        &self,
        partition: &Partition,
        known: Option<&ObjectState>,
    ) -> Result<Option<ObjectState>> {
        loop {
            let told = self.state.object(partition).await?;
            let Some(head) = self.lake.head(partition).await? else { return Ok(None) };
            if known.and_then(|known| known.etag.as_ref()) == Some(&head.etag) {
                return Ok(None);
            }
            if told.as_ref().and_then(|told| told.etag.as_ref()) == Some(&head.etag) {
                return Ok(told);
            }
            let object = self.read_object(partition, &head).await?;
            // Whoever told the catalogue something else meanwhile may know better.
            if self.tell(&object, told).await? {
                return Ok(Some(object));
            }
        }
    }

    /// Tells the catalogue what a partition is, unless somebody told it something since `known` was read.
    pub(crate) async fn tell(&self, object: &ObjectState, known: Option<ObjectState>) -> Result<bool> {
        let told = self.state.put_objects_if(&[(object.clone(), known)], self.clock.now()).await?;
        Ok(told.iter().all(|told| *told))
    }
}

/// An object as its footer describes it; what it was made from isn't in it.
pub(crate) fn described(partition: &Partition, head: Head, footer: Footer) -> ObjectState {
    ObjectState {
        partition: partition.clone(),
        etag: Some(head.etag),
        size_bytes: head.size_bytes,
        rows: footer.rows,
        visible_rows: footer.visible_rows,
        row_hash: footer.row_hash,
        input_hash: String::new(),
        schema_version: footer.schema_version,
    }
}
