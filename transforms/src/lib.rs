//! Bytes to rows, rows to tables, tables to rollups.
//!
//! Nothing here opens a file, touches a socket or asks the time: bytes, streams, stamps and the runtime that
//! spills are given.

mod changes;
mod declarations;
pub mod decode;
pub mod functions;
mod header;
pub mod merge;
pub mod stage;

pub use changes::{Change, LINE, Match, Through};
pub use declarations::{Check, Dataset, Declarations, Severity, Stage};
