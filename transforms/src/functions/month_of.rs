//! `month_of(date or timestamp) -> DATE`

use std::sync::Arc;

use arrow::array::{AsArray, Date32Array};
use arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use chrono::{Datelike, Months, NaiveDate};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::types;

pub(super) const VERSION: u32 = 1;

const DAY_US: i64 = 86_400_000_000;

/// The first day of the month a day or an instant lies in, in UTC. NULL stays NULL.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct MonthOf {
    signature: Signature,
}

impl MonthOf {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for MonthOf {
    fn name(&self) -> &'static str {
        "month_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [given] = types("month_of", "one day or instant", given)?;
        Ok(vec![match given {
            DataType::Date32 | DataType::Date64 | DataType::Null => DataType::Date32,
            text if text.is_string() => DataType::Date32,
            DataType::Timestamp(_, _) => instant(),
            other => return plan_err!("month_of takes a date or a timestamp, not {other}"),
        }])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [times] = super::arrays(args.args, args.number_rows)?;
        let months: Date32Array = match times.data_type() {
            DataType::Date32 => times.as_primitive::<Date32Type>().unary_opt(month_of),
            _ => times.as_primitive::<TimestampMicrosecondType>().unary_opt(|us| month_of(day_of(us)?)),
        };
        Ok(ColumnarValue::Array(Arc::new(months)))
    }

    /// `month_of(day) = DATE '2026-03-01'` is a range of days, by which readers skip row groups.
    fn preimage(&self, args: &[Expr], value: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        let ([time], Some(ScalarValue::Date32(Some(month)))) = (args, value.as_literal()) else {
            return Ok(PreimageResult::None);
        };
        if month_of(*month) != Some(*month) {
            return Ok(PreimageResult::None);
        }
        let next = NaiveDate::from_epoch_days(*month)
            .and_then(|first| first.checked_add_months(Months::new(1)))
            .map(|next| next.to_epoch_days());
        let bound = |day: i32| match info.get_data_type(time) {
            Ok(DataType::Date32) => Some(ScalarValue::Date32(Some(day))),
            Ok(DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
                Some(ScalarValue::TimestampMicrosecond(Some(i64::from(day) * DAY_US), zone))
            }
            _ => None,
        };
        match (bound(*month), next.and_then(bound)) {
            (Some(from), Some(to)) => {
                let interval = Box::new(Interval::try_new(from, to)?);
                Ok(PreimageResult::Range { expr: time.clone(), interval })
            }
            _ => Ok(PreimageResult::None),
        }
    }
}

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn day_of(microseconds: i64) -> Option<i32> {
    i32::try_from(microseconds.div_euclid(DAY_US)).ok()
}

/// Days since 1970 of the month's first day.
fn month_of(day: i32) -> Option<i32> {
    let date = NaiveDate::from_epoch_days(day)?;
    Some(day - date.day0() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_starts_at_its_first_utc_day() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap().to_epoch_days();
        for (given, first) in [
            ("2026-03-31", "2026-03-01"),
            ("2026-03-01", "2026-03-01"),
            ("2024-02-29", "2024-02-01"),
            ("1969-12-31", "1969-12-01"),
        ] {
            assert_eq!(month_of(day(given)), Some(day(first)), "{given}");
        }
        assert_eq!(day_of(-1), Some(-1));
        assert_eq!(day_of(DAY_US - 1), Some(0));
        assert_eq!(month_of(i32::MAX), None);
    }
}
