//! What is known of time: intervals that never overlap. Touches no database.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{DeliveryId, Window};

use crate::words::words;

words! {
    /// What is known of an interval. What nothing is known of is missing.
    SliceStatus, "slice status" {
        /// Its rows stand in `sources/`.
        Loaded = "loaded",
        /// Amazon says that there is nothing.
        NoData = "no_data",
        /// Amazon cancelled the report, which often means that there is nothing.
        Cancelled = "cancelled",
        /// Amazon gave up on the report.
        Fatal = "fatal",
        /// It was asked for, or will be again.
        Waiting = "waiting",
        /// It is older than Amazon keeps it.
        Unreachable = "unreachable",
        /// It can't be had until somebody acts, for the reason given.
        Failed = "failed",
    }
}

impl SliceStatus {
    /// Whether nothing more is to come of it.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Loaded | Self::NoData | Self::Unreachable)
    }
}

/// What is said of an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceMark {
    /// What is known.
    pub status: SliceStatus,
    /// Why, for a reader.
    pub reason: Option<String>,
    /// What it was loaded from, where that is one delivery.
    pub delivery: Option<DeliveryId>,
    /// Where to go on, in the words of whoever wrote it.
    pub checkpoint: Option<String>,
    /// Failed attempts so far.
    pub attempt: u32,
    /// When to look again: a waiting one is due then, a settled one may have been restated. To the millisecond.
    pub not_before: Option<DateTime<Utc>>,
}

impl SliceMark {
    /// A status and nothing else.
    pub fn of(status: SliceStatus) -> Self {
        Self { status, reason: None, delivery: None, checkpoint: None, attempt: 0, not_before: None }
    }

    /// Loaded from this delivery.
    pub fn loaded(delivery: DeliveryId) -> Self {
        Self { delivery: Some(delivery), ..Self::of(SliceStatus::Loaded) }
    }

    /// Whether it is loaded, but for rows that could not be read: that is all a reason can mean there.
    pub fn is_lacking(&self) -> bool {
        self.status == SliceStatus::Loaded && self.reason.is_some()
    }

    /// The same, for a reason.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }
}

/// An interval and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// From when to when, to the millisecond.
    pub window: Window,
    /// What is known.
    pub mark: SliceMark,
    /// When that was last said of any part of it.
    pub updated_at: DateTime<Utc>,
}

impl Slice {
    fn part(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Self> {
        (from < to).then(|| Self { window: Window { from, to }, ..self.clone() })
    }

    /// Whether this and the one after it say the same of an interval without a seam.
    fn continues_in(&self, next: &Self) -> bool {
        let nameless = |mark: &SliceMark| SliceMark { delivery: None, ..mark.clone() };
        self.window.to == next.window.from
            && self.mark.status.is_settled()
            && self.mark.checkpoint.is_none()
            && nameless(&self.mark) == nameless(&next.mark)
    }
}

/// What is known after `new` was said: it replaces whatever it overlaps, cutting the ends off, and settled
/// neighbours that say the same become one. A slice that came from several deliveries names none.
///
/// `known` is sorted and free of overlaps; so is the answer.
pub fn overlay(known: &[Slice], new: &Slice) -> Vec<Slice> {
    let Window { from, to } = new.window;
    let before = known.iter().filter_map(|slice| slice.part(slice.window.from, slice.window.to.min(from)));
    let after = known.iter().filter_map(|slice| slice.part(slice.window.from.max(to), slice.window.to));
    let mut merged: Vec<Slice> = Vec::with_capacity(known.len() + 2);
    for slice in before.chain([new.clone()]).chain(after) {
        match merged.last_mut() {
            Some(last) if last.continues_in(&slice) => {
                last.window.to = slice.window.to;
                last.updated_at = last.updated_at.max(slice.updated_at);
                if last.mark.delivery != slice.mark.delivery {
                    last.mark.delivery = None;
                }
            }
            _ => merged.push(slice),
        }
    }
    merged
}

#[cfg(test)]
#[path = "intervals_tests.rs"]
mod tests;
