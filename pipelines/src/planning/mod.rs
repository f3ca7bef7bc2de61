//! What is asked for: what a pipeline must have, less what it has, and when it is due.

pub(crate) mod coverage;
pub(crate) mod estimate;
pub(crate) mod intervals;
pub(crate) mod keys;
pub(crate) mod plan;
pub(crate) mod schedule;
