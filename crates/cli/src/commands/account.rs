//! `sellerlake account`

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::process::ExitCode;

use sellerlake_contracts::{AccountId, Error, Kind, Result, Secret};
use sellerlake_pipelines::Workspace;
use sellerlake_state::{AccountFilter, AccountStatus, NewAccount, RunFilter};
use serde::Deserialize;

use crate::amazon::{APPLICATION, Gateway, field};
use crate::arguments::{AccountCommand, AddAccount};
use crate::commands::IN_PART;
use crate::printer;

pub(crate) async fn run(workspace: &Workspace, gateway: &Gateway, command: &AccountCommand) -> Result<ExitCode> {
    match command {
        AccountCommand::Add(add) => return self::add(workspace, gateway, add).await,
        AccountCommand::List => list(workspace).await?,
        AccountCommand::Show { account } => show(workspace, account).await?,
        AccountCommand::Check { account } => return check(workspace, gateway, account).await,
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

/// Secrets by their names in the vault.
#[derive(Deserialize)]
#[serde(transparent)]
struct Given(BTreeMap<String, String>);

/// What is asked for, and whether it must be given.
const ASKED: [(&str, &str, bool); 6] = [
    (field::CLIENT_ID, "LWA client id", true),
    (field::CLIENT_SECRET, "LWA client secret", true),
    (field::REFRESH_TOKEN, "The seller's refresh token (Atzr|…)", true),
    (field::ADS_CLIENT_ID, "LWA client id of the Ads application (empty: no advertising)", false),
    (field::ADS_CLIENT_SECRET, "LWA client secret of the Ads application", false),
    (field::ADS_REFRESH_TOKEN, "The seller's refresh token for Ads", false),
];

async fn add(workspace: &Workspace, gateway: &Gateway, add: &AddAccount) -> Result<ExitCode> {
    let id = AccountId { seller: add.seller.clone(), region: add.region };
    let known = gateway.vault().fields(APPLICATION).await?;
    let secrets = secrets(add.stdin, &known)?;
    let before = shared(gateway, &secrets).await?;
    enter(workspace, gateway, &id, &add.marketplaces, &secrets).await?;
    if add.offline {
        printer::note(format!("{id} added; `sellerlake account check {id}` asks Amazon about it"));
        return Ok(ExitCode::SUCCESS);
    }
    if let Err(error) = learn(workspace, gateway, &id, add.marketplaces.is_empty()).await {
        if error.kind() == Kind::Unauthorized {
            for (name, secret) in before {
                gateway.vault().put(APPLICATION, name, &secret, workspace.clock.now()).await?;
            }
        }
        return Err(error);
    }
    let account = workspace.state.account(&id).await?;
    if account.as_ref().is_some_and(|account| account.status == AccountStatus::NeedsAuthorisation) {
        resume(workspace, &id).await?;
    }
    let marketplaces = account.map_or(0, |account| account.marketplaces.len());
    printer::note(format!("{id} added with {marketplaces} marketplaces; next: sellerlake sync --account {id}"));
    Ok(ExitCode::SUCCESS)
}

/// Keeps an account and its secrets; one that is known gets the new secrets.
pub(crate) async fn enter(
    workspace: &Workspace,
    gateway: &Gateway,
    id: &AccountId,
    marketplaces: &[sellerlake_contracts::MarketplaceId],
    secrets: &BTreeMap<&'static str, Secret>,
) -> Result<()> {
    let now = workspace.clock.now();
    let new = NewAccount {
        seller: id.seller.clone(),
        region: id.region.as_str().parse()?,
        application: APPLICATION.to_owned(),
        marketplaces: marketplaces.to_vec(),
    };
    if workspace.state.account(id).await?.is_none() {
        workspace.state.add_account(&new, now).await?;
    } else if let Err(error) = workspace.state.add_account(&new, now).await
        && error.kind() != Kind::Conflict
    {
        return Err(error);
    }
    let own = id.to_string();
    for (name, secret) in secrets {
        gateway.vault().put(if is_own(name) { &own } else { APPLICATION }, name, secret, now).await?;
    }
    Ok(())
}

/// Whether a secret is the account's own; the others are the application's.
fn is_own(name: &str) -> bool {
    matches!(name, field::REFRESH_TOKEN | field::ADS_REFRESH_TOKEN)
}

/// The application's secrets that new ones are about to replace: other accounts sign in with them.
async fn shared(gateway: &Gateway, secrets: &BTreeMap<&'static str, Secret>) -> Result<Vec<(&'static str, Secret)>> {
    let mut before = Vec::new();
    for name in secrets.keys().filter(|name| !is_own(name)) {
        before.extend(gateway.vault().get(APPLICATION, name).await?.map(|secret| (*name, secret)));
    }
    Ok(before)
}

/// Asks Amazon where the account sells and advertises.
pub(crate) async fn learn(workspace: &Workspace, gateway: &Gateway, id: &AccountId, markets: bool) -> Result<()> {
    if markets {
        let marketplaces = gateway.participations(id).await?;
        workspace.state.set_marketplaces(id, &marketplaces, workspace.clock.now()).await?;
    }
    let profiles = gateway.profiles(id).await?;
    workspace.state.set_ads_profiles(id, &profiles).await
}

fn secrets(stdin: bool, known: &[String]) -> Result<BTreeMap<&'static str, Secret>> {
    let mut given = BTreeMap::new();
    let mut input = Given(BTreeMap::new());
    if stdin {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|error| Error::permanent(Kind::Usage, "can't read the secrets").source(error))?;
        // The reader's complaint would quote what it read.
        input = serde_json::from_str(&text).map_err(|_| {
            Error::permanent(Kind::Usage, "standard input isn't one JSON object of texts")
                .hint("write {\"client_id\": \"…\", \"client_secret\": \"…\", \"refresh_token\": \"…\"}")
        })?;
    }
    for (name, prompt, required) in ASKED {
        let variable = format!("SELLERLAKE_{}", name.to_uppercase());
        let text = input.0.remove(name).or_else(|| std::env::var(&variable).ok());
        let is_kept = known.iter().any(|known| known == name);
        let text = match text {
            Some(text) => text,
            None if is_kept => continue,
            None if !stdin && std::io::stdin().is_terminal() => {
                let skip = name.starts_with("ads_") && name != field::ADS_CLIENT_ID;
                if skip && !given.contains_key(field::ADS_CLIENT_ID) && !known.iter().any(|k| k == field::ADS_CLIENT_ID)
                {
                    continue;
                }
                ask(prompt)?
            }
            None => String::new(),
        };
        if text.trim().is_empty() {
            if required {
                return Err(Error::permanent(Kind::Usage, format!("{prompt} is missing"))
                    .hint(format!("set {variable}, or give it with --stdin or at the prompt")));
            }
            continue;
        }
        given.insert(name, Secret::new(text.trim().to_owned()));
    }
    if let Some(unknown) = input.0.keys().next() {
        let hint = sellerlake_schemas::nearest(unknown, ASKED.map(|(name, _, _)| name)).unwrap_or("refresh_token");
        return Err(Error::permanent(Kind::Usage, format!("{unknown:?} is not a secret"))
            .hint(format!("did you mean {hint:?}?")));
    }
    Ok(given)
}

/// One line from the terminal, which is told not to show it.
fn ask(prompt: &str) -> Result<String> {
    let failed = |error| Error::permanent(Kind::Usage, "can't read from the terminal").source(error);
    let _hidden = Hidden::begin();
    let mut err = std::io::stderr();
    err.write_all(format!("{prompt}: ").as_bytes()).and_then(|()| err.flush()).map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    printer::note("");
    Ok(line)
}

/// While it lives, the terminal doesn't show what is typed.
struct Hidden;

impl Hidden {
    fn begin() -> Self {
        stty("-echo");
        Self
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        stty("echo");
    }
}

fn stty(mode: &str) {
    // Without stty what is typed can be seen, which is no reason not to go on.
    let _ = std::process::Command::new("stty").arg(mode).status();
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
        vec!["added".into(), account.created_at.to_rfc3339()],
    ];
    rows.extend(account.marketplaces.iter().map(|market| vec!["marketplace".to_owned(), market.to_string()]));
    for profile in workspace.state.ads_profiles(id).await? {
        let text = format!("{} {} {} {}", profile.id, profile.marketplace, profile.currency, profile.time_zone);
        rows.push(vec!["Ads profile".to_owned(), text]);
    }
    let filter = RunFilter { account: Some(id.clone()), limit: Some(5), ..RunFilter::default() };
    for run in workspace.state.runs(&filter).await? {
        let message = run.message.unwrap_or_default();
        let text = format!("{} {} {} rows {message}", run.started_at.to_rfc3339(), run.outcome, run.rows);
        rows.push(vec!["run".to_owned(), text]);
    }
    printer::grid(&rows);
    Ok(())
}

async fn check(workspace: &Workspace, gateway: &Gateway, id: &AccountId) -> Result<ExitCode> {
    if workspace.state.account(id).await?.is_none() {
        return Err(unknown(id));
    }
    let findings = gateway.account(id).await?.check().await;
    let mut rows = Vec::new();
    for finding in &findings {
        let verdict = if finding.is_ok { "ok" } else { "FAILED" };
        let remedy = finding.remedy.as_deref().map_or(String::new(), |remedy| format!("; {remedy}"));
        rows.push(vec![finding.subject.clone(), verdict.to_owned(), format!("{}{remedy}", finding.detail)]);
    }
    printer::grid(&rows);
    let all_well = findings.iter().all(|finding| finding.is_ok);
    if all_well {
        learn(workspace, gateway, id, true).await?;
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(IN_PART) })
}

fn unknown(id: &AccountId) -> Error {
    Error::permanent(Kind::NotFound, "there is no such account")
        .with("account", id)
        .hint("`sellerlake account list` shows those that were added")
}
