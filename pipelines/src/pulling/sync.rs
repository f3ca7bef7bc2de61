//! Bringing one account up to date: under its lease, everything its pipelines lack is pulled and loaded.

use sellerlake_contracts::{Clock, Error, Kind, Result, SystemClock};
use sellerlake_state::{Lease, RunEnd, RunOutcome};
use tracing::Instrument;

use crate::declared::scopes::Holder;
use crate::pulling::puller::{BEAT, Cancel, LEASE, Puller, SyncOptions, Synced, Watch};
use crate::pulling::run::AccountRun;

impl Puller {
    /// Pulls and loads what one account lacks. Tables and rollups are the caller's to rebuild afterwards.
    ///
    /// Crashed or stopped anywhere, the next run goes on: reports that were created are waited for, not created
    /// again, and answers that stand in `raw/` are loaded. A [`Kind::Conflict`] where somebody else holds the account.
    pub async fn sync(
        &self,
        holder: &Holder,
        options: &SyncOptions,
        watch: &dyn Watch,
        cancel: &Cancel,
    ) -> Result<Synced> {
        let (state, clock) = (self.workspace.state(), self.workspace.clock());
        let taken = state.acquire_lease(&holder.id, &self.owner, LEASE, clock.now()).await;
        let lease = taken.map_err(|error| {
            let hint = "another run is pulling it: wait for it, or stop it; what died on another machine holds an \
                        account until the moment named";
            if error.kind() == Kind::Conflict { error.hint(hint) } else { error }
        })?;
        self.connectors.hold(&holder.id, &lease).await;
        let entry = state.begin_run(Some(lease.account()), "sync", clock.now()).await?;
        let mut run = AccountRun::new(self, holder, options, watch, lease.clone());
        let mut cancel = cancel.clone();
        let span = tracing::info_span!("sync", account = %holder.id);
        let driven = async {
            tracing::info!("begun");
            tokio::select! {
                driven = run.drive(&mut cancel) => driven,
                lost = self.live(&lease) => Err(lost),
            }
        };
        let driven = driven.instrument(span.clone()).await;
        let synced = run.synced;
        span.in_scope(|| match &driven {
            Ok(()) => {
                let Synced { requests, deliveries, rows, left, .. } = &synced;
                tracing::info!(requests, deliveries, rows, left, is_complete = synced.is_complete(), "ended");
            }
            Err(error) => tracing::error!(%error, at = error.operations().join(", in "), "failed"),
        });
        let end = match &driven {
            Ok(()) => RunEnd {
                outcome: if synced.is_complete() { RunOutcome::Succeeded } else { RunOutcome::Partial },
                calls: synced.requests,
                rows: synced.rows,
                message: synced
                    .stopped
                    .clone()
                    .or_else(|| synced.troubles.first().map(|trouble| trouble.reason.clone())),
            },
            Err(error) => RunEnd {
                outcome: RunOutcome::Failed,
                calls: synced.requests,
                rows: synced.rows,
                message: Some(error.to_string()),
            },
        };
        let ended = state.end_run(&entry, &end, clock.now()).await;
        let settled = self.connectors.release(&holder.id).await;
        state.release_lease(&lease).await?;
        ended?;
        // What drove the run into its end says more than what that end then brought.
        let driven = driven.and(settled);
        driven.map(|()| synced)
    }

    /// Gives signs of life, whatever the run is busy with, and comes back only if the account is lost. They come by
    /// real time, which passes even where the clock stands still.
    async fn live(&self, lease: &Lease) -> Error {
        loop {
            SystemClock.sleep_until(SystemClock.now() + BEAT).await;
            match self.beat(lease).await {
                Err(error) if error.kind() == Kind::Conflict => return error,
                // Whatever else went wrong may pass before the time is up.
                _ => {}
            }
        }
    }
}
