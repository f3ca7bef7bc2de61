//! Buckets of the whole application: they are in the store alone, because other processes draw from them too.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sellerlake_contracts::SharedBucket;
use tokio::sync::Mutex;

use super::bucket::{MOST_DOUBLINGS, USED_SHARE};
use super::{PATIENCE, Quota, empty, span};
use crate::failure::Stop;
use crate::operation::Operation;

/// How often in a row each operation was refused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<HashMap<&'static str, u32>>>);

impl Refusals {
    pub(super) async fn forget(&self, operation: &'static str) {
        self.0.lock().await.remove(operation);
    }

    /// One more; how many there were before it.
    async fn count(&self, operation: &'static str) -> u32 {
        let mut refusals = self.0.lock().await;
        let count = refusals.entry(operation).or_default();
        *count += 1;
        *count - 1
    }
}

impl Quota {
    /// Whoever finds it empty waits and tries again, like those in other processes.
    pub(super) async fn take_shared(&self, operation: &Operation) -> Result<(), Stop> {
        let bucket = shared(operation);
        loop {
            let now = self.clock.now();
            match self.store.spend(&bucket, now).await? {
                None => return Ok(()),
                Some(until) if until - now > span(PATIENCE) => return Err(Stop::Later(empty(operation, until))),
                Some(until) => self.clock.sleep_until(until).await,
            }
        }
    }

    /// Waits twice as long each time, unless Amazon says how long.
    pub(super) async fn refused_shared(&self, operation: &Operation, hint: Option<Duration>, jitter: f64) {
        let (bucket, now) = (shared(operation), self.clock.now());
        let doubled = f64::from(2_u32.pow(self.refusals.count(operation.name).await.min(MOST_DOUBLINGS)));
        let wait = hint.unwrap_or_else(|| Duration::from_secs_f64(doubled * (1.0 + jitter / 4.0) / bucket.rate));
        if let Err(error) = self.store.drain(&bucket, now, now + span(wait)).await {
            tracing::warn!(%error, operation = operation.name, "a refusal can't be kept");
        }
    }
}

fn shared(operation: &Operation) -> SharedBucket {
    let Operation { name, rate, burst, .. } = *operation;
    SharedBucket { operation: name, rate: rate * USED_SHARE, burst: f64::from(burst) }
}
