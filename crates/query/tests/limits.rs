//! Memory, rows and time.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::DataType;
use datafusion::logical_expr::{Volatility, create_udf};
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

/// Whoever asks is answered on time, and what was asked ends soon after, wherever the time goes.
#[tokio::test]
async fn time_runs_out_in_what_never_waits() {
    let session = SessionBuilder { timeout: Some(Duration::from_millis(500)), ..small() };
    let session = SessionBuilder { memory_limit_bytes: 512 << 20, ..session }.build().unwrap();
    let numbers = |count: u32| format!("generate_series(1, {count})");
    for sql in [
        format!("SELECT count(*) FROM {} a(i) CROSS JOIN {} b(j)", numbers(1_000_000), numbers(1_000_000)),
        format!("SELECT count(*) FROM {} a(i) JOIN {} b(j) ON i * 3 < j - i * i", numbers(200_000), numbers(200_000)),
        format!(
            "SELECT sum(a.i) FROM {} a(i) JOIN {} b(j) ON a.i % 2 = b.j % 2 AND a.i * b.j = -1",
            numbers(500_000),
            numbers(500_000)
        ),
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n".to_owned(),
        format!("SELECT max(md5(md5(md5(CAST(i AS TEXT))))) FROM {} a(i)", numbers(2_000_000_000)),
    ] {
        let begun = std::time::Instant::now();
        let error = match session.sql(&sql).await {
            Err(error) => error,
            Ok(answer) => answer.collect().await.expect_err(&sql),
        };
        assert!(begun.elapsed() < Duration::from_millis(1500), "{sql}: {:?}", begun.elapsed());
        assert_eq!(error.kind(), Kind::Limit, "{sql}: {error:?}");
        while threads() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "{sql} goes on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Threads of statements in this process, other tests' among them.
fn threads() -> usize {
    let names = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let names = names.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.starts_with("sellerlake-quer")).count()
}

#[tokio::test]
async fn functions_make_no_more_than_they_may() {
    let session = SessionBuilder { memory_limit_bytes: 64 << 20, target_partitions: 1, ..small() }.build().unwrap();
    for sql in [
        "SELECT length(repeat('x', 2000000000))",
        "SELECT max(length(repeat('x', i * 1000000))) FROM generate_series(1, 5000) t(i)",
        "SELECT length(lpad('x', 2000000000))",
        "SELECT max(length(rpad(CAST(i AS TEXT), 100000, '-'))) FROM generate_series(1, 5000) t(i)",
        "SELECT length(replace(repeat('x', 1000000), 'x', repeat('y', 1000)))",
        "SELECT length(regexp_replace(repeat('x', 1000000), 'x', repeat('y', 1000), 'g'))",
        "SELECT array_length(range(1, 10000000000))",
        "SELECT array_length(generate_series(DATE '0001-01-01', DATE '9999-12-31', INTERVAL '1 millisecond'))",
        "SELECT array_length(array_repeat('x', 1000000000))",
        "SELECT levenshtein(repeat('x', 1000000), repeat('y', 1000000))",
        // Each row takes little, and all of them together too much.
        "SELECT max(length(repeat('x', 20000 + i % 2))) FROM generate_series(1, 5000) t(i)",
    ] {
        let error = match session.sql(sql).await {
            Err(error) => error,
            Ok(answer) => answer.collect().await.expect_err(sql),
        };
        assert_eq!(error.kind(), Kind::Limit, "{sql}: {error:?}");
        let words = format!("{error:#}");
        assert_eq!(words.matches("would make too much at once").count(), 1, "{sql}: {words}");
        let said = |name: &str| -> f64 {
            let rest = words.split_once(&format!("{name}: ")).unwrap().1;
            rest.split([',', ')']).next().unwrap().parse().unwrap()
        };
        assert!(said("would_take_mib") > said("limit_mib"), "{sql}: {words}");
        assert!(error.remedy().is_some(), "{sql}");
    }
    for (sql, expected) in [
        ("SELECT length(repeat('x', 1000000))", "1000000"),
        ("SELECT lpad('7', 3, '0'), rpad('7', 3, '0')", "007,700"),
        (
            "SELECT sum(length(replace(repeat('ab', 100), 'a', repeat('y', 90)))) FROM generate_series(1, 2000)",
            "18200000",
        ),
        ("SELECT array_length(range(1, 100000)), concat('a', NULL, 'b')", "99999,ab"),
    ] {
        assert_eq!(ask(&session, sql).await, expected, "{sql}");
    }
}

/// A statement that makes the engine panic is told so; the next one is answered.
#[tokio::test]
async fn a_panic_is_an_error_of_its_statement() {
    let panics = create_udf(
        "panics",
        vec![DataType::Int64],
        DataType::Int64,
        Volatility::Volatile,
        Arc::new(|_| panic!("by order of the test")),
    );
    sellerlake_query::quiet_panics();
    for threads in [1, 3] {
        let builder = SessionBuilder { functions: vec![panics.clone()], target_partitions: threads, ..small() };
        let session = builder.build().unwrap();
        for sql in [
            "SELECT panics(1)",
            "SELECT sum(panics(i)) FROM generate_series(1, 100000) t(i)",
            "SELECT i FROM generate_series(1, 100000) t(i) ORDER BY panics(i)",
        ] {
            let error = match session.sql(sql).await {
                Err(error) => error,
                Ok(answer) => answer.collect().await.expect_err(sql),
            };
            assert_eq!(error.kind(), Kind::Internal, "{sql}: {error:?}");
            assert!(error.to_string().starts_with("the query engine broke off"), "{sql}: {error}");
            assert!(error.remedy().is_some());
        }
        assert_eq!(ask(&session, "SELECT 1 + 1").await, "2");
    }
}
