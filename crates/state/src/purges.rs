//! Purges: sellers of whom nothing may be kept, and whom nothing may be written of again.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, Region, Result, SellerId};

use crate::State;
use crate::statement::sql;

/// Everything that names a seller, by the seller or by its account.
const OF_SELLER: [&str; 4] = [
    "DELETE FROM deliveries WHERE seller = $1",
    "DELETE FROM objects WHERE seller = $1",
    "DELETE FROM accounts WHERE seller = $1",
    "DELETE FROM alerts WHERE seller = $1",
];
const OF_ACCOUNT: [&str; 7] = [
    // The row stays with its epoch: whoever still holds the account must not hold the next one's.
    "UPDATE leases SET owner = NULL, expires_at = 0 WHERE account = $1",
    "DELETE FROM vault WHERE owner = $1",
    "DELETE FROM ads_profiles WHERE account = $1",
    "DELETE FROM buckets WHERE owner = $1",
    "DELETE FROM slices WHERE account = $1",
    "DELETE FROM jobs WHERE account = $1",
    "DELETE FROM runs WHERE account = $1",
];

impl State {
    /// Leaves a tombstone: no account of the seller can be added before it is lifted. Leaving it twice keeps the first date.
    pub async fn set_purged(&self, seller: &SellerId, now: DateTime<Utc>) -> Result<()> {
        const SET: &str = "INSERT INTO purged (seller, purged_at) VALUES ($1, $2) ON CONFLICT (seller) DO NOTHING";
        sql("purge.set", SET).bind(seller.as_str()).bind(now).execute(self.writer()).await.map(drop)
    }

    /// Whether nothing of this seller may be written.
    pub async fn is_purged(&self, seller: &SellerId) -> Result<bool> {
        const GET: &str = "SELECT seller FROM purged WHERE seller = $1";
        Ok(sql("purge.get", GET).bind(seller.as_str()).first(self.reader()).await?.is_some())
    }

    /// All tombstones and when they were left, sorted by seller.
    pub async fn purges(&self) -> Result<Vec<(SellerId, DateTime<Utc>)>> {
        let rows = sql("purge.list", "SELECT * FROM purged ORDER BY seller").all(self.reader()).await?;
        rows.iter().map(|row| Ok((row.parsed("seller")?, row.instant("purged_at")?))).collect()
    }

    /// Takes the tombstone away, so that the seller may be added again; false if there was none.
    pub async fn lift_purge(&self, seller: &SellerId) -> Result<bool> {
        sql("purge.lift", "DELETE FROM purged WHERE seller = $1").bind(seller.as_str()).changes(self.writer()).await
    }

    /// Forgets everything of a seller, its tombstone and the epochs of its leases excepted: the last step of a
    /// purge, after the lake was swept by what is known here. Forgetting twice is the same as once.
    pub async fn forget_seller(&self, seller: &SellerId) -> Result<()> {
        const OPERATION: &str = "purge.forget";
        let mut transaction = self.begin_alone(OPERATION).await?;
        for region in Region::ALL {
            let account = AccountId::new(seller, region);
            for text in OF_ACCOUNT {
                sql(OPERATION, text).bind(&account).execute(&mut transaction).await?;
            }
        }
        for text in OF_SELLER {
            sql(OPERATION, text).bind(seller.as_str()).execute(&mut transaction).await?;
        }
        transaction.commit(OPERATION).await
    }
}
