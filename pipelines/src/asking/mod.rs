//! SQL over what somebody was granted, and the tables of `meta`.

pub(crate) mod acquaint;
pub(crate) mod ask;
pub(crate) mod granted;
pub(crate) mod meta;
mod sight;
pub(crate) mod snapshots;
pub(crate) mod tables;

use std::sync::Arc;

use sellerlake_sinks::SpillFolder;

use crate::asking::snapshots::Snapshots;
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
    /// What is remembered of the catalogue.
    pub(crate) snapshots: Arc<Snapshots>,
}
