//! A stand-in for Amazon that speaks HTTP, over a seeded world of sellers.
//!
//! [`world`] is a list of events grown from a seed; [`reports`] and [`answers`] print it as Amazon would have published
//! it by a moment; [`truth`] is what a lake must equal. All of these are pure. The rest is the wire: sign-in, quotas,
//! report life cycles, pages, expiring URLs and scripted faults, behind one loopback port.
//!
//! ```text
//! /auth/o2/token                  Login with Amazon
//! /{na|eu|fe}/…                   the Selling Partner API of a region
//! /{ads-na|ads-eu|ads-fe}/…       the Advertising API of a region
//! /sandbox-{na|eu|fe}/…           the static sandbox of a region
//! /files/…                        presigned documents
//! /simulator/…, /truth/{seller}   accounts, clock, faults, calls, notifications; what a client must arrive at
//! ```

pub mod ads;
pub mod answers;
pub mod clock;
pub mod control;
pub mod faults;
pub mod files;
pub mod lists;
pub mod paging;
pub mod quota;
pub mod reports;
pub mod running;
pub mod sandbox;
pub mod server;
pub mod signin;
pub mod spapi;
pub mod truth;
pub mod world;

pub use clock::Clock;
pub use faults::FaultPlan;
pub use running::{Limits, Options, Running, Simulator};
pub use signin::accounts::Account;
