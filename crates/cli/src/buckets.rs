//! Levels of token buckets: in the state, under the lease of whoever holds the account, so that a restart doesn't
//! burst again.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use sellerlake_contracts::{AccountId, BucketLevel, BucketStore, Clock, Result};
use sellerlake_state::{Bucket, Lease, State};
use tokio::sync::Mutex;

/// A bucket that fills up within this time is not kept: no restart is faster than that, and every write that is waited
/// for costs more than the call it pays for.
const SOON_FULL_SECONDS: f64 = 120.0;

/// Levels of the accounts this process holds. A process that asks without holding the account, to check it, leaves no
/// trace: its few calls are no burst.
pub(crate) struct Levels {
    state: State,
    clock: Arc<dyn Clock>,
    leases: Mutex<BTreeMap<AccountId, Lease>>,
}

impl Levels {
    pub(crate) fn new(state: State, clock: Arc<dyn Clock>) -> Self {
        Self { state, clock, leases: Mutex::default() }
    }

    pub(crate) async fn hold(&self, account: &AccountId, lease: &Lease) {
        self.leases.lock().await.insert(account.clone(), lease.clone());
    }
}

/// Levels of the sandbox, which concern nobody afterwards.
pub(crate) struct Unkept;

#[async_trait]
impl BucketStore for Unkept {
    async fn load(&self, _: &AccountId) -> Result<Vec<BucketLevel>> {
        Ok(Vec::new())
    }

    async fn save(&self, _: &AccountId, _: &[BucketLevel]) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl BucketStore for Levels {
    async fn load(&self, account: &AccountId) -> Result<Vec<BucketLevel>> {
        let kept = self.state.buckets(&account.to_string()).await?;
        let level = |bucket: Bucket| BucketLevel {
            operation: bucket.operation,
            tokens: bucket.tokens,
            rate: bucket.rate_per_second,
            burst: bucket.burst,
            updated_at: bucket.updated_at,
        };
        Ok(kept.into_iter().map(level).collect())
    }

    async fn save(&self, account: &AccountId, levels: &[BucketLevel]) -> Result<()> {
        let is_kept = |level: &&BucketLevel| level.burst > SOON_FULL_SECONDS * level.rate;
        let kept: Vec<Bucket> = levels.iter().filter(is_kept).map(bucket).collect();
        if kept.is_empty() {
            return Ok(());
        }
        let lease = self.leases.lock().await.get(account).cloned();
        let Some(lease) = lease else { return Ok(()) };
        let mut leased = self.state.leased(&lease, self.clock.now()).await?;
        leased.save_buckets(&kept).await?;
        leased.commit().await
    }
}

fn bucket(level: &BucketLevel) -> Bucket {
    Bucket {
        operation: level.operation.clone(),
        tokens: level.tokens,
        rate_per_second: level.rate,
        burst: level.burst,
        updated_at: level.updated_at,
    }
}
