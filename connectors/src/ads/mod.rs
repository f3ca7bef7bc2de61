//! The Advertising API. Its limits aren't published and change (amazon.md: Ads reports); the rates of its operations are
//! polite ones, and a refusal's hint counts.

pub(crate) mod profiles;
pub(crate) mod report;

/// The role that opens it.
const ACCESS: &str = "Advertising API access";
