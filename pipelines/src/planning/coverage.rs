//! Coverage: for every account, pipeline and scope, what of the time that could be had is there, and why the rest isn't.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, DeliveryId, Result, Scope, Window};
use sellerlake_state::{DeliveryFilter, DeliveryStatus, JobFilter, JobStatus, Slice, SliceKey, SliceMark, SliceStatus};

use crate::declared::pipeline::{Need, Pipeline};
use crate::declared::pipelines::Pipelines;
use crate::declared::scopes::{Holder, Scoped, Zones, scopes};
use crate::planning::Planning;
use crate::planning::intervals::Intervals;
use crate::planning::plan::required;

/// What is known of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Covered {
    /// Its rows stand.
    Loaded,
    /// Its rows stand, but for those that could not be read.
    InPart,
    /// Units of it could not be read: what stood of them before stands.
    HeldBack,
    /// Amazon says that there is nothing.
    NoData,
    /// It is being asked for, or will be when its turn comes.
    Waiting,
    /// Amazon cancelled or gave up on the report.
    Refused,
    /// It waits for a person.
    Failed,
    /// It lies further back than the pipeline reaches, or was a moment that nobody asked at.
    Unreachable,
    /// Nobody has asked for it yet.
    Missing,
}

impl Covered {
    /// The word that is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::InPart => "in part",
            Self::HeldBack => "held back",
            Self::NoData => "no data",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Missing => "missing",
        }
    }

    fn of(mark: &SliceMark, held_back: &BTreeSet<DeliveryId>) -> Self {
        match mark.status {
            SliceStatus::Loaded
                if mark.is_lacking() && held_back.iter().any(|id| mark.delivery.as_ref() == Some(id)) =>
            {
                Self::HeldBack
            }
            SliceStatus::Loaded if mark.is_lacking() => Self::InPart,
            SliceStatus::Loaded => Self::Loaded,
            SliceStatus::NoData => Self::NoData,
            SliceStatus::Waiting => Self::Waiting,
            SliceStatus::Cancelled | SliceStatus::Fatal => Self::Refused,
            SliceStatus::Unreachable => Self::Unreachable,
            SliceStatus::Failed => Self::Failed,
        }
    }
}

/// One interval and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageLine {
    /// Whose.
    pub account: AccountId,
    /// The pipeline.
    pub pipeline: String,
    /// The scope.
    pub scope: Scope,
    /// The interval, on the scope's own clock.
    pub window: Window,
    /// What is known.
    pub covered: Covered,
    /// Why, for a reader.
    pub reason: Option<String>,
    /// When it is asked for again, where that is known.
    pub again_at: Option<DateTime<Utc>>,
}

impl Planning {
    /// Everything an account's pipelines should have from `since` (as far back as Amazon answers, if nobody says) up
    /// to now, in the order of pipeline, scope and time; neighbours of which the same is known are one line.
    pub async fn coverage(
        &self,
        pipelines: &Pipelines,
        holder: &Holder,
        since: Option<DateTime<Utc>>,
    ) -> Result<Vec<CoverageLine>> {
        let (zones, now) = (Zones::of(&self.shared.declarations.schemas), self.shared.clock.now());
        let account = holder.id.clone();
        let filter = JobFilter { account: Some(account.clone()), ..JobFilter::default() };
        let mut queued: BTreeMap<(String, Scope), Vec<Window>> = BTreeMap::new();
        for row in self.shared.state.jobs(&filter).await? {
            if let (Some(window), JobStatus::Queued | JobStatus::Running) = (row.window, row.status) {
                queued.entry((row.pipeline, row.scope)).or_default().push(window);
            }
        }
        let held_back = DeliveryFilter {
            seller: Some(holder.id.seller.clone()),
            status: Some(DeliveryStatus::HeldBack),
            ..DeliveryFilter::default()
        };
        let held_back = self.shared.state.deliveries(&held_back).await?.into_iter().map(|record| record.id).collect();
        let mut lines = Vec::new();
        for pipeline in pipelines.iter() {
            for scoped in scopes(pipeline, holder, &zones) {
                let scope = scoped.scope.clone();
                let key = SliceKey { account: account.clone(), pipeline: pipeline.name.clone(), scope: scope.clone() };
                let slices = self.shared.state.slices(&key).await?;
                let queued = queued.remove(&(pipeline.name.clone(), scope.clone())).unwrap_or_default();
                let told = Told { slices: &slices, queued: &queued, held_back: &held_back };
                let parts = parts(pipeline, &scoped, &told, now, since.or(holder.since));
                lines.extend(parts.into_iter().map(|part| CoverageLine {
                    account: holder.id.clone(),
                    pipeline: pipeline.name.clone(),
                    scope: scope.clone(),
                    window: part.0,
                    covered: part.1,
                    reason: part.2,
                    again_at: part.3,
                }));
            }
        }
        Ok(lines)
    }
}

type Part = (Window, Covered, Option<String>, Option<DateTime<Utc>>);

/// What state says of one scope.
struct Told<'a> {
    slices: &'a [Slice],
    queued: &'a [Window],
    held_back: &'a BTreeSet<DeliveryId>,
}

/// One scope's intervals, in order of time.
fn parts(
    pipeline: &Pipeline,
    scoped: &Scoped,
    told: &Told<'_>,
    now: DateTime<Utc>,
    since: Option<DateTime<Utc>>,
) -> Vec<Part> {
    let Told { slices, queued, held_back } = told;
    let wall = scoped.wall(now);
    let mut parts: Vec<Part> = slices
        .iter()
        .map(|slice| {
            let covered = Covered::of(&slice.mark, held_back);
            let again_at = slice
                .mark
                .not_before
                .filter(|_| slice.mark.status != SliceStatus::Loaded && covered != Covered::NoData);
            (slice.window, covered, slice.mark.reason.clone(), again_at)
        })
        .collect();
    let mut told: Intervals = slices.iter().map(|slice| slice.window).collect();
    let asked: Intervals = queued.iter().copied().collect();
    for window in asked.minus(&told).spans() {
        parts.push((*window, Covered::Waiting, Some("in the queue".into()), None));
    }
    queued.iter().for_each(|window| told.add(window.from, window.to));
    let wanted = required(&pipeline.need, wall, since);
    let begin = match pipeline.need {
        // What was missed of a list can't be had later: it counts from the first one that was taken.
        Need::Snapshot(_) => slices.first().map(|slice| slice.window.from),
        Need::Window(_) => since,
    };
    if let (Some(begin), Some(wanted)) = (begin, wanted) {
        let before: Intervals = Window::new(begin, wanted.from).map(Intervals::from).unwrap_or_default();
        let reason = match pipeline.need {
            Need::Snapshot(_) => "nobody asked while it was the present",
            Need::Window(_) => "further back than it reaches",
        };
        for window in before.minus(&told).spans() {
            parts.push((*window, Covered::Unreachable, Some(reason.into()), None));
        }
    }
    if let Some(wanted) = wanted {
        for window in Intervals::from(wanted).minus(&told).spans() {
            parts.push((*window, Covered::Missing, Some("not asked for yet".into()), None));
        }
    }
    parts.sort_by_key(|part| part.0);
    joined(parts)
}

/// Neighbours of which the same is known become one.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match joined.last_mut() {
            Some(last) if last.0.to == part.0.from && (last.1, &last.2, last.3) == (part.1, &part.2, part.3) => {
                last.0.to = part.0.to;
            }
            _ => joined.push(part),
        }
    }
    joined
}
