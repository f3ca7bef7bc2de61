//! Lengths of time as declarations write them: `30m`, `4h`, `1d`.

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer};

/// A length of time, written as a whole number and `s`, `m`, `h` or `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub TimeDelta);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(TimeDelta::zero());

    /// What stands for a span that isn't written.
    pub(crate) const UNSAID: Self = Self(TimeDelta::MIN);

    /// This many days.
    pub const fn days(count: i64) -> Self {
        Self(TimeDelta::days(count))
    }

    fn parse(text: &str) -> Option<Self> {
        let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let count: i64 = count.parse().ok().filter(|count| (0..=1_000_000).contains(count))?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        Some(Self(TimeDelta::seconds(count * seconds)))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is not a length of time such as \"30m\", \"4h\" or \"1d\""))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_they_are_written() {
        assert_eq!(Span::parse("90m"), Some(Span(TimeDelta::minutes(90))));
        assert_eq!(Span::parse("1d"), Some(Span::days(1)));
        for bad in ["", "d", "1", "-1d", "1 d", "1w", "ä"] {
            assert_eq!(Span::parse(bad), None, "{bad:?}");
        }
    }
}
