//! What runs remember from one to the next, in SQLite or PostgreSQL.
//!
//! Of the lake: deliveries, the object catalogue, alerts. These are a ledger and a cache: the lake could be rebuilt
//! without them, and whatever they say of objects is healed when a read finds it old. Of the work: accounts and
//! their secrets, who holds an account's lease, quotas, slices, jobs, runs.
//!
//! One portable SQL text: `$1` parameters, text ids made by us, times as milliseconds, no booleans, no JSON
//! operators. Time is passed in: a database's own clock is nobody's.

mod accounts;
mod address;
mod alerts;
mod buckets;
mod catalogues;
mod check;
mod database;
mod deliveries;
mod failure;
mod intervals;
mod jobs;
mod keyfile;
mod leases;
mod log;
mod migrations;
mod objects;
mod pool;
mod process;
mod profiles;
mod purges;
mod reading;
mod runs;
mod sellers;
mod slices;
mod statement;
mod turns;
mod vault;
mod words;

pub use accounts::{Account, AccountFilter, AccountStatus, NewAccount};
pub use alerts::{Alert, AlertKind, AlertState, Condition, Severity};
pub use catalogues::{CatalogueVersion, SellerCatalogue};
pub use database::State;
pub use deliveries::{DeliveryFilter, DeliveryRecord, DeliveryStatus, LoadReport};
pub use intervals::{Slice, SliceMark, SliceStatus, overlay};
pub use jobs::{Job, JobError, JobFilter, JobPlan, JobStatus, JobStep, Priority};
pub use keyfile::KeyFile;
pub use leases::{Lease, Leased};
pub use objects::{ObjectFilter, ObjectRecord};
pub use process::Process;
pub use profiles::AdsProfile;
pub use runs::{Run, RunEnd, RunFilter, RunOutcome};
pub use slices::{SliceFilter, SliceKey};
pub use vault::{Vault, VaultKey};
