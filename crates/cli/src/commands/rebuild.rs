//! `sellerlake rollup` and `sellerlake replay`

use std::collections::BTreeSet;
use std::process::ExitCode;

use sellerlake_contracts::{Result, SellerId};
use sellerlake_pipelines::{Rebuilt, Resumed, Workspace};

use crate::arguments::Replay;
use crate::bars::Bars;
use crate::commands::IN_PART;
use crate::printer::{self, count};

/// Loads what an earlier run left landed, and says so; whose it was is the answer.
pub(crate) async fn resume(workspace: &Workspace) -> Result<BTreeSet<SellerId>> {
    let Resumed { loaded, forgotten, left, sellers } = workspace.resume().await?;
    if loaded > 0 {
        printer::note(format!("{} loaded that an earlier run had landed", count(loaded, "delivery")));
    }
    if forgotten > 0 {
        let what = count(forgotten, "delivery");
        printer::note(format!("{what} forgotten whose landing broke off: hand files in again; Amazon is asked again"));
    }
    for (delivery, reason) in left {
        printer::note(format!("warning: delivery {delivery} stays landed: {reason}"));
    }
    Ok(sellers)
}

pub(crate) async fn rollup(workspace: &Workspace, seller: Option<&SellerId>, tables: &[String]) -> Result<ExitCode> {
    resume(workspace).await?;
    let sellers = match seller {
        Some(seller) => [seller.clone()].into(),
        None => workspace.sellers().await?,
    };
    let mut rebuilt = Vec::new();
    for seller in &sellers {
        let bars = Bars::default();
        rebuilt.push(match tables {
            [] => workspace.rebuild(seller, None, &bars).await?,
            named => workspace.rebuild_only(seller, named, &bars).await?,
        });
    }
    print(&rebuilt);
    Ok(exit_code(&rebuilt))
}

pub(crate) async fn replay(workspace: &Workspace, replay: &Replay) -> Result<ExitCode> {
    resume(workspace).await?;
    let done = workspace.replay(replay.source.as_deref(), replay.seller.as_ref(), &Bars::default()).await?;
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
    print(&done.rebuilt);
    Ok(if done.damaged.is_empty() { exit_code(&done.rebuilt) } else { ExitCode::from(IN_PART) })
}

pub(crate) fn exit_code(rebuilt: &[Rebuilt]) -> ExitCode {
    let failed = rebuilt.iter().any(|rebuilt| !rebuilt.failed.is_empty());
    if failed { ExitCode::from(IN_PART) } else { ExitCode::SUCCESS }
}

/// What was computed, what came out different, and what went wrong.
pub(crate) fn print(rebuilt: &[Rebuilt]) {
    let sum = |count: fn(&Rebuilt) -> usize| rebuilt.iter().map(count).sum::<usize>();
    let (computed, rewritten) = (sum(|rebuilt| rebuilt.computed.len()), sum(|rebuilt| rebuilt.rewritten.len()));
    printer::note(format!("tables and rollups: {computed} partitions computed, {rewritten} came out different"));
    for warning in rebuilt.iter().flat_map(|rebuilt| &rebuilt.warnings) {
        printer::note(format!("  warning: {warning}"));
    }
    for failure in rebuilt.iter().flat_map(|rebuilt| &rebuilt.failed) {
        printer::note(format!("  failed, the earlier object stands: {}: {}", failure.partition, failure.reason));
    }
}
