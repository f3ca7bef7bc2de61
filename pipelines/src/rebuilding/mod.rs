//! Tables and rollups made again where they are stale.

pub(crate) mod behind;
pub(crate) mod checks;
pub(crate) mod rebuild;
#[cfg(test)]
mod stage_cases;

use std::sync::Arc;

use sellerlake_transforms::stage::StageEngine;

use crate::objects::Objects;
use crate::shared::Shared;

/// Makes tables and rollups again where what they are made from has changed.
#[derive(Clone)]
pub struct Rebuilding {
    pub(crate) shared: Arc<Shared>,
    pub(crate) objects: Objects,
    /// Plans and runs stages.
    pub(crate) stages: Arc<StageEngine>,
}
