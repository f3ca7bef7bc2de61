//! The Advertising API.

pub(crate) mod operations;
pub(crate) mod profiles;
pub(crate) mod report;
