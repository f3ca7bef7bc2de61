//! The one way to call Amazon: token, quota, sending, classifying, retrying, each around the next.

use std::sync::Arc;

use chrono::TimeDelta;
use reqwest::header::{HeaderMap, HeaderValue};
use sellerlake_contracts::{AccountId, Clock, Error};

use crate::ask::Ask;
use crate::classify::{Reply, classify};
use crate::endpoints::Endpoints;
use crate::failure::{CallFault, Failure, Stop, reauthorise};
use crate::operation::Api;
use crate::quota::{PATIENCE, Quota, span};
use crate::retry::Tries;
use crate::signin::{Access, SignIn};
use crate::skew::{Skew, synchronise};
use crate::transport::{Transport, hidden, named, plain};

/// A token refused as expired while it is younger than this was never too old.
const YOUNG: TimeDelta = TimeDelta::minutes(10);

/// Calls on behalf of one account.
pub(crate) struct Caller {
    pub account: AccountId,
    pub clock: Arc<dyn Clock>,
    pub transport: Transport,
    pub quota: Quota,
    pub sign_in: SignIn,
    pub endpoints: Arc<Endpoints>,
    pub skew: Skew,
}

impl Caller {
    /// The answer to `ask`, after as many attempts as the policy of each failure grants.
    pub(crate) async fn call(&self, ask: &Ask) -> Result<Reply, Stop> {
        let mut tries = Tries::default();
        loop {
            let failure = match self.attempt(ask).await {
                Err(Stop::Failed(failure)) if failure.fault != CallFault::Ours => failure,
                other => return other,
            };
            let Some(delay) = tries.after(&failure, ask.operation.creates, fastrand::f64()) else {
                return Err(self.given_up(failure, &tries));
            };
            tracing::warn!(
                account = %self.account, operation = ask.operation.name, error = %failure.error, "calling again"
            );
            // An emptied bucket makes the next attempt wait by itself.
            if failure.fault != CallFault::Throttled {
                self.pause(delay).await?;
            }
        }
    }

    /// Waits, or says when to come back if that is too long to wait.
    pub(crate) async fn pause(&self, delay: std::time::Duration) -> Result<(), Stop> {
        let until = self.clock.now() + span(delay);
        if delay > PATIENCE {
            return Err(Stop::later(until));
        }
        self.clock.sleep_until(until).await;
        Ok(())
    }

    async fn attempt(&self, ask: &Ask) -> Result<Reply, Stop> {
        let operation = ask.operation;
        let access = match &ask.bearer {
            Some(token) => Access { token: token.clone(), age: TimeDelta::zero() },
            None => self.sign_in.access(operation.api).await?,
        };
        let pass = self.quota.take(operation).await?;
        let headers = self.headers(ask, &access)?;
        let url = ask.url(&self.endpoints.base(operation.api, self.account.region));
        let arrived = self.transport.send(operation.method, &url, headers, ask.body.clone()).await;
        self.quota.arrived(operation, pass).await;
        let arrived = arrived.map_err(|stop| self.located(ask, stop))?;
        tracing::debug!(
            account = %self.account, operation = operation.name, status = arrived.status,
            bytes = arrived.body.len(), request_id = arrived.request_id(), "Amazon answered"
        );
        if self.transport.tells_skew {
            self.skew.note(arrived.header("date"), self.clock.now());
        }
        let rate = arrived.header("x-amzn-ratelimit-limit").and_then(|text| text.trim().parse().ok());
        match classify(operation, arrived) {
            Err(Stop::Failed(failure)) => Err(self.drawn(ask, &access, failure).await),
            other => {
                self.quota.answered(operation, rate).await;
                other
            }
        }
    }

    /// Draws a refusal's consequences for bucket and token.
    async fn drawn(&self, ask: &Ask, access: &Access, mut failure: Box<Failure>) -> Stop {
        match failure.fault {
            CallFault::Throttled => self.quota.refused(ask.operation, failure.hint, fastrand::f64()).await,
            CallFault::Token => {
                if ask.bearer.is_none() {
                    self.sign_in.forget(ask.operation.api, &access.token).await;
                }
                failure.error = self.explained(access, &failure.text, failure.error);
            }
            _ => self.quota.answered(ask.operation, None).await,
        }
        if matches!(failure.fault, CallFault::Token | CallFault::Invalid)
            && let Some(skew) = self.skew.told()
        {
            failure.error = failure.error.hint(synchronise(&skew));
        }
        Stop::Failed(failure)
    }

    fn explained(&self, access: &Access, text: &str, error: Error) -> Error {
        if text.to_lowercase().contains("expired") && access.age < YOUNG {
            let seconds = access.age.num_seconds();
            return error.with("token age in seconds", seconds).hint(
                "Amazon calls a token expired that it has only just given: this machine's clock is probably wrong; \
                 synchronise it",
            );
        }
        error.hint(format!("{}; a token also works in no region but its own", reauthorise(&self.account)))
    }

    fn located(&self, ask: &Ask, stop: Stop) -> Stop {
        match stop {
            Stop::Failed(mut failure) => {
                let host = self.endpoints.base(ask.operation.api, self.account.region);
                failure.error = failure.error.with("operation", ask.operation.name).with("host", host);
                Stop::Failed(failure)
            }
            later @ Stop::Later(_) => later,
        }
    }

    fn given_up(&self, mut failure: Box<Failure>, tries: &Tries) -> Stop {
        failure.error = failure.error.with("account", &self.account);
        if tries.made() > 1 {
            failure.error = failure.error.with("attempts", tries.made()).spent();
        }
        Stop::Failed(failure)
    }

    fn headers(&self, ask: &Ask, access: &Access) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(named("accept"), HeaderValue::from_static("application/json"));
        match ask.operation.api {
            Api::Selling => {
                headers.insert(named("x-amz-access-token"), hidden(access.token.expose())?);
                let date = self.clock.now().format("%Y%m%dT%H%M%SZ").to_string();
                headers.insert(named("x-amz-date"), plain(&date)?);
            }
            Api::Ads => {
                headers.insert(named("authorization"), hidden(&format!("Bearer {}", access.token.expose()))?);
                let client = plain(self.sign_in.client_id(Api::Ads))?;
                headers.insert(named("amazon-advertising-api-clientid"), client);
            }
        }
        for (name, value) in &ask.headers {
            headers.insert(named(name), plain(value)?);
        }
        Ok(headers)
    }
}
