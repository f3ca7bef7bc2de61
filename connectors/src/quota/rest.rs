//! What rests after each use, whoever uses it: kinds of reports (amazon.md: How often a report is made).

use chrono::{DateTime, TimeDelta, Utc};

use super::bucket::TokenBucket;
use super::{Quota, span};
use crate::failure::Stop;
use crate::operation::Operation;

impl Quota {
    /// Uses something that rests for so long after each use, if it has rested: `None`. Otherwise the moment it will have,
    /// and nothing is used.
    pub(crate) async fn wake(&self, what: &str, rest: TimeDelta) -> Result<Option<DateTime<Utc>>, Stop> {
        let now = self.clock.now();
        self.resting(what, rest, |bucket| bucket.take(now).err().map(|wait| now + span(wait))).await
    }

    /// It rests anew from now on, rested or not.
    pub(crate) async fn rest(&self, what: &str, rest: TimeDelta) -> Result<(), Stop> {
        let now = self.clock.now();
        self.resting(what, rest, |bucket| bucket.empty(now)).await
    }

    /// It was woken for nothing.
    pub(crate) async fn unused(&self, what: &str, rest: TimeDelta) -> Result<(), Stop> {
        let now = self.clock.now();
        self.resting(what, rest, |bucket| bucket.give_back(now)).await
    }

    /// A bucket of one token that takes all of the rest to refill.
    async fn resting<T>(
        &self,
        what: &str,
        rest: TimeDelta,
        change: impl FnOnce(&mut TokenBucket) -> T,
    ) -> Result<T, Stop> {
        self.load().await?;
        let seconds = rest.num_seconds().max(1) as f64;
        let operation = Operation::post("rest", "").rate(1.0 / seconds, 1);
        let name = format!("rest:{what}");
        let now = self.clock.now();
        let mut buckets = self.own.lock().await;
        let left = buckets.left.remove(&name);
        let bucket = buckets.resting.entry(name.clone()).or_insert_with(|| match left {
            Some(level) => TokenBucket::restored(&operation, &level, now),
            None => TokenBucket::full(&operation, now),
        });
        let changed = change(bucket);
        let level = bucket.pay(&name);
        self.store.save(&self.account, &[level]).await?;
        Ok(changed)
    }
}
