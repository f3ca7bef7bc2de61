//! A calendar month in UTC, the grain of the lake's partitions.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{Error, Kind, Result};

/// A calendar month in UTC, printed `yyyy-mm`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(NaiveDate);

impl Month {
    /// The month a day lies in.
    pub fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// The month an instant lies in, in UTC.
    pub fn of_instant(instant: DateTime<Utc>) -> Self {
        Self::of(instant.date_naive())
    }

    /// The first day of the month.
    pub fn first_day(self) -> NaiveDate {
        self.0
    }

    /// The month `count` months later (earlier when negative), or `None` outside the calendar.
    pub fn plus(self, count: i32) -> Option<Self> {
        let step = Months::new(count.unsigned_abs());
        let day = if count < 0 { self.0.checked_sub_months(step) } else { self.0.checked_add_months(step) };
        day.map(Self)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Month {
    type Err = Error;

    fn from_str(value: &str) -> Result<Self> {
        let well_formed = value.len() == 7 && value.as_bytes()[4] == b'-';
        NaiveDate::parse_from_str(&format!("{value}-01"), "%Y-%m-%d").ok().filter(|_| well_formed).map(Self).ok_or_else(
            || Error::permanent(Kind::Usage, format!("{value:?} is not a month")).hint("write it as 2026-03"),
        )
    }
}

impl TryFrom<String> for Month {
    type Error = Error;
    fn try_from(value: String) -> Result<Self> {
        value.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

/// Which months of an input a month of output reads: `"0"`, `"-12..0"`, `"-1..1"`, or `"all"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonthReach {
    /// Every month there is; also the reach of an input that has no months.
    All,
    /// From the first to the second offset, both included, relative to the month built.
    Offsets(i32, i32),
}

impl FromStr for MonthReach {
    type Err = Error;

    fn from_str(value: &str) -> Result<Self> {
        if value == "all" {
            return Ok(Self::All);
        }
        let (from, to) = value.split_once("..").unwrap_or((value, value));
        match (from.parse::<i32>(), to.parse::<i32>()) {
            (Ok(from), Ok(to)) if from <= to && from >= -120 && to <= 120 => Ok(Self::Offsets(from, to)),
            _ => Err(Error::permanent(Kind::Declaration, format!("{value:?} is not a reach in months"))
                .hint("write \"0\", \"-12..0\", \"-1..1\" or \"all\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_step_over_years() {
        let month: Month = "2026-01".parse().unwrap();
        assert_eq!(month.plus(-1).unwrap().to_string(), "2025-12");
        assert_eq!(month.plus(13).unwrap().to_string(), "2027-02");
        assert!("2026-1".parse::<Month>().is_err());
        assert!("2026-13".parse::<Month>().is_err());
    }

    #[test]
    fn reach_reads_offsets_and_all() {
        assert_eq!("0".parse::<MonthReach>().unwrap(), MonthReach::Offsets(0, 0));
        assert_eq!("-12..0".parse::<MonthReach>().unwrap(), MonthReach::Offsets(-12, 0));
        assert_eq!("all".parse::<MonthReach>().unwrap(), MonthReach::All);
        assert!("1..0".parse::<MonthReach>().is_err());
    }
}
