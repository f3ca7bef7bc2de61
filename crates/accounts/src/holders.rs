//! Who is pulled, and who stands still.

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{AccountId, Error, Kind, Result};
use sellerlake_pipelines::{Holder, ProfileScope, Workspace};
use sellerlake_state::{Account, AccountFilter, AccountStatus};

/// The accounts that are meant: the named ones, or all that are active. Naming one that isn't is an error.
pub async fn holders(workspace: &Workspace, named: &[AccountId]) -> Result<Vec<Holder>> {
    for account in named {
        let Some(known) = workspace.state().account(account).await? else {
            return Err(Error::permanent(Kind::Usage, "there is no such account")
                .with("account", account)
                .hint("`sellerlake account list` shows those that were added"));
        };
        if known.status != AccountStatus::Active {
            return Err(Error::permanent(Kind::Usage, format!("the account is {}", known.status))
                .with("account", account)
                .with("why", known.reason.unwrap_or_else(|| "no reason is given".into()))
                .hint(format!("`sellerlake account resume {account}` once that is mended")));
        }
    }
    let filter = AccountFilter { status: Some(AccountStatus::Active), ..AccountFilter::default() };
    let mut holders = Vec::new();
    for account in &workspace.state().accounts(&filter).await? {
        if named.is_empty() || named.contains(&account.id) {
            holders.push(holder(workspace, account).await?);
        }
    }
    Ok(holders)
}

/// An account as planning sees it.
pub async fn holder(workspace: &Workspace, account: &Account) -> Result<Holder> {
    let profiles = workspace.state().ads_profiles(&account.id).await?.into_iter().map(|profile| ProfileScope {
        id: profile.id,
        marketplace: Some(profile.marketplace),
        zone: profile.time_zone.parse().unwrap_or_default(),
    });
    Ok(Holder {
        id: account.id.clone(),
        marketplaces: account.marketplaces.clone(),
        profiles: profiles.collect(),
        since: None,
    })
}

/// Accounts that nothing is pulled of, sorted by id.
pub async fn standing_still(workspace: &Workspace) -> Result<Vec<Account>> {
    let mut accounts = workspace.state().accounts(&AccountFilter::default()).await?;
    accounts.retain(|account| account.status != AccountStatus::Active);
    Ok(accounts)
}

/// From when on history is wanted: so many days back, or as many as the settings say; 0: as far as there is any.
pub fn since(workspace: &Workspace, days: Option<u32>) -> Option<DateTime<Utc>> {
    match days.unwrap_or(workspace.settings().amazon.history_days) {
        0 => None,
        days => Some(workspace.clock().now() - TimeDelta::days(i64::from(days))),
    }
}
