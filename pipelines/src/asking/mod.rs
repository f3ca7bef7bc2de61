//! SQL over what somebody was granted, and the tables of `meta`.

pub(crate) mod acquaint;
pub(crate) mod alerts;
pub(crate) mod ask;
pub(crate) mod slice_rows;

use std::sync::Arc;

use sellerlake_sinks::SpillFolder;

use crate::objects::Objects;
use crate::rebuilding::Rebuilding;
use crate::shared::Shared;

/// Answers SQL over what somebody was granted.
#[derive(Clone)]
pub struct Asking {
    pub(crate) shared: Arc<Shared>,
    pub(crate) objects: Objects,
    pub(crate) rebuilding: Rebuilding,
    /// Where queries spill.
    pub(crate) spill: Arc<SpillFolder>,
    /// Whether what reading finds out is remembered for others.
    pub(crate) remembers: bool,
}
