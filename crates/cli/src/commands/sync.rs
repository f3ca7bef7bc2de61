//! `sellerlake sync` and `sellerlake backfill`

use std::process::ExitCode;
use std::sync::Arc;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use sellerlake_accounts::holders::{holders, since, standing_still};
use sellerlake_accounts::{Gateway, Syncing};
use sellerlake_contracts::{AccountId, Error, Kind, Result};
use sellerlake_pipelines::{Cancel, Holder, Rebuilt, SyncOptions, Synced, Workspace};
use sellerlake_state::{AccountStatus, Priority};

use crate::arguments::{Backfill, Sync};
use crate::bars::{Bars, PullBars};
use crate::commands::rebuild::TakenUp;
use crate::commands::{IN_PART, rebuild};
use crate::printer::{self, count};

/// Troubles shown of one account; all of them are in `sellerlake coverage`.
const SHOWN: usize = 8;

pub(crate) async fn sync(workspace: Workspace, gateway: Gateway, sync: &Sync) -> Result<ExitCode> {
    let pulled = holders(&workspace, &sync.account).await?;
    let stand_still = if sync.account.is_empty() { tell_who_stands_still(&workspace).await? } else { false };
    if pulled.is_empty() {
        printer::note("there is no active account; `sellerlake account add` adds one");
        return Ok(if stand_still { ExitCode::from(IN_PART) } else { ExitCode::SUCCESS });
    }
    let options = SyncOptions {
        pipelines: sync.pipeline.clone(),
        since: since(&workspace, sync.days),
        retry: sync.retry,
        ..SyncOptions::default()
    };
    let done = Box::pin(carry_out(workspace, gateway, &pulled, options, sync.no_rollup)).await?;
    Ok(if stand_still && done == ExitCode::SUCCESS { ExitCode::from(IN_PART) } else { done })
}

/// Names the accounts that nothing is pulled of; whether one of them waits for somebody.
async fn tell_who_stands_still(workspace: &Workspace) -> Result<bool> {
    let mut waits = false;
    for account in standing_still(workspace).await? {
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
    let pulled = holders(&workspace, std::slice::from_ref(&backfill.account)).await?;
    let options = SyncOptions {
        pipelines: backfill.pipeline.clone(),
        since: Some(midnight(backfill.from)),
        until,
        priority: Some(Priority::Backfill),
        retry: true,
        patience: TimeDelta::days(2),
    };
    Box::pin(carry_out(workspace, gateway, &pulled, options, backfill.no_rollup)).await
}

async fn carry_out(
    workspace: Workspace,
    gateway: Gateway,
    holders: &[Holder],
    options: SyncOptions,
    no_rollup: bool,
) -> Result<ExitCode> {
    let (syncing, resumed) = Syncing::begin(Arc::new(workspace), Arc::new(gateway), options).await?;
    let TakenUp { mut sellers, is_whole } = rebuild::taken_up(resumed);
    sellers.extend(holders.iter().map(|holder| holder.id.seller.clone()));
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
    let results = syncing.pull(holders, &bars, &cancel).await;
    bars.end();
    let is_complete = report(&results) && is_whole;
    let mut stale = false;
    if !no_rollup {
        let rebuilt = syncing.rebuild(&sellers, &Bars::default()).await?;
        rebuild::print(&rebuilt);
        stale = !rebuilt.iter().all(Rebuilt::is_whole);
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
            printer::note(format!(
                "  {what} that don't balance: `SELECT * FROM meta.alerts WHERE state = 'firing'` names them"
            ));
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
