//! Accounts: whose data is pulled, from which region, through which application.

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, Error, Kind, MarketplaceId, Region, Result, SellerId};

use crate::State;
use crate::statement::{Parameter, Row, sql};
use crate::words::words;

words! {
    /// Whether an account is pulled.
    AccountStatus, "account status" {
        /// It is pulled.
        Active = "active",
        /// An operator stopped it; it can be resumed.
        Paused = "paused",
        /// Amazon refuses its token: the seller must authorise the application again.
        NeedsAuthorisation = "needs_authorisation",
        /// An operator removed it, secrets and jobs with it; what was loaded stays. It can be added again.
        Removed = "removed",
    }
}

impl From<&AccountId> for Parameter {
    fn from(id: &AccountId) -> Self {
        id.to_string().into()
    }
}

/// What is said of an account when it is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Whose it is.
    pub seller: SellerId,
    /// Where it sells.
    pub region: Region,
    /// Name of the application it authorised, as in the settings.
    pub application: String,
    /// Marketplaces to pull; none if they are to be asked of Amazon first.
    pub marketplaces: Vec<MarketplaceId>,
}

/// An account as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Identity.
    pub id: AccountId,
    /// Whose it is.
    pub seller: SellerId,
    /// Where it sells.
    pub region: Region,
    /// Name of the application it authorised.
    pub application: String,
    /// Marketplaces to pull, sorted, each once.
    pub marketplaces: Vec<MarketplaceId>,
    /// Whether it is pulled.
    pub status: AccountStatus,
    /// Why it is not.
    pub reason: Option<String>,
    /// When it was first added.
    pub created_at: DateTime<Utc>,
    /// When anything of this last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which accounts to list; an empty filter lists all but the removed ones.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Of this seller.
    pub seller: Option<SellerId>,
    /// In just this state.
    pub status: Option<AccountStatus>,
}

/// The accounts that a filter means, as many as a seller can have; `None` where it means all.
pub(crate) fn asked(account: Option<&AccountId>, seller: Option<&SellerId>) -> Option<[AccountId; Region::ALL.len()]> {
    match (account, seller) {
        (Some(account), _) => Some(std::array::from_fn(|_| account.clone())),
        (None, Some(seller)) => Some(Region::ALL.map(|region| AccountId::new(seller, region))),
        (None, None) => None,
    }
}

impl State {
    /// Adds an account, or brings back one that was removed. One that is known is a `Conflict`, and so is a seller
    /// who was purged: purging is meant for good until [`State::lift_purge`].
    pub async fn add_account(&self, new: &NewAccount, now: DateTime<Utc>) -> Result<Account> {
        const OPERATION: &str = "account.add";
        let id = AccountId::new(&new.seller, new.region);
        let refused = |message: &str| Error::permanent(Kind::Conflict, message).at(OPERATION).with("account", &id);
        if self.is_purged(&new.seller).await? {
            return Err(refused("everything of this seller was purged").hint("lift the purge first"));
        }
        let row = sql(
            OPERATION,
            "INSERT INTO accounts (id, seller, region, application, marketplaces, status, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
             ON CONFLICT (id) DO UPDATE SET application = excluded.application,
                 marketplaces = excluded.marketplaces, status = excluded.status, reason = NULL,
                 updated_at = excluded.updated_at
             WHERE accounts.status = $8
             RETURNING *",
        )
        .bind(&id)
        .bind(new.seller.as_str())
        .bind(new.region.as_str())
        .bind(&new.application)
        .bind(listed(&new.marketplaces))
        .bind(AccountStatus::Active)
        .bind(now)
        .bind(AccountStatus::Removed)
        .first(self.writer())
        .await?;
        let Some(row) = row else {
            return Err(refused("the account is there already").hint("remove it first, or leave it as it is"));
        };
        read(&row)
    }

    /// What is known of an account; `None` if it was never added.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>> {
        let row = sql("account.get", "SELECT * FROM accounts WHERE id = $1").bind(id).first(self.reader()).await?;
        row.as_ref().map(read).transpose()
    }

    /// Accounts, sorted by id.
    pub async fn accounts(&self, filter: &AccountFilter) -> Result<Vec<Account>> {
        let rows = sql(
            "account.list",
            "SELECT * FROM accounts WHERE ($1 IS NULL OR seller = $1)
                 AND (status = $2 OR ($2 IS NULL AND status <> $3)) ORDER BY id",
        )
        .bind(filter.seller.as_ref().map(SellerId::as_str))
        .bind(filter.status.map(AccountStatus::as_str))
        .bind(AccountStatus::Removed)
        .all(self.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// Stops pulling an account: it keeps its secrets and jobs, but no job of it is claimed. `NotFound` if it isn't
    /// there, as for all changes of an account.
    pub async fn pause_account(&self, id: &AccountId, reason: Option<&str>, now: DateTime<Utc>) -> Result<Account> {
        self.set_account_status(id, AccountStatus::Paused, reason, now).await
    }

    /// Pulls an account again that was paused or waited for its seller.
    pub async fn resume_account(&self, id: &AccountId, now: DateTime<Utc>) -> Result<Account> {
        self.set_account_status(id, AccountStatus::Active, None, now).await
    }

    /// Amazon refuses the account's token: nothing of it is claimed until somebody authorises it again.
    pub async fn suspend_account(&self, id: &AccountId, reason: &str, now: DateTime<Utc>) -> Result<Account> {
        self.set_account_status(id, AccountStatus::NeedsAuthorisation, Some(reason), now).await
    }

    async fn set_account_status(
        &self,
        id: &AccountId,
        status: AccountStatus,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Account> {
        const SET: &str = "UPDATE accounts SET status = $1, reason = $2, updated_at = $3 WHERE id = $4
             AND status <> $5 RETURNING *";
        let set = sql("account.set", SET).bind(status).bind(reason).bind(now).bind(id).bind(AccountStatus::Removed);
        let row = set.first(self.writer()).await?;
        read(&row.ok_or_else(|| unknown("account.set", id))?)
    }

    /// Says which marketplaces of an account to pull.
    pub async fn set_marketplaces(
        &self,
        id: &AccountId,
        marketplaces: &[MarketplaceId],
        now: DateTime<Utc>,
    ) -> Result<Account> {
        const OPERATION: &str = "account.set";
        const SET: &str = "UPDATE accounts SET marketplaces = $1, updated_at = $2 WHERE id = $3 RETURNING *";
        let row = sql(OPERATION, SET).bind(listed(marketplaces)).bind(now).bind(id).first(self.writer()).await?;
        read(&row.ok_or_else(|| unknown(OPERATION, id))?)
    }

    /// Removes an account with its secrets, Ads profiles, quotas and jobs; whoever holds its lease has lost it. The last
    /// account of an application takes the application's secrets along. Its slices stay, because what they say of the
    /// lake stays true. Removing twice is the same as once. On SQLite nothing of the secrets is left on the disk, not
    /// even encrypted.
    pub async fn remove_account(&self, id: &AccountId, now: DateTime<Utc>) -> Result<()> {
        const OPERATION: &str = "account.remove";
        const FORGET: [&str; 6] = [
            "UPDATE leases SET owner = NULL, expires_at = 0 WHERE account = $1",
            "DELETE FROM vault WHERE owner = $1",
            "DELETE FROM vault WHERE owner IN (SELECT application FROM accounts WHERE id = $1) AND NOT EXISTS (
                 SELECT 1 FROM accounts AS others WHERE others.application = vault.owner AND others.status <> 'removed')",
            "DELETE FROM ads_profiles WHERE account = $1",
            "DELETE FROM buckets WHERE owner = $1",
            "DELETE FROM jobs WHERE account = $1",
        ];
        let mut transaction = self.begin_alone(OPERATION).await?;
        let set = "UPDATE accounts SET status = $1, reason = NULL, updated_at = $2 WHERE id = $3";
        let known = sql(OPERATION, set).bind(AccountStatus::Removed).bind(now).bind(id).changes(&mut transaction);
        if !known.await? {
            return Err(unknown(OPERATION, id));
        }
        for text in FORGET {
            sql(OPERATION, text).bind(id).execute(&mut transaction).await?;
        }
        transaction.commit(OPERATION).await?;
        self.empty_log(OPERATION).await
    }
}

pub(crate) fn unknown(operation: &'static str, id: &AccountId) -> Error {
    Error::permanent(Kind::NotFound, "there is no such account")
        .at(operation)
        .with("account", id)
        .hint("`sellerlake account list` shows those that were added")
}

fn listed(marketplaces: &[MarketplaceId]) -> String {
    let mut ids: Vec<&str> = marketplaces.iter().map(MarketplaceId::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.join(",")
}

fn read(row: &Row) -> Result<Account> {
    let marketplaces: String = row.get("marketplaces")?;
    let marketplaces = marketplaces.split(',').filter(|id| !id.is_empty());
    Ok(Account {
        id: row.parsed("id")?,
        seller: row.parsed("seller")?,
        region: row.parsed("region")?,
        application: row.get("application")?,
        marketplaces: marketplaces.map(str::parse).collect::<Result<_>>()?,
        status: row.parsed("status")?,
        reason: row.get("reason")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
    })
}
