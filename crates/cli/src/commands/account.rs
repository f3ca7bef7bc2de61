//! `sellerlake account`

use std::process::ExitCode;

use chrono::SecondsFormat;
use sellerlake_accounts::secrets::APPLICATION;
use sellerlake_accounts::{Gateway, enrol};
use sellerlake_contracts::{AccountId, Error, Kind, Result};
use sellerlake_pipelines::Workspace;
use sellerlake_state::{AccountFilter, RunFilter};

use crate::arguments::{AccountCommand, AddAccount};
use crate::commands::{IN_PART, secrets};
use crate::printer::{self, count};

pub(crate) async fn run(workspace: &Workspace, gateway: &Gateway, command: &AccountCommand) -> Result<ExitCode> {
    match command {
        AccountCommand::Add(add) => return self::add(workspace, gateway, add).await,
        AccountCommand::List | AccountCommand::Show { .. } => return look(workspace, command).await,
        AccountCommand::Check { account, sandbox } => return check(workspace, gateway, account, *sandbox).await,
        AccountCommand::Pause { account, reason } => {
            workspace.state().pause_account(account, reason.as_deref(), workspace.clock().now()).await?;
            printer::note(format!("{account} is paused; `sellerlake account resume {account}` goes on"));
        }
        AccountCommand::Resume { account } => {
            enrol::resume(workspace, account).await?;
            printer::note(format!("{account} is pulled again"));
        }
        AccountCommand::Remove { account } => {
            workspace.state().remove_account(account, workspace.clock().now()).await?;
            printer::note(format!("{account} and its secrets are forgotten; what was loaded stays"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What needs no way to Amazon.
pub(crate) async fn look(workspace: &Workspace, command: &AccountCommand) -> Result<ExitCode> {
    match command {
        AccountCommand::Show { account } => show(workspace, account).await?,
        _ => list(workspace).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(workspace: &Workspace, gateway: &Gateway, add: &AddAccount) -> Result<ExitCode> {
    let id: AccountId = AccountId::new(&add.seller, add.region).to_string().parse()?;
    let named =
        add.marketplaces.iter().map(|name| workspace.loading.named_marketplace(name)).collect::<Result<Vec<_>>>()?;
    let known = gateway.vault().await?.fields(APPLICATION).await?;
    let secrets = secrets::ask_for(add.stdin, &known)?;
    if add.offline {
        enrol::add_unasked(workspace, gateway, &id, &named, &secrets).await?;
        printer::note(format!("{id} added; `sellerlake account check {id}` asks Amazon about it"));
        return Ok(ExitCode::SUCCESS);
    }
    let added = enrol::add(workspace, gateway, &id, &named, &secrets).await?;
    for market in &added.left_out {
        printer::note(format!("{id}: {market} is left out, since nothing is known of it; --marketplaces can name it"));
    }
    // What was refused before waits for somebody to ask again.
    let retry = if added.is_new { "" } else { " --retry" };
    let what = count(added.marketplaces.len() as u64, "marketplace");
    printer::note(format!("{id} added with {what}; next: sellerlake sync{retry} --account {id}"));
    Ok(ExitCode::SUCCESS)
}

async fn list(workspace: &Workspace) -> Result<()> {
    let mut rows = vec![["account", "state", "marketplaces", "why"].map(str::to_owned).to_vec()];
    for account in workspace.state().accounts(&AccountFilter::default()).await? {
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
    let account = workspace.state().account(id).await?.ok_or_else(|| unknown(id))?;
    let mut rows = vec![
        vec!["account".to_owned(), id.to_string()],
        vec!["state".into(), account.status.to_string()],
        vec!["why".into(), account.reason.unwrap_or_default()],
        vec!["added".into(), account.created_at.to_rfc3339_opts(SecondsFormat::Secs, true)],
    ];
    rows.extend(account.marketplaces.iter().map(|market| vec!["marketplace".to_owned(), market.to_string()]));
    for profile in workspace.state().ads_profiles(id).await? {
        let text = format!("{} {} {} {}", profile.id, profile.marketplace, profile.currency, profile.time_zone);
        rows.push(vec!["Ads profile".to_owned(), text]);
    }
    let filter = RunFilter { account: Some(id.clone()), limit: Some(5), ..RunFilter::default() };
    for run in workspace.state().runs(&filter).await? {
        let message = run.message.unwrap_or_default();
        let began = run.started_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let text = format!("{began} {} {} {message}", run.outcome, count(run.rows, "row"));
        rows.push(vec!["run".to_owned(), text]);
    }
    printer::grid(&rows);
    Ok(())
}

async fn check(workspace: &Workspace, gateway: &Gateway, id: &AccountId, sandbox: bool) -> Result<ExitCode> {
    let chosen = workspace.state().account(id).await?.ok_or_else(|| unknown(id))?.marketplaces;
    let findings = if sandbox {
        gateway.sandboxed(id).await?.check_sandbox().await
    } else {
        gateway.account(id).await?.check(&chosen).await
    };
    let mut rows = Vec::new();
    for finding in &findings {
        let verdict = if finding.is_ok { "ok" } else { "FAILED" };
        let remedy = finding.remedy.as_deref().map_or(String::new(), |remedy| format!("; {remedy}"));
        rows.push(vec![finding.subject.clone(), verdict.to_owned(), format!("{}{remedy}", finding.detail)]);
    }
    printer::grid(&rows);
    let all_well = findings.iter().all(|finding| finding.is_ok);
    if all_well && !sandbox {
        for market in enrol::refresh(workspace, gateway, id).await? {
            printer::note(format!("{id} sells in {market} too; `sellerlake account add` again pulls that as well"));
        }
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(IN_PART) })
}

fn unknown(id: &AccountId) -> Error {
    Error::permanent(Kind::NotFound, "there is no such account")
        .with("account", id)
        .hint("`sellerlake account list` shows those that were added")
}
