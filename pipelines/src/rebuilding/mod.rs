//! Tables and rollups made again where they are stale.

pub(crate) mod behind;
pub(crate) mod checks;
pub(crate) mod rebuild;
#[cfg(test)]
mod stage_cases;
