//! Token buckets that nobody keeps.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, BucketLevel, BucketStore, Result, SharedBucket};

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

    async fn settle(&self, _: &AccountId, _: &[BucketLevel]) -> Result<()> {
        Ok(())
    }

    async fn spend(&self, _: &SharedBucket, _: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        Ok(None)
    }

    async fn drain(&self, _: &SharedBucket, _: DateTime<Utc>, _: DateTime<Utc>) -> Result<()> {
        Ok(())
    }
}
