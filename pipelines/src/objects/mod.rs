//! One object of the lake: reading it, writing it, and its entry in the catalogue.

pub(crate) mod catalogue;
pub(crate) mod entry;
pub(crate) mod inputs;
pub(crate) mod strangers;
pub(crate) mod swap;

use std::sync::Arc;

use datafusion::execution::TaskContext;
use datafusion::execution::context::SessionState;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionConfig;
use sellerlake_query::LakeReader;

use crate::shared::Shared;

/// Rows per batch between operators.
const BATCH_ROWS: usize = 8192;

/// Reads and writes the lake's objects, and keeps their catalogue.
#[derive(Clone)]
pub struct Objects {
    pub(crate) shared: Arc<Shared>,
    /// Where objects are read.
    pub(crate) reader: LakeReader,
    /// Memory and spill directory of all work on rows.
    pub(crate) runtime: Arc<RuntimeEnv>,
    /// Reads whole objects, one stream each.
    pub(crate) scanner: SessionState,
}

impl Objects {
    /// A context for one operator tree: memory and spill directory shared with everything else that runs.
    pub(crate) fn task(&self) -> Arc<TaskContext> {
        let config = SessionConfig::new().with_batch_size(BATCH_ROWS);
        Arc::new(TaskContext::default().with_session_config(config).with_runtime(Arc::clone(&self.runtime)))
    }
}
