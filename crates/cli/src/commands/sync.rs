//! `sellerlake sync` and `sellerlake backfill`

use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use futures::StreamExt;
use sellerlake_contracts::{AccountId, Error, Kind, Result};
use sellerlake_pipelines::{AdsProfile, Cancel, Holder, Pipelines, Puller, SyncOptions, Synced, Watch, Workspace};
use sellerlake_state::{Account, AccountFilter, AccountStatus, Priority, Process};

use crate::amazon::Gateway;
use crate::arguments::{Backfill, Sync};
use crate::bars::{Bars, PullBars};
use crate::commands::rebuild::TakenUp;
use crate::commands::{IN_PART, rebuild};
use crate::printer::{self, count};

/// Accounts pulled at once.
const ACCOUNTS: usize = 4;

/// What was over before then serves nobody: no listing reaches so far back.
const REMEMBERED: TimeDelta = TimeDelta::days(180);

/// Troubles shown of one account; all of them are in `sellerlake coverage`.
const SHOWN: usize = 8;

pub(crate) async fn sync(workspace: Workspace, gateway: Gateway, sync: &Sync) -> Result<ExitCode> {
    let holders = holders(&workspace, &sync.account).await?;
    let stand_still = if sync.account.is_empty() { tell_who_stands_still(&workspace).await? } else { false };
    if holders.is_empty() {
        printer::note("there is no active account; `sellerlake account add` adds one");
        return Ok(if stand_still { ExitCode::from(IN_PART) } else { ExitCode::SUCCESS });
    }
    let options = SyncOptions {
        pipelines: sync.pipeline.clone(),
        since: since(&workspace, sync.days),
        retry: sync.retry,
        ..SyncOptions::default()
    };
    lake_is_there(&workspace).await?;
    let done = Box::pin(carry_out(workspace, gateway, &holders, &options, sync.no_rollup)).await?;
    Ok(if stand_still && done == ExitCode::SUCCESS { ExitCode::from(IN_PART) } else { done })
}

/// Refuses to go on beside a lake that doesn't hold what was loaded: nothing that is gone would ever be asked for again.
async fn lake_is_there(workspace: &Workspace) -> Result<()> {
    let Some(newest) = workspace.state.newest_delivery().await? else { return Ok(()) };
    if workspace.lake.delivery(&newest.meta_path).await?.is_some() {
        return Ok(());
    }
    Err(Error::permanent(Kind::NotFound, "the lake doesn't hold what was loaded into it last")
        .with("lake", &workspace.settings.lake)
        .with("path", newest.meta_path)
        .hint(
            "does `lake` name the right place in the settings? If what it held is gone, `sellerlake verify --repair` \
             forgets that it was loaded, and then sync pulls it again",
        ))
}

/// Names the accounts that nothing is pulled of; whether one of them waits for somebody.
async fn tell_who_stands_still(workspace: &Workspace) -> Result<bool> {
    let mut waits = false;
    for account in workspace.state.accounts(&AccountFilter::default()).await? {
        let (id, why) = (&account.id, account.reason.as_deref().unwrap_or("no reason is given"));
        match account.status {
            AccountStatus::NeedsAuthorisation => {
                waits = true;
                printer::note(format!("{id} is not pulled: {why}; then `sellerlake account resume {id}`"));
            }
            AccountStatus::Paused => printer::note(format!("{id} is paused: {why}")),
            _ => {}
        }
    }
    Ok(waits)
}

pub(crate) async fn backfill(workspace: Workspace, gateway: Gateway, backfill: &Backfill) -> Result<ExitCode> {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let until = backfill.to.and_then(|day| day.checked_add_days(Days::new(1))).map(midnight);
    if until.is_some_and(|until| until <= midnight(backfill.from)) {
        return Err(Error::permanent(Kind::Usage, "the last day is before the first")
            .with("from", backfill.from)
            .hint("both days are included: --from 2026-01-01 --to 2026-03-31"));
    }
    lake_is_there(&workspace).await?;
    let holders = holders(&workspace, std::slice::from_ref(&backfill.account)).await?;
    let options = SyncOptions {
        pipelines: backfill.pipeline.clone(),
        since: Some(midnight(backfill.from)),
        until,
        priority: Some(Priority::Backfill),
        retry: true,
        patience: TimeDelta::days(2),
    };
    Box::pin(carry_out(workspace, gateway, &holders, &options, backfill.no_rollup)).await
}

/// From when on history is wanted.
pub(crate) fn since(workspace: &Workspace, days: Option<u32>) -> Option<DateTime<Utc>> {
    match days.unwrap_or(workspace.settings.amazon.history_days) {
        0 => None,
        days => Some(workspace.clock.now() - TimeDelta::days(i64::from(days))),
    }
}

async fn carry_out(
    workspace: Workspace,
    gateway: Gateway,
    holders: &[Holder],
    options: &SyncOptions,
    no_rollup: bool,
) -> Result<ExitCode> {
    // Without it no request can be signed, and none is to blame.
    gateway.vault().await?;
    let pipelines = Pipelines::load(workspace.settings.declarations.as_deref(), &workspace.declarations)?;
    for name in &options.pipelines {
        pipelines.get(name)?;
    }
    workspace.state.forget_pulls(workspace.clock.now() - REMEMBERED).await?;
    workspace.state.forget_runs(workspace.clock.now() - REMEMBERED).await?;
    let TakenUp { mut sellers, is_whole } = rebuild::resume(&workspace).await?;
    sellers.extend(holders.iter().map(|holder| holder.id.seller.clone()));
    let workspace = Arc::new(workspace);
    let puller = puller(&workspace, Arc::new(pipelines), Arc::new(gateway));
    let (switch, cancel) = Cancel::switch();
    tokio::spawn(async move {
        if asked_to_stop().await.is_ok() {
            printer::note("stopping; what is under way goes on next time");
            let _ = switch.send(true);
            // Whoever insists doesn't wait for what is under way; the ledger stands either way.
            if asked_to_stop().await.is_ok() {
                std::process::exit(130);
            }
        }
    });
    let bars = PullBars::new();
    let results = pull(&puller, holders, options, &bars, &cancel).await;
    bars.end();
    let is_complete = report(&results) && is_whole;
    let mut stale = false;
    if !no_rollup {
        let mut rebuilt = Vec::new();
        for seller in &sellers {
            rebuilt.push(workspace.rebuild(seller, None, &Bars::default()).await?);
        }
        rebuild::print(&rebuilt);
        stale = rebuilt.iter().any(|rebuilt| !rebuilt.failed.is_empty());
    }
    Ok(if is_complete && !stale { ExitCode::SUCCESS } else { ExitCode::from(IN_PART) })
}

/// Comes back when somebody at the terminal, or whatever supervises the process, asks it to stop.
async fn asked_to_stop() -> std::io::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        asked = tokio::signal::ctrl_c() => asked,
        _ = terminated.recv() => Ok(()),
    }
}

pub(crate) fn puller(workspace: &Arc<Workspace>, pipelines: Arc<Pipelines>, gateway: Arc<Gateway>) -> Puller {
    let owner = Process::this(workspace.clock.now()).owner();
    Puller::new(Arc::clone(workspace), pipelines, gateway, &owner)
}

/// Pulls accounts side by side; one that fails doesn't keep the others.
pub(crate) async fn pull(
    puller: &Puller,
    holders: &[Holder],
    options: &SyncOptions,
    watch: &dyn Watch,
    cancel: &Cancel,
) -> Vec<(AccountId, Result<Synced>)> {
    futures::stream::iter(holders)
        .map(|holder| async move { (holder.id.clone(), puller.sync(holder, options, watch, cancel).await) })
        .buffered(ACCOUNTS)
        .collect()
        .await
}

/// The accounts that are meant: the named ones, or all that are active.
pub(crate) async fn holders(workspace: &Workspace, named: &[AccountId]) -> Result<Vec<Holder>> {
    let filter = AccountFilter { status: Some(AccountStatus::Active), ..AccountFilter::default() };
    let active = workspace.state.accounts(&filter).await?;
    let mut holders = Vec::new();
    for account in named {
        let Some(known) = workspace.state.account(account).await? else {
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
    for account in &active {
        let id: AccountId = account.id.to_string().parse()?;
        if named.is_empty() || named.contains(&id) {
            holders.push(holder(workspace, account).await?);
        }
    }
    Ok(holders)
}

/// An account as planning sees it.
pub(crate) async fn holder(workspace: &Workspace, account: &Account) -> Result<Holder> {
    let profiles = workspace.state.ads_profiles(&account.id).await?.into_iter().map(|profile| AdsProfile {
        id: profile.id,
        marketplace: Some(profile.marketplace),
        zone: profile.time_zone.parse().unwrap_or_default(),
    });
    Ok(Holder {
        id: account.id.to_string().parse()?,
        marketplaces: account.marketplaces.clone(),
        profiles: profiles.collect(),
        since: None,
    })
}

/// Says what came of each account; whether all of it came.
pub(crate) fn report(results: &[(AccountId, Result<Synced>)]) -> bool {
    let mut is_complete = true;
    for (account, result) in results {
        let synced = match result {
            Ok(synced) => synced,
            Err(error) => {
                is_complete = false;
                printer::error_of(account, error);
                continue;
            }
        };
        is_complete &= synced.is_complete();
        let mut empty = String::new();
        if synced.empty > 0 {
            empty = format!(", {} of them empty", synced.empty);
        }
        if synced.early > 0 {
            empty += &format!(", {} too early to know", synced.early);
        }
        printer::note(format!(
            "{account}: {}{empty}, {}, {}",
            count(synced.requests, "request"),
            count(synced.deliveries, "delivery"),
            count(synced.rows, "row")
        ));
        for trouble in synced.troubles.iter().take(SHOWN) {
            let window = trouble.window.map_or(String::new(), |window| format!(" {window}"));
            let again = trouble.again_at.map_or(String::new(), |at| format!("; again from {}", at.to_rfc3339()));
            printer::note(format!("  {} {}{window}: {}{again}", trouble.pipeline, trouble.scope, trouble.reason));
        }
        if synced.troubles.len() > SHOWN {
            printer::note(format!("  … and {} more: sellerlake coverage --gaps", synced.troubles.len() - SHOWN));
        }
        if synced.unbalanced > 0 {
            let what = count(synced.unbalanced, "unit");
            printer::note(format!("  {what} that don't balance: `SELECT * FROM meta.alarms` names them"));
        }
        if synced.waiting > 0 {
            let what = count(synced.waiting, "interval");
            printer::note(format!("  {what} left for you since an earlier run: sellerlake coverage --gaps says why"));
        }
        if synced.left > 0 {
            let turn = synced.next_turn.map_or(String::new(), |turn| format!(", the next from {}", turn.to_rfc3339()));
            printer::note(format!("  {} left for the next run{turn}", count(synced.left, "request")));
        }
        if let Some(reason) = &synced.stopped {
            printer::note(format!("  stopped: {reason}"));
        }
    }
    is_complete
}
