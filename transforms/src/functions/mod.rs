//! The published functions: what stages and queries need and SQL lacks.
//!
//! Each has a version. Versions are part of every stage's input hash, so a function that changes its answers, with
//! its version raised, has everything built with it rebuilt.

mod is_order_id;
mod local_day;
mod month_of;
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
    ]
}

/// The versions of all functions and of the time zone data, as one text for hashing.
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        format!(
            "local_day {} (tzdata {}), month_of {}, ratio {}, is_order_id {}",
            local_day::VERSION,
            chrono_tz::IANA_TZDB_VERSION,
            month_of::VERSION,
            ratio::VERSION,
            is_order_id::VERSION,
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
    match given.try_into() {
        Ok(types) => Ok(types),
        Err(_) => plan_err!("{name} takes {takes}, not {} arguments", given.len()),
    }
}
