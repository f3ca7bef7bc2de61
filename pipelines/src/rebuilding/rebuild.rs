//! Rebuilding what is stale: compare input hashes, run, check, swap what came out different.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use sellerlake_contracts::{Error, Kind, Month, MonthReach, ObjectState, Partition, Result, SellerId, failpoint};
use sellerlake_state::{AlertKind, Condition};
use sellerlake_transforms::Stage;
use sellerlake_transforms::stage::Company;
use tracing::Instrument;

use crate::objects::catalogue::Catalogue;
use crate::objects::entry::is_damaged;
use crate::objects::inputs::Inputs;
use crate::objects::swap::{ATTEMPTS, ObjectLayout};
use crate::objects::working::Working;
use crate::progress::Progress;
use crate::rebuilding::Rebuilding;
use crate::rebuilding::checks::Objection;

/// Rows that months rebuilt side by side may read together. Operators are bound in memory, but not what passes between
/// them and the writers.
const ROWS_SIDE_BY_SIDE: u64 = 2_000_000;

/// Which part of all memory a month of a table begins with, at most, and what it takes for each row it reads.
const MONTH: usize = 8;
const LEAST_BYTES: usize = 1 << 20;
const ROW_BYTES: usize = 256;

/// A stage that could not be rebuilt; its earlier object stands and stays stale.
#[derive(Debug)]
pub struct StageFailure {
    /// Which object.
    pub partition: Partition,
    /// Why.
    pub reason: String,
}

/// What a rebuild did.
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// Partitions whose inputs had changed, so that they were computed.
    pub computed: Vec<Partition>,
    /// Those of them that came out different and were replaced.
    pub rewritten: Vec<Partition>,
    /// Those that failed.
    pub failed: Vec<StageFailure>,
    /// Checks that warned, as sentences.
    pub warnings: Vec<String>,
    /// Alerts that stand because tables leave something out.
    pub left_out: u64,
}

impl Rebuilt {
    fn extend(&mut self, other: Self) {
        self.computed.extend(other.computed);
        self.rewritten.extend(other.rewritten);
        self.failed.extend(other.failed);
        self.warnings.extend(other.warnings);
        self.left_out += other.left_out;
    }

    /// Whether everything could be made, and nothing is left out of it.
    pub fn is_whole(&self) -> bool {
        self.failed.is_empty() && self.left_out == 0
    }
}

/// What became of one stale partition.
struct Built {
    state: ObjectState,
    /// What the catalogue said before.
    known: Option<ObjectState>,
    rewritten: bool,
    warnings: Vec<Objection>,
}

enum Attempt {
    Done(Box<Built>),
    Failed(StageFailure),
}

impl Rebuilding {
    /// Brings a seller's tables and rollups up to date: downstream of `changed`, or all of them. After a list that holds
    /// for all sellers, everybody's.
    pub async fn rebuild(
        &self,
        seller: &SellerId,
        changed: Option<&[Partition]>,
        progress: &dyn Progress,
    ) -> Result<Rebuilt> {
        let changed = changed.filter(|_| !seller.is_shared());
        let mut rebuilt = Rebuilt::default();
        for seller in self.objects.dependants(seller).await? {
            let stages = self.shared.declarations.stages.values().collect();
            rebuilt.extend(self.rebuild_stages(&seller, stages, changed, progress).await?);
        }
        Ok(rebuilt)
    }

    /// Brings only these tables and rollups of a seller up to date, with their inputs as they stand; whatever follows
    /// from them stays stale. A name that no stage makes is a [`Kind::Usage`] error.
    pub async fn rebuild_only(&self, seller: &SellerId, names: &[String], progress: &dyn Progress) -> Result<Rebuilt> {
        let stages = &self.shared.declarations.stages;
        if let Some(unknown) = names.iter().find(|name| !stages.contains_key(*name)) {
            let hint = match sellerlake_schemas::nearest(unknown, stages.keys().map(String::as_str)) {
                Some(nearest) => format!("did you mean {nearest:?}?"),
                None => "`sellerlake tables` lists them all".to_owned(),
            };
            return Err(Error::permanent(Kind::Usage, format!("no stage makes {unknown:?}")).hint(hint));
        }
        let named: Vec<_> = stages.values().filter(|stage| names.contains(&stage.table.name)).collect();
        let mut rebuilt = Rebuilt::default();
        for seller in self.objects.dependants(seller).await? {
            rebuilt.extend(self.rebuild_stages(&seller, named.clone(), None, progress).await?);
        }
        Ok(rebuilt)
    }

    async fn rebuild_stages(
        &self,
        seller: &SellerId,
        stages: Vec<&Arc<Stage>>,
        changed: Option<&[Partition]>,
        progress: &dyn Progress,
    ) -> Result<Rebuilt> {
        let mut catalogue = self.objects.catalogue(seller).await?;
        let mut changed: Option<BTreeSet<Partition>> = changed.map(|changed| changed.iter().cloned().collect());
        let mut rebuilt = Rebuilt::default();
        progress.begin("rebuilding", Some(stages.len() as u64));
        for stage in stages {
            let mut stale = self.stale(stage, &catalogue, changed.as_ref());
            while !stale.is_empty() {
                if !self.announce(stage, &stale, &mut catalogue).await? {
                    catalogue = self.objects.catalogue(seller).await?;
                    stale = self.stale(stage, &catalogue, changed.as_ref());
                    continue;
                }
                let largest = stale.iter().map(|(month, _)| rows_read(stage, &catalogue, *month)).max().unwrap_or(0);
                let beside =
                    (ROWS_SIDE_BY_SIDE / largest.max(1)).clamp(1, self.shared.settings.threads as u64) as usize;
                let company = if beside.min(stale.len()) > 1 { Company::Beside } else { Company::Alone };
                let attempts: Vec<Attempt> = stream::iter(stale)
                    .map(|(month, input_hash)| {
                        let built = month.map(|month| month.to_string()).unwrap_or_default();
                        let span = tracing::info_span!("stage", table = stage.table.name, month = built, %seller);
                        self.rebuild_one(stage, &catalogue, month, input_hash, company).instrument(span)
                    })
                    .buffered(beside)
                    .try_collect()
                    .await?;
                let overtaken = self.conclude(attempts, &mut catalogue, &mut changed, &mut rebuilt).await?;
                stale = self.stale(stage, &catalogue, changed.as_ref());
                stale.retain(|(month, _)| overtaken.contains(month));
            }
            progress.advance(1);
        }
        progress.end();
        rebuilt.left_out = self.shared.state.firing(AlertKind::LeftOut, seller).await?.len() as u64;
        let Rebuilt { computed, rewritten, failed, .. } = &rebuilt;
        let (computed, rewritten, failed) = (computed.len(), rewritten.len(), failed.len());
        tracing::info!(%seller, computed, rewritten, failed, "rebuilt");
        Ok(rebuilt)
    }

    /// Notes that what stands may soon not be what the catalogue knows, before anything is swapped: a run that is cut
    /// short in between leaves partitions that count as stale, whatever their inputs are by then. False, with some of
    /// it perhaps noted, where somebody else has told the catalogue something new.
    async fn announce(
        &self,
        stage: &Stage,
        stale: &[(Option<Month>, String)],
        catalogue: &mut Catalogue,
    ) -> Result<bool> {
        let mut announced = Vec::new();
        for (month, _) in stale {
            let partition = catalogue.partition(stage.area, &stage.table.name, *month);
            let known = catalogue.get(&partition).cloned();
            if known.as_ref().is_some_and(|known| known.input_hash.is_empty()) {
                continue;
            }
            let unknown = match &known {
                Some(known) => ObjectState { input_hash: String::new(), ..known.clone() },
                None => ObjectState {
                    partition,
                    etag: None,
                    size_bytes: 0,
                    rows: 0,
                    visible_rows: 0,
                    row_hash: String::new(),
                    input_hash: String::new(),
                    schema_version: stage.table.version,
                    generation: 0,
                },
            };
            catalogue.put(unknown.clone());
            announced.push((unknown, known));
        }
        if announced.is_empty() {
            return Ok(true);
        }
        let told = self.shared.state.put_objects_if(&announced, self.shared.clock.now()).await?;
        Ok(told.into_iter().all(|told| told))
    }

    /// Remembers what was built; the months that somebody else built meanwhile are looked at again and returned.
    async fn conclude(
        &self,
        attempts: Vec<Attempt>,
        catalogue: &mut Catalogue,
        changed: &mut Option<BTreeSet<Partition>>,
        rebuilt: &mut Rebuilt,
    ) -> Result<BTreeSet<Option<Month>>> {
        let mut states = Vec::new();
        for attempt in attempts {
            match attempt {
                Attempt::Done(built) => {
                    let Built { state, known, rewritten, warnings } = *built;
                    let partition = state.partition.clone();
                    rebuilt.warnings.extend(warnings.iter().map(|warning| format!("{partition}: {warning}")));
                    rebuilt.computed.push(partition.clone());
                    if rewritten {
                        changed.as_mut().map(|changed| changed.insert(partition.clone()));
                        rebuilt.rewritten.push(partition);
                    }
                    catalogue.put(state.clone());
                    states.push((state, known));
                }
                Attempt::Failed(failure) => rebuilt.failed.push(failure),
            }
        }
        if states.is_empty() {
            return Ok(BTreeSet::new());
        }
        let told = self.shared.state.put_objects_if(&states, self.shared.clock.now()).await?;
        let overtaken: Vec<Partition> =
            states.into_iter().zip(told).filter(|(_, told)| !told).map(|((state, _), _)| state.partition).collect();
        for partition in &overtaken {
            self.objects.look_again(partition, None).await?;
        }
        if !overtaken.is_empty() {
            // Their inputs have probably moved too.
            *catalogue = self.objects.catalogue(&catalogue.seller).await?;
        }
        Ok(overtaken.into_iter().map(|partition| partition.month).collect())
    }

    /// Partitions of a stage whose inputs are not those their object was made from, with the present hash.
    pub(crate) fn stale(
        &self,
        stage: &Stage,
        catalogue: &Catalogue,
        changed: Option<&BTreeSet<Partition>>,
    ) -> Vec<(Option<Month>, String)> {
        let months = catalogue.months(stage, &self.shared.declarations).into_iter();
        months
            .filter(|month| changed.is_none_or(|changed| is_downstream(stage, *month, changed)))
            .map(|month| (month, catalogue.input_hash(stage, month, &self.shared.declarations)))
            .filter(|(month, hash)| {
                let partition = catalogue.partition(stage.area, &stage.table.name, *month);
                catalogue.get(&partition).is_none_or(|object| object.input_hash != *hash)
            })
            .collect()
    }

    async fn rebuild_one(
        &self,
        stage: &Arc<Stage>,
        catalogue: &Catalogue,
        month: Option<Month>,
        input_hash: String,
        company: Company,
    ) -> Result<Attempt> {
        let partition = catalogue.partition(stage.area, &stage.table.name, month);
        let mut catalogue = catalogue.clone();
        let mut input_hash = input_hash;
        let mut attempt = 0;
        let mut bytes = self.rebuilding_bytes(rows_read(stage, &catalogue, month));
        loop {
            let working = self.objects.working(bytes).await;
            match self.run_stage(stage, &catalogue, &partition, &input_hash, company, &working).await {
                Ok(built) => {
                    self.shared.resolve(&cant_be_made(&partition)).await?;
                    return Ok(Attempt::Done(Box::new(built)));
                }
                Err(error) if error.is_look_again() && attempt < ATTEMPTS => {
                    attempt += 1;
                    self.objects.back_off(attempt).await;
                    if let Err(error) = self.heal(stage, &mut catalogue, &partition).await {
                        return self.failed(partition, error).await;
                    }
                    input_hash = catalogue.input_hash(stage, month, &self.shared.declarations);
                }
                Err(error) if error.kind() == Kind::Limit && working.was_crowded() && bytes < usize::MAX => {
                    bytes = usize::MAX;
                }
                Err(error) => return self.failed(partition, error).await,
            }
        }
    }

    /// What a month of a table begins with, by the rows it reads.
    fn rebuilding_bytes(&self, rows: u64) -> usize {
        let most = self.shared.budget.size_bytes() / MONTH;
        usize::try_from(rows).map_or(most, |rows| (LEAST_BYTES + rows.saturating_mul(ROW_BYTES)).min(most))
    }

    async fn failed(&self, partition: Partition, error: Error) -> Result<Attempt> {
        if is_fatal(&error) {
            return Err(error);
        }
        let reason = format!("{error:#}");
        self.alert(&partition, &reason).await?;
        Ok(Attempt::Failed(StageFailure { partition, reason }))
    }

    async fn run_stage(
        &self,
        stage: &Arc<Stage>,
        catalogue: &Catalogue,
        partition: &Partition,
        input_hash: &str,
        company: Company,
        working: &Working,
    ) -> Result<Built> {
        let inputs = self.inputs(stage, catalogue, partition.month)?;
        tracing::debug!(%partition, "planning");
        let rows = self.stages.run(stage, &inputs, partition.month, company, working.runtime()).await?;
        tracing::debug!(%partition, "planned");
        let before = catalogue.get(partition);
        let layout = ObjectLayout {
            partition: partition.clone(),
            schema_version: stage.table.version,
            sorted_by: stage.table.sort.clone(),
            replaces: before.map_or(0, |before| before.generation),
        };
        let built = self.objects.build(layout, rows, working).await?;
        let same = before.is_some_and(|before| {
            before.row_hash == built.row_hash
                && before.rows == built.rows
                && before.schema_version == built.schema_version
        });
        if let (Some(before), true) = (before, same) {
            let state = ObjectState { input_hash: input_hash.to_owned(), ..before.clone() };
            self.still_stands(partition, before).await?;
            return Ok(Built { state, known: Some(before.clone()), rewritten: false, warnings: Vec::new() });
        }
        let objections = self.objections(stage, &built, company, working).await?;
        if let Some(objection) = objections.iter().find(|objection| objection.blocks()) {
            return Err(Error::permanent(Kind::Data, "a check blocks the rebuilt rows")
                .at("stage.check")
                .with("check", &objection.check.name)
                .with("means", &objection.check.doc)
                .with("found", &objection.found)
                .hint("the earlier object stands; mend the data or the SQL, then `sellerlake rollup`"));
        }
        failpoint::reach("stage.built")?;
        let expected = match before {
            Some(before) if is_damaged(before) => self.shared.lake.head(partition).await?.map(|head| head.etag),
            before => before.and_then(|before| before.etag.clone()),
        };
        let mut state = self.shared.lake.swap(built, expected.as_deref()).await?;
        failpoint::reach("stage.swapped")?;
        input_hash.clone_into(&mut state.input_hash);
        self.tell_objections(stage, partition, &objections).await?;
        let rewritten = state.etag.is_some();
        Ok(Built { state, known: before.cloned(), rewritten, warnings: objections })
    }

    /// A conflict where the object isn't the version the catalogue knows: a run may have been cut short after a swap.
    async fn still_stands(&self, partition: &Partition, known: &ObjectState) -> Result<()> {
        let head = self.shared.lake.head(partition).await?;
        if head.map(|head| head.etag) == known.etag {
            return Ok(());
        }
        Err(Error::transient(Kind::Conflict, "the catalogue knows another version of the object")
            .at("stage.compare")
            .with("path", partition))
    }

    fn inputs(&self, stage: &Stage, catalogue: &Catalogue, month: Option<Month>) -> Result<Inputs> {
        let inputs = stage.reads.iter().filter_map(|(name, reach)| {
            let dataset = self.shared.declarations.dataset(name)?;
            let input = self.objects.stage_input(&dataset, catalogue.read(name, *reach, month));
            Some(input.map(|input| (name.clone(), input)))
        });
        inputs.collect()
    }

    /// Looks again at what a stage reads and writes: the catalogue was old.
    async fn heal(&self, stage: &Stage, catalogue: &mut Catalogue, partition: &Partition) -> Result<()> {
        let read = stage.reads.iter().flat_map(|(name, reach)| catalogue.read(name, *reach, partition.month));
        let mut partitions: Vec<Partition> = read.map(|object| object.partition).collect();
        // What is to be made again is left as it is.
        if !catalogue.get(partition).is_some_and(is_damaged) {
            partitions.push(partition.clone());
        }
        for partition in partitions {
            if let Some(object) = self.objects.look_again(&partition, catalogue.get(&partition)).await? {
                catalogue.put(object);
            }
        }
        Ok(())
    }

    async fn alert(&self, partition: &Partition, reason: &str) -> Result<()> {
        tracing::warn!(%partition, reason, "a stage failed; its earlier object stands");
        self.shared
            .state
            .raise_alert(&cant_be_made(partition), &partition.path(), reason, self.shared.clock.now())
            .await
    }
}

/// Errors that concern the run, not the stage.
fn is_fatal(error: &Error) -> bool {
    matches!(error.kind(), Kind::Storage | Kind::Timeout)
}

/// That a table's partition can't be made again.
fn cant_be_made(partition: &Partition) -> Condition {
    Condition::of_seller(AlertKind::Stage, &partition.seller, partition.path())
}

/// Rows of everything that one month of a stage reads.
fn rows_read(stage: &Stage, catalogue: &Catalogue, month: Option<Month>) -> u64 {
    let objects = stage.reads.iter().flat_map(|(name, reach)| catalogue.read(name, *reach, month));
    objects.map(|object| object.rows).sum()
}

/// Whether one month of a stage reads, or may receive rows from, anything that changed.
pub(crate) fn is_downstream(stage: &Stage, month: Option<Month>, changed: &BTreeSet<Partition>) -> bool {
    changed.iter().any(|changed| {
        let Some(reach) = stage.reads.get(&changed.name) else { return false };
        match (reach, month, changed.month) {
            (MonthReach::Offsets(from, to), Some(built), Some(read)) => {
                built.plus(*from).is_some_and(|first| first <= read) && built.plus(*to).is_some_and(|last| read <= last)
            }
            _ => true,
        }
    })
}
