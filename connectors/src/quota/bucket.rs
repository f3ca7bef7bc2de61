//! One token bucket, without clock or store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::BucketLevel;

use crate::operation::Operation;

/// Share of the documented rate that is used. Amazon prints rates rounded (0.0167 for one a minute) and counts a call
/// when it arrives, not when it is sent; at the full rate every few hundredth call would be refused.
pub(super) const USED_SHARE: f64 = 0.99;
/// Most doublings of the wait after refusals in a row.
pub(super) const MOST_DOUBLINGS: u32 = 5;
/// Tokens that refill within this time may be lost in a crash for the sake of fewer writes.
const SPARED_SECONDS: f64 = 10.0;

/// Tokens of one operation.
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    tokens: f64,
    rate: f64,
    default_rate: f64,
    burst: f64,
    updated_at: DateTime<Utc>,
    /// Tokens the store already counts as spent.
    paid_ahead: u32,
    /// Whether tokens went that the store doesn't know exactly of.
    is_spent: bool,
    refusals: u32,
    under_way: Arc<AtomicU32>,
}

/// A call that may not have reached Amazon yet. Until this is dropped its token can't refill: a call that is late,
/// or one whose caller was given time by a clock that jumped, arrives together with those after it.
#[derive(Debug)]
pub(crate) struct Pass(Arc<AtomicU32>);

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl TokenBucket {
    /// A full one: nobody has called yet.
    pub(crate) fn full(operation: &Operation, now: DateTime<Utc>) -> Self {
        let (rate, burst) = (operation.rate, f64::from(operation.burst));
        Self {
            tokens: burst,
            rate,
            default_rate: rate,
            burst,
            updated_at: now,
            paid_ahead: 0,
            is_spent: false,
            refusals: 0,
            under_way: Arc::default(),
        }
    }

    /// An empty one: whoever called before died, and may have used all of it.
    pub(crate) fn used_up(operation: &Operation, now: DateTime<Utc>) -> Self {
        Self { tokens: 0.0, is_spent: true, ..Self::full(operation, now) }
    }

    /// As it was left by an earlier run. A level from the future (somebody corrected a clock) counts from now.
    pub(crate) fn restored(operation: &Operation, level: &BucketLevel, now: DateTime<Utc>) -> Self {
        let full = Self::full(operation, now);
        let tokens = level.tokens.min(full.burst);
        Self { tokens, rate: level.rate.max(full.rate), updated_at: level.updated_at.min(now), ..full }
    }

    /// Takes a token; if there is none, says how long until there may be one.
    pub(crate) fn take(&mut self, now: DateTime<Utc>) -> Result<(), Duration> {
        let wait = self.wait(now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.tokens -= 1.0;
        Ok(())
    }

    /// How long whoever comes now waits for a token.
    pub(crate) fn wait(&mut self, now: DateTime<Utc>) -> Duration {
        self.refill(now);
        let missing = (1.0 - self.tokens).max(0.0);
        // Rounded up to the millisecond, which is what clocks and stores keep.
        Duration::from_millis((missing / self.pace() * 1000.0).ceil() as u64)
    }

    /// The pass that goes with a token taken.
    pub(crate) fn pass(&self) -> Pass {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        Pass(Arc::clone(&self.under_way))
    }

    /// The call a pass was for is over: what could have been refilled by now was, and its own token was not.
    pub(crate) fn arrived(&mut self, now: DateTime<Utc>, pass: Pass) {
        self.refill(now);
        drop(pass);
    }

    /// Counts one token as written down; `false` if more have to be written down first.
    pub(crate) fn is_paid(&mut self) -> bool {
        let paid = self.paid_ahead > 0;
        self.paid_ahead = self.paid_ahead.saturating_sub(1);
        paid
    }

    /// The level to write down: some tokens of fast operations are counted as spent in advance.
    pub(crate) fn pay(&mut self, name: &str) -> BucketLevel {
        let ahead = (self.rate * SPARED_SECONDS).floor().min(self.burst);
        self.paid_ahead = ahead as u32;
        self.is_spent = ahead > 0.0;
        let level = self.level(name);
        BucketLevel { tokens: level.tokens - ahead, ..level }
    }

    /// The level to write down when nobody is going to call for now; `None` if what is written down leads to the same.
    pub(crate) fn settled(&mut self, name: &str, now: DateTime<Utc>) -> Option<BucketLevel> {
        self.refill(now);
        let is_known = !self.is_spent || self.tokens >= self.burst;
        self.paid_ahead = 0;
        self.is_spent = false;
        (!is_known).then(|| self.level(name))
    }

    fn level(&self, name: &str) -> BucketLevel {
        BucketLevel {
            operation: name.to_owned(),
            tokens: self.tokens,
            rate: self.rate,
            burst: self.burst,
            updated_at: self.updated_at,
        }
    }

    /// Gives back what was taken and not used.
    pub(crate) fn give_back(&mut self, now: DateTime<Utc>) {
        self.refill(now);
        self.tokens = (self.tokens + 1.0).min(self.burst);
    }

    /// Nothing is in it from now on, however much there was.
    pub(crate) fn empty(&mut self, now: DateTime<Utc>) {
        self.refill(now);
        self.tokens = self.tokens.min(0.0);
        self.paid_ahead = 0;
    }

    /// Amazon refused: there is nothing in it, and after refusals in a row less than nothing.
    pub(crate) fn refused(&mut self, now: DateTime<Utc>, hint: Option<Duration>, jitter: f64) {
        self.refill(now);
        let doubled = f64::from(2_u32.pow(self.refusals.min(MOST_DOUBLINGS)));
        self.refusals += 1;
        let debt = match hint {
            Some(hint) => hint.as_secs_f64() * self.pace() - 1.0,
            None => doubled * (1.0 + jitter / 4.0) - 1.0,
        };
        self.tokens = self.tokens.min(0.0).min(-debt);
        self.paid_ahead = 0;
        self.is_spent = true;
    }

    /// Amazon answered: `rate` is what its header says. The documented rate stays the least (amazon.md: Quotas).
    pub(crate) fn answered(&mut self, rate: Option<f64>) {
        self.refusals = 0;
        if let Some(rate) = rate.filter(|rate| rate.is_finite() && *rate > 0.0) {
            self.rate = rate.max(self.default_rate);
        }
    }

    fn pace(&self) -> f64 {
        self.rate * USED_SHARE
    }

    fn refill(&mut self, now: DateTime<Utc>) {
        let idle = (now - self.updated_at).max(TimeDelta::zero());
        let seconds = idle.num_milliseconds() as f64 / 1000.0;
        let room = (self.burst - f64::from(self.under_way.load(Ordering::SeqCst))).max(self.tokens.min(0.0));
        let refilled = self.tokens + seconds * self.pace();
        // What is written down doesn't know of calls under way.
        self.is_spent |= refilled > room && room < self.burst;
        self.tokens = refilled.min(room);
        self.updated_at = self.updated_at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATE: Operation = Operation::post("createReport", "/reports").rate(0.0167, 15);
    const LIST: Operation = Operation::get("listTransactions", "/transactions").rate(0.5, 10);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn throttles_use_the_burst_and_then_the_rate() {
        let mut bucket = TokenBucket::full(&CREATE, at(0));
        assert!((0..15).all(|_| bucket.take(at(0)).is_ok()));
        let wait = bucket.take(at(0)).unwrap_err();
        assert!((60..62).contains(&wait.as_secs()), "{wait:?}");
        assert_eq!(bucket.take(at(61)), Ok(()));
        assert!(bucket.take(at(62)).is_err_and(|wait| wait.as_secs() >= 58));
    }

    #[test]
    fn refusals_empty_it_and_wait_twice_as_long_each_time() {
        let mut bucket = TokenBucket::full(&LIST, at(0));
        let wait = |bucket: &mut TokenBucket| {
            bucket.refused(at(0), None, 0.0);
            bucket.wait(at(0)).as_secs()
        };
        assert_eq!([wait(&mut bucket), wait(&mut bucket), wait(&mut bucket)], [2, 4, 8]);
        bucket.answered(None);
        bucket.refused(at(0), Some(Duration::from_secs(30)), 0.0);
        assert_eq!(bucket.wait(at(0)).as_secs(), 30);
    }

    #[test]
    fn calls_under_way_keep_their_tokens_from_refilling() {
        let mut bucket = TokenBucket::full(&LIST, at(0));
        let late: Vec<_> = (0..3).map(|_| bucket.take(at(0)).map(|()| bucket.pass())).collect();
        let free = (0..10).filter(|_| bucket.take(at(3600)).is_ok()).count();
        assert_eq!(free, 7);
        late.into_iter().for_each(|pass| bucket.arrived(at(3600), pass.unwrap()));
        assert_eq!(bucket.wait(at(3600)).as_secs(), 2);
        assert_eq!((0..10).filter(|_| bucket.take(at(7200)).is_ok()).count(), 10);
    }

    #[test]
    fn a_call_that_arrives_late_is_not_refilled_behind_its_back() {
        let mut bucket = TokenBucket::full(&LIST, at(0));
        let late: Vec<_> = (0..6).map(|_| bucket.take(at(0)).map(|()| bucket.pass())).collect();
        // Amazon's bucket was full when they came, and holds four now.
        late.into_iter().for_each(|pass| bucket.arrived(at(60), pass.unwrap()));
        assert_eq!((0..10).filter(|_| bucket.take(at(60)).is_ok()).count(), 4);
    }

    #[test]
    fn the_header_can_only_raise_the_rate() {
        let mut bucket = TokenBucket::full(&LIST, at(0));
        bucket.answered(Some(0.1));
        assert!((bucket.rate - 0.5).abs() < f64::EPSILON);
        bucket.answered(Some(2.0));
        assert!((bucket.rate - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_restart_does_not_burst_again() {
        let mut bucket = TokenBucket::full(&CREATE, at(0));
        for _ in 0..15 {
            bucket.take(at(0)).unwrap();
        }
        let level = bucket.pay("createReport");
        let mut restored = TokenBucket::restored(&CREATE, &level, at(10));
        assert!(restored.take(at(10)).is_err_and(|wait| wait.as_secs() >= 49));
        let mut future = TokenBucket::restored(&CREATE, &BucketLevel { updated_at: at(99_999), ..level }, at(10));
        assert!(future.take(at(80)).is_ok());
    }

    #[test]
    fn fast_operations_are_written_down_a_few_at_a_time_and_exactly_in_the_end() {
        let mut bucket = TokenBucket::full(&LIST, at(0));
        assert_eq!(bucket.settled("x", at(0)), None);
        bucket.take(at(0)).unwrap();
        assert!(!bucket.is_paid());
        assert!((bucket.pay("x").tokens - 4.0).abs() < 1e-9);
        assert_eq!((0..6).filter(|_| bucket.is_paid()).count(), 5);
        assert!((bucket.settled("x", at(0)).unwrap().tokens - 9.0).abs() < 1e-9);
        assert_eq!(bucket.settled("x", at(0)), None);
    }
}
