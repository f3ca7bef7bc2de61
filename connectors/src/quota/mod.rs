//! Amazon's quotas: a token bucket per account and operation, and those the whole application shares (B.1).

mod bucket;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bucket::{Bucket, Pass};
use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{AccountId, BucketLevel, BucketStore, Clock};
use tokio::sync::{Mutex, OnceCell};

use crate::failure::Stop;
use crate::operation::Operation;

/// Longest wait inside a call; longer ones come back as [`Stop::Later`].
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Buckets in use and levels of earlier runs nobody has asked for yet.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    used: HashMap<String, Bucket>,
    left: HashMap<String, BucketLevel>,
}

impl Buckets {
    fn of(&mut self, operation: &Operation, name: &str, now: DateTime<Utc>) -> &mut Bucket {
        let Self { used, left } = self;
        used.entry(name.to_owned()).or_insert_with(|| match left.remove(name) {
            Some(level) => Bucket::restored(operation, &level, now),
            None => Bucket::full(operation, now),
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
    shared: Arc<Mutex<Buckets>>,
    loaded: Arc<OnceCell<()>>,
}

impl Quota {
    /// Buckets of `account`; `shared` are those of the application.
    pub(crate) fn new(
        account: AccountId,
        clock: Arc<dyn Clock>,
        store: Arc<dyn BucketStore>,
        shared: Arc<Mutex<Buckets>>,
    ) -> Self {
        Self { account, clock, store, own: Arc::default(), shared, loaded: Arc::default() }
    }

    /// Returns once a call may be sent; [`Stop::Later`] if that is more than a minute away. The level without the token
    /// stands in the store before this returns. The pass is kept until Amazon has answered.
    pub(crate) async fn take(&self, operation: &Operation) -> Result<Pass, Stop> {
        self.loaded.get_or_try_init(|| self.load()).await?;
        let name = operation.bucket();
        let now = self.clock.now();
        let (wait, pass) = {
            let mut buckets = self.side(operation).lock().await;
            let bucket = buckets.of(operation, &name, now);
            let wait = bucket.take(now, PATIENCE).map_err(|wait| Stop::Later(now + span(wait)))?;
            if !bucket.is_paid() {
                let level = bucket.pay(&name);
                self.store.save(&self.account, &[level]).await?;
            }
            (wait, bucket.pass())
        };
        if !wait.is_zero() {
            self.clock.sleep_until(now + span(wait)).await;
        }
        Ok(pass)
    }

    /// Amazon refused a call for being too many.
    pub(crate) async fn refused(&self, operation: &Operation, hint: Option<Duration>, jitter: f64) {
        let now = self.clock.now();
        let mut buckets = self.side(operation).lock().await;
        buckets.of(operation, &operation.bucket(), now).refused(now, hint, jitter);
    }

    /// Amazon answered, and said `rate` in its header.
    pub(crate) async fn answered(&self, operation: &Operation, rate: Option<f64>) {
        let now = self.clock.now();
        let mut buckets = self.side(operation).lock().await;
        buckets.of(operation, &operation.bucket(), now).answered(rate);
    }

    fn side(&self, operation: &Operation) -> &Mutex<Buckets> {
        if operation.shared { &self.shared } else { &self.own }
    }

    async fn load(&self) -> Result<(), Stop> {
        let levels = self.store.load(&self.account).await?;
        let (shared, own): (Vec<_>, Vec<_>) = levels.into_iter().partition(|level| level.operation.starts_with("app:"));
        for (side, levels) in [(&self.own, own), (&self.shared, shared)] {
            let mut buckets = side.lock().await;
            for level in levels {
                if !buckets.used.contains_key(&level.operation) {
                    buckets.left.insert(level.operation.clone(), level);
                }
            }
        }
        Ok(())
    }
}

/// A duration in the calendar's arithmetic.
pub(crate) fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
