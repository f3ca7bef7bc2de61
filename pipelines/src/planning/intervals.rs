//! Sets of moments, as sorted spans that neither touch nor overlap.

use chrono::{DateTime, Utc};
use sellerlake_contracts::Window;

/// A set of moments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intervals(Vec<Window>);

impl Intervals {
    /// No moment at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The spans, sorted, none touching another.
    pub fn spans(&self) -> &[Window] {
        &self.0
    }

    /// Adds a span; empty ones add nothing.
    pub fn add(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        if from >= to {
            return;
        }
        let (mut from, mut to) = (from, to);
        let first = self.0.partition_point(|span| span.to < from);
        let last = self.0.partition_point(|span| span.from <= to);
        if let (Some(left), Some(right)) = (self.0.get(first), self.0.get(last.wrapping_sub(1)))
            && first < last
        {
            from = from.min(left.from);
            to = to.max(right.to);
        }
        self.0.splice(first..last, [Window { from, to }]);
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        for span in &self.0 {
            let mut from = span.from;
            for taken in other.0.iter().filter(|taken| taken.to > span.from && taken.from < span.to) {
                if taken.from > from {
                    left.push(Window { from, to: taken.from });
                }
                from = from.max(taken.to);
            }
            if from < span.to {
                left.push(Window { from, to: span.to });
            }
        }
        Self(left)
    }

    /// Whether the two have a moment in common.
    pub fn meets(&self, window: Window) -> bool {
        self.0.iter().any(|span| span.from < window.to && window.from < span.to)
    }
}

impl From<Window> for Intervals {
    fn from(window: Window) -> Self {
        Self(vec![window])
    }
}

impl FromIterator<Window> for Intervals {
    fn from_iter<T: IntoIterator<Item = Window>>(windows: T) -> Self {
        let mut set = Self::none();
        windows.into_iter().for_each(|window| set.add(window.from, window.to));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn hour(count: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(count)
    }

    fn spans() -> impl Strategy<Value = Vec<(i64, i64)>> {
        proptest::collection::vec((0_i64..60, 1_i64..12), 0..12)
    }

    fn set(spans: &[(i64, i64)]) -> Intervals {
        spans.iter().map(|(from, length)| Window { from: hour(*from), to: hour(from + length) }).collect()
    }

    fn holds(set: &Intervals, at: i64) -> bool {
        set.meets(Window { from: hour(at), to: hour(at + 1) })
    }

    proptest! {
        #[test]
        fn sets_behave_as_sets(left in spans(), right in spans()) {
            let (a, b) = (set(&left), set(&right));
            let within = |spans: &[(i64, i64)], at: i64| spans.iter().any(|(from, length)| *from <= at && at < from + length);
            let difference = a.minus(&b);
            for at in 0..80 {
                prop_assert_eq!(holds(&a, at), within(&left, at));
                prop_assert_eq!(holds(&difference, at), within(&left, at) && !within(&right, at));
            }
            prop_assert!(a.spans().windows(2).all(|pair| pair[0].to < pair[1].from));
        }
    }
}
