//! Amazon's quotas: a token bucket per account and operation, and those the whole application shares
//! (amazon.md: Quotas).

mod bucket;
mod rest;
mod shared;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bucket::{Pass, TokenBucket};
use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{AccountId, BucketLevel, BucketStore, Clock, Result, soon_full};
pub(crate) use shared::Refusals;
use tokio::sync::{Mutex, OnceCell};

use crate::failure::{Later, Stop};
use crate::operation::Operation;

/// Longest wait inside a call; longer ones come back as [`Stop::Later`].
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Buckets in use and levels of earlier runs nobody has asked for yet.
#[derive(Debug, Default)]
struct Buckets {
    used: HashMap<&'static str, TokenBucket>,
    /// What rests after each use.
    resting: HashMap<String, TokenBucket>,
    left: HashMap<String, BucketLevel>,
    /// When this process took the account over: buckets that it takes for full may have been emptied by the one before.
    in_doubt_since: Option<DateTime<Utc>>,
}

impl Buckets {
    fn of(&mut self, operation: &Operation, now: DateTime<Utc>) -> &mut TokenBucket {
        let Self { used, left, in_doubt_since, .. } = self;
        let doubted = in_doubt_since.filter(|_| soon_full(operation.rate, f64::from(operation.burst)));
        used.entry(operation.name).or_insert_with(|| match (doubted, left.remove(operation.name)) {
            (Some(since), _) => TokenBucket::used_up(operation, since),
            (None, Some(level)) => TokenBucket::restored(operation, &level, now),
            (None, None) => TokenBucket::full(operation, now),
        })
    }
}

/// Every bucket one account draws from.
#[derive(Clone)]
pub(crate) struct Quota {
    account: AccountId,
    clock: Arc<dyn Clock>,
    store: Arc<dyn BucketStore>,
    own: Arc<Mutex<Buckets>>,
    loaded: Arc<OnceCell<()>>,
    /// Of shared buckets.
    refusals: Refusals,
}

impl Quota {
    /// Buckets of `account`; `refusals` are the application's.
    pub(crate) fn new(
        account: AccountId,
        clock: Arc<dyn Clock>,
        store: Arc<dyn BucketStore>,
        refusals: Refusals,
    ) -> Self {
        Self { account, clock, store, own: Arc::default(), loaded: Arc::default(), refusals }
    }

    /// Returns once a call may be sent; [`Stop::Later`] if that is more than a minute away. The level without the token
    /// stands in the store before this returns, unless the bucket is soon full. The pass is kept until Amazon has answered.
    pub(crate) async fn take(&self, operation: &Operation) -> Result<Option<Pass>, Stop> {
        if operation.shared {
            return self.take_shared(operation).await.map(|()| None);
        }
        self.load().await?;
        let began = self.clock.now();
        loop {
            let now = self.clock.now();
            let wait = {
                let mut buckets = self.own.lock().await;
                let bucket = buckets.of(operation, now);
                match bucket.take(now) {
                    Ok(()) => {
                        if !bucket.is_paid() {
                            let level = bucket.pay(operation.name);
                            self.store.save(&self.account, &[level]).await?;
                        }
                        return Ok(Some(bucket.pass()));
                    }
                    Err(wait) => span(wait),
                }
            };
            if now + wait - began > span(PATIENCE) {
                return Err(Stop::Later(empty(operation, now + wait)));
            }
            // Then the token may still be missing: somebody else took it, or the call before has not arrived yet.
            self.clock.sleep_until(now + wait).await;
        }
    }

    /// The call a token was taken for has reached Amazon, or never will.
    pub(crate) async fn arrived(&self, operation: &Operation, pass: Option<Pass>) {
        let Some(pass) = pass else { return };
        let now = self.clock.now();
        self.own.lock().await.of(operation, now).arrived(now, pass);
    }

    /// When a call may be sent, if that is more than a minute away.
    pub(crate) async fn distant(&self, operation: &Operation) -> Result<Option<Later>> {
        // Nobody knows but whoever draws from it.
        if operation.shared {
            return Ok(None);
        }
        self.load().await?;
        let now = self.clock.now();
        let wait = self.own.lock().await.of(operation, now).wait(now);
        Ok((wait > PATIENCE).then(|| empty(operation, now + span(wait))))
    }

    /// Amazon refused a call for being too many.
    pub(crate) async fn refused(&self, operation: &Operation, hint: Option<Duration>, jitter: f64) {
        if operation.shared {
            return self.refused_shared(operation, hint, jitter).await;
        }
        let now = self.clock.now();
        self.own.lock().await.of(operation, now).refused(now, hint, jitter);
    }

    /// Amazon answered, and said `rate` in its header.
    pub(crate) async fn answered(&self, operation: &Operation, rate: Option<f64>) {
        if operation.shared {
            return self.refusals.forget(operation.name).await;
        }
        let now = self.clock.now();
        self.own.lock().await.of(operation, now).answered(rate);
    }

    /// Puts down what is left in each bucket: the account is given back.
    pub(crate) async fn settle(&self) -> Result<()> {
        let levels: Vec<BucketLevel> = {
            let now = self.clock.now();
            let mut buckets = self.own.lock().await;
            buckets.used.iter_mut().filter_map(|(name, bucket)| bucket.settled(name, now)).collect()
        };
        self.store.settle(&self.account, &levels).await
    }

    async fn load(&self) -> Result<()> {
        let load = async || {
            let levels = self.store.load(&self.account).await?;
            let in_doubt = self.store.is_in_doubt(&self.account).await;
            let mut own = self.own.lock().await;
            own.in_doubt_since = in_doubt.then(|| self.clock.now());
            own.left = levels.into_iter().map(|level| (level.operation.clone(), level)).collect();
            Ok(())
        };
        self.loaded.get_or_try_init(load).await?;
        Ok(())
    }
}

fn empty(operation: &Operation, until: DateTime<Utc>) -> Later {
    Later { until, bucket: Some(operation.name.to_owned()) }
}

/// A duration in the calendar's arithmetic.
pub(crate) fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
