//! Ads profiles: what the Amazon Ads API calls one advertiser in one marketplace.

use sellerlake_contracts::{AccountId, MarketplaceId, Result};

use crate::State;
use crate::statement::{Row, sql};

/// A profile of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdsProfile {
    /// Amazon's number of the profile, as text.
    pub id: String,
    /// Where its ads run.
    pub marketplace: MarketplaceId,
    /// The currency of its costs and sales, ISO 4217.
    pub currency: String,
    /// The zone its days are counted in, IANA.
    pub time_zone: String,
}

impl State {
    /// Says which profiles an account has: those it had and has no more are forgotten.
    pub async fn set_ads_profiles(&self, account: &AccountId, profiles: &[AdsProfile]) -> Result<()> {
        const OPERATION: &str = "profile.set";
        let mut transaction = self.begin_alone(OPERATION).await?;
        sql(OPERATION, "DELETE FROM ads_profiles WHERE account = $1").bind(account).execute(&mut transaction).await?;
        for profile in profiles {
            sql(
                OPERATION,
                "INSERT INTO ads_profiles (account, id, marketplace, currency, time_zone) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(account)
            .bind(&profile.id)
            .bind(profile.marketplace.as_str())
            .bind(&profile.currency)
            .bind(&profile.time_zone)
            .execute(&mut transaction)
            .await?;
        }
        transaction.commit(OPERATION).await
    }

    /// The profiles of an account, sorted by id.
    pub async fn ads_profiles(&self, account: &AccountId) -> Result<Vec<AdsProfile>> {
        const LIST: &str = "SELECT * FROM ads_profiles WHERE account = $1 ORDER BY id";
        sql("profile.list", LIST).bind(account).all(self.reader()).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<AdsProfile> {
    Ok(AdsProfile {
        id: row.get("id")?,
        marketplace: row.parsed("marketplace")?,
        currency: row.get("currency")?,
        time_zone: row.get("time_zone")?,
    })
}
