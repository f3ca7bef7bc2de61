//! What is pulled and what happens to it: land, decode, merge, then rebuild what is stale (DESIGN section 5).
//!
//! Each step may be repeated: landing and merging are idempotent, stale stages are found by comparison.

mod alarms;
mod ask;
mod catalogue;
mod checks;
mod groups;
mod inputs;
mod land;
mod load;
mod novelty;
mod prepare;
mod progress;
mod rebuild;
mod repair;
mod replay;
mod resume;
mod swap;
mod verify;
mod workspace;

pub use ask::Granted;
pub use groups::{GROUP, GROUP_BYTES};
pub use land::{Arrival, DeliveryFacts};
pub use load::{Group, LoadOptions, Loaded};
pub use progress::{Progress, Silent};
pub use rebuild::{Rebuilt, StageFailure};
pub use repair::Repaired;
pub use replay::Replayed;
pub use resume::Resumed;
pub use verify::{Complaint, Verified};
pub use workspace::Workspace;
