//! Memory, rows and time.

use std::time::Duration;

use sellerlake_contracts::Kind;
use sellerlake_query::SessionBuilder;

use crate::fixture::{Lake, ask, orders, path, table};

const SORT: &str =
    "SELECT * FROM (SELECT i, md5(CAST(i AS TEXT)) AS h FROM generate_series(1, 200000) AS t(i)) ORDER BY h";

fn small() -> SessionBuilder {
    SessionBuilder { memory_limit_bytes: 4 << 20, target_partitions: 1, ..SessionBuilder::default() }
}

#[tokio::test]
async fn memory_runs_out_with_a_name_and_a_hint() {
    let session = small().build().unwrap();
    let error = session.sql(SORT).await.unwrap().collect().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Limit, "{error:?}");
    assert!(error.to_string().starts_with("the query needs more memory"), "{error}");
    assert!(error.remedy().is_some());
}

#[tokio::test]
async fn a_sort_spills_where_it_may_and_leaves_nothing() {
    let dir = tempfile::TempDir::new().unwrap();
    let session = SessionBuilder { spill_dir: Some(dir.path().to_owned()), memory_limit_bytes: 12 << 20, ..small() };
    let session = session.build().unwrap();
    let rows = session.sql(SORT).await.unwrap().collect().await.unwrap();
    assert_eq!(rows.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 200_000);
    drop((rows, session));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn one_row_too_many_is_an_error() {
    let lake = Lake::new();
    let session = SessionBuilder { row_limit: Some(3), ..small() }.build().unwrap();
    session.register("lake", "orders", table(&lake, vec![lake.put(&path("A", "2026-01"), &orders(0, 5))])).unwrap();
    let error = session.sql("SELECT * FROM orders").await.unwrap().collect().await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Limit, "the answer has too many rows (limit: 3)"));
    assert_eq!(ask(&session, "SELECT * FROM orders LIMIT 3").await.lines().count(), 3);
}

#[tokio::test]
async fn time_runs_out() {
    let session = SessionBuilder { timeout: Some(Duration::from_millis(50)), ..small() }.build().unwrap();
    let endless = "SELECT count(*) FROM generate_series(1, 9000000000000000000) a(i) WHERE md5(CAST(i AS TEXT)) = ''";
    let error = match session.sql(endless).await {
        Err(error) => error,
        Ok(answer) => answer.collect().await.unwrap_err(),
    };
    assert_eq!(error.kind(), Kind::Limit, "{error:?}");
    assert!(error.to_string().starts_with("the query took too long"), "{error}");
}
