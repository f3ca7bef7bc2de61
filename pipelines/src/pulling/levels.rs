//! Levels of token buckets: in the state, under the lease of whoever holds the account, so that a restart doesn't
//! burst again.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, BucketLevel, BucketStore, Result, SharedBucket, soon_full};
use sellerlake_state::{Lease, State};
use tokio::sync::Mutex;

/// Levels of the accounts this process holds, and of the application. A process that asks without holding the account,
/// to check it, leaves no trace: its few calls are no burst.
pub struct Levels {
    state: State,
    application: String,
    leases: Mutex<BTreeMap<AccountId, Lease>>,
}

impl Levels {
    /// Of the accounts of one application.
    pub fn new(state: State, application: &str) -> Self {
        Self { state, application: application.to_owned(), leases: Mutex::default() }
    }

    /// This process holds an account.
    pub async fn hold(&self, account: &AccountId, lease: &Lease) {
        self.leases.lock().await.insert(account.clone(), lease.clone());
    }

    /// The account is given back.
    pub async fn release(&self, account: &AccountId) {
        self.leases.lock().await.remove(account);
    }

    async fn keep(&self, account: &AccountId, levels: &[BucketLevel]) -> Result<()> {
        let lease = self.leases.lock().await.get(account).cloned();
        let Some(lease) = lease.filter(|_| !levels.is_empty()) else { return Ok(()) };
        self.state.keep_buckets(&lease, levels).await
    }
}

#[async_trait]
impl BucketStore for Levels {
    async fn load(&self, account: &AccountId) -> Result<Vec<BucketLevel>> {
        self.state.buckets(&account.to_string()).await
    }

    async fn is_in_doubt(&self, account: &AccountId) -> bool {
        self.leases.lock().await.get(account).is_some_and(Lease::follows_a_death)
    }

    async fn save(&self, account: &AccountId, levels: &[BucketLevel]) -> Result<()> {
        let is_kept = |level: &&BucketLevel| !soon_full(level.rate, level.burst);
        self.keep(account, &levels.iter().filter(is_kept).cloned().collect::<Vec<_>>()).await
    }

    async fn settle(&self, account: &AccountId, levels: &[BucketLevel]) -> Result<()> {
        self.keep(account, levels).await
    }

    async fn spend(&self, bucket: &SharedBucket, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        self.state.spend_shared(&self.application, bucket, now).await
    }

    async fn drain(&self, bucket: &SharedBucket, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        self.state.drain_shared(&self.application, bucket, now, until).await
    }
}
