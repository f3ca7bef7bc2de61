//! Rows to objects: the lake's raw landing, its partitions and its rejects, on `file://` and `s3://`.
//!
//! A [`Lake`] is the only thing that writes to a lake, and it publishes nothing half-written: every object is
//! built in a private [`Spool`] file first and then appears under its name in one step, a rename on a disk, one
//! PUT on an object store. A partition is replaced only if it is still the version that was read
//! ([`Lake::swap`]): somebody else's newer version is a [`Kind::Conflict`](sellerlake_contracts::Kind::Conflict),
//! an answer that never came is a [`Kind::Timeout`](sellerlake_contracts::Kind::Timeout), and both mean: look
//! again and merge again.
//!
//! Nothing here knows what a column means, and nothing here asks the time.

mod conditional;
mod copy;
mod durable;
mod failure;
mod lake;
mod meta;
mod open;
mod partitions;
mod place;
mod raw;
mod rejects;
mod row_hash;
mod spill;
mod spool;
mod sweep;
mod withdraw;
mod writer;

pub use copy::Copied;
pub use durable::etag as file_tag;
pub use lake::Lake;
pub use partitions::{Footer, Head};
pub use raw::{Landed, RawBytes, Standing};
pub use row_hash::RowHash;
pub use spill::SpillFolder;
pub use spool::{Mapped, Received, Spool};
pub use withdraw::Withdrawn;
pub use writer::{BuiltPartition, PartitionWriter, WriteOptions};
