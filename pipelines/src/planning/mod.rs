//! What is asked for: what a pipeline must have, less what it has, and when it is due.

pub(crate) mod coverage;
pub(crate) mod estimate;
pub(crate) mod intervals;
pub(crate) mod keys;
pub(crate) mod plan;
pub(crate) mod schedule;

use std::sync::Arc;

use crate::asking::Asking;
use crate::shared::Shared;

/// Knows what is had, and what is asked for next.
#[derive(Clone)]
pub struct Planning {
    pub(crate) shared: Arc<Shared>,
    pub(crate) asking: Asking,
}
