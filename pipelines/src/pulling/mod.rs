//! Asking Amazon. [`drive`] tells a run's whole life, from what has its turn to the covered interval; the others hang from it.

pub(crate) mod connect;
pub(crate) mod drive;
pub(crate) mod jobs;
pub(crate) mod levels;
pub(crate) mod outcomes;
pub(crate) mod outlook;
pub(crate) mod policy;
pub(crate) mod puller;
pub(crate) mod run;
pub(crate) mod settle;
pub(crate) mod sync;
pub(crate) mod turns;
