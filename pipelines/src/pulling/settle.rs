//! From landed to loaded to covered: the ledger moves when the rows stand, never before.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{Delivery, DeliveryId, Kind, Result, Window, failpoint};
use sellerlake_state::{
    Condition, DeliveryStatus, Job, JobError, JobStep, Leased, Slice, SliceKey, SliceMark, SliceStatus,
};

use crate::declared::pipeline::{Need, Pipeline};
use crate::declared::scopes::Scoped;
use crate::loading::groups::GroupSize;
use crate::loading::loaded::Group;
use crate::loading::together::Together;
use crate::planning::plan::{answered, period_of, required};
use crate::pulling::jobs::{Distinction, LandedAnswer};
use crate::pulling::policy::SPENT_ATTEMPTS;
use crate::pulling::puller::Trouble;
use crate::pulling::run::{AccountRun, Ending, Pending, WindowKey};

/// How long something may lie in `raw/` while more of its source is on its way.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// An interval that waits for a person.
pub(crate) fn failed(reason: &str) -> SliceMark {
    SliceMark::of(SliceStatus::Failed).because(reason)
}

impl AccountRun<'_> {
    /// Loads sources of which a group is full, or of which nothing more is on its way.
    pub(crate) async fn load_full(&mut self) -> Result<()> {
        let full = |pending: &[Pending]| {
            let mut size = GroupSize::default();
            pending.iter().for_each(|one| size.add(one.plain_bytes));
            size.is_full()
        };
        let more = |source: &str| {
            let of =
                |pipeline: &str| self.puller.pipelines.get(pipeline).is_ok_and(|pipeline| pipeline.source == source);
            let pending: usize = self.pending.get(source).map_or(0, Vec::len);
            self.counted_of(&of) > pending
        };
        let ready: Vec<String> = self
            .pending
            .iter()
            .filter(|(source, pending)| full(pending) || !more(source))
            .map(|(source, _)| source.clone())
            .collect();
        for source in ready {
            self.load_source(&source).await?;
        }
        Ok(())
    }

    /// Requests of these pipelines that are in the queue, under way or pending.
    fn counted_of(&self, of: &dyn Fn(&str) -> bool) -> usize {
        let queued = self.queue.values().filter(|job| of(&job.pipeline)).count();
        let pending = self.pending.values().flatten().filter(|one| of(&one.job.pipeline)).count();
        queued + pending + self.in_flight_of(of)
    }

    /// Before a sleep until `turn`: what would have lain too long by then.
    pub(crate) async fn load_old(&mut self, turn: DateTime<Utc>) -> Result<()> {
        let old = |pending: &Vec<Pending>| pending.iter().any(|one| turn - one.since >= LONGEST_WAIT);
        let ready: Vec<String> =
            self.pending.iter().filter(|(_, pending)| old(pending)).map(|(source, _)| source.clone()).collect();
        for source in ready {
            self.load_source(&source).await?;
        }
        Ok(())
    }

    pub(crate) async fn load_all(&mut self) -> Result<()> {
        let sources: Vec<String> = self.pending.keys().cloned().collect();
        for source in sources {
            self.load_source(&source).await?;
        }
        Ok(())
    }

    /// Loads what landed of a source and covers what it was asked for. What can't be loaded waits for a person: asking
    /// Amazon again wouldn't change it.
    async fn load_source(&mut self, source: &str) -> Result<()> {
        let Some(pending) = self.pending.remove(source) else { return Ok(()) };
        let deliveries = pending.iter().map(|one| one.delivery.clone()).collect();
        let together = self.puller.workspace.loading.load_together(source, deliveries).await?;
        failpoint::reach("job.loaded")?;
        let mut endings = Vec::with_capacity(pending.len());
        for one in pending {
            if let Some(mark) = mark_of(&together, &one.delivery.id) {
                endings.push((one.job, Ending { mark, as_of: one.landed.as_of }));
            }
        }
        for Group { loaded, touched, .. } in together.groups {
            self.synced.deliveries += loaded.len() as u64;
            self.synced.unbalanced += loaded.iter().map(|loaded| loaded.outcome.unbalanced.len() as u64).sum::<u64>();
            self.synced.rows += loaded.iter().map(|loaded| loaded.outcome.rows).sum::<u64>();
            self.synced.touched.extend(touched);
        }
        self.conclude(endings).await?;
        together.stopped.map_or(Ok(()), Err)
    }

    /// An answer stands in `raw/`: it is loaded once there are enough of its source.
    pub(crate) async fn landed_now(&mut self, job: Job, delivery: Delivery, landed: LandedAnswer) -> Result<()> {
        let (since, plain_bytes) = (self.now(), self.puller.workspace.loading.plain_size(&delivery).await?);
        let source = delivery.source.clone();
        self.pending.entry(source).or_default().push(Pending { job, delivery, landed, since, plain_bytes });
        Ok(())
    }

    /// Whether an answer that landed in an earlier run makes the request superfluous: it is loaded, or will be.
    pub(crate) async fn settled_before(&mut self, job: &Job, landed: &LandedAnswer) -> Result<bool> {
        let Some(record) = self.puller.workspace.state().delivery(&landed.delivery).await? else { return Ok(false) };
        let mark = match record.status {
            DeliveryStatus::Landing | DeliveryStatus::Landed => {
                // What doesn't stand is asked for again.
                let Some(delivery) = self.puller.workspace.loading.settle(&record).await? else { return Ok(false) };
                self.landed_now(job.clone(), delivery, landed.clone()).await?;
                return Ok(true);
            }
            DeliveryStatus::Loaded => SliceMark::loaded(landed.delivery.clone()),
            DeliveryStatus::InPart | DeliveryStatus::HeldBack => {
                let is_read = record.report.is_some_and(|report| report.rejected == 0);
                SliceMark { reason: record.reason.filter(|_| !is_read), ..SliceMark::loaded(landed.delivery.clone()) }
            }
            DeliveryStatus::Refused => failed(record.reason.as_deref().unwrap_or("the answer can't be read")),
        };
        self.conclude(vec![(job.clone(), Ending { mark, as_of: landed.as_of })]).await?;
        Ok(true)
    }

    /// Ends requests, and covers the windows that have no other open: all of it in one step.
    pub(crate) async fn conclude(&mut self, endings: Vec<(Job, Ending)>) -> Result<()> {
        let mut leased = self.puller.workspace.state().leased(&self.lease, self.now()).await?;
        for (job, ending) in &endings {
            leased.step(&job.id, &last_step(job, &ending.mark)).await?;
            self.end(&mut leased, job, ending.clone()).await?;
        }
        failpoint::reach("job.covering")?;
        leased.commit().await?;
        failpoint::reach("job.covered")?;
        let state = self.puller.workspace.state();
        let good = endings.iter().filter(|(_, ending)| ending.mark.status.is_settled());
        let good: BTreeMap<Condition, &Job> = good.map(|(job, _)| (self.unanswered(job), job)).collect();
        for (condition, job) in good {
            if self.firing.contains(&condition) && !self.stands_still(job).await? {
                state.resolve_alert(&condition, self.now()).await?;
                self.firing.remove(&condition);
            }
        }
        for (job, ending) in &endings {
            // What a delivery lacks has an alert of its own.
            if ending.mark.status == SliceStatus::Failed {
                self.alert(job, ending.mark.reason.as_deref().unwrap_or_default()).await?;
            }
            self.account_for(job, &ending.mark);
        }
        Ok(())
    }

    /// Whether something of a job's pipeline and scope waits for a person, or keeps failing.
    async fn stands_still(&self, job: &Job) -> Result<bool> {
        let of = |other: &&Job| other.pipeline == job.pipeline && other.scope == job.scope;
        if self.queue.values().filter(of).any(|other| other.attempt >= SPENT_ATTEMPTS) {
            return Ok(true);
        }
        let (pipeline, scoped) = self.declared(job)?;
        let key = SliceKey { account: self.account.clone(), pipeline: job.pipeline.clone(), scope: job.scope.clone() };
        let slices = self.puller.workspace.state().slices(&key).await?;
        let wanted = required(&pipeline.need, scoped.wall(self.now()), self.options.since.or(self.holder.since));
        Ok(waiting_for_a_person(&slices, wanted) > 0)
    }

    /// One request of a window is over; the last one covers it, for the worst of the reasons there were.
    pub(crate) async fn end(&mut self, leased: &mut Leased, job: &Job, ending: Ending) -> Result<()> {
        self.counted.remove(&job.id);
        let Some(key) = WindowKey::of(job) else { return Ok(()) };
        let waits_for_a_person = |mark: &SliceMark| mark.status == SliceStatus::Failed;
        if !matches!(ending.mark.status, SliceStatus::Loaded | SliceStatus::NoData)
            && !self.spoiled.get(&key).is_some_and(waits_for_a_person)
        {
            self.spoiled.insert(key.clone(), ending.mark.clone());
        }
        let left = self.open.get(&key).map_or(0, |open| open.saturating_sub(1));
        if left > 0 {
            self.open.insert(key, left);
            return Ok(());
        }
        self.open.remove(&key);
        let mark = self.spoiled.remove(&key).unwrap_or(ending.mark);
        let Ok((pipeline, scoped)) = self.declared(job) else { return Ok(()) };
        for (window, mark) in covers(&pipeline, &scoped, &key, mark, ending.as_of) {
            leased.cover(&key.pipeline, &key.scope, window, mark).await?;
        }
        Ok(())
    }

    /// Counts a request that is over.
    pub(crate) fn account_for(&mut self, job: &Job, mark: &SliceMark) {
        self.synced.requests += 1;
        match mark.status {
            SliceStatus::Loaded if !mark.is_lacking() => {}
            SliceStatus::NoData => self.synced.empty += 1,
            SliceStatus::Waiting => self.synced.early += 1,
            _ => self.synced.troubles.push(Trouble {
                pipeline: job.pipeline.clone(),
                scope: job.scope.clone(),
                window: job.window,
                reason: mark.reason.clone().unwrap_or_default(),
                again_at: mark.not_before,
            }),
        }
        self.watch.concluded(&self.holder.id, &job.pipeline);
    }
}

/// What wasn't read is dead, so that a listing that finds it again asks for it again.
fn last_step(job: &Job, mark: &SliceMark) -> JobStep {
    let is_found = || Distinction::of(&job.key).is_ok_and(|distinction| distinction.is_found());
    if mark.status == SliceStatus::Failed || mark.is_lacking() && is_found() {
        let message = mark.reason.clone().unwrap_or_default();
        return JobStep::Dead(JobError { kind: format!("{:?}", Kind::Data), message });
    }
    JobStep::Done
}

/// Intervals that wait for a person, of those that are wanted: they failed, or came with rows that can't be read.
pub(crate) fn waiting_for_a_person(slices: &[Slice], wanted: Option<Window>) -> usize {
    let meets = |window: Window| wanted.is_some_and(|wanted| window.from < wanted.to && wanted.from < window.to);
    let waits = |mark: &SliceMark| mark.status == SliceStatus::Failed || mark.is_lacking();
    slices.iter().filter(|slice| waits(&slice.mark) && meets(slice.window)).count()
}

/// What loading made of a delivery; `None` where it is still to be loaded.
fn mark_of(together: &Together, id: &DeliveryId) -> Option<SliceMark> {
    if let Some((_, reason)) = together.left.iter().find(|(left, _)| left == id) {
        return Some(failed(reason));
    }
    let mut loaded = together.groups.iter().flat_map(|group| &group.loaded);
    let loaded = loaded.find(|loaded| loaded.delivery.id == *id)?;
    Some(match &loaded.outcome.refused {
        Some(reason) => failed(&format!("the answer can't be read: {reason}")),
        None if loaded.outcome.hold_back_all => failed("a rejected job belongs to a unit that can't be told"),
        None => SliceMark { reason: loaded.unread(), ..SliceMark::loaded(id.clone()) },
    })
}

/// The slices that say what came of a window: what may still change says when it is to be asked for again.
fn covers(
    pipeline: &Pipeline,
    scoped: &Scoped,
    key: &WindowKey,
    mark: SliceMark,
    as_of: DateTime<Utc>,
) -> Vec<(Window, SliceMark)> {
    if !matches!(mark.status, SliceStatus::Loaded | SliceStatus::NoData) {
        return vec![(key.window, mark)];
    }
    let wall = scoped.wall(as_of);
    let window = match pipeline.need {
        // A list that took until after midnight is the new day's.
        Need::Snapshot(period) => period_of(wall, period.0),
        Need::Window(_) => key.window,
    };
    let parts = answered(&pipeline.need, window, wall).into_iter().map(|part| {
        let not_before = part.again_at.map(|again| as_of + (again - wall));
        (part.window, SliceMark { not_before, ..mark.clone() })
    });
    parts.collect()
}
