//! An S3 server for tests: the real protocol over a folder, in process or as the program `s3-server`.
//!
//! s3s-fs compares and then writes, so two conditional PUTs can both win, and it ignores `If-Match` on GET. A race
//! test would test the server. A lock per key and the missing comparison are put around it.

mod server;
mod strict;

pub use server::{BUCKET, S3Server};
pub use strict::Requests;
