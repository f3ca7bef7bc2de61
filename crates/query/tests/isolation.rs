//! What a session wasn't given does not exist in it.

use sellerlake_query::SessionBuilder;

use crate::fixture::{Lake, csv, orders, path, session, table};

const SECRET: &str = "SELLERB";

#[tokio::test]
async fn nothing_a_session_can_ask_shows_another_seller() {
    let lake = Lake::new();
    let mine = lake.put(&path("SELLERA", "2026-01"), &orders(0, 10));
    let theirs = path(SECRET, "2026-01");
    lake.put(&theirs, &orders(900, 910));
    let session = session(&lake, vec![mine]);

    let tables = csv(&session, "SELECT table_schema, table_name FROM information_schema.tables").await;
    let mut asked = 0;
    for line in tables.lines().skip(1) {
        let (schema, name) = line.split_once(',').unwrap();
        let rows = csv(&session, &format!("SELECT * FROM {schema}.{name}")).await;
        assert!(!rows.contains(SECRET) && !rows.contains("0000900"), "{schema}.{name}: {rows}");
        assert!(!rows.contains(lake.dir.path().to_str().unwrap()), "{schema}.{name}: {rows}");
        asked += 1;
    }
    assert!(asked > 5, "{tables}");
    for sql in ["SHOW TABLES", "SHOW ALL", "DESCRIBE orders", "EXPLAIN SELECT * FROM orders", "SHOW FUNCTIONS"] {
        let rows = csv(&session, sql).await;
        assert!(!rows.contains(SECRET), "{sql}: {rows}");
    }
    let file = lake.file(&theirs);
    let file = file.display();
    for sql in [
        format!("SELECT * FROM '{file}'"),
        format!("SELECT * FROM \"{file}\""),
        format!("SELECT * FROM '{theirs}'"),
        format!("SELECT * FROM read_parquet('{file}')"),
        format!("SELECT * FROM parquet_metadata('{file}')"),
        format!("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '{file}'"),
        "SELECT * FROM public.orders".to_owned(),
        "SELECT * FROM datafusion.public.orders".to_owned(),
    ] {
        let error = session.sql(&sql).await.expect_err(&sql);
        assert_eq!(error.kind(), sellerlake_contracts::Kind::Query, "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn sessions_share_a_reader_and_nothing_else() {
    let lake = Lake::new();
    let a = session(&lake, vec![lake.put(&path("A", "2026-01"), &orders(0, 1))]);
    let b = SessionBuilder::default().build().unwrap();
    b.register("lake", "payments", table(&lake, vec![lake.put(&path("B", "2026-01"), &orders(5, 6))])).unwrap();
    assert_eq!(a.names(), ["orders"]);
    assert_eq!(b.names(), ["payments"]);
    let error = b.sql("SELECT * FROM orders").await.unwrap_err();
    assert_eq!(error.to_string(), "there is no table \"orders\" in this session");
}
