//! What happens when publishing fails, and what it must not leave behind.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use sellerlake_contracts::Kind;
use sellerlake_sinks::Lake;
use url::Url;

use crate::rows::{batch, built, delivery, partition, sample, standing, write};
use crate::{on_disk, on_s3, open_server};

/// Readers that open the path at any moment see one whole version or another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_written_file_is_never_seen() {
    let place = on_disk().await;
    let partition = partition("all_orders");
    let file = place.lake.local_root().unwrap().join(partition.path());
    let first = place.lake.swap(built(&place.lake, &partition, &["0"]), None).await.unwrap();
    let reader = std::thread::spawn(move || {
        let mut seen = 0;
        while seen < 400 {
            let rows = SerializedFileReader::new(fs::File::open(&file).unwrap()).unwrap();
            assert!(rows.metadata().file_metadata().num_rows() >= 1);
            seen += 1;
        }
    });
    let mut expected = first.etag;
    let mut version = 0;
    while !reader.is_finished() {
        version += 1;
        let orders: Vec<String> = (0..=version % 50).map(|order| order.to_string()).collect();
        let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
        let built = built(&place.lake, &partition, &orders);
        expected = place.lake.swap(built, expected.as_deref()).await.unwrap().etag;
    }
    reader.join().unwrap();
}

#[tokio::test]
async fn a_lake_that_can_not_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    for path in [file.join("lake"), "/proc/lake".into()] {
        let url = Url::from_directory_path(&path).unwrap();
        let error = Lake::open(&url, &BTreeMap::new(), None).await.unwrap_err();
        assert!(matches!(error.kind(), Kind::Storage | Kind::NotFound), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    // Something in the way of a partition's folder.
    let place = on_disk().await;
    let partition = partition("all_orders");
    let root = place.lake.local_root().unwrap();
    fs::create_dir_all(root.join("sources")).unwrap();
    fs::write(root.join("sources/all_orders"), "in the way").unwrap();
    let error = place.lake.swap(built(&place.lake, &partition, &["1"]), None).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Storage, "{error:?}");
    assert_eq!(place.spools(), [""; 0]);
}

#[tokio::test]
async fn addresses_and_options_that_make_no_sense_are_refused() {
    let none = BTreeMap::new();
    let odd = BTreeMap::from([("no_such_option".to_owned(), "1".to_owned())]);
    for (url, options, says) in [
        ("ftp://host/x", &none, "s3://bucket/prefix"),
        ("file://host/x", &none, "three slashes"),
        ("file:///tmp/x", &odd, "remove the option"),
        ("s3://bucket/x", &odd, "aws_endpoint"),
    ] {
        let error = Lake::open(&Url::parse(url).unwrap(), options, None).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Usage, "{url}: {error:?}");
        assert!(error.remedy().unwrap().contains(says), "{url}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_never_comes_means_look_again() {
    let place = on_s3().await;
    let server = place.server.as_ref().unwrap();
    let lake = open_server(server, place.folder.path(), &[("timeout", "1s")]).await;
    assert!(lake.conditional_writes().await.unwrap());
    let partition = partition("all_orders");
    server.silence_put(1);
    let error = lake.swap(built(&lake, &partition, &["1"]), None).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout, "{error:?}");
    assert!(lake.head(&partition).await.unwrap().is_some(), "it had been stored all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_a_storage_error_that_says_so() {
    let place = on_s3().await;
    let server = place.server.as_ref().unwrap();
    let lake = open_server(server, place.folder.path(), &[("aws_secret_access_key", "wrong")]).await;
    let error = lake.swap(built(&lake, &partition("x"), &["1"]), None).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Storage, "{error:?}");
    assert!(error.remedy().unwrap().contains("access key"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_conditions_is_found_out_and_guarded() {
    let place = on_s3().await;
    assert!(place.lake.conditional_writes().await.unwrap());
    let server = place.server.as_ref().unwrap();
    server.ignore_conditions();
    let lake = open_server(server, place.folder.path(), &[]).await;
    assert!(!lake.conditional_writes().await.unwrap());
    let partition = partition("all_orders");
    let first = lake.swap(built(&lake, &partition, &["1"]), None).await.unwrap();
    assert_eq!(lake.swap(built(&lake, &partition, &["2"]), None).await.unwrap_err().kind(), Kind::Conflict);
    lake.swap(built(&lake, &partition, &["2"]), first.etag.as_deref()).await.unwrap();
    assert_eq!(standing(&lake, &partition).await, sample(&["2"]));
}

/// Nothing lists a bucket on a daily path.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn landing_and_swapping_list_nothing() {
    let place = on_s3().await;
    let delivery = delivery("all_orders", b"bytes");
    let mut spool = place.lake.spool().unwrap();
    spool.receive(&mut &b"bytes"[..]).unwrap();
    place.lake.land(&delivery, spool).await.unwrap();
    place.lake.fetch(&delivery).await.unwrap();
    let partition = partition("all_orders");
    let object = place.lake.swap(built(&place.lake, &partition, &["1"]), None).await.unwrap();
    place.lake.swap(built(&place.lake, &partition, &["2"]), object.etag.as_deref()).await.unwrap();
    assert_eq!(place.server.as_ref().unwrap().requests().lists, 0);
}

/// Many rows, in any number of batches, by any number of threads: the same rows, hash and bounded row groups.
#[tokio::test]
async fn row_groups_are_bounded_whatever_the_batches() {
    let place = on_disk().await;
    let count = 300_000;
    let texts: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..count).map(|row| format!("{:03}-{row}", row % 7))));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter((0..count).map(|row| (row % 3 > 0).then_some(row))));
    let rows = batch(vec![("a", texts), ("n", numbers)]);
    let whole = write(&place.lake, &partition("whole"), std::slice::from_ref(&rows), 1);
    let pieces: Vec<_> = (0..10).map(|piece| rows.slice(piece * 30_000, 30_000)).collect();
    let pieces = write(&place.lake, &partition("pieces"), &pieces, 3);
    assert_eq!((&whole.row_hash, whole.rows), (&pieces.row_hash, pieces.rows));
    for built in [whole, pieces] {
        let file = SerializedFileReader::new(fs::File::open(built.spool.path()).unwrap()).unwrap();
        let groups: Vec<i64> = file.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect();
        assert_eq!(groups, [131_072, 131_072, 37_856]);
        let path = built.partition.clone();
        place.lake.swap(built, None).await.unwrap();
        assert_eq!(standing(&place.lake, &path).await, rows);
    }
}
