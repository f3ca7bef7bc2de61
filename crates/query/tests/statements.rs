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
async fn what_would_be_answered_wrongly_is_refused() {
    let (_lake, session) = lake();
    for (sql, message) in [
        ("SELECT 1 EXCEPT ALL SELECT 2", "EXCEPT ALL would count equal rows wrongly"),
        (
            "SELECT * FROM (SELECT 1 INTERSECT ALL SELECT 2) AS t WHERE EXISTS (SELECT 1)",
            "INTERSECT ALL would count equal rows wrongly",
        ),
        (
            "SELECT string_agg(order_id, ',' ORDER BY order_id), string_agg(order_id, ',' ORDER BY quantity) FROM orders",
            "two functions of one SELECT want their rows in different orders",
        ),
    ] {
        let error = session.sql(sql).await.expect_err(sql);
        assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Query, message), "{sql}");
        assert!(error.remedy().is_some(), "{sql}");
    }
    // The parser would compare with a condition.
    let sql = "SELECT 1 IS DISTINCT FROM 1 AND 2 = 2, true IS DISTINCT FROM false AND false";
    assert_eq!(ask(&session, sql).await, "false,false");
}

/// Clauses that DataFusion would leave out, or shows its own syntax tree of: one for each that is refused.
#[tokio::test]
async fn what_would_be_left_out_is_refused_by_name() {
    let (_lake, session) = lake();
    let cases = include_str!("clauses.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut asked, mut wrong) = (0, Vec::new());
    for case in cases {
        let (sql, clause) = case.rsplit_once(" => ").unwrap();
        asked += 1;
        match session.sql(sql).await {
            Ok(_) => wrong.push(format!("{sql}: is answered")),
            Err(error) if error.to_string() != format!("{clause} is not understood here") => {
                wrong.push(format!("{sql}: {error}"));
            }
            Err(error) => assert!(error.kind() == Kind::Query && error.remedy().is_some(), "{sql}: {error:?}"),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 60, "{asked} clauses");
}

#[tokio::test]
async fn clauses_beside_those_are_answered() {
    let (_lake, session) = lake();
    for sql in [
        "SELECT coalesce(sum(quantity) FILTER (WHERE quantity > 1), 0) FROM orders",
        "SELECT order_id, sum(quantity) OVER w FROM orders WINDOW w AS (PARTITION BY order_id ORDER BY quantity)",
        "SELECT order_id, count(*) FROM orders GROUP BY ROLLUP (order_id)",
        "SELECT order_id FROM orders QUALIFY row_number() OVER (ORDER BY order_id) = 1",
        "SELECT count(DISTINCT order_id), sum(DISTINCT quantity), max(DISTINCT quantity) FROM orders",
        "SELECT first_value(quantity) IGNORE NULLS OVER (ORDER BY order_id) FROM orders",
        "SELECT lag(quantity) OVER (ORDER BY order_id) FROM orders",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY quantity) FROM orders",
        "SELECT extract(year FROM DATE '2026-01-01'), position('a' IN 'ba'), trim(BOTH ' ' FROM ' x '), {fn abs(-1)}",
        "SELECT * EXCLUDE (order_id) FROM orders AS final",
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n ORDER BY i LIMIT 1",
        "SELECT 1e3, 1.5, .5, 5., t1.x FROM (VALUES (1)) AS t1 (x)",
        "SELECT DISTINCT ON (order_id) order_id, quantity FROM orders ORDER BY order_id, quantity",
        "SELECT order_id FROM orders AS a JOIN orders AS b USING (order_id) CROSS JOIN generate_series(1, 2) AS n (i)",
    ] {
        ask(&session, sql).await;
    }
}

#[tokio::test]
async fn joins_by_names_that_cant_be_told_are_refused() {
    let (_lake, session) = lake();
    for (sql, message) in [
        (
            "SELECT * FROM orders JOIN (VALUES (1)) AS r (j) USING (j)",
            "there is no column \"j\" on the left of a join by it",
        ),
        (
            "SELECT * FROM orders AS a JOIN orders AS b ON true JOIN orders AS c USING (order_id)",
            "the column \"order_id\" is there more than once on the left of a join by it",
        ),
        (
            "SELECT order_id, a.order_id FROM orders AS a FULL JOIN orders AS b USING (order_id)",
            "two columns would be called \"order_id\"",
        ),
        (
            "SELECT order_id FROM orders AS a JOIN orders AS b USING (order_id) JOIN orders AS c ON c.order_id = a.order_id",
            "more than one table has a column \"order_id\"",
        ),
        (
            "SELECT * FROM orders NATURAL JOIN generate_series(1, 2)",
            "a NATURAL JOIN of something whose columns' names aren't known",
        ),
        ("SELECT order_id FROM nowhere JOIN orders USING (order_id)", "there is no table \"nowhere\" in this session"),
    ] {
        let error = session.sql(sql).await.expect_err(sql);
        assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Query, message), "{sql}");
        assert!(error.remedy().is_some(), "{sql}");
    }
}

#[tokio::test]
async fn deep_nesting_is_refused_not_fatal() {
    let (_lake, session) = lake();
    for chain in [
        "EXPLAIN ".repeat(100_000) + "SELECT 1",
        "EXPLAIN ANALYZE VERBOSE ".repeat(3000) + "SELECT 1",
        "DESCRIBE ".repeat(3000) + "orders",
        format!("SELECT 1 FROM {}", (0..3000).map(|i| format!("orders t{i}")).collect::<Vec<_>>().join(", ")),
        format!(
            "WITH t0 AS (SELECT 1 AS i), {} SELECT * FROM t2999",
            (1..3000).map(|i| format!("t{i} AS (SELECT * FROM t{})", i - 1)).collect::<Vec<_>>().join(", ")
        ),
    ] {
        let error = session.sql(&chain).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Query);
        assert_eq!(error.to_string(), "the statement chains or nests too deep (limit: 256)");
    }
    for (part, joiner) in [("1", " + "), ("i = 1", " OR "), ("'a'", " || "), ("SELECT 1", " UNION ALL ")] {
        let chain = |length: usize| match part {
            "SELECT 1" => vec![part; length].join(joiner),
            _ => format!("SELECT {} FROM (VALUES (1)) AS t(i)", vec![part; length].join(joiner)),
        };
        let length = if part == "i = 1" { 120 } else { 250 };
        session.sql(&chain(length)).await.unwrap().collect().await.unwrap();
        let error = session.sql(&chain(100_000)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Query);
        assert_eq!(error.to_string(), "the statement chains or nests too deep (limit: 256)");
    }
    for (open, close) in
        [("(", ")"), ("NOT ", ""), ("-", ""), ("[", "]"), ("abs(", ")"), ("CASE WHEN true THEN ", " END")]
    {
        for depth in [100, 5000] {
            let sql = format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
            if let Err(error) = session.sql(&sql).await {
                assert_eq!(error.kind(), Kind::Query, "{sql}");
            }
        }
    }
    let list = vec!["1"; 10_000].join(", ");
    assert_eq!(ask(&session, &format!("SELECT 1 IN ({list})")).await, "true");
}

#[tokio::test]
async fn number_literals_are_exact() {
    let (_lake, session) = lake();
    assert_eq!(ask(&session, "SELECT 0.1 + 0.2 = 0.3, sum(item_price * 1.1) FROM orders").await, "true,4.95000");
}

/// Not an assertion: a number for whoever reads the log with `--nocapture`.
#[tokio::test]
async fn planning_cost_of_a_join() {
    let (_lake, session) = lake();
    let sql = "WITH d AS (SELECT local_day, sum(item_price) AS sales, count(*) AS n FROM orders GROUP BY 1) \
               SELECT o.order_id, d.sales, d.n FROM orders o JOIN d ON o.local_day = d.local_day \
               LEFT JOIN orders p ON p.order_id = o.order_id WHERE o.month = '2026-01' ORDER BY 1 LIMIT 10";
    session.sql(sql).await.unwrap();
    let start = std::time::Instant::now();
    for _ in 0..10 {
        session.sql(sql).await.unwrap();
    }
    let plan = start.elapsed() / 10;
    let start = std::time::Instant::now();
    sellerlake_query::SessionBuilder::default().build().unwrap();
    eprintln!("planned a join in {plan:?}, built a session in {:?}", start.elapsed());
}
