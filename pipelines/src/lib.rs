//! What is pulled and what happens to it: land, decode, merge, then rebuild what is stale
//! (ARCHITECTURE.md: The path of a row).
//!
//! Each step may be repeated: landing and merging are idempotent, stale stages are found by comparison.

mod asking;
mod care;
mod declared;
mod history;
mod loading;
mod objects;
mod planning;
mod progress;
mod pulling;
mod rebuilding;
mod shared;
mod workspace;

pub use asking::Asking;
pub use asking::acquaint::Unknown;
pub use asking::granted::Granted;
pub use asking::meta::{MetaColumn, MetaDoc, meta_tables};
pub use care::Care;
pub use care::repair::Repaired;
pub use care::replay::Replayed;
pub use care::verify::{Complaint, Verified};
pub use care::withdraw::Withdrawal;
pub use declared::pipeline::{Need, Pipeline};
pub use declared::pipelines::Pipelines;
pub use declared::scopes::{Holder, ProfileScope, Scoped, Zones, account_scope, scopes};
pub use history::changed::{Changed, Show, Since, changed};
pub use history::known::{KnownLake, as_known};
pub use loading::Loading;
pub use loading::groups::GroupSize;
pub use loading::land::{Arrival, DeliveryFacts};
pub use loading::loaded::{Group, LoadOptions, Loaded, Moved};
pub use loading::resume::Resumed;
pub use objects::Objects;
pub use planning::Planning;
pub use planning::coverage::{CoverageLine, Covered};
pub use progress::{Progress, Silent};
pub use pulling::connect::Connectors;
pub use pulling::levels::Levels;
pub use pulling::policy::{Verdict, verdict};
pub use pulling::puller::{Cancel, Puller, SyncOptions, Synced, Trouble, Watch};
pub use rebuilding::Rebuilding;
pub use rebuilding::rebuild::{Rebuilt, StageFailure};
pub use sellerlake_schemas::nearest;
pub use sellerlake_sinks::Withdrawn;
pub use sellerlake_transforms::merge::{Tie, Ties};
pub use workspace::Workspace;
