//! Everything a run needs, opened once.

use std::sync::Arc;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use sellerlake_config::Settings;
use sellerlake_contracts::{Clock, Error, Kind, Result};
use sellerlake_query::{Budget, LakeReader};
use sellerlake_sinks::{Lake, SpillFolder};
use sellerlake_state::State;
use sellerlake_transforms::Declarations;
use sellerlake_transforms::stage::StageEngine;

use crate::asking::Asking;
use crate::care::Care;
use crate::loading::Loading;
use crate::objects::Objects;
use crate::planning::Planning;
use crate::progress::Silent;
use crate::rebuilding::Rebuilding;
use crate::shared::Shared;

/// Most disk space for spilling, in bytes.
const SPILL_LIMIT_BYTES: u64 = 64 << 30;

/// A lake and the parts that work on it, each with one step of a row's way.
pub struct Workspace {
    /// Objects and their catalogue.
    pub objects: Objects,
    /// From what arrives to rows of `sources/`.
    pub loading: Loading,
    /// From those to tables and rollups.
    pub rebuilding: Rebuilding,
    /// SQL.
    pub asking: Asking,
    /// What is had and what is asked for next.
    pub planning: Planning,
    /// Verify, repair, replay, withdraw.
    pub care: Care,
}

impl Workspace {
    /// Opens lake and state, and loads the declarations; creates what does not exist yet. A catalogue that was lost is
    /// filled from the lake.
    pub async fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let budget = Budget::new(settings.memory_bytes);
        Box::pin(Self::open_within(budget, settings, clock)).await
    }

    /// The same beside another one, whose memory it shares.
    pub(crate) async fn open_within(budget: Budget, settings: Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let declarations = Arc::new(Declarations::load(settings.declarations.as_deref())?);
        let lake = Box::pin(Lake::open(&settings.lake, &settings.store, settings.spool.clone())).await?;
        lake.sweep_spool()?;
        let state = Box::pin(State::open(&settings.state, clock.now())).await?;
        let shared = Shared { settings, declarations, lake, state: state.clone(), budget, clock };
        let opened = Box::pin(Self::assemble(shared, true)).await;
        if opened.is_err() {
            state.close().await;
        }
        opened
    }

    /// The same for who only asks: where this user may not write to lake or state, or can't for want of space, both are
    /// read as they are. A state that isn't there is read out of the lake, each time.
    pub async fn open_to_read(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        match Box::pin(Self::open(settings.clone(), Arc::clone(&clock))).await {
            // Who can't read either is told what was wrong first.
            Err(error) if error.kind() == Kind::Storage => {
                Box::pin(Self::read_as_it_is(settings, clock)).await.map_err(|_| error)
            }
            opened => opened,
        }
    }

    async fn read_as_it_is(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let declarations = Arc::new(Declarations::load(settings.declarations.as_deref())?);
        let lake = Lake::open_to_read(&settings.lake, &settings.store)?;
        let state = match State::open_to_read(&settings.state).await {
            Err(error) if error.kind() == Kind::NotFound => State::open_in_memory(clock.now()).await?,
            opened => opened?,
        };
        let budget = Budget::new(settings.memory_bytes);
        Box::pin(Self::assemble(Shared { settings, declarations, lake, state, budget, clock }, false)).await
    }

    async fn assemble(shared: Shared, remembers: bool) -> Result<Self> {
        let Shared { settings, declarations, lake, budget, .. } = &shared;
        let reader = match lake.local_root() {
            Some(root) => LakeReader::on_disk(lake.store(), root, sellerlake_sinks::file_tag),
            None => LakeReader::new(lake.store()),
        };
        let (spill, threads) = (Arc::new(lake.spill_folder()?), settings.threads);
        let runtime = runtime(budget, &spill)?;
        let (engine, plans) = (sellerlake_query::engine, sellerlake_query::planned);
        let stages = Arc::new(StageEngine::new(Arc::clone(declarations), &runtime, threads, engine, plans)?);
        let scanner = Arc::new(sellerlake_query::engine(1, &runtime).build());
        let shared = Arc::new(shared);
        let objects = Objects { shared: Arc::clone(&shared), reader, runtime, scanner };
        let loading = Loading { shared: Arc::clone(&shared), objects: objects.clone() };
        let rebuilding = Rebuilding { shared: Arc::clone(&shared), objects: objects.clone(), stages };
        let (standing, makers) = (objects.clone(), rebuilding.clone());
        let snapshots = Arc::default();
        let asking =
            Asking { shared: Arc::clone(&shared), objects: standing, rebuilding: makers, spill, remembers, snapshots };
        let planning = Planning { shared: Arc::clone(&shared), asking: asking.clone() };
        let care = Care { shared, objects: objects.clone(), loading: loading.clone(), rebuilding: rebuilding.clone() };
        let workspace = Self { objects, loading, rebuilding, asking, planning, care };
        workspace.care.remember(&Silent).await?;
        Ok(workspace)
    }

    /// Settings as resolved.
    pub fn settings(&self) -> &Settings {
        &self.care.shared.settings
    }

    /// Everything declared.
    pub fn declarations(&self) -> &Arc<Declarations> {
        &self.care.shared.declarations
    }

    /// Where objects and documents lie.
    pub fn lake(&self) -> &Lake {
        &self.care.shared.lake
    }

    /// Deliveries, the object catalogue, accounts, jobs, alerts.
    pub fn state(&self) -> &State {
        &self.care.shared.state
    }

    /// The time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.care.shared.clock
    }
}

fn runtime(budget: &Budget, spill: &SpillFolder) -> Result<Arc<RuntimeEnv>> {
    let failed = |error| Error::permanent(Kind::Storage, "can't set up the spill directory").source(error);
    let spill = DiskManagerMode::Directories(vec![spill.path().to_owned()]);
    let disk = DiskManagerBuilder::default().with_mode(spill).with_max_temp_directory_size(SPILL_LIMIT_BYTES);
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(budget.portion()))
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(failed)
}
