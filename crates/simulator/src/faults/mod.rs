//! What goes wrong, and when: by script, or by a seed that replays.
//!
//! Nothing here loses data for good: what a fault hides, doubles or changes in one reading is right in a later one, so a
//! client that reads again where it should ends at the truth.

mod kind;
mod plan;

pub mod documents;

pub use kind::Kind;
pub use plan::{FaultPlan, Faults, Scripted, Seeded};
