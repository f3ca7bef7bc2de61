//! When pipelines are due: a pure function of their rhythm, the account and the time.

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::AccountId;
use xxhash_rust::xxh3::xxh3_64;

use crate::declared::pipeline::Pipeline;
use crate::declared::pipelines::Pipelines;

const DAY_MS: u64 = 86_400_000;

impl Pipelines {
    /// When the next of them is due for an account, after a moment; `None` if there are none.
    ///
    /// Each account has a time of day of its own, so that thousands don't come at once; it is the same for all its
    /// pipelines, so that those of a slower rhythm are due together with a faster one's.
    pub fn next_due(&self, account: &AccountId, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.iter().map(|pipeline| next(pipeline, account, after)).min()
    }

    /// Those that were due for an account after `after` and until `now`.
    pub fn due(&self, account: &AccountId, after: DateTime<Utc>, now: DateTime<Utc>) -> Vec<&str> {
        let due = self.iter().filter(|pipeline| next(pipeline, account, after) <= now);
        due.map(|pipeline| pipeline.name.as_str()).collect()
    }
}

fn next(pipeline: &Pipeline, account: &AccountId, after: DateTime<Utc>) -> DateTime<Utc> {
    let every_ms = pipeline.every.0.num_milliseconds().max(1);
    let own_ms = (xxh3_64(account.to_string().as_bytes()) % DAY_MS) as i64 % every_ms;
    let since_ms = (after.timestamp_millis() - own_ms).rem_euclid(every_ms);
    after + TimeDelta::milliseconds(every_ms - since_ms)
}

#[cfg(test)]
mod tests {
    use sellerlake_connectors::offered;
    use sellerlake_transforms::Declarations;

    use super::*;

    #[test]
    fn every_pipeline_is_due_once_in_its_rhythm() {
        let pipelines = Pipelines::load(None, &Declarations::load(None).unwrap(), &offered()).unwrap();
        let account: AccountId = "A1-eu".parse().unwrap();
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let mut counts = std::collections::BTreeMap::<&str, i64>::new();
        let mut now = start;
        while now < start + TimeDelta::days(2) {
            let turn = pipelines.next_due(&account, now).unwrap();
            assert!(turn > now);
            for name in pipelines.due(&account, now, turn) {
                *counts.entry(name).or_default() += 1;
            }
            now = turn;
        }
        for pipeline in pipelines.iter() {
            let times = TimeDelta::days(2).num_seconds() / pipeline.every.0.num_seconds();
            assert!((times - counts[pipeline.name.as_str()]).abs() <= 1, "{}: {counts:?}", pipeline.name);
        }
    }

    #[test]
    fn accounts_don_t_come_all_at_once_and_slow_rhythms_fall_together_with_fast_ones() {
        let pipelines = Pipelines::load(None, &Declarations::load(None).unwrap(), &offered()).unwrap();
        let of = |account: &str| {
            let account: AccountId = account.parse().unwrap();
            (pipelines.next_due(&account, DateTime::UNIX_EPOCH).unwrap(), account)
        };
        assert_ne!(of("A1-eu").0, of("A2-eu").0);
        let (mut turn, account) = of("A1-eu");
        for _ in 0..48 {
            let due = pipelines.due(&account, turn - TimeDelta::milliseconds(1), turn);
            assert!(due.contains(&"orders_api"), "{due:?}");
            turn = pipelines.next_due(&account, turn).unwrap();
        }
    }
}
