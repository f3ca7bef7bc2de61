//! Levels of token buckets, kept for as long as the process lives.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sellerlake_contracts::{AccountId, BucketLevel, BucketStore, Result};

/// Levels by account and operation.
#[derive(Default)]
pub(crate) struct Levels(Mutex<BTreeMap<(AccountId, String), BucketLevel>>);

#[async_trait]
impl BucketStore for Levels {
    async fn load(&self, account: &AccountId) -> Result<Vec<BucketLevel>> {
        let levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(levels.iter().filter(|((owner, _), _)| owner == account).map(|(_, level)| level.clone()).collect())
    }

    async fn save(&self, account: &AccountId, saved: &[BucketLevel]) -> Result<()> {
        let mut levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for level in saved {
            levels.insert((account.clone(), level.operation.clone()), level.clone());
        }
        Ok(())
    }
}
