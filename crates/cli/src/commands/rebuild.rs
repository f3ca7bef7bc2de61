//! `sellerlake rollup` and `sellerlake replay`

use std::collections::BTreeSet;
use std::process::ExitCode;

use sellerlake_contracts::{Result, SellerId};
use sellerlake_pipelines::{Rebuilt, Resumed, Workspace};

use crate::arguments::Replay;
use crate::bars::Bars;
use crate::commands::IN_PART;
use crate::commands::sellers::known;
use crate::printer::{self, count};

/// What an earlier run left.
pub(crate) struct TakenUp {
    /// Whose it was.
    pub(crate) sellers: BTreeSet<SellerId>,
    /// Whether all of what was loaded is whole. What still can't be loaded has an alert, and keeps nobody from their work.
    pub(crate) is_whole: bool,
}

/// Loads what an earlier run left landed, and says so.
pub(crate) async fn resume(workspace: &Workspace) -> Result<TakenUp> {
    workspace.loading.resume().await.map(taken_up)
}

/// Says what an earlier run had left.
pub(crate) fn taken_up(resumed: Resumed) -> TakenUp {
    let Resumed { loaded, in_part, forgotten, left, sellers } = resumed;
    if loaded > 0 {
        printer::note(format!("{} loaded that an earlier run had landed", count(loaded, "delivery")));
    }
    if forgotten > 0 {
        let what = count(forgotten, "delivery");
        printer::note(format!("{what} forgotten whose landing broke off: hand files in again; Amazon is asked again"));
    }
    let is_whole = in_part == 0;
    if in_part > 0 {
        printer::note(format!(
            "{} of them not whole: `SELECT * FROM meta.alerts WHERE state = 'firing'` says why",
            count(in_part, "delivery")
        ));
    }
    for (delivery, reason) in left {
        printer::note(format!("warning: delivery {delivery} stays landed: {reason}"));
    }
    TakenUp { sellers, is_whole }
}

pub(crate) async fn rollup(workspace: &Workspace, seller: Option<&SellerId>, tables: &[String]) -> Result<ExitCode> {
    known(workspace, seller.map(std::slice::from_ref).unwrap_or_default()).await?;
    let is_whole = resume(workspace).await?.is_whole;
    let sellers = match seller {
        Some(seller) => [seller.clone()].into(),
        None => workspace.objects.sellers().await?,
    };
    let mut rebuilt = Vec::new();
    for seller in &sellers {
        let bars = Bars::default();
        rebuilt.push(match tables {
            [] => workspace.rebuilding.rebuild(seller, None, &bars).await?,
            named => workspace.rebuilding.rebuild_only(seller, named, &bars).await?,
        });
    }
    print(&rebuilt);
    Ok(exit_code(&rebuilt, is_whole))
}

pub(crate) async fn replay(workspace: &Workspace, replay: &Replay) -> Result<ExitCode> {
    resume(workspace).await?;
    let done = workspace.care.replay(replay.source.as_deref(), replay.seller.as_ref(), &Bars::default()).await?;
    if done.deliveries == 0 && done.damaged.is_empty() {
        known(workspace, replay.seller.as_slice()).await?;
    }
    printer::note(format!("{} read again, {} refused", count(done.deliveries, "delivery"), done.refused));
    for (source, deliveries) in &done.undeclared {
        printer::note(format!("{deliveries} deliveries of {source:?} left as they stand: it is no longer declared"));
    }
    for (path, reason) in &done.damaged {
        printer::line(format!("{path}: {reason}"));
    }
    if !done.damaged.is_empty() {
        let what = count(done.damaged.len() as u64, "delivery");
        printer::note(format!("{what} left unread, their rows as they stood: raw is damaged"));
    }
    if done.in_part > 0 {
        printer::note(format!(
            "{} not whole: `SELECT * FROM meta.alerts WHERE state = 'firing'` says why",
            count(done.in_part, "delivery")
        ));
    }
    print(&done.rebuilt);
    Ok(exit_code(&done.rebuilt, done.refused == 0 && done.in_part == 0 && done.damaged.is_empty()))
}

/// What is to be said of work that was done in whole or in part, before or while tables were rebuilt.
pub(crate) fn exit_code(rebuilt: &[Rebuilt], is_whole: bool) -> ExitCode {
    if is_whole && rebuilt.iter().all(Rebuilt::is_whole) { ExitCode::SUCCESS } else { ExitCode::from(IN_PART) }
}

/// What was computed, what came out different, and what went wrong.
pub(crate) fn print(rebuilt: &[Rebuilt]) {
    let sum = |count: fn(&Rebuilt) -> usize| rebuilt.iter().map(count).sum::<usize>();
    let (computed, rewritten) = (sum(|rebuilt| rebuilt.computed.len()), sum(|rebuilt| rebuilt.rewritten.len()));
    printer::note(format!("tables and rollups: {computed} partitions computed, {rewritten} came out different"));
    for warning in rebuilt.iter().flat_map(|rebuilt| &rebuilt.warnings) {
        printer::note(format!("  warning: {warning}"));
    }
    let left_out = rebuilt.iter().map(|rebuilt| rebuilt.left_out).sum::<u64>();
    if left_out > 0 {
        printer::note(format!(
            "{} of what tables leave out: `SELECT * FROM meta.alerts WHERE state = 'firing' AND kind = 'left_out'` says what",
            count(left_out, "alert")
        ));
    }
    for failure in rebuilt.iter().flat_map(|rebuilt| &rebuilt.failed) {
        printer::note(format!("  failed, the earlier object stands: {}: {}", failure.partition, failure.reason));
    }
}
