//! What is pulled and what happens to it: land, decode, merge, then rebuild what is stale (DESIGN section 5).
//!
//! Each step may be repeated: landing and merging are idempotent, stale stages are found by comparison.

mod alarms;
mod ask;
mod catalogue;
mod checks;
mod connect;
mod coverage;
mod declared;
mod declared_rules;
mod estimate;
mod groups;
mod inputs;
mod intervals;
mod keys;
mod land;
mod levels;
mod load;
mod lost;
mod marketplaces;
mod novelty;
mod outcomes;
mod outlook;
mod plan;
mod policy;
mod prepare;
mod progress;
mod pulls;
mod rebuild;
mod repair;
mod replay;
mod resume;
mod run;
mod schedule;
mod scopes;
mod settle;
mod slice_rows;
mod span;
#[cfg(test)]
mod stage_cases;
mod swap;
mod sync;
mod turns;
mod verify;
mod workspace;

pub use ask::Granted;
pub use connect::Connectors;
pub use coverage::{CoverageLine, Covered};
pub use declared::{Need, Pipeline, Pipelines};
pub use declared_rules::OPERATIONS;
pub use groups::{GROUP, GROUP_BYTES};
pub use land::{Arrival, DeliveryFacts};
pub use levels::Levels;
pub use load::{Group, LoadOptions, Loaded};
pub use policy::{Verdict, verdict};
pub use progress::{Progress, Silent};
pub use rebuild::{Rebuilt, StageFailure};
pub use repair::Repaired;
pub use replay::Replayed;
pub use resume::Resumed;
pub use scopes::{AdsProfile, Holder, Scoped, Zones, account_scope, scopes};
pub use sync::{Cancel, Puller, SyncOptions, Synced, Trouble, Watch};
pub use verify::{Complaint, Verified};
pub use workspace::Workspace;
