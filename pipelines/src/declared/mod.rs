//! What is declared: pipelines, and what one account runs them for.

pub(crate) mod marketplaces;
pub(crate) mod pipeline;
pub(crate) mod pipelines;
pub(crate) mod rules;
pub(crate) mod scopes;
pub(crate) mod span;
