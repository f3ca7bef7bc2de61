//! How soon requests can be answered at all: Amazon's quotas are the bound (amazon.md: Default rates).

use chrono::TimeDelta;
use sellerlake_contracts::Pace;

/// The least time that so many requests of each operation take, with full token buckets. Operations have buckets of
/// their own, so they run side by side.
pub(crate) fn least(requests: impl IntoIterator<Item = (Pace, u64)>) -> TimeDelta {
    let seconds = requests.into_iter().map(|(Pace { rate, burst }, count)| (count as f64 - burst).max(0.0) / rate);
    TimeDelta::seconds(seconds.fold(0.0, f64::max).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scarcest_quota_decides() {
        let (report, transactions) = (Pace { rate: 0.0167, burst: 15.0 }, Pace { rate: 0.5, burst: 10.0 });
        assert_eq!(least([(report, 15), (transactions, 10)]), TimeDelta::zero());
        assert_eq!(least([(report, 75), (transactions, 100)]), TimeDelta::seconds(3593));
    }
}
