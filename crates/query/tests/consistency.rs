//! An answer never mixes two versions of an object.

use std::fs;
use std::sync::Arc;

use futures::StreamExt;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use sellerlake_contracts::{Kind, ObjectState};
use sellerlake_query::{Held, LakeReader, LakeTable, SessionBuilder, replaced};

use crate::fixture::{Lake, ask, orders, parquet, path, schema, session, shown, state};
use crate::forgetful::Forgetful;

const SUM: &str = "SELECT sum(item_price) FROM orders";

#[tokio::test]
async fn a_replaced_object_is_a_conflict_that_names_it() {
    let lake = Lake::new();
    let path = path("A", "2026-01");
    let session = session(&lake, vec![lake.put(&path, &orders(0, 10))]);
    assert_eq!(ask(&session, SUM).await, "50.0000");
    let healed = lake.put(&path, &orders(10, 20));
    // The footer of the old version is cached; its rows are gone all the same.
    let error = session.sql(SUM).await.unwrap().ready().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert_eq!(replaced(&error).unwrap().path, path);
    assert_eq!(ask(&crate::fixture::session(&lake, vec![healed]), SUM).await, "150.0000");
}

#[tokio::test]
async fn a_removed_object_is_a_conflict_too() {
    let lake = Lake::new();
    let path = path("A", "2026-01");
    let session = session(&lake, vec![lake.put(&path, &orders(0, 10))]);
    fs::remove_file(lake.file(&path)).unwrap();
    let error = session.sql(SUM).await.unwrap().collect().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
}

#[tokio::test]
async fn a_conflict_is_found_through_joins_and_sorts() {
    let lake = Lake::new();
    let path = path("A", "2026-01");
    let session = session(&lake, vec![lake.put(&path, &orders(0, 10))]);
    lake.put(&path, &orders(10, 20));
    for sql in [
        "SELECT a.order_id FROM orders a JOIN orders b ON a.quantity = b.quantity ORDER BY 1",
        "SELECT quantity, sum(item_price) FROM orders GROUP BY 1",
        "SELECT order_id FROM orders WHERE quantity > (SELECT avg(quantity) FROM orders)",
        "SELECT order_id FROM orders UNION ALL SELECT order_id FROM orders",
    ] {
        let error = session.sql(sql).await.unwrap().collect().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict, "{sql}: {error:?}");
        assert_eq!(replaced(&error).unwrap().path, path, "{sql}");
    }
}

#[tokio::test]
async fn an_open_object_is_read_to_its_end_whatever_happens() {
    let lake = Lake::new();
    let path = path("A", "2026-01");
    let session = session(&lake, vec![lake.put(&path, &orders(0, 100_000))]);
    let mut answer = session.sql("SELECT order_id FROM orders").await.unwrap();
    let mut rows = answer.next().await.unwrap().unwrap().num_rows();
    assert!(rows < 100_000);
    lake.put(&path, &orders(0, 10));
    while let Some(batch) = answer.next().await {
        rows += batch.unwrap().num_rows();
    }
    assert_eq!(rows, 100_000);
}

/// On a disk and elsewhere: what is held open is read, whatever the object has become.
#[tokio::test]
async fn a_version_that_is_held_is_read_after_all() {
    let lake = Lake::new();
    let path = path("A", "2026-01");
    let held = lake.put(&path, &orders(0, 10));
    let file = fs::File::open(lake.file(&path)).unwrap();
    let etag = held.etag.clone().unwrap();
    let other = lake.put(&path, &orders(10, 20));
    let holding = Held::from([(path.clone(), (etag, Arc::new(file)))]);
    for reader in [lake.reader.clone(), LakeReader::new(Arc::new(InMemory::new()))] {
        let table = LakeTable::new(reader.holding(holding.clone()), &schema(), vec![held.clone()], &shown());
        let session = SessionBuilder::default().build().unwrap();
        session.register("lake", "orders", Arc::new(table)).unwrap();
        assert_eq!(ask(&session, SUM).await, "50.0000");
    }
    // Another version of it is none of the reader's business.
    let table = LakeTable::new(lake.reader.holding(holding), &schema(), vec![other], &shown());
    let session = SessionBuilder::default().build().unwrap();
    session.register("lake", "orders", Arc::new(table)).unwrap();
    assert_eq!(ask(&session, SUM).await, "150.0000");
}

#[tokio::test]
async fn a_session_says_which_objects_a_statement_reads() {
    let lake = Lake::new();
    let paths = [path("A", "2026-01"), path("A", "2026-02"), path("B", "2026-01")];
    let session = session(&lake, paths.iter().map(|path| lake.put(path, &orders(0, 10))).collect());
    let read = |sql: &'static str| async { session.reads(sql).await.unwrap().into_iter().collect::<Vec<_>>() };
    assert_eq!(read("SELECT sum(item_price) FROM orders").await, paths);
    assert_eq!(read("SELECT max(quantity) FROM orders WHERE month = '2026-02'").await, paths[1..2]);
    let joined = "SELECT a.order_id FROM orders a WHERE a.seller_id = 'B' AND a.quantity IN
                  (SELECT quantity FROM orders WHERE seller_id = 'A' AND month = '2026-01')";
    assert_eq!(read(joined).await, [paths[0].clone(), paths[2].clone()]);
    assert_eq!(session.reads("DROP TABLE orders").await.unwrap_err().kind(), Kind::Query);
}

async fn stored(store: &InMemory, path: &str, rows: std::ops::Range<i64>) -> ObjectState {
    let batch = orders(rows.start, rows.end);
    let bytes = parquet(path, &batch);
    let size = bytes.len() as u64;
    let put = store.put(&path.into(), bytes.into()).await.unwrap();
    state(path, &batch, put.e_tag, size)
}

#[tokio::test]
async fn a_store_is_asked_for_the_version_and_its_answer_compared() {
    let store = Arc::new(InMemory::new());
    let stores: [Arc<dyn ObjectStore>; 2] = [Arc::clone(&store) as _, Arc::new(Forgetful(Arc::clone(&store)))];
    for store_seen in stores {
        let path = path("A", "2026-01");
        let object = stored(&store, &path, 0..10).await;
        let table = LakeTable::new(LakeReader::new(store_seen), &schema(), vec![object], &shown());
        let session = SessionBuilder::default().build().unwrap();
        session.register("lake", "orders", Arc::new(table)).unwrap();
        assert_eq!(ask(&session, SUM).await, "50.0000");
        stored(&store, &path, 10..20).await;
        let error = session.sql(SUM).await.unwrap().collect().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        assert_eq!(replaced(&error).unwrap().path, path);
    }
}

fn over(reader: &LakeReader, objects: Vec<ObjectState>) -> sellerlake_query::Session {
    let table = LakeTable::new(reader.clone(), &schema(), objects, &shown());
    let session = SessionBuilder::default().build().unwrap();
    session.register("lake", "orders", Arc::new(table)).unwrap();
    session
}

#[tokio::test]
async fn footers_are_read_once_per_version() {
    let store = Arc::new(InMemory::new());
    let object = stored(&store, &path("A", "2026-01"), 0..10).await;
    let reader = LakeReader::new(store);
    let session = over(&reader, vec![object]);
    for _ in 0..2 {
        // No row group can hold it, which the footer says.
        assert_eq!(ask(&session, "SELECT order_id FROM orders WHERE item_price > 1000000").await, "");
        assert_eq!(reader.touched(), 1);
    }
}

/// What the catalogue, a footer in memory or the path could answer is no answer once the object is gone.
#[tokio::test]
async fn what_is_gone_is_not_counted() {
    let counts = [
        "SELECT count(*) FROM orders",
        "SELECT count(1), count(seller_id) FROM orders",
        "SELECT min(month), max(seller_id) FROM orders",
        "SELECT DISTINCT seller_id FROM orders",
        "SELECT 1 FROM orders LIMIT 1",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM orders)",
        "SELECT seller_id, count(*) FROM orders GROUP BY 1 HAVING count(*) > 0",
    ];
    let lake = Lake::new();
    let path = path("A", "2026-01");
    let store = Arc::new(InMemory::new());
    let on_disk = over(&lake.reader, vec![lake.put(&path, &orders(0, 10))]);
    let elsewhere = over(&LakeReader::new(Arc::clone(&store) as _), vec![stored(&store, &path, 0..10).await]);
    for session in [&on_disk, &elsewhere] {
        for sql in counts {
            ask(session, sql).await;
        }
    }
    fs::remove_file(lake.file(&path)).unwrap();
    store.delete(&path.as_str().into()).await.unwrap();
    for session in [&on_disk, &elsewhere] {
        for sql in counts {
            let error = session.sql(sql).await.unwrap().collect().await.expect_err(sql);
            assert_eq!(error.kind(), Kind::Conflict, "{sql}");
            assert_eq!(replaced(&error).unwrap().path, path, "{sql}");
        }
    }
}
