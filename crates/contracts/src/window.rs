//! The span of time a request asks for.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{Error, Kind, Result};

/// A half-open span `[from, to)` of UTC instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Window {
    /// First instant inside.
    pub from: DateTime<Utc>,
    /// First instant after.
    pub to: DateTime<Utc>,
}

impl Window {
    /// A window from the first to the last of these days, both included.
    pub fn of_days(first: NaiveDate, last: NaiveDate) -> Result<Self> {
        let to = last.succ_opt().unwrap_or(last);
        Self::new(first.and_time(NaiveTime::MIN).and_utc(), to.and_time(NaiveTime::MIN).and_utc())
    }

    /// A window of two instants; `to` must be later.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Self> {
        if from < to {
            return Ok(Self { from, to });
        }
        Err(Error::permanent(Kind::Usage, format!("the window {from}..{to} is empty"))
            .hint("the second bound must be later than the first; days are inclusive: 2026-03-01..2026-03-31"))
    }

    /// The UTC days that lie wholly inside.
    pub fn whole_days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let midnight = |instant: DateTime<Utc>| instant.time() == NaiveTime::MIN;
        let first = self.from.date_naive();
        let first = if midnight(self.from) { first } else { first + TimeDelta::days(1) };
        let end = self.to.date_naive();
        first.iter_days().take_while(move |day| *day < end)
    }

    /// The last day touched, in UTC.
    pub fn last_day(&self) -> NaiveDate {
        (self.to - TimeDelta::microseconds(1)).date_naive()
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let print = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        write!(f, "{}..{}", print(self.from), print(self.to))
    }
}

enum Bound {
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

fn bound(text: &str) -> Option<Bound> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(Bound::Day(day));
    }
    DateTime::parse_from_rfc3339(text).ok().map(|at| Bound::Instant(at.to_utc()))
}

impl FromStr for Window {
    type Err = Error;

    /// `FROM..TO`: two days (both included) or two RFC 3339 instants (the second excluded).
    fn from_str(value: &str) -> Result<Self> {
        let bounds = value.split_once("..").map(|(from, to)| (bound(from), bound(to)));
        match bounds {
            Some((Some(Bound::Day(from)), Some(Bound::Day(to)))) => Self::of_days(from, to),
            Some((Some(Bound::Instant(from)), Some(Bound::Instant(to)))) => Self::new(from, to),
            _ => Err(Error::permanent(Kind::Usage, format!("{value:?} is not a window")).hint(
                "write 2026-03-01..2026-03-31 (both days included) or 2026-03-01T00:00:00Z..2026-04-01T00:00:00Z",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_inclusive_and_instants_half_open() {
        let days: Window = "2026-03-01..2026-03-31".parse().unwrap();
        let instants: Window = "2026-03-01T00:00:00Z..2026-04-01T00:00:00Z".parse().unwrap();
        assert_eq!(days, instants);
        assert_eq!(days.whole_days().count(), 31);
        assert!("2026-03-02..2026-03-01".parse::<Window>().is_err());
    }

    #[test]
    fn a_partly_covered_day_is_not_whole() {
        let window: Window = "2026-03-01T08:00:00Z..2026-03-03T08:00:00Z".parse().unwrap();
        let days: Vec<_> = window.whole_days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2026-03-02"]);
    }
}
