//! Numbers that don't fit are errors, never others.

use sellerlake_contracts::Kind;
use sellerlake_query::{Session, SessionBuilder};

use crate::fixture::{ask, csv};

/// The largest whole number and the longest decimal, twice each; groups of one and of two.
const ROWS: &str = "(VALUES
    (9223372036854775807, CAST('99999999999999999999999999999999999999' AS DECIMAL(38, 0)), 'a'),
    (9223372036854775806, CAST('99999999999999999999999999999999999998' AS DECIMAL(38, 0)), 'a'),
    (-1, CAST('-1' AS DECIMAL(38, 0)), 'b')) AS t (i, d, g)";

fn sessions() -> [Session; 2] {
    [1, 3].map(|threads| SessionBuilder { target_partitions: threads, ..SessionBuilder::default() }.build().unwrap())
}

#[tokio::test]
async fn what_does_not_fit_is_an_error() {
    for list in [
        "9223372036854775807 + 1",
        "i + 1",
        "i - g_of_b",
        "i * 2",
        "0 - i - 3",
        "-(-i - 2)",
        "-(CAST('-9223372036854775808' AS BIGINT))",
        "abs(-i - 2)",
        "CASE WHEN g = 'a' THEN i * 2 ELSE 0 END",
        "sum(i)",
        "sum(DISTINCT i)",
        "sum(i - 1)",
        "sum(i + 1)",
        "g, sum(i) FROM ROWS GROUP BY g",
        "g, sum(DISTINCT i), count(DISTINCT d) FROM ROWS GROUP BY g",
        "sum(i) FILTER (WHERE i > 0)",
        "sum(i) OVER ()",
        "sum(i) OVER (ORDER BY i)",
        "sum(i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        "sum(DISTINCT i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        "count(*) FROM ROWS WHERE i * 2 > 5",
        "count(*) FROM ROWS JOIN ROWS2 ON t.i + 1 = u.i + 1",
        "d + 1",
        "d + d",
        "-d - 1",
        "d * 2",
        "d / 0.1",
        "sum(d)",
        "sum(DISTINCT d)",
        "sum(d) OVER ()",
        "sum(d) OVER (ORDER BY d ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        "g, sum(d) FROM ROWS GROUP BY g",
    ] {
        let list = list.replace("g_of_b", "CASE WHEN g = 'b' THEN 0 ELSE -1 END");
        let sql = if list.contains("FROM") { format!("SELECT {list}") } else { format!("SELECT {list} FROM ROWS") };
        let sql = sql.replace("ROWS2", &ROWS.replace("AS t", "AS u")).replace("FROM ROWS", &format!("FROM {ROWS}"));
        for session in sessions() {
            let error = match session.sql(&sql).await {
                Err(error) => error,
                Ok(answer) => answer.collect().await.expect_err(&list),
            };
            assert_eq!(error.kind(), Kind::Query, "{list}: {error:?}");
            assert!(error.to_string().starts_with("a number grows too large for its type: "), "{list}: {error}");
            assert!(error.remedy().is_some_and(|remedy| remedy.contains("CAST(x AS DECIMAL(38, 0))")), "{list}");
        }
    }
}

#[tokio::test]
async fn what_fits_is_right() {
    for (list, expected) in [
        ("sum(i) FROM ROWS WHERE i < 9223372036854775806", "-1"),
        ("sum(i), sum(d), sum(i + 1) FROM ROWS WHERE i < -5", ",,"),
        ("sum(CAST(i AS DECIMAL(38, 0))), count(i) FROM ROWS", "18446744073709551612,3"),
        ("sum(DISTINCT d) FROM ROWS WHERE g = 'b'", "-1"),
        (
            "g, sum(i), sum(d) FROM ROWS WHERE i <> 9223372036854775807 GROUP BY g ORDER BY g",
            "a,9223372036854775806,99999999999999999999999999999999999998\nb,-1,-1",
        ),
        ("g, sum(i) FILTER (WHERE i < 0) FROM ROWS GROUP BY g ORDER BY g", "a,\nb,-1"),
        (
            "i + -1, i - 5, -i, d - 1 FROM ROWS WHERE i = 9223372036854775807",
            "9223372036854775806,9223372036854775802,-9223372036854775807,99999999999999999999999999999999999998",
        ),
        ("sum(x), avg(x) FROM (VALUES (1.5), (2.25), (NULL)) AS t (x)", "3.75,1.875000"),
        ("sum(CAST(x AS DOUBLE)) FROM (VALUES (1.5), (2.5)) AS t (x)", "4.0"),
        (
            "sum(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1), (2), (NULL), (4)) AS t (x)",
            "1\n3\n6\n4",
        ),
        ("avg(d) FROM ROWS WHERE g = 'b'", "-1.0000"),
        // Numbers of rows have differences below zero.
        ("dense_rank() OVER (ORDER BY g) - row_number() OVER (ORDER BY i DESC) FROM ROWS ORDER BY 1", "-1\n-1\n0"),
    ] {
        let sql = format!("SELECT {}", list.replace("FROM ROWS", &format!("FROM {ROWS}")));
        for session in sessions() {
            assert_eq!(ask(&session, &sql).await, expected, "{list}");
        }
    }
}

/// Whoever reads an answer by its columns' names finds them.
#[tokio::test]
async fn columns_are_named_as_ever() {
    let [session, _] = sessions();
    let sql = format!("SELECT i - i, -g_, d - d, sum(i - i) OVER (), row_number() OVER () FROM {ROWS} WHERE i < 0");
    let header = csv(&session, &sql.replace("g_", "t.i")).await;
    let plain = datafusion::prelude::SessionContext::new().sql(&sql.replace("g_", "t.i")).await.unwrap();
    let plain: Vec<String> = plain.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(header.lines().next().unwrap().replace('"', ""), plain.join(","));
}
