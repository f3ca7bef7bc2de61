//! `local_day(instant, zone) -> DATE`

use std::sync::Arc;

use arrow::array::{AsArray, Date32Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::DateTime;
use chrono_tz::Tz;
use datafusion::common::cast::as_string_array;
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::types;

pub(super) const VERSION: u32 = 1;

/// The calendar day an instant falls on in an IANA time zone (`Europe/Berlin`), daylight saving time included.
///
/// NULL where either is NULL, and where the zone is unknown.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct LocalDay {
    signature: Signature,
}

impl LocalDay {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for LocalDay {
    fn name(&self) -> &'static str {
        "local_day"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [time, zone] = types("local_day", "an instant and a time zone", given)?;
        let text = |given: &DataType| given.is_string() || given.is_null();
        if !(text(time) || matches!(time, DataType::Timestamp(_, _))) {
            return plan_err!("local_day takes a timestamp first, not {time}");
        }
        if !text(zone) {
            return plan_err!("local_day takes a time zone's name second, not {zone}");
        }
        Ok(vec![DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), DataType::Utf8])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Date32)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if let [times, ColumnarValue::Scalar(ScalarValue::Utf8(zone))] = args.args.as_slice() {
            let zone = zone.as_deref().and_then(parse);
            let times = times.to_array(args.number_rows)?;
            let times = times.as_primitive::<TimestampMicrosecondType>();
            return Ok(ColumnarValue::Array(Arc::new(in_one_zone(times, zone))));
        }
        let [times, zones] = super::arrays(args.args, args.number_rows)?;
        let days = in_zones(times.as_primitive(), as_string_array(&zones)?);
        Ok(ColumnarValue::Array(Arc::new(days)))
    }
}

fn in_one_zone(times: &TimestampMicrosecondArray, zone: Option<Tz>) -> Date32Array {
    match zone {
        Some(zone) => times.unary_opt(|time| local_day(time, zone)),
        None => Date32Array::new_null(times.len()),
    }
}

/// Zones change rarely from row to row, so the last one parsed is kept.
fn in_zones(times: &TimestampMicrosecondArray, zones: &StringArray) -> Date32Array {
    let mut known: (&str, Option<Tz>) = ("", None);
    let pairs = times.iter().zip(zones.iter());
    let days = pairs.map(|(time, zone)| {
        let (time, zone) = (time?, zone?);
        if zone != known.0 {
            known = (zone, parse(zone));
        }
        local_day(time, known.1?)
    });
    days.collect()
}

fn parse(zone: &str) -> Option<Tz> {
    zone.parse().ok()
}

fn local_day(microseconds: i64, zone: Tz) -> Option<i32> {
    let instant = DateTime::from_timestamp_micros(microseconds)?;
    Some(instant.with_timezone(&zone).date_naive().to_epoch_days())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn day(instant: &str, zone: &str) -> Option<String> {
        let time = DateTime::parse_from_rfc3339(instant).unwrap().timestamp_micros();
        let days = in_zones(&vec![time].into(), &vec![zone].into());
        assert_eq!(days, in_one_zone(&vec![time].into(), parse(zone)), "{instant} {zone}");
        days.iter().next().flatten().map(|day| NaiveDate::from_epoch_days(day).unwrap().to_string())
    }

    #[test]
    fn a_day_is_the_marketplaces_own() {
        let cases = [
            ("2026-03-01T07:59:59Z", "America/Los_Angeles", "2026-02-28"),
            ("2026-03-01T08:00:00Z", "America/Los_Angeles", "2026-03-01"),
            // Clocks went forward on 8 March: midnight is at 07:00 UTC from the 9th.
            ("2026-03-09T06:59:59Z", "America/Los_Angeles", "2026-03-08"),
            ("2026-03-09T07:00:00Z", "America/Los_Angeles", "2026-03-09"),
            ("2026-03-28T23:00:00Z", "Europe/Berlin", "2026-03-29"),
            ("2026-03-29T21:59:59Z", "Europe/Berlin", "2026-03-29"),
            ("2026-03-29T22:00:00Z", "Europe/Berlin", "2026-03-30"),
            ("2025-12-31T15:00:00Z", "Asia/Tokyo", "2026-01-01"),
            ("2026-01-01T00:00:00Z", "UTC", "2026-01-01"),
            ("1969-12-31T23:59:59.999999Z", "UTC", "1969-12-31"),
        ];
        for (instant, zone, expected) in cases {
            assert_eq!(day(instant, zone).as_deref(), Some(expected), "{instant} {zone}");
        }
        assert_eq!(day("2026-01-01T00:00:00Z", "Mars/Olympus"), None);
        assert_eq!(day("2026-01-01T00:00:00Z", ""), None);
    }

    #[test]
    fn nulls_stay_null() {
        let times = TimestampMicrosecondArray::from(vec![None, Some(0), Some(0)]);
        let zones = StringArray::from(vec![Some("UTC"), None, Some("UTC")]);
        assert_eq!(in_zones(&times, &zones), Date32Array::from(vec![None, None, Some(0)]));
    }
}
