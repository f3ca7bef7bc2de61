//! Answers of many pages: all of them, or none.

mod listing;
mod progress;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
pub(crate) use listing::{Listing, Part};
use progress::PageProgress;
use sellerlake_contracts::{AmazonAnswer, Connector, Request, Result, Step};
use serde_json::Value;

use crate::call::Caller;
use crate::checkpoint;
use crate::failure::{CallFault, Stop};
use crate::parameters;
use crate::scratch::{AnswerSpool, Scratch};

/// How long work that came some way rests after a failure.
const REST: TimeDelta = TimeDelta::minutes(1);

/// The connector of a [`Listing`].
pub(crate) struct Paged {
    pub caller: Arc<Caller>,
    pub scratch: Scratch,
    pub listing: &'static Listing,
    /// How long before now an answer ends.
    pub lag: TimeDelta,
}

#[async_trait]
impl Connector for Paged {
    async fn step(&self, request: &Request, stored: Option<&Value>) -> Result<Step> {
        let (mut progress, mut spool) = match PageProgress::resume(stored, &self.scratch) {
            Some(resumed) => resumed,
            None if request.window.is_some_and(|window| window.to <= window.from) => {
                return Err(parameters::lacking(request, "the request's window is empty".to_owned()));
            }
            None => match self.listing.parts(request, self.caller.clock.now(), self.lag) {
                Ok(parts) => {
                    let spool = self.scratch.spool(&request.account.to_string())?;
                    (PageProgress::begin(parts, &spool), spool)
                }
                Err(until) => return checkpoint::wait(until, &Value::Null),
            },
        };
        let before = spool.ends().len();
        let stop = match self.read(request, &mut progress, &mut spool).await {
            Ok(()) => return Ok(Step::Answer(self.answer(&progress, spool))),
            Err(stop) => stop,
        };
        let later = match stop {
            Stop::Later(later) => later,
            Stop::Failed(failure) => {
                let came_on = spool.ends().len() > before && failure.error.may_pass();
                if !came_on {
                    return Err(failure.error);
                }
                tracing::warn!(account = %request.account, error = %failure.error, "pages so far are kept");
                (self.caller.clock.now() + REST).into()
            }
        };
        progress.keep(&mut spool)?;
        checkpoint::wait(later, &progress)
    }
}

impl Paged {
    async fn read(&self, request: &Request, progress: &mut PageProgress, spool: &mut AnswerSpool) -> Result<(), Stop> {
        if progress.is_stale(self.listing, self.now()) {
            progress.restart(spool, "the token of the next page has expired meanwhile")?;
        }
        while let Some(part) = progress.part() {
            let mut ask = (self.listing.ask)(request, part)?;
            if let Some(token) = &progress.token {
                ask = ask.query(self.listing.token_parameter, token);
            }
            match self.caller.call(&ask).await {
                Ok(reply) => progress.take(self.listing, &reply, spool, self.now())?,
                Err(stop) => self.mend(progress, spool, stop)?,
            }
        }
        Ok(())
    }

    /// What can be done about a failed page without waiting: a dead token, or a window that is too much.
    fn mend(&self, progress: &mut PageProgress, spool: &mut AnswerSpool, stop: Stop) -> Result<(), Stop> {
        let refused = stop.fault() == Some(CallFault::Invalid);
        if refused && progress.token.is_some() {
            progress.restart(spool, "Amazon no longer accepts the token of the next page")?;
            return Ok(());
        }
        let may_be_size = refused || stop.fault() == Some(CallFault::Internal);
        if self.listing.halves_on_error && may_be_size && progress.halve(spool)? {
            return Ok(());
        }
        Err(stop)
    }

    fn answer(&self, progress: &PageProgress, spool: AnswerSpool) -> AmazonAnswer {
        let as_of = progress.as_of.unwrap_or_else(|| self.now());
        AmazonAnswer { pages: spool.into_pages(), extension: "json", charset: None, as_of, origin: None }
    }

    fn now(&self) -> DateTime<Utc> {
        self.caller.clock.now()
    }
}
