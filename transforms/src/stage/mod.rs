//! The stage engine: declared SQL, planned once, run per seller and month (ARCHITECTURE.md: Stages are pure functions).
//!
//! A stage is a pure function of its inputs: the engine is given table providers and yields rows in the
//! declared schema and order. What is stale, and where rows go, is decided elsewhere.

mod caught;
mod engine;
mod output;
mod placeholder;
mod row_key;

pub use engine::{Company, StageEngine, StageInput};
pub use output::table_schema;
pub use row_key::unique;
