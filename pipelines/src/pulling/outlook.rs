//! From the ledger to a plan: what an account's pipelines have, and so what is to be asked for.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use sellerlake_contracts::{Result, Scope, Window};
use sellerlake_state::{JobPlan, Priority, Slice, SliceKey, SliceStatus};

use crate::declared::pipeline::Pipeline;
use crate::declared::scopes::{Scoped, scopes};
use crate::planning::intervals::Intervals;
use crate::planning::keys::KeysByMarket;
use crate::planning::plan::{Answered, Outlook, plan, required};
use crate::pulling::jobs::rows;
use crate::pulling::run::AccountRun;
use crate::pulling::settle::waiting_for_a_person;

/// What the ledger says of one scope, on the scope's own clock.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// What Amazon has answered for.
    pub(crate) known: Vec<Answered>,
    /// What can't be had now.
    pub(crate) busy: Vec<Window>,
}

impl Remembered {
    /// Sorts slices; `retry` asks again for what waits for a person.
    pub(crate) fn of(slices: &[Slice], scoped: &Scoped, now: DateTime<Utc>, retry: bool) -> Self {
        let mut remembered = Self::default();
        for slice in slices {
            let later = slice.mark.not_before.is_some_and(|turn| turn > now);
            match slice.mark.status {
                _ if retry && slice.mark.is_lacking() => {}
                SliceStatus::Loaded | SliceStatus::NoData => remembered.known.push(Answered {
                    window: slice.window,
                    again_at: slice.mark.not_before.map(|turn| scoped.wall(turn)),
                }),
                _ if retry && slice.mark.status != SliceStatus::Unreachable => {}
                SliceStatus::Cancelled | SliceStatus::Fatal | SliceStatus::Waiting if !later => {}
                // Those wait for their moment, and what failed for a person.
                _ => remembered.busy.push(slice.window),
            }
        }
        remembered
    }
}

/// What is not asked for now because Amazon wouldn't make it anew: all from the day of the newest answer on, until that
/// answer is `cooldown` old.
fn cooling(slices: &[Slice], cooldown: TimeDelta, now: DateTime<Utc>) -> Option<Window> {
    let answered = slices.iter().filter(|slice| matches!(slice.mark.status, SliceStatus::Loaded | SliceStatus::NoData));
    let newest = answered.max_by_key(|slice| slice.window.to)?;
    let day = (newest.window.to - TimeDelta::milliseconds(1)).date_naive().and_time(NaiveTime::MIN).and_utc();
    (newest.updated_at + cooldown > now).then_some(Window { from: day, to: DateTime::<Utc>::MAX_UTC })
}

impl AccountRun<'_> {
    /// Plans those of the run's pipelines and enters what is to be asked for into the ledger; how many requests are new.
    pub(crate) async fn plan(&mut self, which: impl Fn(&Pipeline) -> bool) -> Result<u64> {
        let selected = self.options.selected(&self.puller.pipelines)?;
        let mut planned = Vec::new();
        for pipeline in selected.into_iter().filter(|pipeline| which(pipeline)) {
            let keys = match &pipeline.keys {
                Some(keys) => self.puller.workspace.planning.keys(pipeline, keys, &self.holder.id.seller).await?,
                None => KeysByMarket::default(),
            };
            for scoped in scopes(pipeline, self.holder, &self.puller.zones) {
                planned.extend(self.plan_scope(pipeline, &scoped, &keys).await?);
            }
        }
        self.enter(&planned).await
    }

    async fn plan_scope(&mut self, pipeline: &Pipeline, scoped: &Scoped, keys: &KeysByMarket) -> Result<Vec<JobPlan>> {
        let workspace = &self.puller.workspace;
        let now = workspace.clock().now();
        let key =
            SliceKey { account: self.account.clone(), pipeline: pipeline.name.clone(), scope: scoped.scope.clone() };
        let slices = workspace.state().slices(&key).await?;
        let mut remembered = Remembered::of(&slices, scoped, now, self.options.retry);
        if let Some(cooldown) = pipeline.cooldown.time().filter(|_| !self.options.retry) {
            remembered.busy.extend(cooling(&slices, cooldown, now));
        }
        remembered.busy.extend(self.unfinished(&pipeline.name, &scoped.scope));
        if let Some(to) = self.options.until {
            remembered.busy.push(Window { from: to, to: DateTime::<Utc>::MAX_UTC });
        }
        let since = self.options.since.or(self.holder.since);
        if !self.options.retry {
            let wanted = required(&pipeline.need, scoped.wall(now), since);
            // What fails in this run is told as its own.
            self.waiting.entry(key).or_insert_with(|| waiting_for_a_person(&slices, wanted));
        }
        let outlook = Outlook { now: scoped.wall(now), since, known: &remembered.known, busy: &remembered.busy };
        let keys = keys.of(&scoped.marketplaces);
        let mut planned = Vec::new();
        let waits_for_a_person = |slice: &&Slice| slice.mark.status == SliceStatus::Failed || slice.mark.is_lacking();
        let failed: Intervals = slices.iter().filter(waits_for_a_person).map(|slice| slice.window).collect();
        for mut request in plan(&pipeline.need, &outlook) {
            request.priority = match self.options.priority {
                // What failed for good is queued again only by hand.
                _ if failed.meets(request.window) => Priority::Manual,
                Some(priority) => priority,
                None => request.priority,
            };
            planned.extend(rows(pipeline, scoped, &request, &keys, now));
        }
        Ok(planned)
    }

    /// Windows of a scope that have requests in the queue or under way.
    fn unfinished(&self, pipeline: &str, scope: &Scope) -> BTreeSet<Window> {
        let of = |of: &&crate::pulling::run::WindowKey| of.pipeline == pipeline && of.scope == *scope;
        self.open.keys().filter(of).map(|key| key.window).collect()
    }
}

#[cfg(test)]
mod tests {
    use sellerlake_state::SliceMark;

    use super::*;

    #[test]
    fn what_was_just_made_isn_t_asked_for_again_and_history_is() {
        let at = |hours: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        let slice = |from, to, updated_at| Slice {
            window: Window { from: at(from), to: at(to) },
            mark: SliceMark::of(SliceStatus::Loaded),
            updated_at: at(updated_at),
        };
        let slices = [slice(0, 24, 60), slice(24, 57, 60)];
        let cooldown = TimeDelta::hours(4);
        let busy = cooling(&slices, cooldown, at(63)).unwrap();
        assert_eq!((busy.from, busy.to), (at(48), DateTime::<Utc>::MAX_UTC));
        assert_eq!(cooling(&slices, cooldown, at(64)), None);
        assert_eq!(cooling(&[], cooldown, at(63)), None);
    }
}
