//! How far something has come that Amazon takes its time for.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const FIRST_LOOK: TimeDelta = TimeDelta::seconds(30);
const RAREST_LOOK: TimeDelta = TimeDelta::minutes(5);
/// Amazon finishes within hours even at its peaks (amazon.md: Life of a report).
const LONGEST: TimeDelta = TimeDelta::hours(24);

/// After how long what may have been made is looked for.
pub(super) const DOUBT: TimeDelta = TimeDelta::seconds(30);
/// Slack of what was made since, because our clock isn't Amazon's.
pub(crate) const SLACK: TimeDelta = TimeDelta::minutes(1);

/// How far it has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Errand {
    /// The process that may have asked: another one can't know whether it did.
    pub process: u64,
    /// It was asked for at this moment or later, never earlier.
    pub asked_at: DateTime<Utc>,
    /// Amazon's id.
    #[serde(default)]
    pub id: Option<String>,
    /// When Amazon gave the id.
    #[serde(default)]
    pub created_at: Option<DateTime<Utc>>,
    /// Times the outcome of asking stayed unknown.
    #[serde(default)]
    pub doubts: u32,
    /// Times it ended as cancelled.
    #[serde(default)]
    pub cancelled: u32,
    /// Times something else came than what was asked for.
    #[serde(default)]
    pub astray: u32,
    /// Whether others of its kind were asked for so shortly before that Amazon may have refused it for that alone.
    #[serde(default)]
    pub crowded: bool,
    /// Whether it waits until its kind has rested, so that what comes of it is the last word.
    #[serde(default)]
    pub alone: bool,
}

impl Errand {
    /// One about to be asked for by `process`.
    pub(crate) fn new(process: u64, now: DateTime<Utc>) -> Self {
        Self {
            process,
            asked_at: now,
            id: None,
            created_at: None,
            doubts: 0,
            cancelled: 0,
            astray: 0,
            crowded: false,
            alone: false,
        }
    }

    /// Whether it may have been asked for without our knowing.
    pub(crate) fn is_in_doubt(&self, process: u64) -> bool {
        self.doubts > 0 || self.process != process
    }

    /// Amazon has given an id.
    pub(crate) fn begun(&mut self, id: String, now: DateTime<Utc>) {
        (self.id, self.created_at, self.doubts) = (Some(id), Some(now), 0);
    }

    /// To be asked for again, not before `not_before`.
    pub(crate) fn again(&mut self, process: u64, not_before: DateTime<Utc>) {
        (self.process, self.asked_at, self.id, self.created_at) = (process, not_before, None, None);
    }

    /// When to look next: after half of the time it has taken so far. Looking costs calls, and waiting a little longer
    /// costs nobody anything.
    pub(crate) fn next_look(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + (self.age(now) / 2).clamp(FIRST_LOOK, RAREST_LOOK)
    }

    /// Whether Amazon has had more than enough time.
    pub(crate) fn is_hopeless(&self, now: DateTime<Utc>) -> bool {
        self.age(now) > LONGEST
    }

    fn age(&self, now: DateTime<Utc>) -> TimeDelta {
        now - self.created_at.unwrap_or(now)
    }
}

/// An instant Amazon prints at a JSON pointer.
pub(crate) fn printed(json: &Value, pointer: &str) -> Option<DateTime<Utc>> {
    let text = json.pointer(pointer)?.as_str()?;
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rarer() {
        let start = DateTime::UNIX_EPOCH;
        let mut errand = Errand::new(1, start);
        errand.begun("r".to_owned(), start);
        let gap = |seconds| {
            let now = start + TimeDelta::seconds(seconds);
            (errand.next_look(now) - now).num_seconds()
        };
        assert_eq!([gap(0), gap(120), gap(36_000)], [30, 60, 300]);
    }
}
