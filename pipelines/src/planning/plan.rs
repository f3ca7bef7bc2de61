//! Planning: what a pipeline must have, less what it has, in the fewest requests. Pure.
//!
//! All moments are of one clock, the scope's: UTC, or the wall clock of its zone written as if it were UTC, so that a
//! day is a day wherever it is lived.

use chrono::{DateTime, Datelike, Months, NaiveTime, TimeDelta, Timelike, Utc};
use sellerlake_contracts::Window;
use sellerlake_state::Priority;

use crate::declared::pipeline::{Align, Need, Restate, WindowRule};
use crate::planning::intervals::Intervals;

/// An interval that Amazon has answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// The interval.
    pub window: Window,
    /// When it must be asked for again, because Amazon may have changed it; `None`: never.
    pub again_at: Option<DateTime<Utc>>,
}

/// What is known when a plan is made.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// The present.
    pub now: DateTime<Utc>,
    /// Nothing earlier is wanted; `None`: as far back as Amazon answers.
    pub since: Option<DateTime<Utc>>,
    /// What Amazon has answered for.
    pub known: &'a [Answered],
    /// What is being asked already, or may not be asked now.
    pub busy: &'a [Window],
}

/// A request to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// The interval it is for; of a snapshot, the period the present lies in.
    pub window: Window,
    /// What it is made for.
    pub priority: Priority,
}

/// The span a pipeline must have by now; `None` where there is none yet.
pub fn required(need: &Need, now: DateTime<Utc>, since: Option<DateTime<Utc>>) -> Option<Window> {
    match need {
        Need::Snapshot(period) => Some(period_of(now, period.0)),
        Need::Window(rule) => {
            let reachable = ceiling(now - rule.reach.0, rule.align);
            let from = since.map_or(reachable, |since| floor(since, rule.align).max(reachable));
            Window::new(from, floor(now - rule.lag.0, rule.align)).ok()
        }
    }
}

/// The requests that bring a pipeline up to date, the newest interval first.
///
/// Together with what is known and fresh they cover all that is required; none is longer than Amazon takes; planned
/// again once they are answered, at the same moment, there is nothing left to do.
pub fn plan(need: &Need, outlook: &Outlook) -> Vec<Planned> {
    let Some(required) = required(need, outlook.now, outlook.since) else { return Vec::new() };
    match need {
        Need::Snapshot(_) => {
            let taken: Intervals =
                outlook.known.iter().map(|known| known.window).chain(outlook.busy.iter().copied()).collect();
            if taken.meets(required) {
                return Vec::new();
            }
            vec![Planned { window: required, priority: Priority::Scheduled }]
        }
        Need::Window(rule) => {
            let known: Intervals = outlook.known.iter().map(|known| known.window).collect();
            let stale = stale(outlook);
            let busy: Intervals = outlook.busy.iter().copied().collect();
            let fresh = known.minus(&stale);
            let wanted = Intervals::from(required).minus(&fresh).minus(&busy);
            let missing = wanted.minus(&known);
            let windows = split(rule, &wanted, &busy, required);
            let prioritised = windows.into_iter().map(|window| {
                let newest = window.to == required.to
                    && missing.meets(Window { from: window.to - TimeDelta::milliseconds(1), ..window });
                let priority = match (newest, stale.meets(window)) {
                    (true, _) => Priority::Scheduled,
                    (false, true) => Priority::Restatement,
                    (false, false) => Priority::Backfill,
                };
                Planned { window, priority }
            });
            prioritised.collect()
        }
    }
}

/// What was answered for but may have changed since, and was last looked at long enough ago.
fn stale(outlook: &Outlook) -> Intervals {
    let due = outlook.known.iter().filter(|known| known.again_at.is_some_and(|again| again <= outlook.now));
    due.map(|known| known.window).collect()
}

/// What to remember of a window that was answered for at `now`: its parts, each with the moment it must be asked for
/// again.
///
/// An answer of moment `now` is the last word on what ended before `now - horizon`; one taken within `every` of that
/// counts too, so that a steady rhythm needs no extra request at its end.
pub fn answered(need: &Need, window: Window, now: DateTime<Utc>) -> Vec<Answered> {
    let Need::Window(rule) = need else { return vec![Answered { window, again_at: None }] };
    let settled = |restate: &Restate| floor(now - restate.horizon.0 + restate.every.0, rule.align);
    let mut cuts: Vec<DateTime<Utc>> = rule.restate.iter().map(settled).chain([window.from, window.to]).collect();
    cuts.retain(|cut| window.from <= *cut && *cut <= window.to);
    cuts.sort_unstable();
    cuts.dedup();
    let parts = cuts.windows(2).map(|cut| {
        let changing = rule.restate.iter().filter(|restate| settled(restate) <= cut[0]);
        let again_at = changing.map(|restate| now + restate.every.0).min();
        Answered { window: Window { from: cut[0], to: cut[1] }, again_at }
    });
    parts.collect()
}

/// Cuts what is wanted into windows, from the newest back, each as long as it may be; what is known between two wanted
/// spans of one window is asked for along with them, because a request more costs more than rows that are known. What
/// is busy is not, unless it shares a month.
fn split(rule: &WindowRule, wanted: &Intervals, busy: &Intervals, required: Window) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut left = wanted.clone();
    while let Some(last) = left.spans().last().copied() {
        let to = last.to;
        let earliest = match rule.align {
            Align::Month => floor(to - TimeDelta::milliseconds(1), Align::Month),
            Align::Day | Align::Instant => to - rule.span.0,
        };
        let mut from = last.from.max(earliest);
        for span in left.spans().iter().rev().skip(1) {
            if span.to <= earliest || busy.meets(Window { from: span.to, to: from }) {
                break;
            }
            from = span.from.max(earliest);
        }
        let (from, to) = match rule.align {
            Align::Month => (earliest, following_month(earliest)),
            Align::Day => (from, to),
            Align::Instant => {
                let free = busy.spans().iter().rev().map(|span| span.to).find(|end| *end <= from);
                let least = earliest.max(required.from).max(free.unwrap_or(earliest));
                ((from - rule.overlap.0).max(least), to)
            }
        };
        windows.push(Window { from, to });
        left = left.minus(&Window { from, to }.into());
    }
    windows
}

/// The period of this length that a moment lies in.
pub(crate) fn period_of(now: DateTime<Utc>, period: TimeDelta) -> Window {
    let length = period.num_milliseconds().max(1);
    let from = now.timestamp_millis().div_euclid(length) * length;
    let instant = |ms| DateTime::from_timestamp_millis(ms).unwrap_or(now);
    Window { from: instant(from), to: instant(from + length) }
}

fn floor(at: DateTime<Utc>, align: Align) -> DateTime<Utc> {
    let midnight = at.date_naive().and_time(NaiveTime::MIN).and_utc();
    match align {
        Align::Instant => at.with_nanosecond(0).unwrap_or(at),
        Align::Day => midnight,
        Align::Month => midnight - TimeDelta::days(i64::from(at.day0())),
    }
}

fn ceiling(at: DateTime<Utc>, align: Align) -> DateTime<Utc> {
    match floor(at, align) {
        exact if exact == at => at,
        below => match align {
            Align::Instant => below + TimeDelta::seconds(1),
            Align::Day => below + TimeDelta::days(1),
            Align::Month => following_month(below),
        },
    }
}

fn following_month(first: DateTime<Utc>) -> DateTime<Utc> {
    first.checked_add_months(Months::new(1)).unwrap_or(first)
}

#[cfg(test)]
mod tests;
