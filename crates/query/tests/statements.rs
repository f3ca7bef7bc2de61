//! Which statements are answered, and what the others are told.

use sellerlake_contracts::Kind;

use crate::fixture::{Lake, ask, csv, orders, path, session};

fn lake() -> (Lake, sellerlake_query::Session) {
    let lake = Lake::new();
    let session = session(&lake, vec![lake.put(&path("A", "2026-01"), &orders(0, 3))]);
    (lake, session)
}

#[tokio::test]
async fn statements_that_read_are_answered() {
    let (_lake, session) = lake();
    for sql in [
        "SELECT 1",
        "select order_id from orders;",
        "SELECT * FROM lake.orders",
        "WITH x AS (SELECT * FROM orders) SELECT count(*) FROM x",
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n",
        "VALUES (1, 'a'), (2, 'b')",
        "(SELECT 1) UNION ALL SELECT 2",
        "EXPLAIN SELECT * FROM orders",
        "EXPLAIN ANALYZE SELECT count(order_id) FROM orders",
        "SHOW TABLES",
        "SHOW COLUMNS FROM orders",
        "DESCRIBE orders",
        "SELECT * FROM information_schema.columns",
        "SELECT * FROM generate_series(1, 3)",
        "/* a comment */ SELECT 1 -- and another",
    ] {
        csv(&session, sql).await;
    }
}

#[tokio::test]
async fn statements_that_do_more_are_refused_by_name() {
    let (_lake, session) = lake();
    for (sql, what) in [
        ("", "an empty statement"),
        (";", "an empty statement"),
        ("SELECT 1; SELECT 2", "several statements at once"),
        ("CREATE TABLE t AS SELECT 1", "CREATE TABLE"),
        ("CREATE VIEW v AS SELECT 1", "CREATE VIEW"),
        ("CREATE SCHEMA s", "CREATE SCHEMA"),
        ("CREATE FUNCTION f(INT) RETURNS INT RETURN $1", "CREATE FUNCTION"),
        ("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'", "CREATE EXTERNAL TABLE"),
        ("DROP TABLE orders", "DROP TABLE"),
        ("INSERT INTO orders VALUES (1)", "INSERT"),
        ("UPDATE orders SET order_id = '1'", "UPDATE"),
        ("DELETE FROM orders", "DELETE"),
        ("COPY orders TO '/tmp/x.parquet'", "COPY"),
        ("COPY (SELECT 1) TO '/tmp/x.csv'", "COPY"),
        ("EXPLAIN COPY orders TO '/tmp/x.parquet'", "COPY"),
        ("EXPLAIN ANALYZE INSERT INTO orders VALUES (1)", "INSERT"),
        ("EXPLAIN CREATE TABLE t AS SELECT 1", "CREATE TABLE"),
        ("WITH x AS (INSERT INTO orders VALUES (1)) SELECT * FROM x", "INSERT"),
        ("SELECT * INTO t FROM orders", "SELECT INTO"),
        ("SET datafusion.execution.batch_size = 1", "SET"),
        ("RESET datafusion.execution.batch_size", "RESET"),
        ("PREPARE p AS SELECT 1", "PREPARE"),
        ("EXECUTE p", "EXECUTE"),
        ("BEGIN", "BEGIN"),
        ("USE lake", "USE"),
        ("TRUNCATE TABLE orders", "TRUNCATE"),
        ("ANALYZE TABLE orders", "ANALYZE"),
    ] {
        let error = session.sql(sql).await.expect_err(sql);
        assert_eq!(error.kind(), Kind::Query, "{sql}: {error:?}");
        assert_eq!(error.to_string(), format!("{what} is not allowed here"), "{sql}");
        assert!(error.remedy().is_some(), "{sql}");
    }
    assert_eq!(ask(&session, "SELECT count(*) FROM orders").await, "3");
}

#[tokio::test]
async fn mistakes_are_explained() {
    let (_lake, session) = lake();
    for (sql, message, hint) in [
        ("SELECT * FROM order", "", ""),
        ("SELECT * FROM ordres", "there is no table \"ordres\" in this session", "did you mean \"orders\"?"),
        ("SELECT * FROM sources.all_orders", "there is no table \"sources.all_orders\" in this session", "SHOW TABLES"),
        ("SELECT item_prise FROM orders", "there is no column \"item_prise\" here", "did you mean \"item_price\"?"),
        ("SELECT xyz FROM orders", "there is no column \"xyz\" here", "DESCRIBE"),
        ("SELECT o.quantitty FROM orders o", "there is no column \"quantitty\" here", "did you mean \"quantity\"?"),
        ("SELEKT 1", "", ""),
        ("SELECT (1", "", ""),
        ("SELECT nothing_like_it(1)", "", ""),
        ("SELECT order_id, sum(quantity) FROM orders", "", ""),
        ("SELECT CAST('x' AS INT)", "", ""),
        ("SELECT 1 / 0", "", ""),
        ("SELECT * FROM orders WHERE order_id = $1", "", ""),
    ] {
        let error = match session.sql(sql).await {
            Err(error) => error,
            Ok(answer) => answer.collect().await.expect_err(sql),
        };
        assert_eq!(error.kind(), Kind::Query, "{sql}: {error:?}");
        assert!(message.is_empty() || error.to_string() == message, "{sql}: {error}");
        assert!(error.remedy().unwrap_or_default().starts_with(hint), "{sql}: {:?}", error.remedy());
        assert!(!error.to_string().contains('\n') && !error.to_string().contains("Error("), "{sql}: {error}");
    }
}

#[tokio::test]
async fn deep_nesting_is_refused_not_fatal() {
    let (_lake, session) = lake();
    let wide = format!("SELECT {}", vec!["1"; std::env::var("WIDE").map_or(3000, |v| v.parse().unwrap())].join(" + "));
    session.sql(&wide).await.unwrap().collect().await.unwrap();
    let deep = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(session.sql(&deep).await.unwrap_err().kind(), Kind::Query);
    let wide = format!("SELECT {}", vec!["1"; 3000].join(" + "));
    assert_eq!(ask(&session, &wide).await, "3000");
}

#[tokio::test]
async fn number_literals_are_exact() {
    let (_lake, session) = lake();
    assert_eq!(ask(&session, "SELECT 0.1 + 0.2 = 0.3, sum(item_price * 1.1) FROM orders").await, "true,4.95000");
}
