//! Reads the lake's objects and answers SQL over exactly those a session was given.
//!
//! A [`LakeTable`] shows a list of objects as a table; a [`Session`] holds one principal's tables and answers
//! statements; [`output`] writes answers. Nothing here lists a store, writes an object or knows a dataset.

mod budget;
mod clauses;
mod depth;
mod distinct_from;
mod engine;
mod expansion;
mod failure;
mod footers;
mod merging;
pub mod meta;
mod naming;
pub mod output;
mod partitions;
mod plain;
mod planning;
mod reader;
mod running;
mod session;
mod shelf;
mod statement;
mod stores;
mod table;

pub use budget::{Budget, Given, Portion, Share};
pub use engine::engine;
pub use failure::{Replaced, conflict, explain, replaced};
pub use naming::LAKE;
pub use partitions::{MONTH, SELLER};
pub use planning::planned;
pub use reader::{FileTag, Held, LakeReader};
pub use running::quiet_panics;
pub use session::{Answer, Session, SessionBuilder};
pub use shelf::Tables;
pub use statement::tables;
pub use table::{LakeTable, LakeTableOptions, MARKER};
