//! Carrying out a sync: what an earlier run left is loaded, accounts are pulled side by side, their tables rebuilt.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use futures::StreamExt;
use sellerlake_connectors::offered;
use sellerlake_contracts::{AccountId, Error, Kind, Result, SellerId};
use sellerlake_pipelines::{
    Cancel, Holder, Pipelines, Progress, Puller, Rebuilt, Resumed, SyncOptions, Synced, Watch, Workspace,
};
use sellerlake_state::Process;

use crate::gateway::Gateway;

/// Accounts pulled at once.
const ACCOUNTS: usize = 4;

/// What was over before then serves nobody: no listing reaches so far back.
const REMEMBERED: TimeDelta = TimeDelta::days(180);

/// A sync under way.
pub struct Syncing {
    puller: Puller,
    options: SyncOptions,
}

impl Syncing {
    /// Refuses what can't go well: a lake that isn't there, a vault that doesn't open, a pipeline that isn't declared.
    /// Then loads what an earlier run left landed.
    pub async fn begin(
        workspace: Arc<Workspace>,
        gateway: Arc<Gateway>,
        options: SyncOptions,
    ) -> Result<(Self, Resumed)> {
        lake_is_there(&workspace).await?;
        // Without it no request can be signed: said once here, not of each request.
        gateway.vault().await?;
        let pipelines =
            Pipelines::load(workspace.settings().declarations.as_deref(), workspace.declarations(), &offered())?;
        for name in &options.pipelines {
            pipelines.get(name)?;
        }
        let now = workspace.clock().now();
        workspace.state().forget_jobs(now - REMEMBERED).await?;
        workspace.state().forget_runs(now - REMEMBERED).await?;
        workspace.state().forget_alerts(now - REMEMBERED).await?;
        let resumed = workspace.loading.resume().await?;
        let owner = Process::this(now).owner();
        Ok((Self { puller: Puller::new(workspace, Arc::new(pipelines), gateway, &owner), options }, resumed))
    }

    /// Pulls accounts side by side; one that fails or is slow doesn't keep the others. What came of them is in the
    /// order of `holders`.
    pub async fn pull(
        &self,
        holders: &[Holder],
        watch: &dyn Watch,
        cancel: &Cancel,
    ) -> Vec<(AccountId, Result<Synced>)> {
        side_by_side(holders, async |holder| {
            (holder.id.clone(), self.puller.sync(holder, &self.options, watch, cancel).await)
        })
        .await
    }

    /// Brings the tables and rollups of these sellers up to date.
    pub async fn rebuild(&self, sellers: &BTreeSet<SellerId>, progress: &dyn Progress) -> Result<Vec<Rebuilt>> {
        let mut rebuilt = Vec::new();
        for seller in sellers {
            rebuilt.push(self.puller.workspace.rebuilding.rebuild(seller, None, progress).await?);
        }
        Ok(rebuilt)
    }
}

/// Does the same for each, a few at a time: the next begins when any of them is done. Answers are in the order of `each`.
async fn side_by_side<T, R>(each: &[T], act: impl AsyncFn(&T) -> R) -> Vec<R> {
    let act = &act;
    let started = each.iter().enumerate().map(async |(place, one)| (place, act(one).await));
    let mut done: Vec<(usize, R)> = futures::stream::iter(started).buffer_unordered(ACCOUNTS).collect().await;
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Refuses to go on beside a lake that doesn't hold what was loaded: nothing that is gone would ever be asked for again.
async fn lake_is_there(workspace: &Workspace) -> Result<()> {
    let Some(newest) = workspace.state().newest_delivery().await? else { return Ok(()) };
    if workspace.lake().delivery(&newest.meta_path).await?.is_some() {
        return Ok(());
    }
    Err(Error::permanent(Kind::NotFound, "the lake doesn't hold what was loaded into it last")
        .with("lake", &workspace.settings().lake)
        .with("path", newest.meta_path)
        .hint(
            "does `lake` name the right place in the settings? If what it held is gone, `sellerlake verify --repair` \
             forgets that it was loaded, and then sync pulls it again",
        ))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Twelve of them, the first of which waits until all the others are done: in order it would be waited for.
    #[tokio::test]
    async fn one_that_is_stuck_holds_up_nobody() {
        let (done, all_others) = (AtomicUsize::new(0), tokio::sync::Notify::new());
        let each: Vec<usize> = (0..12).collect();
        let all = side_by_side(&each, async |one: &usize| {
            if *one == 0 {
                all_others.notified().await;
            } else if done.fetch_add(1, Ordering::SeqCst) + 1 == 11 {
                all_others.notify_one();
            }
            *one
        });
        let results = tokio::time::timeout(std::time::Duration::from_mins(1), all).await;
        assert_eq!(results.expect("the others wait for the one that is stuck"), each);
    }
}
