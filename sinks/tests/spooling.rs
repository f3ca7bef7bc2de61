//! Private files: gone when done with, swept when their process is gone.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::rows::{built, partition};
use crate::{on_disk, on_s3, open_folder};

#[tokio::test]
async fn only_what_nobody_holds_is_swept() {
    let place = on_disk().await;
    let mut held = place.lake.spool().unwrap();
    held.write_all(b"work in progress").unwrap();
    let folder = place.lake.spool_dir();
    fs::write(folder.join("1-left-over.spool"), "a killed process's").unwrap();
    fs::write(folder.join("notes.txt"), "somebody's").unwrap();
    let again = open_folder(place.lake.local_root().unwrap()).await;
    assert_eq!(again.sweep_spool().unwrap(), 1);
    assert_eq!(again.sweep_spool().unwrap(), 0);
    assert!(held.path().exists() && folder.join("notes.txt").exists());
    let path = held.path().to_owned();
    drop(held);
    assert!(!path.exists());
}

#[tokio::test]
async fn what_a_killed_process_spilled_is_swept() {
    let place = on_disk().await;
    let held = place.lake.spill_folder().unwrap();
    fs::write(held.path().join("run-1"), "work in progress").unwrap();
    let left = place.lake.spool_dir().join("1-left-over.spill");
    fs::create_dir_all(left.join("datafusion-x")).unwrap();
    fs::write(left.join("datafusion-x/run-1"), "a killed process's").unwrap();
    assert_eq!(place.lake.sweep_spool().unwrap(), 1);
    assert!(held.path().join("run-1").exists() && !left.exists());
    let path = held.path().to_owned();
    drop(held);
    assert!(!path.exists());
}

#[tokio::test]
async fn sweeping_a_new_lake_finds_nothing() {
    assert_eq!(on_disk().await.lake.sweep_spool().unwrap(), 0);
}

/// A store's spool lies outside the lake, often in a folder everybody shares.
#[tokio::test]
async fn copies_on_their_way_to_a_store_are_nobody_elses() {
    let place = on_s3().await;
    let spool = place.lake.spool().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(spool.path()), mode(place.lake.spool_dir())), (0o600, 0o700));
}

/// Analysts' tools run as other users.
#[tokio::test]
async fn published_files_are_as_readable_as_any_new_file() {
    let place = on_disk().await;
    let partition = partition("all_orders");
    place.lake.swap(built(&place.lake, &partition, &["1"]), None).await.unwrap();
    let root = place.lake.local_root().unwrap();
    fs::write(root.join("any"), "").unwrap();
    let mode = |path| fs::metadata(root.join(path)).unwrap().permissions().mode();
    assert_eq!(mode(partition.path()), mode("any".to_owned()));
}
