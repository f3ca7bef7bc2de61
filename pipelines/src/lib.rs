//! What is pulled and what happens to it: land, decode, merge, then rebuild what is stale (DESIGN section 5).
//!
//! Each step may be repeated: landing and merging are idempotent, stale stages are found by comparison.

mod alarms;
mod ask;
mod catalogue;
mod checks;
mod inputs;
mod land;
mod load;
mod prepare;
mod progress;
mod rebuild;
mod repair;
mod replay;
mod swap;
mod verify;
mod workspace;

pub use ask::Granted;
pub use land::{Arrival, DeliveryFacts};
pub use load::{GROUP_BYTES, Group, LoadOptions, Loaded};
pub use progress::{Progress, Silent};
pub use rebuild::{Rebuilt, StageFailure};
pub use repair::Repaired;
pub use replay::Replayed;
pub use verify::{Complaint, Verified};
pub use workspace::Workspace;
