//! Accounts of Amazon's as this installation reaches them: a command, a worker and a server all come through here.
//!
//! [`with_amazon`] opens the lake and the way to Amazon; [`enrol`] adds accounts; [`holders`] says who is pulled;
//! [`Syncing`] pulls them side by side and rebuilds their tables.

pub mod enrol;
mod gateway;
pub mod holders;
mod opening;
pub mod presence;
pub mod secrets;
mod syncing;
mod unkept;

pub use gateway::Gateway;
pub use opening::{clock_to_read, to_read, with_amazon, without_amazon};
pub use secrets::Secrets;
pub use sellerlake_connectors::offered;
pub use syncing::Syncing;
