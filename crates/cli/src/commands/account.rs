//! `sellerlake account`

use std::process::ExitCode;

use chrono::SecondsFormat;
use sellerlake_contracts::{AccountId, Error, Kind, MarketplaceId, Result};
use sellerlake_pipelines::{Workspace, account_scope};
use sellerlake_state::{AccountFilter, AccountStatus, NewAccount, RunFilter};

use crate::amazon::{APPLICATION, Gateway, Secrets, field};
use crate::arguments::{AccountCommand, AddAccount};
use crate::commands::{IN_PART, secrets};
use crate::printer::{self, count};

pub(crate) async fn run(workspace: &Workspace, gateway: &Gateway, command: &AccountCommand) -> Result<ExitCode> {
    match command {
        AccountCommand::Add(add) => return self::add(workspace, gateway, add).await,
        AccountCommand::List => list(workspace).await?,
        AccountCommand::Show { account } => show(workspace, account).await?,
        AccountCommand::Check { account, sandbox } => return check(workspace, gateway, account, *sandbox).await,
        AccountCommand::Pause { account, reason } => {
            workspace.state.pause_account(account, reason.as_deref(), workspace.clock.now()).await?;
            printer::note(format!("{account} is paused; `sellerlake account resume {account}` goes on"));
        }
        AccountCommand::Resume { account } => {
            resume(workspace, account).await?;
            printer::note(format!("{account} is pulled again"));
        }
        AccountCommand::Remove { account } => {
            workspace.state.remove_account(account, workspace.clock.now()).await?;
            printer::note(format!("{account} and its secrets are forgotten; what was loaded stays"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn resume(workspace: &Workspace, id: &AccountId) -> Result<()> {
    workspace.state.resume_account(id, workspace.clock.now()).await?;
    workspace.state.clear_alarm(&format!("account:{id}")).await.map(drop)
}

async fn add(workspace: &Workspace, gateway: &Gateway, add: &AddAccount) -> Result<ExitCode> {
    let id: AccountId = AccountId::new(&add.seller, add.region).to_string().parse()?;
    let named = add.marketplaces.iter().map(|name| workspace.named_marketplace(name)).collect::<Result<Vec<_>>>()?;
    if add.offline {
        known_in_region(workspace, &id, &named)?;
    }
    let known = gateway.vault().await?.fields(APPLICATION).await?;
    let secrets = secrets::ask_for(add.stdin, &known)?;
    same_application(workspace, gateway, &id, &secrets).await?;
    if add.offline {
        enter(workspace, gateway, &id, &named, &secrets).await?;
        printer::note(format!("{id} added; `sellerlake account check {id}` asks Amazon about it"));
        return Ok(ExitCode::SUCCESS);
    }
    // Amazon is asked before anything is kept: what it refuses leaves everything as it was.
    let presence = gateway.presence(&gateway.trial(&id, &secrets).await?).await?;
    let marketplaces = wanted(workspace, &id, &named, presence.marketplaces)?;
    let is_new = workspace.state.account(&id).await?.is_none();
    enter(workspace, gateway, &id, &marketplaces, &secrets).await?;
    workspace.state.set_ads_profiles(&id, &presence.profiles).await?;
    let account = workspace.state.account(&id).await?;
    if account.is_some_and(|account| account.status == AccountStatus::NeedsAuthorisation) {
        resume(workspace, &id).await?;
    }
    // What was refused before waits for somebody to ask again.
    let retry = if is_new { "" } else { " --retry" };
    let what = count(marketplaces.len() as u64, "marketplace");
    printer::note(format!("{id} added with {what}; next: sellerlake sync{retry} --account {id}"));
    Ok(ExitCode::SUCCESS)
}

/// Refuses the client ids of another application while other accounts use the one that is known: its secrets are theirs.
async fn same_application(workspace: &Workspace, gateway: &Gateway, id: &AccountId, secrets: &Secrets) -> Result<()> {
    let all = workspace.state.accounts(&AccountFilter::default()).await?;
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
    let known = workspace.marketplaces();
    let strange = |market: &&MarketplaceId| known.get(*market) != Some(&id.region);
    let strange: Vec<&MarketplaceId> = named.iter().filter(strange).collect();
    let Some(first) = strange.first() else { return Ok(()) };
    let listed = strange.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let own: Vec<&str> =
        known.iter().filter(|(_, region)| **region == id.region).map(|(market, _)| market.as_str()).collect();
    let hint = match known.get(*first) {
        Some(region) => format!("{first} belongs to region {region}: an account of that region is added by itself"),
        None => format!("write Amazon's ids; those of region {} are {}", id.region, own.join(", ")),
    };
    Err(Error::permanent(Kind::Usage, format!("{listed}: no marketplace of region {}", id.region))
        .with("account", id)
        .hint(hint))
}

/// Marketplaces that are known, and the others: Amazon lists some that nothing can be asked of, for what is sold
/// elsewhere through it.
pub(crate) fn sorted(workspace: &Workspace, present: Vec<MarketplaceId>) -> (Vec<MarketplaceId>, Vec<MarketplaceId>) {
    let known = workspace.marketplaces();
    present.into_iter().partition(|market| known.contains_key(market))
}

/// The marketplaces to pull: those that were named, or all known ones that the seller takes part in.
fn wanted(
    workspace: &Workspace,
    id: &AccountId,
    named: &[MarketplaceId],
    present: Vec<MarketplaceId>,
) -> Result<Vec<MarketplaceId>> {
    if named.is_empty() {
        let (known, strange) = sorted(workspace, present);
        for market in strange {
            printer::note(format!(
                "{id}: {market} is left out, since nothing is known of it; --marketplaces can name it"
            ));
        }
        return Ok(known);
    }
    let listed = |markets: &mut dyn Iterator<Item = &MarketplaceId>| {
        markets.map(MarketplaceId::as_str).collect::<Vec<_>>().join(", ")
    };
    let strange = listed(&mut named.iter().filter(|market| !present.contains(market)));
    if strange.is_empty() {
        return Ok(named.to_vec());
    }
    Err(Error::permanent(Kind::Usage, format!("Amazon says that the seller doesn't sell in {strange}"))
        .with("account", id)
        .hint(format!("name some of {}, or none for all of them", listed(&mut present.iter()))))
}

/// Keeps an account and its secrets; one that is known gets the new secrets and marketplaces.
pub(crate) async fn enter(
    workspace: &Workspace,
    gateway: &Gateway,
    id: &AccountId,
    marketplaces: &[MarketplaceId],
    secrets: &Secrets,
) -> Result<()> {
    let now = workspace.clock.now();
    let new = NewAccount {
        seller: id.seller.clone(),
        region: id.region,
        application: APPLICATION.to_owned(),
        marketplaces: marketplaces.to_vec(),
    };
    match workspace.state.add_account(&new, now).await {
        Err(error) if error.kind() == Kind::Conflict && workspace.state.account(id).await?.is_some() => {
            set_marketplaces(workspace, id, marketplaces).await?;
        }
        added => drop(added?),
    }
    let own = id.to_string();
    let is_own = |name: &str| matches!(name, field::REFRESH_TOKEN | field::ADS_REFRESH_TOKEN);
    for (name, secret) in secrets {
        gateway.vault().await?.put(if is_own(name) { &own } else { APPLICATION }, name, secret, now).await?;
    }
    Ok(())
}

/// Says where a known account is pulled from now on. What was asked for several marketplaces at once is asked for again
/// where one is new.
async fn set_marketplaces(workspace: &Workspace, id: &AccountId, marketplaces: &[MarketplaceId]) -> Result<()> {
    let (state, now) = (&workspace.state, workspace.clock.now());
    let before = state.account(id).await?.map(|account| account.marketplaces).unwrap_or_default();
    state.set_marketplaces(id, marketplaces, now).await?;
    if marketplaces.iter().any(|market| !before.contains(market)) {
        state.ask_again(id, &account_scope(id), now).await?;
    }
    Ok(())
}

async fn list(workspace: &Workspace) -> Result<()> {
    let mut rows = vec![["account", "state", "marketplaces", "why"].map(str::to_owned).to_vec()];
    for account in workspace.state.accounts(&AccountFilter::default()).await? {
        let marketplaces: Vec<String> = account.marketplaces.iter().map(ToString::to_string).collect();
        rows.push(vec![
            account.id.to_string(),
            account.status.to_string(),
            marketplaces.join(" "),
            account.reason.unwrap_or_default(),
        ]);
    }
    printer::grid(&rows);
    Ok(())
}

async fn show(workspace: &Workspace, id: &AccountId) -> Result<()> {
    let account = workspace.state.account(id).await?.ok_or_else(|| unknown(id))?;
    let mut rows = vec![
        vec!["account".to_owned(), id.to_string()],
        vec!["state".into(), account.status.to_string()],
        vec!["why".into(), account.reason.unwrap_or_default()],
        vec!["added".into(), account.created_at.to_rfc3339_opts(SecondsFormat::Secs, true)],
    ];
    rows.extend(account.marketplaces.iter().map(|market| vec!["marketplace".to_owned(), market.to_string()]));
    for profile in workspace.state.ads_profiles(id).await? {
        let text = format!("{} {} {} {}", profile.id, profile.marketplace, profile.currency, profile.time_zone);
        rows.push(vec!["Ads profile".to_owned(), text]);
    }
    let filter = RunFilter { account: Some(id.clone()), limit: Some(5), ..RunFilter::default() };
    for run in workspace.state.runs(&filter).await? {
        let message = run.message.unwrap_or_default();
        let began = run.started_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let text = format!("{began} {} {} {message}", run.outcome, count(run.rows, "row"));
        rows.push(vec!["run".to_owned(), text]);
    }
    printer::grid(&rows);
    Ok(())
}

async fn check(workspace: &Workspace, gateway: &Gateway, id: &AccountId, sandbox: bool) -> Result<ExitCode> {
    let chosen = workspace.state.account(id).await?.ok_or_else(|| unknown(id))?.marketplaces;
    let account = gateway.account(id).await?;
    let findings =
        if sandbox { gateway.sandboxed(id).await?.check_sandbox().await } else { account.check(&chosen).await };
    let mut rows = Vec::new();
    for finding in &findings {
        let verdict = if finding.is_ok { "ok" } else { "FAILED" };
        let remedy = finding.remedy.as_deref().map_or(String::new(), |remedy| format!("; {remedy}"));
        rows.push(vec![finding.subject.clone(), verdict.to_owned(), format!("{}{remedy}", finding.detail)]);
    }
    printer::grid(&rows);
    let all_well = findings.iter().all(|finding| finding.is_ok);
    if all_well && !sandbox {
        let presence = gateway.presence(&account).await?;
        let present = sorted(workspace, presence.marketplaces).0;
        let (kept, new): (Vec<_>, Vec<_>) = present.iter().cloned().partition(|market| chosen.contains(market));
        if kept.is_empty() {
            set_marketplaces(workspace, id, &present).await?;
        } else {
            set_marketplaces(workspace, id, &kept).await?;
            for market in new {
                printer::note(format!("{id} sells in {market} too; `sellerlake account add` again pulls that as well"));
            }
        }
        workspace.state.set_ads_profiles(id, &presence.profiles).await?;
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(IN_PART) })
}

fn unknown(id: &AccountId) -> Error {
    Error::permanent(Kind::NotFound, "there is no such account")
        .with("account", id)
        .hint("`sellerlake account list` shows those that were added")
}
