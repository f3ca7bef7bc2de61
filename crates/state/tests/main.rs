//! What the state promises, against a real SQLite file.

#![allow(clippy::unwrap_used)] // a test that can't go on should stop

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{Area, Delivery, DeliveryId, Kind, ObjectState, Partition, Scope, SellerId, Window};
use sellerlake_state::{DeliveryFilter, DeliveryStatus, LoadReport, ObjectFilter, Severity, State};

fn now() -> DateTime<Utc> {
    "2026-03-05T08:00:00Z".parse().unwrap()
}

fn seller(id: &str) -> SellerId {
    id.parse().unwrap()
}

fn delivery(source: &str, account: &str, content: &str) -> Delivery {
    let mut delivery = Delivery {
        version: 1,
        id: DeliveryId::try_from("0".repeat(32)).unwrap(),
        source: source.to_owned(),
        seller: seller(account),
        scope: Scope("ATVPDKIKX0DER".to_owned()),
        marketplace: Some("ATVPDKIKX0DER".parse().unwrap()),
        window: Some("2026-03-01..2026-03-04".parse::<Window>().unwrap()),
        options: BTreeMap::default(),
        as_of: Some(now()),
        fetched_at: now(),
        charset: None,
        sha256: content.to_owned(),
        size_bytes: 12,
        extension: "txt".to_owned(),
        page_offsets: vec![0],
        origin: None,
        personal_data_until: None,
    };
    delivery.id = delivery.identify();
    delivery
}

fn object(path: &str, row_hash: &str) -> ObjectState {
    ObjectState {
        partition: Partition::parse(path).unwrap(),
        etag: Some("\"abc\"".to_owned()),
        size_bytes: 1_000,
        rows: 12,
        visible_rows: 11,
        row_hash: row_hash.to_owned(),
        input_hash: "in".to_owned(),
        schema_version: 3,
    }
}

async fn fresh() -> (tempfile::TempDir, State) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("deep/state.db").display());
    let state = State::open(&url, now()).await.unwrap();
    (folder, state)
}

#[tokio::test]
async fn a_delivery_moves_forward_only() {
    let (_folder, state) = fresh().await;
    let delivery = delivery("all_orders", "A1", "one");
    assert_eq!(state.delivery(&delivery.id).await.unwrap(), None);
    assert_eq!(state.begin_landing(&delivery, now()).await.unwrap(), DeliveryStatus::Landing);
    assert!(state.set_landed(&delivery.id, now()).await.unwrap());
    assert_eq!(state.begin_landing(&delivery, now()).await.unwrap(), DeliveryStatus::Landed);
    let report = LoadReport { rows: 10, rejected: 2, details: serde_json::json!({"drift": {"new-column": 4}}) };
    assert!(state.set_loaded(&delivery.id, &report, now() + TimeDelta::seconds(1)).await.unwrap());
    assert!(!state.set_landed(&delivery.id, now()).await.unwrap(), "loaded is further than landed");
    let found = state.delivery(&delivery.id).await.unwrap().unwrap();
    assert_eq!(found.status, DeliveryStatus::Loaded);
    assert_eq!(found.report, Some(report));
    assert_eq!(found.window, delivery.window);
    assert_eq!(found.as_of, delivery.as_of);
    assert_eq!(found.marketplace, delivery.marketplace);
    assert_eq!(found.data_path, delivery.data_path());
    assert_eq!(found.updated_at, now() + TimeDelta::seconds(1));
}

#[tokio::test]
async fn deliveries_are_listed_by_what_is_asked() {
    let (_folder, state) = fresh().await;
    let all = [delivery("a", "A1", "1"), delivery("a", "B2", "2"), delivery("b", "A1", "3")];
    for delivery in &all {
        state.begin_landing(delivery, now()).await.unwrap();
    }
    state.set_refused(&all[2].id, "no such column", &LoadReport::default(), now()).await.unwrap();
    let count = async |filter: DeliveryFilter| state.deliveries(&filter).await.unwrap().len();
    assert_eq!(count(DeliveryFilter::default()).await, 3);
    assert_eq!(count(DeliveryFilter { source: Some("a".into()), ..Default::default() }).await, 2);
    assert_eq!(count(DeliveryFilter { seller: Some(seller("A1")), ..Default::default() }).await, 2);
    assert_eq!(count(DeliveryFilter { status: Some(DeliveryStatus::Landing), ..Default::default() }).await, 2);
    let refused = DeliveryFilter {
        seller: Some(seller("A1")),
        status: Some(DeliveryStatus::Refused),
        ..DeliveryFilter::default()
    };
    let refused = state.deliveries(&refused).await.unwrap();
    assert_eq!(refused[0].reason.as_deref(), Some("no such column"));
    assert!(state.remove_delivery(&all[0].id).await.unwrap());
    assert!(!state.remove_delivery(&all[0].id).await.unwrap());
}

#[tokio::test]
async fn nobodys_older_word_replaces_a_newer_one() {
    let (_folder, state) = fresh().await;
    let path = "tables/orders/seller_id=A1/month=2026-03/data.parquet";
    let [first, second, third] = ["h1", "h2", "h3"].map(|hash| object(path, hash));
    let put = async |object: &ObjectState, known: Option<&ObjectState>| {
        state.put_objects_if(&[(object.clone(), known.cloned())], now()).await.unwrap()[0]
    };
    assert!(put(&first, None).await);
    assert!(!put(&second, None).await, "somebody was first");
    assert!(put(&second, Some(&first)).await);
    assert!(!put(&third, Some(&first)).await, "what was known is old");
    assert_eq!(state.object(&first.partition).await.unwrap(), Some(second.clone()));
    let empty = ObjectState { etag: None, rows: 0, ..third.clone() };
    assert!(put(&empty, Some(&second)).await);
    assert!(put(&third, Some(&empty)).await, "no tag equals no tag");
}

#[tokio::test]
async fn the_catalogue_says_what_it_was_last_told() {
    let (_folder, state) = fresh().await;
    let march = "tables/orders/seller_id=A1/month=2026-03/data.parquet";
    let april = "tables/orders/seller_id=A1/month=2026-04/data.parquet";
    let other = "sources/all_orders/seller_id=B2/data.parquet";
    let objects = [object(march, "h1"), object(april, "h2"), object(other, "h3")];
    state.put_objects(&objects, now()).await.unwrap();
    let empty = ObjectState { etag: None, rows: 0, ..object(march, "h4") };
    state.put_object(&empty, now()).await.unwrap();
    assert_eq!(state.object(&empty.partition).await.unwrap(), Some(empty));
    let paths = async |filter: ObjectFilter| -> Vec<String> {
        state.objects(&filter).await.unwrap().iter().map(|record| record.object.partition.path()).collect()
    };
    assert_eq!(paths(ObjectFilter::default()).await, [other, march, april]);
    assert_eq!(paths(ObjectFilter::of_seller(seller("A1"))).await, [march, april]);
    assert_eq!(paths(ObjectFilter::of_dataset(Area::Tables, "orders", seller("B2"))).await, [""; 0]);
    assert_eq!(paths(ObjectFilter { area: Some(Area::Sources), ..Default::default() }).await, [other]);
    state.replace_objects(&objects[2..], now()).await.unwrap();
    assert_eq!(paths(ObjectFilter::default()).await, [other]);
    assert!(state.remove_object(&objects[2].partition).await.unwrap());
    state.put_objects(&objects, now()).await.unwrap();
    state.clear_objects().await.unwrap();
    assert_eq!(paths(ObjectFilter::default()).await, [""; 0]);
}

#[tokio::test]
async fn an_alarm_stands_until_it_is_cleared() {
    let (_folder, state) = fresh().await;
    let later = now() + TimeDelta::minutes(5);
    state.raise_alarm("stage x", Severity::Warning, "tables/x", "first", now()).await.unwrap();
    state.raise_alarm("stage x", Severity::Error, "tables/x", "again", later).await.unwrap();
    let alarms = state.alarms().await.unwrap();
    assert_eq!(alarms.len(), 1);
    assert_eq!((alarms[0].raised_at, alarms[0].updated_at), (now(), later));
    assert_eq!((alarms[0].severity, alarms[0].message.as_str()), (Severity::Error, "again"));
    assert!(state.clear_alarm("stage x").await.unwrap());
    assert!(!state.clear_alarm("stage x").await.unwrap());
}

#[tokio::test]
async fn what_was_said_is_there_after_reopening() {
    let (folder, state) = fresh().await;
    let delivery = delivery("a", "A1", "1");
    state.begin_landing(&delivery, now()).await.unwrap();
    let path = state.path().to_owned();
    state.close().await;
    let again = State::open(path.to_str().unwrap(), now()).await.unwrap();
    assert_eq!(again.deliveries(&DeliveryFilter::default()).await.unwrap().len(), 1);
    drop(folder);
}

/// Each `State` has its own connections, as each process has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_wait_for_each_other() {
    let (_folder, first) = fresh().await;
    let url = first.path().to_str().unwrap().to_owned();
    let mut tasks = Vec::new();
    for writer in 0..4 {
        let state = State::open(&url, now()).await.unwrap();
        tasks.push(tokio::spawn(async move {
            for step in 0..25 {
                let month = format!("tables/t{writer}/seller_id=A{step}/data.parquet");
                state.put_objects(&[object(&month, "h"), object(&month, "h2")], now()).await.unwrap();
                state.begin_landing(&delivery("s", "A1", &format!("{step}")), now()).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(first.objects(&ObjectFilter::default()).await.unwrap().len(), 100);
    assert_eq!(first.deliveries(&DeliveryFilter::default()).await.unwrap().len(), 25);
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let (_folder, state) = fresh().await;
    let path = state.path().to_owned();
    state.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("INSERT INTO migrations (number, name, applied_at) VALUES (99, 'future', 0)")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let error = State::open(path.to_str().unwrap(), now()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Storage);
    assert!(error.to_string().contains("newer sellerlake"), "{error}");
}

#[tokio::test]
async fn an_unusable_place_is_named() {
    for url in ["", "sqlite::memory:", "mysql://host/x", "sqlite://x.db?mode=ro"] {
        let error = State::open(url, now()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Usage, "{url}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    std::fs::write(&file, "this is no database, but long enough to be looked at as one".repeat(20)).unwrap();
    let error = State::open(file.to_str().unwrap(), now()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Storage);
    assert!(error.to_string().contains("damaged"), "{error:?}");
}
