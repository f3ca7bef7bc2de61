//! What takes Amazon a while: begun once, looked at until it is made, fetched. Reports, Data Kiosk and Ads reports are of
//! this shape (amazon.md: Life of a report; Data Kiosk; Ads reports); what is their own is a [`Long`].

mod checkpoint;
mod errand;

use std::sync::Arc;

use async_trait::async_trait;
pub(crate) use checkpoint::{LongCheckpoint, Nothing};
use chrono::{DateTime, TimeDelta, Utc};
use errand::DOUBT;
pub(crate) use errand::{SLACK, printed};
use sellerlake_contracts::{Connector, Request, Result, Step};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::Caller;
use crate::checkpoint::wait;
use crate::classify::Reply;
use crate::document::Document;
use crate::failure::{CallFault, Stop};
use crate::operation::Operation;

/// Times in a row that the outcome of asking may stay unknown before it is an error, which the job's policy decides on.
const MOST_DOUBTS: u32 = 5;
/// Bytes of a document that are quoted where it says why something wasn't made.
const EXPLANATION_BYTES: u64 = 1000;

/// What asking came to.
pub(crate) enum Begun {
    /// Amazon's id of what it makes now.
    Created(String),
    /// The id of the same that is being made already.
    Running(String),
    /// It must not be asked for before then.
    NotBefore(DateTime<Utc>),
}

/// What a look came to.
pub(crate) enum Looked {
    /// Not made yet: Amazon's word for it.
    Busy(String),
    /// Made: what there is to fetch, as Amazon says it.
    Made(Value),
    /// It must be asked for again, not before then.
    Again(DateTime<Utc>),
    /// There is nothing to fetch, nor will be.
    Over(Step),
}

/// What fetching came to.
pub(crate) enum Fetched {
    /// Some of it is here, and noted; the rest is fetched from the next step on.
    Partly,
    /// The answer.
    Whole(Step),
}

/// One kind of what takes a while. Each method may be called again after a crash, with what was kept last.
#[async_trait]
pub(crate) trait Long: Send + Sync {
    /// What a checkpoint keeps besides the errand.
    type Own: Default + Serialize + DeserializeOwned + Send + Sync;

    /// The call that begins it.
    const CREATE: &'static Operation;

    /// Asks for it. Not called again once an id is known, unless [`Looked::Again`] says so.
    async fn begin(&self, request: &Request, kept: &mut LongCheckpoint<Self::Own>) -> Result<Begun, Stop>;

    /// The id of one that was created although nobody heard so; `None` where asking twice does no harm.
    async fn find(&self, _request: &Request, _kept: &LongCheckpoint<Self::Own>) -> Result<Option<String>, Stop> {
        Ok(None)
    }

    /// Asks how far it is.
    async fn look(&self, request: &Request, id: &str, kept: &mut LongCheckpoint<Self::Own>) -> Result<Looked, Stop>;

    /// Fetches what was made. A part of it must be kept before the next is fetched.
    async fn fetch(
        &self,
        request: &Request,
        id: &str,
        made: &Value,
        kept: &mut LongCheckpoint<Self::Own>,
    ) -> Result<Fetched, Stop>;

    /// How long it is left alone once Amazon gave up on it.
    fn cooldown(&self, request: &Request) -> Result<TimeDelta>;
}

/// The connector of a [`Long`].
pub(crate) struct LongRequest<K> {
    pub kind: K,
    pub caller: Arc<Caller>,
    /// A random number of this process, to tell its own checkpoints from those of one that crashed.
    pub process: u64,
}

/// Where a step ends.
enum End {
    Wait(DateTime<Utc>),
    Over(Step),
}

#[async_trait]
impl<K: Long> Connector for LongRequest<K> {
    async fn step(&self, request: &Request, stored: Option<&Value>) -> Result<Step> {
        let Some(mut kept) = LongCheckpoint::<K::Own>::read(stored)? else {
            if let Some(later) = self.caller.quota.distant(K::CREATE).await? {
                return wait(later, &Value::Null);
            }
            // Stored before anything is asked: whoever finds it without an id after a crash looks before asking again.
            let now = self.now();
            return wait(now, &LongCheckpoint::<K::Own>::new(self.process, now));
        };
        match self.advance(request, &mut kept).await {
            Ok(End::Over(step)) => Ok(step),
            Ok(End::Wait(until)) => wait(until, &kept),
            Err(Stop::Later(later)) => wait(later, &kept),
            Err(Stop::Failed(failure)) => {
                Err(failure.error.with("pipeline", &request.pipeline).with("scope", &request.scope))
            }
        }
    }
}

impl<K: Long> LongRequest<K> {
    async fn advance(&self, request: &Request, kept: &mut LongCheckpoint<K::Own>) -> Result<End, Stop> {
        let Some(id) = kept.errand.id.clone() else {
            return self.begin(request, kept).await.map(End::Wait);
        };
        let looked = match self.kind.look(request, &id, kept).await {
            Err(stop) if stop.fault() == Some(CallFault::NotFound) => {
                tracing::warn!(account = %request.account, id, "Amazon no longer knows what was asked for; asking again");
                Looked::Again(self.now())
            }
            other => other?,
        };
        let now = self.now();
        Ok(match looked {
            Looked::Made(made) => match self.kind.fetch(request, &id, &made, kept).await? {
                Fetched::Partly => End::Wait(self.now()),
                Fetched::Whole(step) => End::Over(step),
            },
            Looked::Over(step) => End::Over(step),
            Looked::Again(at) => {
                kept.errand.again(self.process, at);
                End::Wait(at)
            }
            Looked::Busy(status) if kept.errand.is_hopeless(now) => {
                let reason = format!("Amazon hasn't finished what was asked for a day ago: it is {status}");
                End::Over(Step::Fatal { reason, again_at: now + self.kind.cooldown(request)? })
            }
            Looked::Busy(_) => End::Wait(kept.errand.next_look(now)),
        })
    }

    /// Asks, unless an earlier attempt did; comes back with the moment of the first look.
    async fn begin(&self, request: &Request, kept: &mut LongCheckpoint<K::Own>) -> Result<DateTime<Utc>, Stop> {
        let now = self.now();
        if now < kept.errand.asked_at {
            return Ok(kept.errand.asked_at);
        }
        if kept.errand.is_in_doubt(self.process)
            && let Some(id) = self.kind.find(request, kept).await?
        {
            tracing::info!(account = %request.account, id, "what was asked for earlier is adopted");
            kept.errand.begun(id, now);
            return Ok(now);
        }
        let begun = match self.kind.begin(request, kept).await {
            Err(Stop::Failed(failure)) if failure.fault.leaves_doubt() && kept.errand.doubts < MOST_DOUBTS => {
                tracing::warn!(account = %request.account, error = %failure.error, "it may have been asked for");
                kept.errand.doubts += 1;
                return Ok(self.now() + DOUBT);
            }
            other => other?,
        };
        let now = self.now();
        Ok(match begun {
            Begun::NotBefore(at) => at,
            Begun::Running(id) => {
                kept.errand.begun(id, now);
                now
            }
            Begun::Created(id) => {
                kept.errand.begun(id, now);
                kept.errand.next_look(now)
            }
        })
    }

    fn now(&self) -> DateTime<Utc> {
        self.caller.clock.now()
    }
}

/// The id in the answer of a call that began something. Where there is none it may have begun nevertheless.
pub(crate) fn created(reply: &Reply, id_at: &str) -> Result<Begun, Stop> {
    if let Some(id) = reply.text(id_at) {
        return Ok(Begun::Created(id.to_owned()));
    }
    let error = CallFault::NotAnAnswer.error("Amazon took a request and didn't say which").at("long.begin");
    Err(Stop::failed(CallFault::NotAnAnswer, "", error))
}

/// What Amazon gave up on, in the words of the document that explains it, where there is one that can be read.
pub(crate) async fn explained(
    what: &str,
    document: Option<impl Future<Output = Result<Document, Stop>> + Send>,
) -> Result<String, Stop> {
    let Some(document) = document else { return Ok(what.to_owned()) };
    match document.await {
        Ok(document) => Ok(format!("{what}: {}", document.explanation(EXPLANATION_BYTES))),
        Err(later @ Stop::Later(_)) => Err(later),
        Err(Stop::Failed(failure)) => {
            tracing::warn!(error = %failure.error, "an explanation can't be read");
            Ok(what.to_owned())
        }
    }
}
