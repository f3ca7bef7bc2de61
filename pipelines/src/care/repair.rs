//! Rebuilding the catalogue from the lake.

use std::collections::BTreeSet;

use futures::StreamExt;
use sellerlake_contracts::{Area, Error, Kind, ObjectState, Partition, Result, SellerId};
use sellerlake_query::{LakeTable, LakeTableOptions};
use sellerlake_sinks::{RowHash, Standing};
use sellerlake_state::ObjectFilter;

use crate::Workspace;
use crate::loading::loaded::LoadOptions;
use crate::loading::loaded::Unreadable;
use crate::objects::entry::described;
use crate::objects::inputs::{stored, unknown_object};
use crate::progress::Progress;
use crate::rebuilding::rebuild::Rebuilt;

/// How much of each object a survey reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What objects say of themselves.
    Footers,
    /// All their rows, compared with that.
    Rows,
}

/// What a repair did.
#[derive(Debug, Default)]
pub struct Repaired {
    /// Objects found in the lake.
    pub objects: u64,
    /// Objects that can't be read: half written, or not ours.
    pub unreadable: u64,
    /// Deliveries found in `raw/` that the state had not known.
    pub deliveries: u64,
    /// What was rebuilt, per seller.
    pub rebuilt: Vec<Rebuilt>,
}

impl Workspace {
    /// Makes the catalogue say what the lake holds, then rebuilds what can't be shown to be current.
    ///
    /// An object's inputs are not in the lake, so everything is computed once; what comes out equal is not
    /// rewritten. An object that can't be read or is gone is made again: from `raw/`, or from what it is computed from.
    pub async fn repair(&self, progress: &dyn Progress) -> Result<Repaired> {
        let deliveries = self.repair_deliveries().await?;
        let (objects, unreadable) = self.survey(progress, Depth::Rows).await?;
        let (known, broken) = (objects.len() as u64, unreadable.len() as u64);
        let mut damaged = self.lost(&objects).await?;
        damaged.extend(unreadable.keys().cloned());
        let rejects = self.lake.damaged_rejects().await?;
        self.state.replace_objects(&objects, self.clock.now()).await?;
        let mut repaired = Repaired { objects: known, unreadable: broken, deliveries, rebuilt: Vec::new() };
        let mut owners: BTreeSet<(String, SellerId)> = damaged
            .iter()
            .filter(|partition| partition.area == Area::Sources)
            .map(|partition| (partition.name.clone(), partition.seller.clone()))
            .collect();
        owners.extend(rejects.iter().filter_map(|(path, _)| rejects_owner(path)));
        self.read_raw_again(owners, unreadable).await?;
        for seller in self.sellers().await? {
            repaired.rebuilt.push(self.rebuild(&seller, None, progress).await?);
        }
        Ok(repaired)
    }

    /// Fills a catalogue that knows nothing from a lake that isn't empty: it was lost, and what is computed without
    /// it would be computed from nothing. What the lake gets meanwhile is found when it is read.
    pub(crate) async fn remember(&self, progress: &dyn Progress) -> Result<()> {
        if !self.state.knows_no_objects().await? {
            return Ok(());
        }
        let (objects, _) = self.survey(progress, Depth::Footers).await?;
        if !objects.is_empty() {
            self.state.put_objects(&objects, self.clock.now()).await?;
            self.repair_deliveries().await?;
        }
        Ok(())
    }

    /// Every object of the lake as its footer describes it, and which of them can't be read, as deep as is asked.
    async fn survey(&self, progress: &dyn Progress, depth: Depth) -> Result<(Vec<ObjectState>, Unreadable)> {
        let found = self.lake.partitions(None).await?;
        progress.begin("reading objects", Some(found.len() as u64));
        let (mut objects, mut unreadable) = (Vec::new(), Unreadable::new());
        for (partition, head) in found {
            let read = match self.lake.footer(&partition, &head).await {
                Ok(footer) => {
                    let sealed = footer.sealed;
                    let object = described(&partition, head.clone(), footer);
                    if depth == Depth::Rows { self.read_rows(object, sealed).await } else { Ok(object) }
                }
                Err(error) => Err(error),
            };
            match read {
                Ok(object) => objects.push(object),
                Err(error) if error.kind() == Kind::Data => {
                    objects.push(unknown_object(&partition, &head));
                    unreadable.insert(partition, head.etag);
                }
                // It was replaced or removed since it was listed; whoever did it entered it.
                Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => {}
                Err(error) => return Err(error),
            }
            progress.advance(1);
        }
        progress.end();
        Ok((objects, unreadable))
    }

    /// Reads an object's rows to the end: [`Kind::Data`] where they are not those its footer was written for.
    async fn read_rows(&self, object: ObjectState, sealed: bool) -> Result<ObjectState> {
        let Some(schema) = self.declarations.dataset(&object.partition.name).and_then(|dataset| stored(&dataset))
        else {
            return Ok(object);
        };
        let damaged = || Error::permanent(Kind::Data, "its rows are not those its footer was written for");
        let table = LakeTable::new(self.reader.clone(), &schema, vec![object.clone()], &LakeTableOptions::default());
        let mut rows = self.scan(&table, &object.partition).await?;
        let mut hash = if sealed { RowHash::default() } else { RowHash::first_version() };
        while let Some(batch) = rows.next().await {
            match batch.map_err(|error| crate::objects::swap::row_error(error, &object.partition)) {
                Ok(batch) => hash.update(&batch)?,
                Err(error) if error.may_pass() => return Err(error),
                // Whatever else a reader says of rows that were sound when they were written.
                Err(error) => return Err(damaged().source(error)),
            }
        }
        if object.rows > 0 && (hash.rows() != object.rows || hash.finish() != object.row_hash) {
            return Err(damaged());
        }
        Ok(object)
    }

    /// What the catalogue believes in that the lake no longer has.
    async fn lost(&self, found: &[ObjectState]) -> Result<BTreeSet<Partition>> {
        let found: BTreeSet<&Partition> = found.iter().map(|object| &object.partition).collect();
        let known = match self.state.objects(&ObjectFilter::default()).await {
            Ok(records) => records,
            // A damaged catalogue is about to be made again; what it doesn't say isn't lost.
            Err(error) if !error.may_pass() => Vec::new(),
            Err(error) => return Err(error),
        };
        let stood = known
            .into_iter()
            .map(|record| record.object)
            .filter(|object| object.etag.is_some())
            .map(|object| object.partition);
        Ok(stood.filter(|partition| !found.contains(partition)).collect())
    }

    /// Loads again what damaged objects of these sources and sellers were made from. Merging is idempotent, so their
    /// neighbours stay as they are.
    ///
    /// Where `raw/` is damaged too, they stay as they are: made of what is left, they would say too little, and look
    /// whole.
    async fn read_raw_again(&self, owners: BTreeSet<(String, SellerId)>, unreadable: Unreadable) -> Result<()> {
        let options = LoadOptions { unreadable, ..LoadOptions::default() };
        for (source, seller) in owners {
            if !self.declarations.schemas.sources.contains_key(&source) {
                continue;
            }
            let Standing { deliveries, unreadable } = self.lake.standing(Some(&source), Some(&seller)).await?;
            let mut is_whole = unreadable.is_empty();
            for delivery in &deliveries {
                is_whole = is_whole && self.check_raw(delivery.clone()).await.is_ok();
            }
            if !is_whole {
                tracing::warn!(source, %seller, "raw is damaged: objects made from it are left as they are");
                continue;
            }
            for group in self.groups(deliveries).await? {
                self.load(&source, group, &options).await?;
            }
        }
        Ok(())
    }

    /// Enters deliveries that stand in `raw/` but that the state doesn't know.
    async fn repair_deliveries(&self) -> Result<u64> {
        let mut entered = 0;
        for delivery in self.lake.standing(None, None).await?.deliveries {
            if self.state.delivery(&delivery.id).await?.is_none() {
                self.enter(&delivery).await?;
                entered += 1;
            }
        }
        Ok(entered)
    }
}

/// Whose rejected rows a path is for.
fn rejects_owner(path: &str) -> Option<(String, SellerId)> {
    let mut parts = path.strip_prefix("rejects/")?.split('/');
    let source = parts.next()?.to_owned();
    let seller = parts.next()?.strip_prefix("seller_id=")?.parse().ok()?;
    Some((source, seller))
}
