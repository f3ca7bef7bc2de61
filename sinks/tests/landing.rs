//! Deliveries: landed whole, found again, read back.

use sellerlake_contracts::{Delivery, Kind};
use sellerlake_sinks::{Landed, Spool};

use crate::rows::{batch, delivery};
use crate::{Place, on_both};

on_both! {
    a_delivery_comes_back_as_it_was_landed
    landing_twice_is_landing_once
    bytes_without_metadata_are_not_landed
    a_size_that_does_not_match_is_refused
    deliveries_are_found_by_source_and_seller
    metadata_that_can_not_be_used_is_named
    large_bytes_arrive_in_parts
    changed_bytes_are_noticed
    rejects_are_replaced_and_removed
}

fn spooled(place: &Place, content: &[u8]) -> Spool {
    let mut spool = place.lake.spool().unwrap();
    let received = spool.receive(&mut &content[..]).unwrap();
    assert_eq!(received.size_bytes, content.len() as u64);
    assert_eq!(received.sha256, delivery("x", content).sha256);
    spool
}

async fn land(place: &Place, delivery: &Delivery, content: &[u8]) -> Landed {
    place.lake.land(delivery, spooled(place, content)).await.unwrap()
}

async fn exists(place: &Place, path: &str) -> bool {
    use object_store::ObjectStoreExt;
    place.lake.store().head(&object_store::path::Path::from(path)).await.is_ok()
}

async fn put(place: &Place, path: &str, content: &str) {
    use object_store::ObjectStoreExt;
    let path = object_store::path::Path::from(path);
    place.lake.store().put(&path, content.to_owned().into()).await.unwrap();
}

async fn remove(place: &Place, path: &str) {
    use object_store::ObjectStoreExt;
    place.lake.store().delete(&object_store::path::Path::from(path)).await.unwrap();
}

async fn a_delivery_comes_back_as_it_was_landed(place: Place) {
    let delivery = delivery("all_orders", b"a\tb\n1\t2\n");
    assert_eq!(land(&place, &delivery, b"a\tb\n1\t2\n").await, Landed::Landed);
    assert_eq!(place.lake.deliveries(None, None).await.unwrap(), std::slice::from_ref(&delivery));
    let raw = place.lake.fetch(&delivery).await.unwrap();
    raw.verify_sha256(&delivery).unwrap();
    assert_eq!(&raw.map().unwrap()[..], b"a\tb\n1\t2\n");
    let empty = self::delivery("all_orders", b"");
    land(&place, &empty, b"").await;
    assert_eq!(place.lake.fetch(&empty).await.unwrap().map().unwrap().len(), 0);
    drop(raw);
    assert_eq!(place.spools(), [""; 0]);
}

async fn landing_twice_is_landing_once(place: Place) {
    let delivery = delivery("all_orders", b"same");
    assert_eq!(land(&place, &delivery, b"same").await, Landed::Landed);
    assert_eq!(land(&place, &delivery, b"same").await, Landed::AlreadyLanded);
    remove(&place, &delivery.data_path()).await;
    assert_eq!(land(&place, &delivery, b"same").await, Landed::Landed, "its bytes had gone");
    assert_eq!(place.lake.deliveries(None, None).await.unwrap().len(), 1);
    assert_eq!(place.spools(), [""; 0]);
}

async fn bytes_without_metadata_are_not_landed(place: Place) {
    let delivery = delivery("all_orders", b"cut");
    land(&place, &delivery, b"cut").await;
    remove(&place, &delivery.meta_path()).await;
    assert!(place.lake.deliveries(None, None).await.unwrap().is_empty());
    assert_eq!(land(&place, &delivery, b"cut").await, Landed::Landed);
    assert_eq!(place.lake.deliveries(None, None).await.unwrap().len(), 1);
}

async fn a_size_that_does_not_match_is_refused(place: Place) {
    let delivery = delivery("all_orders", b"whole document");
    let error = place.lake.land(&delivery, spooled(&place, b"whole doc")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
    assert!(!exists(&place, &delivery.data_path()).await);
    assert_eq!(place.spools(), [""; 0]);
}

async fn deliveries_are_found_by_source_and_seller(place: Place) {
    let first = delivery("all_orders", b"1");
    let second = delivery("settlement_v2", b"2");
    let mut third = delivery("settlement_v2", b"3");
    third.seller = "B2".parse().unwrap();
    third.id = third.identify();
    for (delivery, content) in [(&first, b"1"), (&second, b"2"), (&third, b"3")] {
        land(&place, delivery, content).await;
    }
    let count = async |source, seller: Option<&str>| {
        let seller = seller.map(|seller| seller.parse().unwrap());
        place.lake.deliveries(source, seller.as_ref()).await.unwrap().len()
    };
    assert_eq!(count(None, None).await, 3);
    assert_eq!(count(Some("settlement_v2"), None).await, 2);
    assert_eq!(count(None, Some("B2")).await, 1);
    assert_eq!(count(Some("all_orders"), Some("B2")).await, 0);
    assert_eq!(count(Some("nothing"), None).await, 0);
    assert!(place.lake.deliveries(Some("../.."), None).await.is_err());
}

async fn metadata_that_can_not_be_used_is_named(place: Place) {
    let delivery = delivery("all_orders", b"1");
    land(&place, &delivery, b"1").await;
    let path = delivery.meta_path();
    let good = serde_json::to_string(&delivery).unwrap();
    for (content, says) in [
        ("{".to_owned(), "damaged"),
        (good.replace("\"version\":1", "\"version\":7"), "newer sellerlake"),
        (good.replace("\"A1\"", "\"B2\""), "another place"),
    ] {
        put(&place, &path, &content).await;
        let error = place.lake.deliveries(None, None).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Data);
        assert!(error.to_string().contains(says) && error.to_string().contains(&path), "{error}");
    }
}

async fn large_bytes_arrive_in_parts(place: Place) {
    let content: Vec<u8> = (0..70u32 << 20).map(|at| (at ^ (at >> 11)) as u8).collect();
    let delivery = delivery("all_orders", &content);
    land(&place, &delivery, &content).await;
    let raw = place.lake.fetch(&delivery).await.unwrap();
    assert_eq!(raw.size_bytes(), content.len() as u64);
    raw.verify_sha256(&delivery).unwrap();
}

async fn changed_bytes_are_noticed(place: Place) {
    let delivery = delivery("all_orders", b"12345");
    land(&place, &delivery, b"12345").await;
    put(&place, &delivery.data_path(), "12346").await;
    let raw = place.lake.fetch(&delivery).await.unwrap();
    assert_eq!(raw.verify_sha256(&delivery).unwrap_err().kind(), Kind::Data);
    put(&place, &delivery.data_path(), "1234").await;
    assert_eq!(place.lake.fetch(&delivery).await.unwrap_err().kind(), Kind::Data);
    remove(&place, &delivery.data_path()).await;
    assert_eq!(place.lake.fetch(&delivery).await.unwrap_err().kind(), Kind::NotFound);
}

async fn rejects_are_replaced_and_removed(place: Place) {
    use std::sync::Arc;
    let delivery = delivery("all_orders", b"1");
    let path = format!("rejects/all_orders/seller_id=A1/{}.parquet", delivery.id);
    let rows = |reasons: Vec<&str>| batch(vec![("reason", Arc::new(arrow::array::StringArray::from(reasons)))]);
    let read = async || place.lake.rejects("all_orders", &delivery.seller, &delivery.id).await;
    place.lake.write_rejects(&delivery, rows(vec![])).await.unwrap();
    assert!(!exists(&place, &path).await);
    assert_eq!(read().await.unwrap(), []);
    place.lake.write_rejects(&delivery, rows(vec!["bad date", "bad price"])).await.unwrap();
    place.lake.write_rejects(&delivery, rows(vec!["bad date"])).await.unwrap();
    assert!(exists(&place, &path).await);
    assert_eq!(read().await.unwrap(), [rows(vec!["bad date"])]);
    put(&place, &path, "no file of ours").await;
    assert_eq!(read().await.unwrap_err().kind(), Kind::Data);
    place.lake.write_rejects(&delivery, rows(vec![])).await.unwrap();
    assert!(!exists(&place, &path).await);
    assert_eq!(place.spools(), [""; 0]);
}
