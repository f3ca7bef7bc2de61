//! What the lake promises, on a disk and on an S3 server alike.

#![allow(clippy::unwrap_used)] // a test that can't go on should stop
#![allow(clippy::format_collect, clippy::case_sensitive_file_extension_comparisons)] // a test may be slow and strict
#![allow(clippy::from_iter_instead_of_collect)] // arrow arrays read better by their names

mod landing;
mod place;
mod publishing;
mod row_hash;
mod rows;
mod spooling;
mod swapping;

pub(crate) use crate::place::{Place, on_disk, on_s3, open_folder, open_server};

/// Runs one test body against both kinds of lake.
macro_rules! on_both {
    ($($name:ident)+) => {
        mod on_disk {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::on_disk().await).await; })+
        }
        mod on_s3 {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(crate::on_s3().await).await; })+
        }
    };
}
pub(crate) use on_both;
