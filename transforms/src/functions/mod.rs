//! The published functions: what stages and queries need and SQL lacks.
//!
//! Each has a version. Versions are part of every stage's input hash, so a function that changes its answers, with
//! its version raised, has everything built with it rebuilt.

mod is_order_id;
mod local_day;
mod month_of;
mod order_status;
mod ratio;

use std::sync::LazyLock;

use arrow::array::ArrayRef;
use datafusion::common::{DataFusionError, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF};

/// All published functions, to be registered in a session.
pub fn all() -> Vec<ScalarUDF> {
    vec![
        ScalarUDF::new_from_impl(local_day::LocalDay::new()),
        ScalarUDF::new_from_impl(month_of::MonthOf::new()),
        ScalarUDF::new_from_impl(ratio::Ratio::new()),
        ScalarUDF::new_from_impl(is_order_id::IsOrderId::new()),
        ScalarUDF::new_from_impl(order_status::OrderStatus::new()),
    ]
}

/// The versions of all functions and of the time zone data, as one text for hashing.
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        format!(
            "local_day {} (tzdata {}), month_of {}, ratio {}, is_order_id {}, order_status {}",
            local_day::VERSION,
            chrono_tz::IANA_TZDB_VERSION,
            month_of::VERSION,
            ratio::VERSION,
            is_order_id::VERSION,
            order_status::VERSION,
        )
    });
    &VERSION
}

/// The arguments as arrays of `rows` rows.
fn arrays<const N: usize>(args: Vec<ColumnarValue>, rows: usize) -> Result<[ArrayRef; N]> {
    let arrays = args.into_iter().map(|arg| arg.into_array(rows)).collect::<Result<Vec<_>>>()?;
    <[ArrayRef; N]>::try_from(arrays)
        .map_err(|arrays| DataFusionError::Internal(format!("{} arguments instead of {N}", arrays.len())))
}

/// The argument types, if there are as many as the function takes.
fn types<'a, const N: usize, T>(name: &str, takes: &str, given: &'a [T]) -> Result<&'a [T; N]> {
    if let Ok(types) = given.try_into() {
        return Ok(types);
    }
    plan_err!("{name} takes {takes}, not {} arguments", given.len())
}

#[cfg(test)]
mod tests {
    use arrow::array::RecordBatch;
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    use datafusion::prelude::{SessionConfig, SessionContext};
    use futures::executor::block_on;

    use super::*;

    fn ask(sql: &str) -> Result<String> {
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
        all().into_iter().for_each(|function| context.register_udf(function));
        let batches: Vec<RecordBatch> = block_on(async { context.sql(sql).await?.collect().await })?;
        let options = FormatOptions::new().with_null("NULL");
        let mut cells = Vec::new();
        for batch in &batches {
            let formatter = ArrayFormatter::try_new(batch.column(0), &options)?;
            cells.extend((0..batch.num_rows()).map(|row| formatter.value(row).to_string()));
        }
        Ok(cells.join(" "))
    }

    #[test]
    fn sql_reaches_every_function_with_every_type_it_takes() {
        for (sql, expected) in [
            ("local_day(TIMESTAMP '2026-03-01T07:00:00Z', 'America/Los_Angeles')", "2026-02-28"),
            ("local_day('2026-03-01T07:00:00Z', 'America/Los_Angeles')", "2026-02-28"),
            ("local_day(NULL, 'UTC')", "NULL"),
            ("local_day(TIMESTAMP '2026-03-01T07:00:00Z', NULL)", "NULL"),
            ("month_of(DATE '2026-03-31')", "2026-03-01"),
            ("month_of(TIMESTAMP '2026-03-31T23:59:59Z')", "2026-03-01"),
            ("month_of(NULL)", "NULL"),
            ("ratio(1, 3)", "0.333333333"),
            ("ratio(CAST(1.25 AS DECIMAL(18,4)), count(*)) FROM (VALUES (1), (2)) AS t(i)", "0.625000000"),
            ("ratio(sum(i), 0) FROM (VALUES (1), (2)) AS t(i)", "NULL"),
            ("ratio(NULL, 1)", "NULL"),
            ("is_order_id(x) FROM (VALUES ('114-4872165-4529035'), ('x'), (NULL)) AS t(x)", "true false NULL"),
            ("order_status(x) FROM (VALUES ('SHIPPED'), ('Neu'), (NULL)) AS t(x)", "Shipped Neu NULL"),
            (
                "local_day(x, z) FROM (VALUES (TIMESTAMP '2026-01-01T00:00:00Z', 'UTC'), (NULL, 'UTC'), \
              (TIMESTAMP '2026-01-01T00:00:00Z', 'nowhere')) AS t(x, z)",
                "2026-01-01 NULL NULL",
            ),
        ] {
            assert_eq!(ask(&format!("SELECT {sql}")).unwrap(), expected, "{sql}");
        }
    }

    #[test]
    fn what_a_function_does_not_take_is_refused_when_planned() {
        for sql in [
            "ratio(CAST(1 AS DOUBLE), 2)",
            "ratio(1)",
            "month_of(1)",
            "month_of(DATE '2026-01-01', 1)",
            "local_day(DATE '2026-01-01', 'UTC')",
            "local_day(TIMESTAMP '2026-01-01T00:00:00Z', 1)",
            "local_day(TIMESTAMP '2026-01-01T00:00:00Z')",
            "is_order_id()",
            "order_status(1)",
        ] {
            assert!(ask(&format!("SELECT {sql}")).is_err(), "{sql}");
        }
    }

    /// The rewrite must not change what is found, only make it a range that statistics decide.
    #[test]
    fn a_month_compared_is_a_range_of_days() {
        let days = "FROM (VALUES (DATE '2026-02-28'), (DATE '2026-03-01'), (DATE '2026-03-31'), (DATE '2026-04-01'), \
                    (NULL)) AS t(day)";
        for (comparison, expected) in [
            ("= DATE '2026-03-01'", "2026-03-01 2026-03-31"),
            ("= DATE '2026-03-02'", ""),
            ("< DATE '2026-03-01'", "2026-02-28"),
            ("<= DATE '2026-03-01'", "2026-02-28 2026-03-01 2026-03-31"),
            ("> DATE '2026-03-01'", "2026-04-01"),
            (">= DATE '2026-03-01'", "2026-03-01 2026-03-31 2026-04-01"),
            ("<> DATE '2026-03-01'", "2026-02-28 2026-04-01"),
            ("IS DISTINCT FROM DATE '2026-03-01'", "2026-02-28 2026-04-01 NULL"),
        ] {
            let sql = format!("SELECT day FROM (SELECT day {days}) WHERE month_of(day) {comparison} ORDER BY day");
            let found = ask(&sql).unwrap();
            assert_eq!(found, expected, "{comparison}");
        }
    }

    #[test]
    fn the_version_names_every_function() {
        for function in all() {
            assert!(version().contains(&format!("{} ", function.name())), "{}", function.name());
        }
    }
}
