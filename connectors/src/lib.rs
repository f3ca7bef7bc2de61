//! Amazon to bytes: sign in, keep within quotas, retry, page; one delivery per answer.
//!
//! [`Amazon`] is built once, [`Amazon::account`] once per account; an account hands out [`Connector`]s by name, which
//! share its access tokens and its token buckets. An endpoint is a row of facts (`spapi/operations.rs`,
//! `ads/operations.rs`); `call.rs` wraps every call in token, quota, sending, classifying and retrying, so that the
//! connectors themselves have neither a loop around failures nor a sleep. What a table means is not known here.
//!
//! [`Connector`]: sellerlake_contracts::Connector

mod ads;
mod amazon;
mod ask;
mod call;
mod check;
mod checkpoint;
mod classify;
mod clock;
mod credentials;
mod document;
mod endpoints;
mod failure;
mod files;
mod long;
mod operation;
mod paging;
mod parameters;
mod quota;
mod retry;
mod sandbox;
mod scratch;
mod signin;
mod skew;
mod spapi;
mod table;
mod transport;

pub use amazon::{Amazon, AmazonAccount};
pub use check::CheckFinding;
pub use clock::SteppedClock;
pub use credentials::{Application, Grant};
pub use endpoints::Endpoints;
pub use table::offered;
pub use transport::{HeaderObserver, HttpOptions};
