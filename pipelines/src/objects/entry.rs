//! The catalogue's entry of an object: read from the object itself, and told to others.
//!
//! An object that isn't the version the catalogue knows was written by a run that was cut short before it could say so,
//! by somebody who is about to say so, or it was put there. Only what was written later has a higher generation; anything
//! else is damage, as is an object that is gone: nothing of sellerlake removes one.

use sellerlake_contracts::{Area, Error, Kind, ObjectState, Partition, Result};
use sellerlake_seal::outdated;
use sellerlake_sinks::{Footer, Head};

use crate::objects::Objects;

/// What the catalogue says of a partition, and the version that stands there, which is the one it says.
pub(crate) struct Committed {
    pub(crate) known: Option<ObjectState>,
    pub(crate) head: Option<Head>,
    /// Whether the catalogue learned of that version just now: whoever wrote it may have died before it said so.
    pub(crate) is_news: bool,
}

impl Committed {
    pub(crate) fn generation(&self) -> u64 {
        self.known.as_ref().map_or(0, |known| known.generation)
    }
}

impl Objects {
    /// What an object is, from its footer; what it was made from is unknown, so it counts as stale.
    pub(crate) async fn read_object(&self, partition: &Partition, head: &Head) -> Result<ObjectState> {
        Ok(described(partition, head.clone(), self.shared.lake.footer(partition, head).await?))
    }

    /// What a partition is now, where that isn't what was known; remembered for everybody. [`Kind::Data`] where what stands
    /// isn't what was written last, [`Kind::NotFound`] where it is gone.
    pub(crate) async fn look_again(
        &self,
        partition: &Partition,
        known: Option<&ObjectState>,
    ) -> Result<Option<ObjectState>> {
        loop {
            // In this order: what stands is never older than what was told before.
            let told = self.shared.state.object(partition).await?;
            let Some(head) = self.shared.lake.head(partition).await? else {
                return if told.is_some_and(|told| told.etag.is_some()) { Err(gone(partition)) } else { Ok(None) };
            };
            if known.and_then(|known| known.etag.as_ref()) == Some(&head.etag) {
                return Ok(None);
            }
            if told.as_ref().and_then(|told| told.etag.as_ref()) == Some(&head.etag) {
                return Ok(told);
            }
            let mut object = self.read_object(partition, &head).await?;
            expect_successor(&object, told.as_ref())?;
            if let Some(told) = told.as_ref().filter(|told| is_same(&object, told)) {
                // Copied: it is made from what it was made from.
                object.input_hash.clone_from(&told.input_hash);
            } else if partition.area == Area::Sources {
                self.expect_own_rows(partition, &head).await?;
            }
            // Whoever told the catalogue something else meanwhile may know better.
            if self.tell(&object, told).await? {
                return Ok(Some(object));
            }
        }
    }

    /// The version of a partition that stands, and what the catalogue says of it, brought into line: for who is about to
    /// put another one in its place. Fails as [`look_again`](Self::look_again) does.
    pub(crate) async fn committed(&self, partition: &Partition) -> Result<Committed> {
        let mut is_news = false;
        loop {
            let known = self.shared.state.object(partition).await?;
            let head = self.shared.lake.head(partition).await?;
            if known.as_ref().and_then(|known| known.etag.as_ref()) == head.as_ref().map(|head| &head.etag) {
                return Ok(Committed { known, head, is_news });
            }
            is_news |= self.look_again(partition, None).await?.is_some();
        }
    }

    /// Tells the catalogue what a partition is, unless somebody told it something since `known` was read.
    pub(crate) async fn tell(&self, object: &ObjectState, known: Option<ObjectState>) -> Result<bool> {
        let told = self.shared.state.put_objects_if(&[(object.clone(), known)], self.shared.clock.now()).await?;
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
        generation: footer.generation,
    }
}

/// Insists that an object is the version the catalogue was told of, perhaps copied, or one that was written after it.
/// Objects of earlier versions of sellerlake don't say which they are.
pub(crate) fn expect_successor(object: &ObjectState, told: Option<&ObjectState>) -> Result<()> {
    let Some(told) = told.filter(|told| told.generation >= object.generation && told.generation > 0) else {
        return Ok(());
    };
    if is_same(object, told) {
        return Ok(());
    }
    Err(outdated(&object.partition.path()).with("written_as", object.generation).with("last_was", told.generation))
}

/// Whether an object is the version the catalogue was told of, whatever its tag: a lake that was copied has other ones.
pub(crate) fn is_same(object: &ObjectState, told: &ObjectState) -> bool {
    told.generation == object.generation && told.row_hash == object.row_hash && told.rows == object.rows
}

/// What the catalogue says of an object that is to be made again, whatever stands there: it has rows, though nobody can
/// read them, and no version that comes later has a lower generation.
pub(crate) fn damaged_entry(partition: &Partition, etag: Option<String>, generation: u64) -> ObjectState {
    ObjectState {
        partition: partition.clone(),
        etag,
        size_bytes: 0,
        rows: 1,
        visible_rows: 1,
        row_hash: String::new(),
        input_hash: String::new(),
        schema_version: 0,
        generation,
    }
}

/// Whether an entry is one of these.
pub(crate) fn is_damaged(object: &ObjectState) -> bool {
    object.etag.is_some() && object.row_hash.is_empty()
}

/// Whether an error says that an object isn't what it was written as, or is gone.
pub(crate) fn is_damage(error: &Error) -> bool {
    matches!(error.kind(), Kind::Data | Kind::NotFound)
}

pub(crate) fn gone(partition: &Partition) -> Error {
    Error::permanent(Kind::NotFound, "the catalogue knows an object that isn't in the lake")
        .at("object.read")
        .with("path", partition)
        .hint("`sellerlake verify --repair` makes it again")
}
