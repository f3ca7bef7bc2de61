//! What a table shows, and what it opens for it.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use sellerlake_query::{LakeTable, LakeTableOptions, SessionBuilder};

use crate::fixture::{Lake, ask, csv, orders, path, schema, session, shown, state};

fn two_sellers() -> (Lake, sellerlake_query::Session) {
    let lake = Lake::new();
    let objects = [("A", "2026-01", 0), ("A", "2026-02", 100), ("B", "2026-01", 200), ("B", "2026-02", 300)]
        .map(|(seller, month, from)| lake.put(&path(seller, month), &orders(from, from + 10)));
    let session = session(&lake, objects.into());
    (lake, session)
}

#[tokio::test]
async fn rows_carry_seller_and_month() {
    let (_lake, session) = two_sellers();
    let text = csv(&session, "SELECT * FROM orders ORDER BY order_id DESC LIMIT 1").await;
    assert_eq!(
        text,
        "order_id,item_price,quantity,purchase_date,local_day,seller_id,month\n\
         114-0000000-0000309,309.5000,309,1970-01-13T21:00:00Z,1970-01-13,B,2026-02\n"
    );
    let total = ask(&session, "SELECT sum(item_price), count(*), count(DISTINCT seller_id) FROM orders").await;
    assert_eq!(total, "6200.0000,40,2");
}

#[tokio::test]
async fn the_path_decides_before_anything_is_opened() {
    for (filter, objects, rows) in [
        ("seller_id = 'A'", 2, 20),
        ("seller_id IN ('B', 'C')", 2, 20),
        ("seller_id <> 'A' AND month = '2026-02'", 1, 10),
        ("month >= '2026-02' AND month < '2026-03'", 2, 20),
        ("month BETWEEN '2025-01' AND '2025-12'", 0, 0),
        ("seller_id = 'A' AND month = '2026-01' AND item_price > 4", 1, 6),
        ("seller_id = 'A' AND month = '2026-01' LIMIT 3", 1, 3),
        ("month LIKE '2026-%1'", 2, 20),
        ("month IS NULL", 0, 0),
        ("seller_id = 'A' OR item_price > 300", 4, 30),
        ("month = (SELECT '2026-01')", 2, 20),
    ] {
        let (lake, session) = two_sellers();
        let sql = format!("SELECT order_id FROM orders WHERE {filter}");
        let answer = ask(&session, &sql).await;
        assert_eq!(answer.lines().count(), rows, "{filter}");
        // The last filter is known only once its subquery has run.
        let objects = if filter.contains("SELECT") { lake.reader.touched() } else { objects };
        assert_eq!(lake.reader.touched(), objects, "{filter}");
    }
}

/// Beyond the join the seller may be unknown, and isn't in the table: what was asked of the path has become `false`.
#[tokio::test]
async fn what_no_path_fulfils_keeps_nothing() {
    let (lake, session) = two_sellers();
    let sql = "SELECT i.n FROM (VALUES (1), (2)) AS i (n)
               FULL JOIN (SELECT DISTINCT seller_id, month FROM orders) AS o ON i.n = length(o.month)
               WHERE o.month > '2026' AND o.seller_id IS NULL";
    assert_eq!(ask(&session, sql).await, "");
    assert_eq!(lake.reader.touched(), 0);
}

#[tokio::test]
async fn counts_and_bounds_open_what_they_speak_of() {
    for (sql, expected, objects) in [
        ("SELECT count(*) FROM orders", "40", 4),
        ("SELECT count(*) FROM orders WHERE seller_id = 'A'", "20", 2),
        ("SELECT count(*) FROM orders WHERE month > '2030-01'", "0", 0),
        ("SELECT min(month), max(month), max(seller_id) FROM orders", "2026-01,2026-02,B", 4),
        ("SELECT DISTINCT month FROM orders WHERE seller_id = 'B' ORDER BY 1", "2026-01\n2026-02", 2),
    ] {
        let (lake, session) = two_sellers();
        for times in 1..=2 {
            assert_eq!(ask(&session, sql).await, expected, "{sql}");
            assert_eq!(lake.reader.touched(), objects * times, "{sql}");
        }
    }
}

#[tokio::test]
async fn a_limit_opens_no_more_than_it_needs() {
    let (lake, session) = two_sellers();
    assert_eq!(ask(&session, "SELECT order_id FROM orders LIMIT 7").await.lines().count(), 7);
    assert_eq!(lake.reader.touched(), 1);
}

#[tokio::test]
async fn objects_without_rows_are_nothing() {
    let lake = Lake::new();
    let empty = state(&path("A", "2026-01"), &orders(0, 0), None, 0);
    let session = session(&lake, vec![empty]);
    assert_eq!(ask(&session, "SELECT count(*), sum(item_price) FROM orders").await, "0,");
    let header = csv(&session, "SELECT month, order_id FROM orders").await;
    assert_eq!(header, "month,order_id\n");
}

#[tokio::test]
async fn a_column_an_older_object_lacks_is_null() {
    let lake = Lake::new();
    let old = lake.put(&path("A", "2026-01"), &orders(0, 2).project(&[0, 1]).unwrap());
    let new = lake.put(&path("A", "2026-02"), &orders(10, 12));
    let session = session(&lake, vec![old, new]);
    let rows = ask(&session, "SELECT order_id, quantity, month FROM orders ORDER BY 1").await;
    let expected = "114-0000000-0000000,,2026-01\n114-0000000-0000001,,2026-01\n\
                    114-0000000-0000010,10,2026-02\n114-0000000-0000011,11,2026-02";
    assert_eq!(rows, expected);
    assert_eq!(ask(&session, "SELECT order_id FROM orders WHERE quantity = 11").await, "114-0000000-0000011");
    assert_eq!(ask(&session, "SELECT count(*) FROM orders WHERE quantity IS NULL").await, "2");
}

fn marked(ids: &[&str], markers: &[Option<bool>]) -> RecordBatch {
    let schema =
        Schema::new(vec![Field::new("order_id", DataType::Utf8, true), Field::new("_marker", DataType::Boolean, true)]);
    let ids = StringArray::from(ids.to_vec());
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), Arc::new(BooleanArray::from(markers.to_vec()))]).unwrap()
}

#[tokio::test]
async fn stages_see_neither_markers_nor_underscored_columns() {
    let lake = Lake::new();
    let batch = marked(&["a", "b", "c"], &[Some(true), Some(false), None]);
    let plain = marked(&["d"], &[Some(false)]);
    let objects = vec![
        lake.put("sources/all_orders/seller_id=A/month=2026-01/data.parquet", &batch),
        lake.put("sources/all_orders/seller_id=A/month=2026-02/data.parquet", &plain),
    ];
    let options = LakeTableOptions { hide_underscore: true, hide_markers: true, ..LakeTableOptions::default() };
    let table = LakeTable::new(lake.reader.clone(), &batch.schema(), objects, &options);
    let session = SessionBuilder::default().build().unwrap();
    session.register("lake", "all_orders", Arc::new(table)).unwrap();
    assert_eq!(csv(&session, "SELECT * FROM all_orders ORDER BY 1").await, "order_id\nb\nc\nd\n");
    assert_eq!(ask(&session, "SELECT count(*) FROM all_orders").await, "3");
    assert_eq!(ask(&session, "SELECT order_id FROM all_orders WHERE order_id > 'b' ORDER BY 1 LIMIT 1").await, "c");
    let error = session.sql("SELECT _marker FROM all_orders").await.unwrap_err();
    assert_eq!(error.to_string(), "there is no column \"_marker\" here");
}

#[tokio::test]
async fn markers_are_hidden_where_their_column_is_shown() {
    let lake = Lake::new();
    let batch = marked(&["a", "b", "c"], &[Some(true), Some(false), None]);
    let object = lake.put("sources/all_orders/seller_id=A/month=2026-01/data.parquet", &batch);
    let options = LakeTableOptions { hide_markers: true, ..LakeTableOptions::default() };
    let table = LakeTable::new(lake.reader.clone(), &batch.schema(), vec![object], &options);
    let session = SessionBuilder::default().build().unwrap();
    session.register("sources", "all_orders", Arc::new(table)).unwrap();
    for (columns, expected) in [("*", "b,false\nc,"), ("_marker, order_id", "false,b\n,c"), ("order_id", "b\nc")] {
        let sql = format!("SELECT {columns} FROM sources.all_orders ORDER BY order_id");
        assert_eq!(ask(&session, &sql).await, expected, "{sql}");
    }
}

/// Rows that can't raise the one may raise the other.
#[tokio::test]
async fn two_maxima_look_at_all_rows() {
    let lake = Lake::new();
    let objects = [("2026-01", 5000, 8000), ("2026-02", 0, 2000), ("2026-03", 8000, 9000)]
        .map(|(month, from, to)| lake.put(&path("A", month), &orders(from, to)));
    let session = session(&lake, objects.into());
    let sql = "SELECT max(-quantity), max(local_day), min(-quantity) FROM orders";
    assert_eq!(ask(&session, sql).await, "-1,1971-01-10,-8999");
}

#[tokio::test]
async fn a_sorted_object_needs_no_sort() {
    let lake = Lake::new();
    let object = lake.put(&path("A", "2026-01"), &orders(0, 10));
    let session = SessionBuilder { target_partitions: 2, ..SessionBuilder::default() }.build().unwrap();
    let options = LakeTableOptions { output_ordering: vec!["order_id".into()], ..shown() };
    let table = LakeTable::new(lake.reader.clone(), &schema(), vec![object], &options);
    session.register("lake", "orders", Arc::new(table)).unwrap();
    let plan = ask(&session, "EXPLAIN SELECT * FROM orders ORDER BY order_id").await;
    assert!(!plan.contains("SortExec"), "{plan}");
    let plan = ask(&session, "EXPLAIN SELECT * FROM orders ORDER BY item_price").await;
    assert!(plan.contains("SortExec"), "{plan}");
}

#[tokio::test]
async fn objects_without_months_have_none() {
    let lake = Lake::new();
    let object = lake.put("tables/orders/seller_id=A/data.parquet", &orders(0, 2));
    let session = session(&lake, vec![object]);
    assert_eq!(ask(&session, "SELECT DISTINCT seller_id, month FROM orders").await, "A,");
    assert_eq!(ask(&session, "SELECT count(*) FROM orders WHERE month IS NULL").await, "2");
}
