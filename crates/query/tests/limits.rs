//! Memory, rows and time.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::DataType;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, create_udf,
};
use sellerlake_contracts::Kind;
use sellerlake_query::{Budget, SessionBuilder, Share};

use crate::fixture::{Lake, ask, orders, path, table};

const SORT: &str =
    "SELECT * FROM (SELECT i, md5(CAST(i AS TEXT)) AS h FROM generate_series(1, 200000) AS t(i)) ORDER BY h";

fn small() -> SessionBuilder {
    SessionBuilder { memory: Budget::new(4 << 20), target_partitions: 1, ..SessionBuilder::default() }
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
    let session = SessionBuilder { spill_dir: Some(dir.path().to_owned()), memory: Budget::new(12 << 20), ..small() };
    let session = session.build().unwrap();
    let rows = session.sql(SORT).await.unwrap().collect().await.unwrap();
    assert_eq!(rows.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 200_000);
    drop((rows, session));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// What others have is said not to be there; asked again in the share for heavy statements, once it is, it is answered.
#[tokio::test]
async fn a_statement_that_ran_short_beside_others_says_so() {
    let (dir, memory) = (tempfile::TempDir::new().unwrap(), Budget::new(24 << 20));
    let builder = SessionBuilder { spill_dir: Some(dir.path().to_owned()), memory: memory.clone(), ..small() };
    let others: Arc<dyn MemoryPool> = Arc::new(memory.portion());
    let held = MemoryConsumer::new("others").register(&others);
    held.grow(16 << 20);
    let session = builder.build().unwrap();
    let error = session.sql(SORT).await.unwrap().collect().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Limit, "{error:?}");
    assert!(error.remedy().unwrap().contains("ask when less is under way"), "{error:?}");
    assert!(session.was_crowded());
    let heavy = SessionBuilder { share: Share::Heavy, ..builder }.build().unwrap();
    held.free();
    let rows = heavy.sql(SORT).await.unwrap().collect().await.unwrap();
    assert_eq!(rows.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 200_000);
}

/// Answers that nobody reads on keep what they hold; whoever asks for little is answered.
#[tokio::test]
async fn heavy_statements_starve_nobody() {
    let (dir, memory) = (tempfile::TempDir::new().unwrap(), Budget::new(32 << 20));
    let builder = SessionBuilder { spill_dir: Some(dir.path().to_owned()), memory, ..small() };
    let heavy = SessionBuilder { share: Share::Heavy, ..builder.clone() }.build().unwrap();
    let (first, second) = (builder.build().unwrap(), builder.build().unwrap());
    let unread = heavy.sql(SORT).await.unwrap().ready().await.unwrap();
    let also_unread = first.sql(SORT).await.unwrap();
    for _ in 0..20 {
        assert_eq!(ask(&second, "SELECT count(*) FROM generate_series(1, 1000)").await, "1000");
    }
    drop((unread, also_unread));
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
    let session = SessionBuilder { memory: Budget::new(512 << 20), ..session }.build().unwrap();
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
    let session = SessionBuilder { memory: Budget::new(64 << 20), target_partitions: 1, ..small() }.build().unwrap();
    for sql in [
        "SELECT length(repeat('x', 2000000000))",
        "SELECT max(length(repeat('x', i * 1000000))) FROM generate_series(1, 5000) t(i)",
        "SELECT length(lpad('x', 2000000000))",
        "SELECT max(length(rpad(CAST(i AS TEXT), 100000, '-'))) FROM generate_series(1, 5000) t(i)",
        "SELECT length(replace(repeat('x', 1000000), 'x', repeat('y', 1000)))",
        "SELECT length(regexp_replace(repeat('x', 1000000), 'x', repeat('y', 1000), 'g'))",
        "SELECT max(length(a || a || a || a || a)) FROM (SELECT repeat('x', 3000000 + i) AS a FROM (VALUES (1), (2)) t(i))",
        "SELECT array_length(range(1, 10000000000))",
        "SELECT array_length(generate_series(DATE '0001-01-01', DATE '9999-12-31', INTERVAL '1 millisecond'))",
        "SELECT array_length(array_repeat('x', 1000000000))",
        "SELECT levenshtein(repeat('x', 1000000), repeat('y', 1000000))",
        // Each row takes little, and all of them together too much.
        "SELECT max(length(repeat('x', 20000 + i % 2))) FROM generate_series(1, 5000) t(i)",
        "SELECT array_length(array_resize(make_array(1), 1000000000, 0))",
        "SELECT max(array_length(array_resize(make_array(i), 1000000))) FROM generate_series(1, 500) t(i)",
        "SELECT length(array_to_string(range(1, 100000), repeat('y', 100000)))",
        "SELECT array_length(array_concat(a, a, a)) FROM (SELECT range(1, i * 1000000) AS a FROM (VALUES (1)) t(i))",
        "SELECT array_length(make_array(a, a, a)) FROM (SELECT range(1, i * 1000000) AS a FROM (VALUES (1)) t(i))",
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
        ("SELECT 'a' || NULL || 'b' AS n, 'a' || 1 || 'b' AS s", ",a1b"),
        ("SELECT i || '-' || (i + 1) AS s FROM (VALUES (1), (3)) t(i) ORDER BY s", "1-2\n3-4"),
        ("SELECT count(*) FROM (SELECT 'x' || i FROM generate_series(1, 1000) t(i) GROUP BY 'x' || i)", "1000"),
        ("SELECT array_length(array_resize(make_array(1), 5, 0)), array_to_string(make_array(1, 2), '-')", "5,1-2"),
        ("SELECT array_length(make_array(1, 2) || make_array(3))", "3"),
    ] {
        assert_eq!(ask(&session, sql).await, expected, "{sql}");
    }
}

/// A constant is copied by each step of a plan, and for every row.
#[tokio::test]
async fn long_constants_are_refused() {
    let session = SessionBuilder { memory: Budget::new(64 << 20), target_partitions: 1, ..small() }.build().unwrap();
    let chain = vec!["repeat('x', 6000000)"; 40].join(" || ");
    for sql in [
        format!("SELECT length({chain})"),
        "SELECT length(string_agg(repeat('x', 100000), ',')) FROM generate_series(1, 10000) t(i)".to_owned(),
        "SELECT max(s) FROM (SELECT repeat('x', 100000) AS s, i FROM generate_series(1, 10000) t(i)) WHERE i > 5"
            .to_owned(),
    ] {
        let error = match session.sql(&sql).await {
            Err(error) => error,
            Ok(answer) => answer.collect().await.expect_err(&sql),
        };
        assert_eq!(error.kind(), Kind::Limit, "{sql}: {error:?}");
        assert!(error.remedy().is_some(), "{sql}");
    }
    assert_eq!(ask(&session, "SELECT length(repeat('x', 1000000) || repeat('y', 1000000))").await, "2000000");
    assert_eq!(ask(&session, "SELECT max(repeat('x', 3)) FROM generate_series(1, 10000) t(i)").await, "xxx");
}

/// What windows put together is counted, row by row or once for all rows.
#[tokio::test]
async fn windows_put_together_no_more_than_they_may() {
    let session = SessionBuilder { memory: Budget::new(64 << 20), target_partitions: 1, ..small() }.build().unwrap();
    for sql in [
        "string_agg(repeat('x', 100), ',') OVER (ORDER BY i)",
        "string_agg(repeat('x', 100), ',') OVER ()",
        "array_agg(i) OVER (ORDER BY i)",
        "array_agg(i) OVER (ORDER BY i DESC ROWS BETWEEN 15000 PRECEDING AND CURRENT ROW)",
        "array_agg(i) OVER (ORDER BY i ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
        "array_agg(DISTINCT i) OVER (PARTITION BY i % 2)",
    ] {
        let sql = format!("SELECT count(a) FROM (SELECT {sql} AS a FROM generate_series(1, 20000) t(i))");
        let before = peak_mib();
        let error = match session.sql(&sql).await {
            Err(error) => error,
            Ok(answer) => answer.collect().await.expect_err(&sql),
        };
        assert_eq!(error.kind(), Kind::Limit, "{sql}: {error:?}");
        assert!(error.remedy().is_some(), "{sql}");
        assert!(peak_mib() < before.max(400) + 200, "{sql}: {} MiB after {before}", peak_mib());
    }
    let running =
        "SELECT max(a) FROM (SELECT string_agg(i, '') OVER (ORDER BY i) AS a FROM generate_series(1, 9) t(i))";
    assert_eq!(ask(&session, running).await, "123456789");
    let all = "SELECT array_length(array_agg(i) OVER (PARTITION BY i % 2)) AS n FROM generate_series(1, 4) t(i)";
    assert_eq!(ask(&session, all).await, "2\n2\n2\n2");
}

/// The most memory this process ever had, other tests' share among it.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// Each WITH doubles the one before: what is planned is as large as what it stands for.
#[tokio::test]
async fn statements_that_double_themselves_are_refused() {
    let session = small().build().unwrap();
    let doubling = |first: &str, next: &dyn Fn(usize) -> String, last: &str, times: usize| {
        let steps: String = (1..=times).map(|step| format!(", t{step} AS ({})", next(step - 1))).collect();
        format!("WITH t0 AS ({first}){steps} SELECT {last} FROM t{times}")
    };
    let joined = |step: usize| format!("SELECT a.i FROM t{step} AS a, t{step} AS b");
    let added = |step: usize| format!("SELECT i + i AS i FROM t{step}");
    let nested = |step: usize| format!("SELECT i FROM t{step} WHERE i IN (SELECT i FROM t{step})");
    let union = |step: usize| format!("SELECT * FROM t{step} UNION ALL SELECT * FROM (SELECT * FROM t{step}) AS u");
    let first = "SELECT i FROM generate_series(1, 2) t(i)";
    for next in [&joined as &dyn Fn(usize) -> String, &added, &nested, &union] {
        let sql = doubling(first, next, "max(i)", 25);
        let error = session.sql(&sql).await.expect_err(&sql);
        assert_eq!(error.kind(), Kind::Query, "{error:?}");
        assert!(error.to_string().contains("stands for too much") && error.remedy().is_some(), "{error}");
    }
    assert_eq!(ask(&session, &doubling("SELECT 1 AS i", &joined, "max(i)", 4)).await, "1");
    assert_eq!(ask(&session, &doubling("SELECT 1 AS i", &added, "max(i)", 8)).await, "256");
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
            "SELECT count(*) FROM generate_series(1, 100000) t(i) GROUP BY panics(i)",
        ] {
            let error = match session.sql(sql).await {
                Err(error) => error,
                Ok(answer) => answer.collect().await.expect_err(sql),
            };
            assert_eq!(error.kind(), Kind::Internal, "{sql}: {error:?}");
            assert!(error.to_string().starts_with("the statement met a fault of the query engine"), "{sql}: {error}");
            assert!(!format!("{error:?}").contains("by order of the test"), "{sql}: {error:?}");
            assert!(error.remedy().is_some());
        }
        assert_eq!(ask(&session, "SELECT 1 + 1").await, "2");
    }
}

/// A function that panics while a statement with it is planned.
#[derive(Debug, PartialEq, Eq, Hash)]
struct PanicsEarly(Signature);

impl ScalarUDFImpl for PanicsEarly {
    fn name(&self) -> &'static str {
        "panics_early"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> datafusion::error::Result<DataType> {
        panic!("by order of the test")
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> datafusion::error::Result<ColumnarValue> {
        unreachable!("it is never planned")
    }
}

#[tokio::test]
async fn a_panic_while_planning_is_an_error_of_its_statement_too() {
    sellerlake_query::quiet_panics();
    let early = ScalarUDF::new_from_impl(PanicsEarly(Signature::any(1, Volatility::Immutable)));
    let session = SessionBuilder { functions: vec![early], ..small() }.build().unwrap();
    let sql = "SELECT panics_early(1)";
    let errors = [
        session.sql(sql).await.map(drop).unwrap_err(),
        session.view(sql).await.map(drop).unwrap_err(),
        session.reads(sql).await.map(drop).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), Kind::Internal, "{error:?}");
        assert!(error.to_string().starts_with("the statement met a fault of the query engine"), "{error}");
        assert!(!format!("{error:?}").contains("by order of the test"), "{error:?}");
    }
    assert_eq!(ask(&session, "SELECT 1 + 1").await, "2");
}
