//! Login with Amazon, and who may call what.

pub mod accounts;
mod ledger;
mod lwa;
mod permission;

pub use ledger::{ACCESS_LIFETIME, Access, Application, Caller, SignIn, Subject};
pub use lwa::token;
pub use permission::admit;

/// The scope of grantless notification operations.
pub const NOTIFICATIONS: &str = "sellingpartnerapi::notifications";
/// The scope of the secret's rotation.
pub const ROTATION: &str = "sellingpartnerapi::client_credential:rotation";
