//! Averages and quotients of decimals are rounded, halves away from zero.

use sellerlake_query::SessionBuilder;

use crate::fixture::ask;

/// Seeded numbers with so many digits, at both ends and in between.
fn numbers(count: usize, digits: u32) -> Vec<i128> {
    let (mut state, most) = (0x9e37_79b9_7f4a_7c15_u64, 10_i128.pow(digits));
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i128::from(state >> 1)
    };
    let mut numbers = vec![1, -1, 2, -3, 7, most - 1, 1 - most];
    numbers.extend((0..count).map(|_| (next() - (1 << 62)) % most));
    numbers.into_iter().filter(|number| *number != 0).collect()
}

/// `number / by`, halves away from zero.
fn rounded(number: i128, by: i128) -> i128 {
    let (whole, rest) = (number / by, (number % by).abs());
    let away = if rest * 2 >= by.abs() { number.signum() * by.signum() } else { 0 };
    whole + away
}

/// A number of so many places after the point, as text.
fn shown(number: i128, places: usize) -> String {
    let text = format!("{:0>width$}", number.abs(), width = places + 1);
    let (whole, part) = text.split_at(text.len() - places);
    format!("{}{whole}.{part}", if number < 0 { "-" } else { "" })
}

#[tokio::test]
async fn a_quotient_is_the_nearest_there_is() {
    let session = SessionBuilder::default().build().unwrap();
    let (left, right) = (numbers(60, 9), numbers(60, 7));
    // Columns of 12 digits fit the short way, those of 38 the long one only; constants are folded.
    for kind in ["DECIMAL(12, 2)", "DECIMAL(38, 9)"] {
        let (places, unit) = if kind.contains("12") { (6, 1) } else { (13, 10_i128.pow(7)) };
        let row = |(left, right): (&i128, &i128)| format!("({}, {})", shown(*left, 2), shown(*right, 2));
        let rows: Vec<String> = left.iter().zip(&right).map(row).collect();
        let sql = format!("SELECT CAST(a AS {kind}) / CAST(b AS {kind}) FROM (VALUES {}) AS v (a, b)", rows.join(", "));
        let scale = 10_i128.pow(4) * unit;
        let expected: Vec<String> =
            left.iter().zip(&right).map(|(a, b)| shown(rounded(a * 100 * scale, *b), places)).collect();
        assert_eq!(ask(&session, &sql).await.lines().collect::<Vec<_>>(), expected, "{kind}");
    }
    assert_eq!(ask(&session, "SELECT 2.00 / 3.00, -2.00 / 3.00, 1.00 / 8").await, "0.666667,-0.666667,0.125000");
}

#[tokio::test]
async fn an_average_is_the_nearest_there_is() {
    for threads in [1, 3] {
        let session = SessionBuilder { target_partitions: threads, ..SessionBuilder::default() }.build().unwrap();
        let values = numbers(301, 9);
        let rows: Vec<String> =
            values.iter().enumerate().map(|(at, number)| format!("({}, {})", at % 7, shown(*number, 2))).collect();
        let with = format!("WITH v (g, x) AS (VALUES {})", rows.join(", "));
        let of = |group: usize| -> Vec<i128> { values.iter().skip(group).step_by(7).copied().collect() };
        let average = |values: &[i128]| shown(rounded(values.iter().sum::<i128>() * 10_000, values.len() as i128), 6);
        let groups: Vec<String> = (0..7).map(|group| format!("{group},{}", average(&of(group)))).collect();
        let x = "CAST(x AS DECIMAL(12, 2))";
        for sql in [
            format!("{with} SELECT g, avg({x}) FROM v GROUP BY g ORDER BY g"),
            format!("{with} SELECT g, avg(DISTINCT {x}) FROM v GROUP BY g ORDER BY g"),
            format!("{with} SELECT DISTINCT g, avg({x}) OVER (PARTITION BY g) FROM v ORDER BY g"),
            format!(
                "{with} SELECT g, avg({x}) FILTER (WHERE x > -1e30) FROM v GROUP BY GROUPING SETS ((g)) ORDER BY g"
            ),
        ] {
            assert_eq!(ask(&session, &sql).await.lines().collect::<Vec<_>>(), groups, "{sql}");
        }
        assert_eq!(ask(&session, &format!("{with} SELECT avg({x}) FROM v")).await.trim(), average(&values));
        let moving = "SELECT avg(CAST(x AS DECIMAL(9, 2))) OVER (ORDER BY n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
                      FROM (VALUES (1, 1), (2, 1), (3, 0), (4, 0), (5, NULL)) AS v (n, x) ORDER BY n";
        let answer = ask(&session, moving).await;
        assert_eq!(answer.lines().collect::<Vec<_>>(), ["1.000000", "1.000000", "0.666667", "0.333333", "0.000000"]);
    }
}
