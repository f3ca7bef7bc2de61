//! Partitions: replaced whole, and only by somebody who knows what stood there.

use std::collections::HashSet;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sellerlake_contracts::{Area, Kind};
use sellerlake_sinks::Head;

use crate::rows::{built, partition, sample, standing, write};
use crate::{Place, on_both};

on_both! {
    a_swap_replaces_what_was_expected
    a_swap_refuses_what_was_not_expected
    of_writers_at_once_each_swap_wins_alone
    no_two_versions_share_a_tag
    no_rows_leave_nothing_where_nothing_stood
    the_listing_finds_every_partition
    the_footer_says_what_the_writer_knew
    a_copy_outlives_what_it_was_made_of
}

async fn a_copy_outlives_what_it_was_made_of(place: Place) {
    let partition = partition("all_orders");
    assert!(place.lake.copy(&partition).await.unwrap().is_none());
    let first = place.lake.swap(built(&place.lake, &partition, &["1", "2"]), None).await.unwrap();
    let copied = place.lake.copy(&partition).await.unwrap().unwrap();
    assert_eq!((Some(copied.head.etag), copied.head.size_bytes), (first.etag.clone(), first.size_bytes));
    assert_eq!((copied.footer.rows, copied.footer.row_hash), (2, first.row_hash));
    place.lake.swap(built(&place.lake, &partition, &["3"]), first.etag.as_deref()).await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(copied.file.try_clone().unwrap()).unwrap();
    let rows: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].columns(), sample(&["1", "2"]).columns());
    assert_eq!(place.spools(), [""; 0], "a copy has no name");
}

async fn a_swap_replaces_what_was_expected(place: Place) {
    let partition = partition("all_orders");
    assert_eq!(place.lake.head(&partition).await.unwrap(), None);
    let first = place.lake.swap(built(&place.lake, &partition, &["1", "2"]), None).await.unwrap();
    let head = place.lake.head(&partition).await.unwrap().unwrap();
    assert_eq!(Some(&head.etag), first.etag.as_ref());
    assert_eq!((head.size_bytes, first.rows), (first.size_bytes, 2));
    let second = built(&place.lake, &partition, &["1", "2", "3", "4"]);
    let second = place.lake.swap(second, Some(&head.etag)).await.unwrap();
    assert_eq!((second.rows, second.visible_rows, second.schema_version), (4, 3, 3));
    assert_ne!(first.row_hash, second.row_hash);
    assert_eq!(standing(&place.lake, &partition).await, sample(&["1", "2", "3", "4"]));
    assert_eq!(place.spools(), [""; 0]);
}

async fn a_swap_refuses_what_was_not_expected(place: Place) {
    let partition = partition("all_orders");
    let stale = "\"00000000000000000000000000000000\"";
    let none = place.lake.swap(built(&place.lake, &partition, &["1"]), Some(stale)).await.unwrap_err();
    assert_eq!(none.kind(), Kind::Conflict, "{none:?}");
    assert_eq!(place.lake.head(&partition).await.unwrap(), None);
    place.lake.swap(built(&place.lake, &partition, &["1"]), None).await.unwrap();
    for expected in [None, Some(stale)] {
        let error = place.lake.swap(built(&place.lake, &partition, &["2"]), expected).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict, "{error:?}");
        assert!(error.is_look_again());
        assert!(error.to_string().contains(&partition.path()), "{error}");
    }
    assert_eq!(standing(&place.lake, &partition).await, sample(&["1"]));
    assert_eq!(place.spools(), [""; 0]);
}

/// Each writer reads, adds one row, swaps, and looks again when somebody was faster: no row may be lost.
async fn of_writers_at_once_each_swap_wins_alone(place: Place) {
    const WRITERS: usize = 6;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let lake = place.lake.clone();
        tasks.spawn(async move {
            let partition = partition("all_orders");
            let mut conflicts = 0;
            loop {
                let head = lake.head(&partition).await.unwrap();
                let mut orders = match &head {
                    Some(_) => read_orders(&lake, &partition).await,
                    None => Vec::new(),
                };
                // What was read may be newer than the head; then the swap is refused.
                orders.push(writer.to_string());
                let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
                let built = built(&lake, &partition, &orders);
                match lake.swap(built, head.as_ref().map(|head| head.etag.as_str())).await {
                    Ok(_) => return conflicts,
                    Err(error) if error.kind() == Kind::Conflict => conflicts += 1,
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
    }
    let conflicts: usize = tasks.join_all().await.into_iter().sum();
    let mut orders = read_orders(&place.lake, &partition("all_orders")).await;
    orders.sort();
    let all: Vec<String> = (0..WRITERS).map(|writer| writer.to_string()).collect();
    assert_eq!(orders, all, "after {conflicts} conflicts");
}

async fn read_orders(lake: &sellerlake_sinks::Lake, partition: &sellerlake_contracts::Partition) -> Vec<String> {
    use arrow::array::AsArray;
    let rows = standing(lake, partition).await;
    rows.column(0).as_string::<i32>().iter().map(|order| order.unwrap().to_owned()).collect()
}

/// Same size, different bytes, as fast as can be, so that inodes come around again.
async fn no_two_versions_share_a_tag(place: Place) {
    let partition = partition("all_orders");
    let (mut tags, mut sizes) = (HashSet::new(), HashSet::new());
    let mut expected: Option<String> = None;
    for version in 1_000..1_300 {
        let built = built(&place.lake, &partition, &[&version.to_string()]);
        let object = place.lake.swap(built, expected.as_deref()).await.unwrap();
        let tag = object.etag.unwrap();
        assert!(tags.insert(tag.clone()), "version {version} has an earlier one's tag");
        sizes.insert(object.size_bytes);
        expected = Some(tag);
    }
    assert!(sizes.len() < 5, "the test needs versions of equal size: {sizes:?}");
}

async fn no_rows_leave_nothing_where_nothing_stood(place: Place) {
    let partition = partition("all_orders");
    let empty = || write(&place.lake, &partition, &[sample(&[])], 1);
    let object = place.lake.swap(empty(), None).await.unwrap();
    assert_eq!((object.etag, object.rows, object.size_bytes), (None, 0, 0));
    assert_eq!(place.lake.head(&partition).await.unwrap(), None);
    let object = place.lake.swap(built(&place.lake, &partition, &["1"]), None).await.unwrap();
    assert_eq!(place.lake.swap(empty(), None).await.unwrap_err().kind(), Kind::Conflict);
    let object = place.lake.swap(empty(), object.etag.as_deref()).await.unwrap();
    assert!(object.etag.is_some());
    assert_eq!(standing(&place.lake, &partition).await.num_rows(), 0);
}

async fn the_listing_finds_every_partition(place: Place) {
    use object_store::ObjectStoreExt;
    let names = ["a", "b", "c"].map(partition);
    for partition in &names {
        place.lake.swap(built(&place.lake, partition, &["1"]), None).await.unwrap();
    }
    let stray = object_store::path::Path::from("sources/a/seller_id=A1/notes.txt");
    place.lake.store().put(&stray, "mine".into()).await.unwrap();
    let listed = place.lake.partitions(None).await.unwrap();
    assert_eq!(listed.iter().map(|(partition, _)| partition).collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
    for (partition, head) in &listed {
        assert_eq!(place.lake.head(partition).await.unwrap().as_ref(), Some(head));
    }
    assert_eq!(place.lake.partitions(Some(Area::Tables)).await.unwrap(), []);
}

async fn the_footer_says_what_the_writer_knew(place: Place) {
    let partition = partition("all_orders");
    let object = place.lake.swap(built(&place.lake, &partition, &["1", "2", "3"]), None).await.unwrap();
    let head = Head { etag: object.etag.unwrap(), size_bytes: object.size_bytes };
    let footer = place.lake.footer(&partition, &head).await.unwrap();
    assert_eq!((footer.rows, footer.visible_rows, footer.schema_version), (3, 2, 3));
    assert_eq!(footer.row_hash, object.row_hash);
    assert_eq!(footer.writer, env!("CARGO_PKG_VERSION"));
    place.lake.swap(built(&place.lake, &partition, &["4", "5", "6"]), Some(&head.etag)).await.unwrap();
    assert_eq!(place.lake.footer(&partition, &head).await.unwrap_err().kind(), Kind::Conflict);
}
