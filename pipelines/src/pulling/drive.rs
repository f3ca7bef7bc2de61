//! Driving a run: what has its turn is stepped, many at once; what landed is loaded, several at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{Clock, ConnectorFacts, Error, Kind, Pace, Result, Step, SystemClock, failpoint};
use sellerlake_state::{AlertKind, Job, JobPlan, JobStatus, JobStep};

use crate::declared::pipeline::Pipeline;
use tracing::Instrument;

use crate::declared::scopes::{Scoped, scopes};
use crate::planning::estimate::least;
use crate::pulling::jobs::{Progressed, request};
use crate::pulling::puller::{BEAT, Cancel};
use crate::pulling::run::{AccountRun, WindowKey};

/// How long a stopped run waits for requests that are under way; real time, since they are on the network.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// How long a plan is good for. A run that takes days gives a fiftieth of its requests to the present.
const KEPT_UP: TimeDelta = TimeDelta::hours(4);

/// Time between two lines of the log that say how far a run has come.
const HEARTBEAT: TimeDelta = TimeDelta::minutes(1);

impl AccountRun<'_> {
    /// Works until nothing is left that has its turn within the run's patience.
    pub(crate) async fn drive(&mut self, cancel: &mut Cancel) -> Result<()> {
        self.recall().await?;
        self.plan(|pipeline| pipeline.keys.is_none()).await?;
        let mut keys_asked = false;
        while !cancel.is_asked() && self.synced.stopped.is_none() {
            self.hold_on().await?;
            self.heartbeat();
            keys_asked &= !self.keep_up().await?;
            self.start().await?;
            self.load_full().await?;
            if !self.flying.is_empty() {
                tokio::select! {
                    Some(done) = self.flying.join_next() => self.take(done).await?,
                    () = cancel.asked() => break,
                }
                continue;
            }
            match self.next_turn() {
                Some(turn) if turn <= self.now() => {}
                Some(turn) if turn - self.now() <= self.options.patience => {
                    self.load_old(turn).await?;
                    let clock = Arc::clone(self.puller.workspace.clock());
                    // Awake again before the lease needs its next sign of life, also where the clock jumps.
                    let until = turn.min(clock.now() + BEAT);
                    tokio::select! {
                        () = clock.sleep_until(until) => {}
                        () = cancel.asked() => break,
                    }
                }
                // Keys are read from tables of the lake, so all the rest is loaded first.
                _ if !keys_asked => {
                    keys_asked = true;
                    self.load_all().await?;
                    self.plan(|pipeline| pipeline.keys.is_some()).await?;
                }
                _ => break,
            }
        }
        self.land_in_flight().await?;
        self.load_all().await?;
        self.let_go().await?;
        self.synced.left = self.queue.len() as u64;
        self.synced.waiting = self.waiting.values().sum::<usize>() as u64;
        self.synced.next_turn = self.next_turn();
        Ok(())
    }

    /// Plans anew what has become due meanwhile: a run that takes days must not miss a day. Whether pipelines that
    /// ask by keys are among it.
    async fn keep_up(&mut self) -> Result<bool> {
        let now = self.now();
        if now - self.planned_at < KEPT_UP {
            return Ok(false);
        }
        let puller = self.puller;
        let due = puller.pipelines.due(&self.holder.id, self.planned_at, now);
        self.planned_at = now;
        self.plan(|pipeline| pipeline.keys.is_none() && due.contains(&pipeline.name.as_str())).await?;
        Ok(due.iter().any(|name| puller.pipelines.get(name).is_ok_and(|pipeline| pipeline.keys.is_some())))
    }

    /// Takes up what earlier runs left in the queue.
    async fn recall(&mut self) -> Result<()> {
        let state = self.puller.workspace.state();
        let rows = state.unfinished_jobs(&self.account).await?;
        let firing = state.firing(AlertKind::Slice, &self.account.seller).await?;
        self.firing =
            firing.into_iter().filter(|condition| condition.account.as_ref() == Some(&self.account)).collect();
        let (queued, dead): (Vec<Job>, Vec<Job>) = rows.into_iter().partition(|job| job.status == JobStatus::Queued);
        // With `retry` they are asked for again, so their windows don't count as failed.
        for job in dead.into_iter().filter(|_| !self.options.retry) {
            if let (Some(key), Some(error)) = (WindowKey::of(&job), &job.error) {
                self.spoiled.insert(key, crate::pulling::settle::failed(&error.message));
            }
        }
        self.queue_up(queued)?;
        Ok(())
    }

    /// Adds rows this run is for; how many those are.
    fn queue_up(&mut self, rows: Vec<Job>) -> Result<u64> {
        let selected = self.options.selected(&self.puller.pipelines)?;
        let mut added = 0;
        for job in rows {
            if !self.counted.insert(job.id.clone()) {
                continue;
            }
            // Those of other pipelines count for their windows, though nobody works on them now.
            if let Some(key) = WindowKey::of(&job) {
                *self.open.entry(key).or_default() += 1;
            }
            if selected.iter().any(|pipeline| pipeline.name == job.pipeline) {
                self.queue.insert(job.id.clone(), job);
                added += 1;
            }
        }
        if added > 0 {
            let at_least = self.at_least();
            tracing::info!(requests = added, queued = self.queue.len(), at_least_s = at_least.num_seconds(), "planned");
            self.watch.planned(&self.holder.id, added, at_least);
        }
        Ok(added)
    }

    /// The name of the connector that a job uses; empty where its pipeline is no longer declared.
    pub(crate) fn operation(&self, job: &Job) -> &str {
        self.puller.pipelines.get(&job.pipeline).map_or("", |pipeline| pipeline.connector.name)
    }

    /// When the first of what is queued has its turn.
    fn next_turn(&self) -> Option<DateTime<Utc>> {
        self.queue.values().map(|job| self.turns.turn(job, self.operation(job))).min()
    }

    /// How long what is queued takes at least.
    fn at_least(&self) -> TimeDelta {
        let mut requests: BTreeMap<&str, (Pace, u64)> = BTreeMap::new();
        for job in self.queue.values() {
            let facts = self.puller.pipelines.get(&job.pipeline).map(|pipeline| pipeline.connector);
            if let Ok(ConnectorFacts { name, pace: Some(pace), .. }) = facts {
                requests.entry(name).or_insert((pace, 0)).1 += 1;
            }
        }
        least(requests.into_values())
    }

    /// Enters planned requests into the ledger and the queue; how many are new.
    pub(crate) async fn enter(&mut self, planned: &[JobPlan]) -> Result<u64> {
        if planned.is_empty() {
            return Ok(0);
        }
        let state = self.puller.workspace.state();
        let mut leased = state.leased(&self.lease, self.now()).await?;
        let rows = leased.plan(planned).await?;
        leased.commit().await?;
        failpoint::reach("job.planned")?;
        self.queue_up(rows)
    }

    /// Says now and then, by real time, how far it has come.
    fn heartbeat(&mut self) {
        let now = SystemClock.now();
        if now - self.told_at >= HEARTBEAT {
            self.told_at = now;
            let next_turn = self.next_turn().map(|turn| turn.to_rfc3339()).unwrap_or_default();
            tracing::info!(
                over = self.synced.requests,
                rows = self.synced.rows,
                under_way = self.flying.len(),
                queued = self.queue.len(),
                next_turn,
                "under way"
            );
        }
    }

    /// Gives a sign of life where the clock jumped.
    async fn hold_on(&mut self) -> Result<()> {
        let now = self.now();
        if now - self.renewed_at >= BEAT {
            self.puller.beat(&self.lease).await?;
            self.renewed_at = now;
        }
        Ok(())
    }

    /// Starts what has its turn, as far as there is room.
    async fn start(&mut self) -> Result<()> {
        let now = self.now();
        let ids = self.turns.next(self.queue.values().map(|job| (job, self.operation(job))), now);
        let (held, ids): (Vec<String>, Vec<String>) = ids.into_iter().partition(|id| self.held.remove(id));
        for job in held.iter().filter_map(|id| self.queue.remove(id)).collect::<Vec<_>>() {
            self.begin(job).await?;
        }
        if ids.is_empty() {
            return Ok(());
        }
        let mut claimed = Vec::new();
        for id in &ids {
            claimed.extend(self.puller.workspace.state().claim_job(&self.lease, id, now).await?);
            self.queue.remove(id);
        }
        if claimed.is_empty() {
            self.synced.stopped = Some("the account isn't active any more".into());
            return Ok(());
        }
        for job in claimed {
            self.begin(job).await?;
        }
        Ok(())
    }

    async fn begin(&mut self, job: Job) -> Result<()> {
        let progressed = Progressed::of(job.checkpoint.as_deref())?;
        if let Some(landed) = &progressed.landed
            && self.settled_before(&job, landed).await?
        {
            return Ok(());
        }
        if let Some(error) = self.barred.get(&job.pipeline) {
            let error = sellerlake_state::JobError::from(error);
            return self.give_up(&job, &error).await;
        }
        let asked = match self.request(&job) {
            Ok(asked) => asked,
            Err(error) => return self.give_up(&job, &sellerlake_state::JobError::from(&error)).await,
        };
        let operation = self.puller.pipelines.get(&job.pipeline)?.connector.name;
        let connectors = Arc::clone(&self.puller.connectors);
        *self.airborne.entry(job.pipeline.clone()).or_default() += 1;
        self.turns.begin(&job, operation);
        let span = tracing::info_span!("job", id = job.id, pipeline = job.pipeline, scope = %job.scope);
        let step = async move {
            let stepped = match connectors.connector(&asked.account, operation).await {
                Ok(connector) => connector.step(&asked, progressed.connector.as_ref()).await,
                Err(error) => Err(error),
            };
            (job, stepped)
        };
        self.flying.spawn(step.instrument(span));
        Ok(())
    }

    fn request(&self, job: &Job) -> Result<sellerlake_contracts::Request> {
        let (pipeline, scoped) = self.declared(job)?;
        request(&self.holder.id, &pipeline, &scoped, job)
    }

    /// The declaration and scope a job belongs to; either may have gone since it was planned.
    pub(crate) fn declared(&self, job: &Job) -> Result<(Arc<Pipeline>, Scoped)> {
        let pipeline = Arc::clone(self.puller.pipelines.get(&job.pipeline)?);
        let scoped =
            scopes(&pipeline, self.holder, &self.puller.zones).into_iter().find(|scoped| scoped.scope == job.scope);
        let scoped = scoped.ok_or_else(|| {
            Error::permanent(Kind::NotFound, "the account no longer has this scope")
                .with("pipeline", &job.pipeline)
                .with("scope", &job.scope)
        })?;
        Ok((pipeline, scoped))
    }

    async fn take(&mut self, done: Result<(Job, Result<Step>), tokio::task::JoinError>) -> Result<()> {
        let (job, stepped) = done
            .map_err(|error| Error::permanent(Kind::Internal, "a request broke down").at("job.step").source(error))?;
        if let Some(count) = self.airborne.get_mut(&job.pipeline) {
            *count = count.saturating_sub(1);
        }
        self.turns.end(&job);
        if let Some(error) = self.puller.connectors.misled(&self.holder.id).await {
            return Err(error);
        }
        self.stepped(job, stepped).await
    }

    /// How many requests of these pipelines are under way.
    pub(crate) fn in_flight_of(&self, of: &dyn Fn(&str) -> bool) -> usize {
        self.airborne.iter().filter(|(pipeline, _)| of(pipeline)).map(|(_, count)| count).sum()
    }

    /// Puts a job that is under way back into the queue, to go on from its checkpoint.
    pub(crate) async fn back(&mut self, job: Job, mut step: JobStep) -> Result<()> {
        if let JobStep::Wait { until, .. } | JobStep::Retry { until, .. } = &mut step {
            *until = whole_ms(*until);
        }
        if let JobStep::Wait { until, checkpoint } = &step
            && *checkpoint == job.checkpoint
        {
            // A report is looked at many times: a crash would only look once more.
            self.held.insert(job.id.clone());
            self.queue.insert(job.id.clone(), Job { not_before: *until, ..job });
            return Ok(());
        }
        let state = self.puller.workspace.state();
        if let JobStep::Wait { until, checkpoint: Some(reached) } = &step {
            // It stays with this run, so nobody has to claim it again.
            state.checkpoint_job(&self.lease, &job.id, reached, *until, self.now()).await?;
            self.held.insert(job.id.clone());
            let job = Job { not_before: *until, checkpoint: Some(reached.clone()), ..job };
            self.queue.insert(job.id.clone(), job);
            return Ok(());
        }
        let mut leased = state.leased(&self.lease, self.now()).await?;
        leased.step(&job.id, &step).await?;
        leased.commit().await?;
        let (until, checkpoint, failed) = match step {
            JobStep::Wait { until, checkpoint } => (until, checkpoint, 0),
            JobStep::Retry { until, checkpoint, .. } => (until, checkpoint, 1),
            JobStep::Checkpoint(_) | JobStep::Done | JobStep::Dead(_) => return Ok(()),
        };
        let job = Job { not_before: until, checkpoint, attempt: job.attempt + failed, ..job };
        self.queue.insert(job.id.clone(), job);
        Ok(())
    }

    /// Tells the ledger of those that wait.
    async fn let_go(&mut self) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let mut leased = self.puller.workspace.state().leased(&self.lease, self.now()).await?;
        for job in self.held.iter().filter_map(|id| self.queue.get(id)) {
            let step = JobStep::Wait { until: job.not_before, checkpoint: job.checkpoint.clone() };
            leased.step(&job.id, &step).await?;
        }
        self.held.clear();
        leased.commit().await
    }

    /// A run that stops waits a moment for what is under way; what is still under way then is asked again next time.
    async fn land_in_flight(&mut self) -> Result<()> {
        let mut end = SystemClock.sleep_until(SystemClock.now() + GRACE);
        while !self.flying.is_empty() {
            tokio::select! {
                Some(done) = self.flying.join_next() => self.take(done).await?,
                () = &mut end => break,
            }
        }
        self.flying.abort_all();
        Ok(())
    }
}

/// The next whole millisecond, which is what the ledger keeps: a turn must not lie between two ticks of a clock.
fn whole_ms(at: DateTime<Utc>) -> DateTime<Utc> {
    let below = at.timestamp_millis();
    let exact = DateTime::from_timestamp_millis(below).unwrap_or(at);
    if exact < at { exact + TimeDelta::milliseconds(1) } else { exact }
}
