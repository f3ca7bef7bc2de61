//! Everything a run needs, opened once.

use std::sync::Arc;

use datafusion::execution::TaskContext;
use datafusion::execution::context::SessionState;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::SessionConfig;
use sellerlake_config::Settings;
use sellerlake_contracts::{Clock, Error, Kind, Result};
use sellerlake_query::LakeReader;
use sellerlake_sinks::{Lake, SpillFolder};
use sellerlake_state::{Condition, State};
use sellerlake_transforms::Declarations;
use sellerlake_transforms::stage::StageEngine;

use crate::progress::Silent;

/// Most disk space for spilling, in bytes.
const SPILL_LIMIT_BYTES: u64 = 64 << 30;

/// Rows per batch between operators.
const BATCH_ROWS: usize = 8192;

/// The lake, its state, what is declared, and the means to work on them.
pub struct Workspace {
    /// Settings as resolved.
    pub settings: Settings,
    /// Everything declared.
    pub declarations: Arc<Declarations>,
    /// Where objects are written.
    pub lake: Lake,
    /// Deliveries, the object catalogue, alerts.
    pub state: State,
    /// Where objects are read.
    pub reader: LakeReader,
    /// Plans and runs stages.
    pub stages: StageEngine,
    /// The time.
    pub clock: Arc<dyn Clock>,
    pub(crate) runtime: Arc<RuntimeEnv>,
    /// Reads whole objects, one stream each.
    pub(crate) scanner: SessionState,
    /// Where sorts of this process spill.
    pub(crate) spill: SpillFolder,
    /// Whether what reading finds out is remembered for others.
    pub(crate) remembers: bool,
}

impl Workspace {
    /// Opens lake and state, and loads the declarations; creates what does not exist yet. A catalogue that was lost is
    /// filled from the lake.
    pub async fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        let declarations = Arc::new(Declarations::load(settings.declarations.as_deref())?);
        let lake = Box::pin(Lake::open(&settings.lake, &settings.store, settings.spool.clone())).await?;
        lake.sweep_spool()?;
        let state = Box::pin(State::open(&settings.state, clock.now())).await?;
        let opened = Box::pin(Self::assemble(settings, declarations, lake, state.clone(), clock, true)).await;
        if opened.is_err() {
            state.close().await;
        }
        opened
    }

    /// The same for who only asks: where this user may not write to lake or state, or can't for want of space, both are
    /// read as they are. A state that isn't there is read out of the lake, each time.
    pub async fn open_to_read(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self> {
        match Self::open(settings.clone(), Arc::clone(&clock)).await {
            // Who can't read either is told what was wrong first.
            Err(error) if error.kind() == Kind::Storage => {
                Self::read_as_it_is(settings, clock).await.map_err(|_| error)
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
        Self::assemble(settings, declarations, lake, state, clock, false).await
    }

    async fn assemble(
        settings: Settings,
        declarations: Arc<Declarations>,
        lake: Lake,
        state: State,
        clock: Arc<dyn Clock>,
        remembers: bool,
    ) -> Result<Self> {
        let reader = match lake.local_root() {
            Some(root) => LakeReader::on_disk(lake.store(), root, sellerlake_sinks::file_tag),
            None => LakeReader::new(lake.store()),
        };
        let spill = lake.spill_folder()?;
        let runtime = runtime(&settings, &spill)?;
        let (engine, reads) = (sellerlake_query::engine, sellerlake_query::in_parentheses);
        let stages = StageEngine::new(Arc::clone(&declarations), &runtime, settings.threads, engine, reads)?;
        let scanner = sellerlake_query::engine(1, &runtime).build();
        let workspace =
            Self { settings, declarations, lake, state, reader, stages, clock, runtime, scanner, spill, remembers };
        workspace.remember(&Silent).await?;
        Ok(workspace)
    }

    /// Says that something is no longer wrong.
    pub async fn resolve(&self, condition: &Condition) -> Result<()> {
        self.state.resolve_alert(condition, self.clock.now()).await.map(drop)
    }

    /// A context for one operator tree: memory and spill directory shared with everything else that runs.
    pub(crate) fn task(&self) -> Arc<TaskContext> {
        let config = SessionConfig::new().with_batch_size(BATCH_ROWS);
        Arc::new(TaskContext::default().with_session_config(config).with_runtime(Arc::clone(&self.runtime)))
    }
}

fn runtime(settings: &Settings, spill: &SpillFolder) -> Result<Arc<RuntimeEnv>> {
    let failed = |error| Error::permanent(Kind::Storage, "can't set up the spill directory").source(error);
    let spill = DiskManagerMode::Directories(vec![spill.path().to_owned()]);
    let disk = DiskManagerBuilder::default().with_mode(spill).with_max_temp_directory_size(SPILL_LIMIT_BYTES);
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(settings.memory_bytes)))
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(failed)
}
