//! What becomes of a request after each step of its connector.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{AmazonAnswer, Error, Request, Result, Step, failpoint};
use sellerlake_schemas::Source;
use sellerlake_state::{
    AlertKind, Condition, Job, JobError, JobFilter, JobPlan, JobStatus, JobStep, SliceKey, SliceMark, SliceStatus,
};

use crate::declared::pipeline::{Need, Pipeline, ScopeKind};
use crate::declared::scopes::Scoped;
use crate::pulling::jobs::{Distinction, LandedAnswer, Progressed, found};
use crate::pulling::policy::{Verdict, verdict};
use crate::pulling::puller::Trouble;
use crate::pulling::run::{AccountRun, Ending, WindowKey};
use crate::pulling::settle::failed;
use crate::{Arrival, DeliveryFacts};

/// Reports of one window that Amazon may give up on before somebody should look.
const FATALS: u32 = 3;

impl AccountRun<'_> {
    pub(crate) async fn stepped(&mut self, job: Job, stepped: Result<Step>) -> Result<()> {
        match stepped {
            Ok(Step::Wait { until, checkpoint, bucket }) => {
                if let Some(bucket) = bucket {
                    let operation = self.operation(&job).to_owned();
                    self.turns.found_empty(&job, &operation, &bucket, until);
                }
                let progressed = Progressed { connector: Some(checkpoint), landed: None };
                let checkpoint = progressed.connector.as_ref().is_some_and(|reached| !reached.is_null());
                let checkpoint = checkpoint.then(|| progressed.text());
                self.back(job, JobStep::Wait { until, checkpoint }).await?;
                failpoint::reach("job.waiting")
            }
            Ok(Step::Answer(answer)) => self.landed(job, answer).await,
            Ok(Step::NoData { reason, as_of }) => self.empty(job, &reason, as_of).await,
            Ok(Step::Found(requests)) => self.found(job, &requests).await,
            Ok(Step::Fatal { reason, again_at }) => self.fatal(job, &reason, again_at).await,
            Err(error) => self.failed(job, error).await,
        }
    }

    /// Lands an answer; the checkpoint says so before anything else happens to it.
    async fn landed(&mut self, job: Job, answer: AmazonAnswer) -> Result<()> {
        let (pipeline, scoped) = self.declared(&job)?;
        let workspace = &self.puller.workspace;
        let as_of = answer.as_of;
        let facts = self.facts(&pipeline, &scoped, &job, &answer);
        let arrival = Arrival { name: format!("answer.{}", answer.extension), pages: answer.pages };
        let delivery = match workspace.loading.land(&facts, arrival).await {
            Ok(delivery) => delivery,
            Err(error) => return self.failed(job, error).await,
        };
        failpoint::reach("job.landed")?;
        let landed = LandedAnswer { delivery: delivery.id.clone(), as_of };
        let checkpoint = Progressed { connector: None, landed: Some(landed.clone()) }.text();
        let mut leased = workspace.state().leased(&self.lease, self.now()).await?;
        leased.step(&job.id, &JobStep::Checkpoint(checkpoint)).await?;
        leased.commit().await?;
        failpoint::reach("job.noted")?;
        self.landed_now(job, delivery, landed).await
    }

    fn facts(&self, pipeline: &Pipeline, scoped: &Scoped, job: &Job, answer: &AmazonAnswer) -> DeliveryFacts {
        let one = match pipeline.scope {
            ScopeKind::Marketplace | ScopeKind::AdsProfile => scoped.marketplaces.first().cloned(),
            ScopeKind::Account | ScopeKind::Region => None,
        };
        let is_found = Distinction::of(&job.key).is_ok_and(|distinction| distinction.is_found());
        DeliveryFacts {
            source: pipeline.source.clone(),
            seller: self.holder.id.seller.clone(),
            scope: Some(scoped.scope.to_string()),
            marketplace: one,
            // The window of what a listing found is the listing's.
            window: job.window.filter(|_| matches!(pipeline.need, Need::Window(_)) && !is_found),
            as_of: Some(answer.as_of),
            charset: answer.charset.clone(),
            options: report_options(pipeline),
            allow_personal_data: false,
            origin: answer.origin.clone(),
        }
    }

    /// Amazon has nothing, which is an answer unless it came before Amazon could know.
    async fn empty(&mut self, job: Job, reason: &str, as_of: DateTime<Utc>) -> Result<()> {
        let (pipeline, scoped) = self.declared(&job)?;
        let source = self.puller.workspace.loading.source(&pipeline.source)?;
        let mark = match counts_from(source, &pipeline, &scoped, &job).filter(|from| *from > as_of) {
            Some(from) => SliceMark { not_before: Some(from), ..SliceMark::of(SliceStatus::Waiting) }
                .because(format!("{reason}; too early to count as nothing")),
            None => SliceMark::of(SliceStatus::NoData).because(reason),
        };
        self.conclude(vec![(job, Ending { mark, as_of })]).await
    }

    /// A listing: everything in it that is new becomes a request, in the same step that ends the listing's own.
    async fn found(&mut self, job: Job, requests: &[Request]) -> Result<()> {
        let now = self.now();
        let (pipeline, _) = self.declared(&job)?;
        let filter = JobFilter {
            account: Some(self.account.clone()),
            pipeline: Some(job.pipeline.clone()),
            ..JobFilter::default()
        };
        let known = self.puller.workspace.state().jobs(&filter).await?;
        let is_new =
            |plan: &JobPlan| !known.iter().any(|known| known.key == plan.key && known.status != JobStatus::Dead);
        let mut plans: Vec<JobPlan> =
            requests.iter().map(|request| found(&pipeline, &job, request, now)).filter(is_new).collect();
        plans.sort_by(|a, b| a.key.cmp(&b.key));
        plans.dedup_by(|a, b| a.key == b.key);
        self.enter(&plans).await?;
        let mark = SliceMark::of(SliceStatus::Loaded);
        self.conclude(vec![(job, Ending { mark, as_of: now })]).await
    }

    /// Amazon gave up: not again before the end of the cooldown, and not for ever.
    async fn fatal(&mut self, job: Job, reason: &str, again_at: DateTime<Utc>) -> Result<()> {
        let key = SliceKey { account: self.account.clone(), pipeline: job.pipeline.clone(), scope: job.scope.clone() };
        let slices = self.puller.workspace.state().slices(&key).await?;
        let met = slices.iter().filter(|slice| {
            job.window.is_some_and(|window| slice.window.from < window.to && window.from < slice.window.to)
        });
        let attempt = met.map(|slice| slice.mark.attempt).max().unwrap_or(0) + 1;
        let mark = if attempt >= FATALS {
            failed(&format!("Amazon gave up {attempt} times: {reason}"))
        } else {
            SliceMark { not_before: Some(again_at), ..SliceMark::of(SliceStatus::Fatal) }.because(reason)
        };
        let mark = SliceMark { attempt, ..mark };
        let as_of = self.now();
        self.conclude(vec![(job, Ending { mark, as_of })]).await
    }

    async fn failed(&mut self, job: Job, error: Error) -> Result<()> {
        let now = self.now();
        let attempt = job.attempt + 1;
        tracing::warn!(%error, pipeline = job.pipeline, scope = %job.scope, attempt, "a request failed");
        match verdict(&error, attempt) {
            Verdict::Retry(after) => {
                let (until, checkpoint) = (now + after + spread(&job), job.checkpoint.clone());
                self.back(job, JobStep::Retry { until, checkpoint, error: JobError::from(&error) }).await
            }
            Verdict::Later(after) => {
                let until = now + after + spread(&job);
                let reason = sentence(&error);
                self.alert(&job, &reason).await?;
                let (pipeline, scope) = (job.pipeline.clone(), job.scope.clone());
                let trouble = Trouble { pipeline, scope, window: job.window, reason, again_at: Some(until) };
                self.synced.troubles.push(trouble);
                self.back(job, JobStep::Retry { until, checkpoint: None, error: JobError::from(&error) }).await
            }
            Verdict::GiveUp => {
                self.give_up(&job, &JobError { message: sentence(&error), ..JobError::from(&error) }).await
            }
            Verdict::StopPipeline => {
                let told = JobError { message: sentence(&error), ..JobError::from(&error) };
                self.barred.insert(job.pipeline.clone(), error);
                self.give_up(&job, &told).await
            }
            Verdict::StopAccount => self.stop_account(job, &error).await,
            Verdict::Abort => Err(error),
        }
    }

    /// A request that waits for a person.
    pub(crate) async fn give_up(&mut self, job: &Job, error: &JobError) -> Result<()> {
        self.alert(job, &error.message).await?;
        let ending = Ending { mark: failed(&error.message), as_of: self.now() };
        let mut leased = self.puller.workspace.state().leased(&self.lease, self.now()).await?;
        leased.step(&job.id, &JobStep::Dead(error.clone())).await?;
        self.end(&mut leased, job, ending.clone()).await?;
        leased.commit().await?;
        self.account_for(job, &ending.mark);
        Ok(())
    }

    /// Amazon doesn't accept the grant or the application: nothing of the account is asked until somebody mends that.
    async fn stop_account(&mut self, job: Job, error: &Error) -> Result<()> {
        let now = self.now();
        let reason = sentence(error);
        let step = JobStep::Wait { until: now, checkpoint: job.checkpoint.clone() };
        self.back(job, step).await?;
        let state = self.puller.workspace.state();
        state.suspend_account(&self.account, &reason, now).await?;
        let message = format!(
            "{reason}; nothing of this account is pulled until then: `sellerlake account add` takes a new token or secret \
             and goes on, `sellerlake account resume {}` goes on with those that are there",
            self.holder.id
        );
        let condition = Condition::of_account(AlertKind::Account, &self.account, "");
        state.raise_alert(&condition, &format!("account {}", self.account), &message, now).await?;
        self.synced.stopped = Some(reason);
        Ok(())
    }

    pub(crate) async fn alert(&mut self, job: &Job, reason: &str) -> Result<()> {
        let window = job.window.map_or(String::new(), |window| format!(" {window}"));
        let subject = format!("{} {} {}{window}", self.holder.id, job.pipeline, job.scope);
        let condition = self.unanswered(job);
        self.puller.workspace.state().raise_alert(&condition, &subject, reason, self.now()).await?;
        self.firing.insert(condition);
        Ok(())
    }

    /// That something of a pipeline and scope stands still; an answer resolves it once nothing of it does any more.
    pub(crate) fn unanswered(&self, job: &Job) -> Condition {
        Condition::of_account(AlertKind::Slice, &self.account, format!("{}:{}", job.pipeline, job.scope))
    }
}

/// Hundreds of requests that failed together don't come back together.
fn spread(job: &Job) -> TimeDelta {
    TimeDelta::milliseconds(i64::from(u8::from_str_radix(&job.id[..2], 16).unwrap_or(0)) * 20)
}

/// The error and what to do about it.
fn sentence(error: &Error) -> String {
    match error.remedy() {
        Some(remedy) => format!("{error}; {remedy}"),
        None => error.to_string(),
    }
}

/// From when an empty answer for a job's window means that there is nothing; `None`: always.
fn counts_from(source: &Source, pipeline: &Pipeline, scoped: &Scoped, job: &Job) -> Option<DateTime<Utc>> {
    let hours = source.empty_counts_after_hours?;
    let WindowKey { window, .. } = WindowKey::of(job)?;
    if matches!(pipeline.need, Need::Snapshot(_)) {
        return None;
    }
    // The end of the window, from the scope's clock to everybody's.
    let end = window.to - (scoped.wall(window.to) - window.to);
    Some(end + TimeDelta::hours(i64::from(hours)))
}

/// Options as sent with a report, part of what a delivery is.
fn report_options(pipeline: &Pipeline) -> BTreeMap<String, String> {
    let named = |(name, value): (&String, &String)| Some((name.strip_prefix("option.")?.to_owned(), value.clone()));
    pipeline.parameters.iter().filter_map(named).collect()
}
