//! Adding an account, and keeping what is known of it as Amazon says it is.

use sellerlake_contracts::{AccountId, Error, Kind, MarketplaceId, Result};
use sellerlake_pipelines::{Workspace, account_scope};
use sellerlake_state::{AccountFilter, AccountStatus, AlertKind, Condition, NewAccount};

use crate::gateway::Gateway;
use crate::presence::{Presence, presence};
use crate::secrets::{APPLICATION, Secrets, field, owner};

/// What was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// Marketplaces that are pulled from now on.
    pub marketplaces: Vec<MarketplaceId>,
    /// Where the seller takes part too, but nothing is known of the place.
    pub left_out: Vec<MarketplaceId>,
    /// Whether the account wasn't known before.
    pub is_new: bool,
}

/// Adds an account, or gives a known one new secrets and marketplaces: the named ones, or without names all that are known
/// and the seller takes part in. Amazon is asked before anything is kept: what it refuses leaves everything as it was.
pub async fn add(
    workspace: &Workspace,
    gateway: &Gateway,
    id: &AccountId,
    named: &[MarketplaceId],
    secrets: &Secrets,
) -> Result<Enrolled> {
    same_application(workspace, gateway, id, secrets).await?;
    let Presence { marketplaces, profiles } =
        presence(&gateway.trial(id, secrets).await?, &**workspace.clock()).await?;
    let (marketplaces, left_out) = wanted(workspace, id, named, marketplaces)?;
    let before = workspace.state().account(id).await?;
    enter(workspace, gateway, id, &marketplaces, secrets).await?;
    workspace.state().set_ads_profiles(id, &profiles).await?;
    if before.as_ref().is_some_and(|account| account.status == AccountStatus::NeedsAuthorisation) {
        resume(workspace, id).await?;
    }
    Ok(Enrolled { marketplaces, left_out, is_new: before.is_none() })
}

/// The same without a word to Amazon.
pub async fn add_unasked(
    workspace: &Workspace,
    gateway: &Gateway,
    id: &AccountId,
    named: &[MarketplaceId],
    secrets: &Secrets,
) -> Result<()> {
    known_in_region(workspace, id, named)?;
    same_application(workspace, gateway, id, secrets).await?;
    enter(workspace, gateway, id, named, secrets).await
}

/// Pulls an account again that was paused or waited for its seller.
pub async fn resume(workspace: &Workspace, id: &AccountId) -> Result<()> {
    workspace.state().resume_account(id, workspace.clock().now()).await?;
    workspace
        .state()
        .resolve_alert(&Condition::of_account(AlertKind::Account, id, ""), workspace.clock().now())
        .await
        .map(drop)
}

/// Asks Amazon where an account sells and advertises now. Marketplaces that it has left are no longer pulled; those that
/// are new come back, for whoever wants them pulled has to say so.
pub async fn refresh(workspace: &Workspace, gateway: &Gateway, id: &AccountId) -> Result<Vec<MarketplaceId>> {
    let chosen = workspace.state().account(id).await?.map(|account| account.marketplaces).unwrap_or_default();
    let found = presence(&gateway.account(id).await?, &**workspace.clock()).await?;
    let present = parted(workspace, found.marketplaces).0;
    let (kept, mut new): (Vec<_>, Vec<_>) = present.iter().cloned().partition(|market| chosen.contains(market));
    if kept.is_empty() {
        set_marketplaces(workspace, id, &present).await?;
        new.clear();
    } else {
        set_marketplaces(workspace, id, &kept).await?;
    }
    workspace.state().set_ads_profiles(id, &found.profiles).await?;
    Ok(new)
}

/// Refuses the client ids of another application while other accounts use the one that is known: its secrets are theirs.
async fn same_application(workspace: &Workspace, gateway: &Gateway, id: &AccountId, secrets: &Secrets) -> Result<()> {
    let all = workspace.state().accounts(&AccountFilter::default()).await?;
    let others: Vec<String> =
        all.iter().map(|other| other.id.to_string()).filter(|other| *other != id.to_string()).collect();
    for name in [field::CLIENT_ID, field::ADS_CLIENT_ID] {
        let kept = gateway.vault().await?.get(APPLICATION, name).await?;
        if let (Some(given), Some(kept)) = (secrets.get(name), kept)
            && given.expose() != kept.expose()
            && !others.is_empty()
        {
            return Err(Error::permanent(
                Kind::Usage,
                format!("this {name} is another application's than the one in use"),
            )
            .with("account", id)
            .with("in use by", others.join(", "))
            .hint(
                "all accounts of an installation share one application; `sellerlake init` elsewhere makes an \
                 installation for another one",
            ));
        }
    }
    Ok(())
}

/// Refuses marketplaces that nobody knows or that are in another region, without asking Amazon: it may have opened some
/// since, but then it can be asked.
fn known_in_region(workspace: &Workspace, id: &AccountId, named: &[MarketplaceId]) -> Result<()> {
    let known = workspace.loading.marketplaces();
    let strange = |market: &&MarketplaceId| known.get(*market) != Some(&id.region);
    let strange: Vec<&MarketplaceId> = named.iter().filter(strange).collect();
    let Some(first) = strange.first() else { return Ok(()) };
    let own = known.iter().filter(|(_, region)| **region == id.region).map(|(market, _)| market);
    let hint = match known.get(*first) {
        Some(region) => format!("{first} belongs to region {region}: an account of that region is added by itself"),
        None => format!("write Amazon's ids; those of region {} are {}", id.region, listed(own)),
    };
    let message = format!("{}: no marketplace of region {}", listed(strange), id.region);
    Err(Error::permanent(Kind::Usage, message).with("account", id).hint(hint))
}

fn listed<'a>(markets: impl IntoIterator<Item = &'a MarketplaceId>) -> String {
    markets.into_iter().map(MarketplaceId::as_str).collect::<Vec<_>>().join(", ")
}

/// Marketplaces that are known, and the others: Amazon lists some that nothing can be asked of, for what is sold
/// elsewhere through it.
fn parted(workspace: &Workspace, present: Vec<MarketplaceId>) -> (Vec<MarketplaceId>, Vec<MarketplaceId>) {
    let known = workspace.loading.marketplaces();
    present.into_iter().partition(|market| known.contains_key(market))
}

/// The marketplaces to pull, and those that are left out for want of knowledge.
fn wanted(
    workspace: &Workspace,
    id: &AccountId,
    named: &[MarketplaceId],
    present: Vec<MarketplaceId>,
) -> Result<(Vec<MarketplaceId>, Vec<MarketplaceId>)> {
    if named.is_empty() {
        return Ok(parted(workspace, present));
    }
    let strange = listed(named.iter().filter(|market| !present.contains(market)));
    if strange.is_empty() {
        return Ok((named.to_vec(), Vec::new()));
    }
    Err(Error::permanent(Kind::Usage, format!("Amazon says that the seller doesn't sell in {strange}"))
        .with("account", id)
        .hint(format!("name some of {}, or none for all of them", listed(&present))))
}

/// Keeps an account and its secrets; one that is known gets the new secrets and marketplaces.
async fn enter(
    workspace: &Workspace,
    gateway: &Gateway,
    id: &AccountId,
    marketplaces: &[MarketplaceId],
    secrets: &Secrets,
) -> Result<()> {
    let now = workspace.clock().now();
    let new = NewAccount {
        seller: id.seller.clone(),
        region: id.region,
        application: APPLICATION.to_owned(),
        marketplaces: marketplaces.to_vec(),
    };
    match workspace.state().add_account(&new, now).await {
        Err(error) if error.kind() == Kind::Conflict && workspace.state().account(id).await?.is_some() => {
            set_marketplaces(workspace, id, marketplaces).await?;
        }
        added => drop(added?),
    }
    let account = id.to_string();
    for (name, secret) in secrets {
        gateway.vault().await?.put(owner(name, &account), name, secret, now).await?;
    }
    Ok(())
}

/// Says where a known account is pulled from now on. What was asked for several marketplaces at once is asked for again
/// where one is new.
async fn set_marketplaces(workspace: &Workspace, id: &AccountId, marketplaces: &[MarketplaceId]) -> Result<()> {
    let (state, now) = (workspace.state(), workspace.clock().now());
    let before = state.account(id).await?.map(|account| account.marketplaces).unwrap_or_default();
    state.set_marketplaces(id, marketplaces, now).await?;
    if marketplaces.iter().any(|market| !before.contains(market)) {
        state.ask_again(id, &account_scope(id), now).await?;
    }
    Ok(())
}
