//! How far this machine's clock is from Amazon's: what is asked for by the clock is refused when it is wrong.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// Windows may not end later than this before Amazon's present (amazon.md: Finances 2024-06-19), so an error of less
/// does no harm.
const HARMLESS: TimeDelta = TimeDelta::minutes(2);

/// With an error of more, lists of the present are dated wrongly and reports asked for that can't be there.
const MISLEADING: TimeDelta = TimeDelta::minutes(15);

/// The difference as the last answer showed it, in seconds; positive: this machine is ahead.
#[derive(Debug, Default)]
pub(crate) struct Skew(AtomicI64);

impl Skew {
    /// Compares an answer's `date` with this machine's time.
    pub(crate) fn note(&self, date: Option<&str>, now: DateTime<Utc>) {
        if let Some(date) = date.and_then(|text| DateTime::parse_from_rfc2822(text).ok()) {
            self.0.store((now - date.to_utc()).num_seconds(), Ordering::Relaxed);
        }
    }

    /// Whether days would be taken for others.
    pub(crate) fn misleads(&self) -> bool {
        self.0.load(Ordering::Relaxed).abs() > MISLEADING.num_seconds()
    }

    /// In words; `None` if the clock is right enough.
    pub(crate) fn told(&self) -> Option<String> {
        let seconds = self.0.load(Ordering::Relaxed);
        let side = if seconds > 0 { "ahead of" } else { "behind" };
        let distance = TimeDelta::seconds(seconds.abs());
        let told = match distance.num_minutes() {
            minutes if minutes < 120 => format!("{minutes} minutes"),
            minutes => format!("{} hours", minutes / 60),
        };
        (distance > HARMLESS).then(|| format!("{told} {side} Amazon's"))
    }
}

/// What an operator does about a clock that is wrong.
pub(crate) fn synchronise(told: &str) -> String {
    format!("this machine's clock is {told}: synchronise it (timedatectl shows whether anything does), then run again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_harm_is_told() {
        let (skew, now) = (Skew::default(), "2026-03-05T08:00:00Z".parse().unwrap());
        for (date, told) in [
            (None, None),
            (Some("Thu, 05 Mar 2026 07:58:30 GMT"), None),
            (Some("Thu, 05 Mar 2026 07:40:00 GMT"), Some("20 minutes ahead of Amazon's")),
            (Some("yesterday"), Some("20 minutes ahead of Amazon's")),
            (Some("Thu, 05 Mar 2026 09:00:00 GMT"), Some("60 minutes behind Amazon's")),
            (Some("Thu, 05 Mar 2026 11:30:00 GMT"), Some("3 hours behind Amazon's")),
        ] {
            skew.note(date, now);
            assert_eq!(skew.told().as_deref(), told, "{date:?}");
        }
    }
}
