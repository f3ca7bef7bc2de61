//! Rebuilding the catalogue from the lake.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use sellerlake_contracts::{Area, Error, Kind, ObjectState, Partition, Result, SellerId};
use sellerlake_query::{LakeTable, LakeTableOptions};
use sellerlake_sinks::{Head, RowHash, Standing};
use sellerlake_state::{DeliveryFilter, ObjectFilter};

use crate::care::Care;
use crate::loading::absent::Standings;
use crate::loading::loaded::{Damaged, LoadOptions};
use crate::objects::entry::{damaged_entry, described, expect_successor};
use crate::objects::inputs::stored;
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

/// An object as a survey finds it.
enum Surveyed {
    Sound(ObjectState),
    Damaged(ObjectState),
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

impl Care {
    /// Makes the catalogue say what the lake holds, then rebuilds what can't be shown to be current.
    ///
    /// An object's inputs are not in the lake, so everything is computed once; what comes out equal is not
    /// rewritten. An object that can't be read, isn't the version written last, or is gone, is made again: from `raw/`, or
    /// from what it is computed from.
    pub async fn repair(&self, progress: &dyn Progress) -> Result<Repaired> {
        let deliveries = self.repair_deliveries().await?;
        let known = self.known_objects().await?;
        let mut standings = Standings::default();
        let (objects, mut damaged) = self.survey(progress, Depth::Rows, &known, &mut standings).await?;
        let found = (objects.len() - damaged.len()) as u64;
        let mut entries: BTreeMap<Partition, ObjectState> =
            objects.into_iter().map(|object| (object.partition.clone(), object)).collect();
        for (partition, known) in known {
            if !entries.contains_key(&partition) && self.shared.declarations.dataset(&partition.name).is_some() {
                let entry = if known.etag.is_some() {
                    damaged.insert(partition.clone(), None);
                    damaged_entry(&partition, known.etag, known.generation)
                } else {
                    ObjectState { input_hash: String::new(), ..known }
                };
                entries.insert(partition, entry);
            }
        }
        let rejects = self.shared.lake.damaged_rejects().await?;
        let entries: Vec<ObjectState> = entries.into_values().collect();
        self.shared.state.replace_objects(&entries, self.shared.clock.now()).await?;
        let unreadable = damaged.len() as u64;
        let mut repaired = Repaired { objects: found, unreadable, deliveries, rebuilt: Vec::new() };
        let mut owners: BTreeSet<(String, SellerId)> = damaged
            .keys()
            .filter(|partition| partition.area == Area::Sources)
            .map(|partition| (partition.name.clone(), partition.seller.clone()))
            .collect();
        owners.extend(rejects.iter().filter_map(|(path, _)| rejects_owner(path)));
        let mut others = self.shared.lake.standing(None, None).await?.deliveries;
        others.retain(|other| !owners.contains(&(other.source.clone(), other.seller.clone())));
        let absent = self.loading.absent(others, &standings).await?;
        owners.extend(absent.into_iter().map(|(delivery, _)| (delivery.source, delivery.seller)));
        self.read_raw_again(owners, damaged).await?;
        for seller in self.objects.sellers().await? {
            repaired.rebuilt.push(self.rebuilding.rebuild(&seller, None, progress).await?);
        }
        Ok(repaired)
    }

    /// Fills a catalogue that knows nothing from a lake that isn't empty: it was lost, and what is computed without
    /// it would be computed from nothing. What the lake gets meanwhile is found when it is read.
    pub(crate) async fn remember(&self, progress: &dyn Progress) -> Result<()> {
        if !self.shared.state.knows_no_objects().await? {
            return Ok(());
        }
        let (objects, _) = self.survey(progress, Depth::Footers, &BTreeMap::new(), &mut Standings::default()).await?;
        if !objects.is_empty() {
            self.shared.state.put_objects(&objects, self.shared.clock.now()).await?;
            self.repair_deliveries().await?;
        }
        Ok(())
    }

    /// Every object of the lake as its footer describes it, and which of them are damaged, as deep as is asked.
    async fn survey(
        &self,
        progress: &dyn Progress,
        depth: Depth,
        known: &BTreeMap<Partition, ObjectState>,
        standings: &mut Standings,
    ) -> Result<(Vec<ObjectState>, Damaged)> {
        let found = self.shared.lake.partitions(None).await?;
        progress.begin("reading objects", Some(found.len() as u64));
        let (mut objects, mut damaged) = (Vec::new(), Damaged::new());
        for (partition, mut head) in found {
            let known = known.get(&partition);
            loop {
                match self.survey_one(&partition, &head, depth, known, standings).await {
                    Ok(Surveyed::Sound(object)) => objects.push(object),
                    Ok(Surveyed::Damaged(entry)) => {
                        objects.push(entry);
                        damaged.insert(partition, Some(head.etag));
                    }
                    // It was replaced since it was listed.
                    Err(error) if error.kind() == Kind::Conflict => {
                        if let Some(present) = self.shared.lake.head(&partition).await? {
                            head = present;
                            continue;
                        }
                    }
                    Err(error) if error.kind() == Kind::NotFound => {}
                    Err(error) => return Err(error),
                }
                break;
            }
            progress.advance(1);
        }
        progress.end();
        Ok((objects, damaged))
    }

    /// One of them; as damaged it keeps the tag of what is to stand there, so that nobody takes another one for it.
    async fn survey_one(
        &self,
        partition: &Partition,
        head: &Head,
        depth: Depth,
        known: Option<&ObjectState>,
        standings: &mut Standings,
    ) -> Result<Surveyed> {
        let mut generation = known.map_or(0, |known| known.generation);
        let mut etag = Some(head.etag.clone());
        let read = async {
            let footer = self.shared.lake.footer(partition, head).await?;
            let sealed = footer.sealed;
            let object = described(partition, head.clone(), footer);
            if let Err(error) = expect_successor(&object, known) {
                etag = known.and_then(|known| known.etag.clone());
                return Err(error);
            }
            generation = object.generation;
            if depth == Depth::Rows { self.read_rows(object, sealed, standings).await } else { Ok(object) }
        };
        match read.await {
            Ok(object) => Ok(Surveyed::Sound(object)),
            Err(error) if error.kind() == Kind::Data => {
                Ok(Surveyed::Damaged(damaged_entry(partition, etag, generation)))
            }
            Err(error) => Err(error),
        }
    }

    /// Reads an object's rows to the end: [`Kind::Data`] where they are not those its footer was written for.
    async fn read_rows(&self, object: ObjectState, sealed: bool, standings: &mut Standings) -> Result<ObjectState> {
        let Some(schema) =
            self.shared.declarations.dataset(&object.partition.name).and_then(|dataset| stored(&dataset))
        else {
            return Ok(object);
        };
        let damaged = || Error::permanent(Kind::Data, "its rows are not those its footer was written for");
        let table =
            LakeTable::new(self.objects.reader.clone(), &schema, vec![object.clone()], &LakeTableOptions::default());
        let mut rows = self.objects.scan(&table, &object.partition).await?;
        let mut hash = if sealed { RowHash::default() } else { RowHash::first_version() };
        while let Some(batch) = rows.next().await {
            match batch.map_err(|error| crate::objects::swap::row_error(error, &object.partition)) {
                Ok(batch) => {
                    hash.update(&batch)?;
                    standings.add(&object.partition, &batch);
                }
                Err(error) if error.may_pass() => return Err(error),
                // Whatever else a reader says of rows that were sound when they were written.
                Err(error) => return Err(damaged().source(error)),
            }
        }
        if object.rows > 0 && (hash.rows() != object.rows || hash.finish() != object.row_hash) {
            return Err(damaged());
        }
        if let (Area::Sources, Some(etag)) = (object.partition.area, &object.etag) {
            let head = Head { etag: etag.clone(), size_bytes: object.size_bytes };
            self.objects.expect_own_rows(&object.partition, &head).await?;
        }
        Ok(object)
    }

    /// What the catalogue says, as far as it can be read.
    async fn known_objects(&self) -> Result<BTreeMap<Partition, ObjectState>> {
        let known = match self.shared.state.objects(&ObjectFilter::default()).await {
            Ok(records) => records,
            // A damaged catalogue is about to be made again; what it doesn't say isn't lost.
            Err(error) if !error.may_pass() => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(known.into_iter().map(|record| (record.object.partition.clone(), record.object)).collect())
    }

    /// Loads again what damaged objects of these sources and sellers were made from. Merging is idempotent, so their
    /// neighbours stay as they are.
    ///
    /// Where `raw/` is damaged too, they stay as they are: made of what is left, they would say too little, and look
    /// whole.
    async fn read_raw_again(&self, owners: BTreeSet<(String, SellerId)>, damaged: Damaged) -> Result<()> {
        let options = LoadOptions { damaged, ..LoadOptions::default() };
        for (source, seller) in owners {
            let Some(declared) = self.shared.declarations.schemas.sources.get(&source) else { continue };
            let standing = self.shared.lake.standing(Some(&source), Some(&seller)).await?;
            let owned = DeliveryFilter { source: Some(source.clone()), seller: Some(seller.clone()), status: None };
            let lost = self.loading.lost_deliveries(&owned, &standing).await?;
            let Standing { deliveries, unreadable, .. } = standing;
            let mut is_whole = unreadable.is_empty() && lost.is_empty();
            for delivery in &deliveries {
                is_whole = is_whole && self.loading.check_raw(delivery.clone()).await.is_ok();
            }
            if !is_whole {
                tracing::warn!(source, %seller, "raw is damaged: objects made from it are left as they are");
                continue;
            }
            for group in self.loading.groups(deliveries).await? {
                self.loading.load(&source, group, &options).await?;
            }
            // Those that nothing of it belongs into.
            let is_owned = |partition: &&Partition| partition.name == source && partition.seller == seller;
            for partition in options.damaged.keys().filter(is_owned) {
                let working = self.objects.working(self.loading.loading_bytes(&[])).await;
                self.loading.swap_source(declared, partition.clone(), None, &options, &working).await?;
            }
        }
        Ok(())
    }

    /// Enters deliveries that stand in `raw/` but that the state doesn't know.
    async fn repair_deliveries(&self) -> Result<u64> {
        let mut entered = 0;
        for delivery in self.shared.lake.standing(None, None).await?.deliveries {
            if self.shared.state.delivery(&delivery.id).await?.is_none() {
                self.loading.enter(&delivery).await?;
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
