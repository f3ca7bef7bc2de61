//! IN and NOT IN say true, false or unknown wherever they stand, whatever is NULL.

use sellerlake_query::SessionBuilder;

use crate::fixture::ask;

/// Rows of the statement: x and k.
const ROWS: [(Option<i64>, i64); 3] = [(Some(1), 1), (Some(2), 2), (None, 3)];
/// Rows of the subquery: y and k.
const OTHERS: [(Option<i64>, i64); 4] = [(Some(1), 1), (Some(2), 1), (None, 2), (Some(7), 3)];

/// What is looked for, and its value in a row.
type Value = (&'static str, fn(Option<i64>, i64) -> Option<i64>);

const VALUES: [Value; 5] = [
    ("o.x", |x, _| x),
    ("1", |_, _| Some(1)),
    ("NULL", |_, _| None),
    ("nullif(o.x, 1)", |x, _| x.filter(|x| *x != 1)),
    ("CASE WHEN o.k = 2 THEN 2 END", |_, k| (k == 2).then_some(2)),
];

/// What it is looked for in, and the values that has for a row.
type Place = (&'static str, fn(i64) -> Vec<Option<i64>>);

fn others(keep: impl Fn(Option<i64>, i64) -> bool) -> Vec<Option<i64>> {
    OTHERS.iter().filter(|(y, k)| keep(*y, *k)).map(|(y, _)| *y).collect()
}

const PLACES: [Place; 10] = [
    ("SELECT s.y FROM s", |_| others(|_, _| true)),
    ("SELECT s.y FROM s WHERE s.y IS NOT NULL", |_| others(|y, _| y.is_some())),
    ("SELECT s.y FROM s WHERE s.y IS NULL", |_| vec![None]),
    ("SELECT s.y FROM s WHERE s.y > 100", |_| Vec::new()),
    ("SELECT s.y FROM s WHERE s.k = o.k", |key| others(|_, k| k == key)),
    ("SELECT s.y FROM s WHERE s.k < o.k", |key| others(|_, k| k < key)),
    ("SELECT max(s.y) FROM s WHERE s.y > 100", |_| vec![None]),
    ("SELECT max(s.y) FROM s WHERE s.k = o.k", |key| vec![others(|_, k| k == key).into_iter().max().flatten()]),
    ("SELECT 1 UNION ALL SELECT NULL", |_| vec![Some(1), None]),
    ("1, NULL", |_| vec![Some(1), None]),
];

fn is_in(value: Option<i64>, place: &[Option<i64>]) -> Option<bool> {
    match value {
        _ if place.is_empty() => Some(false),
        Some(_) if place.contains(&value) => Some(true),
        Some(_) if !place.contains(&None) => Some(false),
        _ => None,
    }
}

fn shown(value: Option<bool>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[tokio::test]
async fn in_is_unknown_where_a_null_decides() {
    let session = SessionBuilder::default().build().unwrap();
    let row = |(x, k): &(Option<i64>, i64)| format!("({}, {k})", x.map_or("NULL".to_owned(), |x| x.to_string()));
    let rows = |rows: &[(Option<i64>, i64)]| rows.iter().map(row).collect::<Vec<_>>().join(", ");
    let with = format!("WITH o (x, k) AS (VALUES {}), s (y, k) AS (VALUES {})", rows(&ROWS), rows(&OTHERS));
    for (value, value_in) in VALUES {
        for (place, place_for) in PLACES {
            for (word, negated) in [("IN", false), ("NOT IN", true)] {
                let condition = format!("{value} {word} ({place})");
                let truth =
                    |(x, k): (Option<i64>, i64)| is_in(value_in(x, k), &place_for(k)).map(|found| found != negated);
                let kept = |keep: &dyn Fn(i64, Option<bool>) -> bool| -> Vec<String> {
                    ROWS.into_iter().filter(|row| keep(row.1, truth(*row))).map(|row| row.1.to_string()).collect()
                };
                let all = ROWS.into_iter().map(|row| format!("{},{}", row.1, shown(truth(row)))).collect();
                for (rest, expected) in [
                    (format!("SELECT o.k FROM o WHERE {condition}"), kept(&|_, truth| truth == Some(true))),
                    (format!("SELECT o.k FROM o WHERE NOT ({condition})"), kept(&|_, truth| truth == Some(false))),
                    (format!("SELECT o.k FROM o WHERE ({condition}) IS NULL"), kept(&|_, truth| truth.is_none())),
                    (
                        format!("SELECT o.k FROM o WHERE o.k = 3 OR {condition}"),
                        kept(&|k, truth| k == 3 || truth == Some(true)),
                    ),
                    (format!("SELECT o.k, {condition} FROM o"), all),
                ] {
                    let answer = ask(&session, &format!("{with} {rest} ORDER BY o.k")).await;
                    assert_eq!(answer.lines().collect::<Vec<_>>(), expected, "{rest}");
                }
            }
        }
    }
}
