//! How answers look.

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sellerlake_contracts::Kind;
use sellerlake_query::output::{OutputFormat, write};
use sellerlake_query::{Session, SessionBuilder};

use crate::fixture::{Lake, orders, path, session};

const KINDS: &str = "SELECT * FROM (VALUES \
    (1, 12.5000, 'plain', TIMESTAMP '2026-03-01 10:00:00' AT TIME ZONE 'UTC', DATE '2026-03-01', true), \
    (-20, -0.0001, 'a \"b\", c', NULL, NULL, false), \
    (NULL, NULL, NULL, NULL, NULL, NULL)) AS t(n, price, title, at, day, ok)";

async fn text(session: &Session, sql: &str, format: &str) -> String {
    let mut out = Vec::new();
    let answer = session.sql(sql).await.unwrap();
    write(answer, format.parse().unwrap(), &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn a_table_is_aligned() {
    let session = SessionBuilder::default().build().unwrap();
    let expected = r#"  n    price  title     at                    day         ok
---  -------  --------  --------------------  ----------  -----
  1  12.5000  plain     2026-03-01T10:00:00Z  2026-03-01  true
-20  -0.0001  a "b", c                                    false

"#;
    assert_eq!(text(&session, KINDS, "table").await, expected);
    let escaped = text(&session, "SELECT chr(27) || '[2J' AS x", "table").await;
    assert_eq!(escaped, "x\n---------\n\\u{1b}[2J\n");
}

#[tokio::test]
async fn a_long_table_says_that_there_is_more() {
    let session = SessionBuilder::default().build().unwrap();
    let all = text(&session, "SELECT * FROM generate_series(1, 1000)", "table").await;
    assert_eq!(all.lines().count(), 1002);
    let capped = text(&session, "SELECT * FROM generate_series(1, 100000)", "table").await;
    assert_eq!(capped.lines().count(), 1003);
    assert!(capped.ends_with("(the first 1000 rows; there are more)\n"));
}

#[tokio::test]
async fn csv_is_rfc_4180() {
    let session = SessionBuilder::default().build().unwrap();
    let expected = "n,price,title,at,day,ok\n\
        1,12.5000,plain,2026-03-01T10:00:00Z,2026-03-01,true\n\
        -20,-0.0001,\"a \"\"b\"\", c\",,,false\n\
        ,,,,,\n";
    assert_eq!(text(&session, KINDS, "csv").await, expected);
    assert_eq!(text(&session, "SELECT 1 AS a WHERE false", "csv").await, "a\n");
    assert_eq!(text(&session, "SELECT [1, 2] AS a, {b: 'x'} AS s", "csv").await, "a,s\n\"[1, 2]\",{b: x}\n");
    assert_eq!(text(&session, "SELECT [1, 2] AS a WHERE false", "csv").await, "a\n");
}

#[tokio::test]
async fn json_is_a_line_per_row_with_exact_numbers() {
    let session = SessionBuilder::default().build().unwrap();
    let expected = r#"{"n":1,"price":12.5000,"title":"plain","at":"2026-03-01T10:00:00Z","day":"2026-03-01","ok":true}
{"n":-20,"price":-0.0001,"title":"a \"b\", c","at":null,"day":null,"ok":false}
{"n":null,"price":null,"title":null,"at":null,"day":null,"ok":null}
"#;
    assert_eq!(text(&session, KINDS, "json").await, expected);
    let large = text(&session, "SELECT CAST('99999999999999999999.123456789' AS DECIMAL(38,9)) AS x", "json").await;
    assert_eq!(large, "{\"x\":99999999999999999999.123456789}\n");
    assert_eq!(text(&session, "SELECT 1 AS a WHERE false", "json").await, "");
}

#[tokio::test]
async fn parquet_reads_back() {
    let lake = Lake::new();
    let session = session(&lake, vec![lake.put(&path("A", "2026-01"), &orders(0, 2500))]);
    let mut out = Vec::new();
    let answer = session.sql("SELECT * FROM orders").await.unwrap();
    assert_eq!(write(answer, OutputFormat::Parquet, &mut out).await.unwrap(), 2500);
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(out)).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 2500);
    assert_eq!(reader.schema().field(0).data_type(), &arrow::datatypes::DataType::Utf8);
}

/// Nothing is printed of an answer that can't be shown: no header, no half row, no "ERROR" in place of a value.
#[tokio::test]
async fn a_value_that_cant_be_shown_is_an_error_before_anything_is_written() {
    let session = SessionBuilder::default().build().unwrap();
    for sql in [
        "SELECT 1 AS n, from_unixtime(9223372036854775807) AS at",
        "SELECT [from_unixtime(9223372036854775807)] AS list",
        "SELECT i, CASE WHEN i = 100 THEN from_unixtime(9223372036854775807) END AS at FROM generate_series(1, 100) t(i)",
        "SELECT i, 1 / (i - 3) FROM generate_series(1, 5) t(i)",
    ] {
        for format in ["table", "csv", "json"] {
            let mut out = Vec::new();
            let error = match session.sql(sql).await {
                Err(error) => error,
                Ok(answer) => write(answer, format.parse().unwrap(), &mut out).await.expect_err(sql),
            };
            assert_eq!(error.kind(), Kind::Query, "{sql}, {format}: {error:?}");
            assert!(out.is_empty(), "{sql}, {format}: {}", String::from_utf8_lossy(&out));
        }
    }
    assert_eq!(text(&session, "SELECT 'ERROR: none' AS x", "json").await, "{\"x\":\"ERROR: none\"}\n");
}
