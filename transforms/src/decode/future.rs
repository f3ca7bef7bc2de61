//! Dates that lie after the delivery came. Nothing happens in the future, and a version from there would stand until then.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_schemas::{Source, Unit};

use super::cell::Value;

/// A day is a day somewhere else already, and clocks differ.
const SLACK: TimeDelta = TimeDelta::days(1);
/// A payout is dated some days ahead.
const AHEAD: TimeDelta = TimeDelta::days(31);

/// The columns that place a row in time, and the last instant that each may have.
pub struct FuturePlan {
    latest: Vec<(usize, i64)>,
}

impl FuturePlan {
    /// The plan for a delivery fetched at this instant. Lists kept by hand look ahead where a column says so.
    pub fn new(source: &Source, fetched_at: DateTime<Utc>) -> Self {
        let units = source.rows.iter().filter_map(|set| set.unit.as_ref()).chain([&source.unit]);
        let days = units.filter_map(|unit| if let Unit::Day(name) = unit { Some(name.as_str()) } else { None });
        let named = [&source.version_column, &source.month, &source.as_of].into_iter().flatten().map(String::as_str);
        let dated = source.dated_by.iter().map(String::as_str);
        let names: BTreeSet<&str> = days.chain(named).chain(dated).collect();
        let payouts = source.as_of.as_deref().filter(|name| source.version_column.as_deref() != Some(*name));
        let latest = names.into_iter().filter_map(|name| {
            let (index, _, column) = source.columns.get_full(name)?;
            let slack = if payouts == Some(name) { AHEAD } else { SLACK };
            (!column.ahead).then(|| (index, (fetched_at + slack).timestamp_micros()))
        });
        Self { latest: latest.collect() }
    }

    /// The column whose value lies in the future.
    pub fn ahead(&self, values: &[Value<'_>]) -> Option<usize> {
        let is_ahead = |(column, latest): &&(usize, i64)| micros_of(&values[*column]).is_some_and(|at| at > *latest);
        self.latest.iter().find(is_ahead).map(|(column, _)| *column)
    }
}

/// A day or an instant in microseconds since 1970.
pub fn micros_of(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Instant(micros) => Some(*micros),
        Value::Day(day) => Some(i64::from(*day) * 86_400_000_000),
        _ => None,
    }
}
