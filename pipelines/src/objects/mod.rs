//! One object of the lake: reading it, writing it, and its entry in the catalogue.

pub(crate) mod catalogue;
pub(crate) mod entry;
pub(crate) mod inputs;
pub(crate) mod strangers;
pub(crate) mod swap;
pub(crate) mod working;

use std::sync::Arc;

use datafusion::execution::context::SessionState;
use datafusion::execution::runtime_env::RuntimeEnv;
use sellerlake_query::LakeReader;

use crate::shared::Shared;

/// Reads and writes the lake's objects, and keeps their catalogue.
#[derive(Clone)]
pub struct Objects {
    pub(crate) shared: Arc<Shared>,
    /// Where objects are read.
    pub(crate) reader: LakeReader,
    /// Spill directory of all work on rows, and memory of what takes little, and so none of its own.
    pub(crate) runtime: Arc<RuntimeEnv>,
    /// Reads whole objects, one stream each.
    pub(crate) scanner: Arc<SessionState>,
}
