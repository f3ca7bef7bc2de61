//! The simulator's time, seen from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use sellerlake_contracts::{Clock, Error, Kind, Result};
use serde_json::{Value, json};

use crate::ask::instant;
use crate::transport::{HeaderObserver, HttpOptions};

/// A clock that belongs to a simulator: it shows the last time the simulator told, and waiting moves the simulator's
/// time on instead of passing any. Copies share one time.
#[derive(Debug, Clone)]
pub struct SteppedClock {
    url: Arc<str>,
    client: reqwest::Client,
    micros: Arc<AtomicI64>,
}

impl SteppedClock {
    /// Asks the simulator at `base` (no path) for its time. [`Kind::Unreachable`] if nobody answers, [`Kind::Usage`] if
    /// it isn't a simulator with a stepped clock.
    pub async fn connect(base: &str) -> Result<Self> {
        let url = format!("{}/simulator/clock", base.trim_end_matches('/'));
        let client = reqwest::Client::builder().no_proxy().build().map_err(|error| lost(error, base))?;
        let clock = Self { url: url.into(), client, micros: Arc::new(AtomicI64::new(i64::MIN)) };
        let answer = clock.client.get(&*clock.url).send().await.map_err(|error| lost(error, base))?;
        let told = clock.take(answer).await.map_err(|error| lost(error, base))?;
        let complaint = match told.get("kind").and_then(Value::as_str) {
            Some("stepped") => return Ok(clock),
            Some(_) => "the simulator's time passes by itself: use the machine's clock",
            None => "no simulator tells the time there",
        };
        Err(Error::permanent(Kind::Usage, complaint).at("clock.connect").with("address", base))
    }

    /// How to speak with the simulator whose clock this is: each of its answers moves it on, and nothing can be wrong
    /// with it.
    pub fn http(&self) -> HttpOptions {
        HttpOptions { observer: Some(Arc::new(self.clone())), tells_skew: false, ..HttpOptions::default() }
    }

    async fn take(&self, answer: reqwest::Response) -> Result<Value, reqwest::Error> {
        let body: Value = serde_json::from_slice(&answer.error_for_status()?.bytes().await?).unwrap_or_default();
        if let Some(now) = body.get("now").and_then(Value::as_str) {
            self.saw(now);
        }
        Ok(body)
    }

    async fn step(&self, until: DateTime<Utc>) -> Result<(), reqwest::Error> {
        let body = json!({ "sleep_until": instant(until) }).to_string();
        let request = self.client.post(&*self.url).header("content-type", "application/json").body(body);
        self.take(request.send().await?).await.map(|_| ())
    }
}

fn lost(error: reqwest::Error, base: &str) -> Error {
    Error::transient(Kind::Unreachable, "the simulator doesn't answer").with("address", base).source(error).hint(
        "what was pulled from it can still be asked; to pull more, start one at this address (`sellerlake simulate`), or \
         a new demo",
    )
}

impl HeaderObserver for SteppedClock {
    fn header(&self) -> &'static str {
        "x-simulator-now"
    }

    /// Moves on; never back.
    fn saw(&self, text: &str) {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            self.micros.fetch_max(at.timestamp_micros(), Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl Clock for SteppedClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros.load(Ordering::SeqCst)).unwrap_or(DateTime::UNIX_EPOCH)
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        if self.now() >= until {
            return;
        }
        // Times are kept in microseconds, and nobody may wake before his time.
        let until = until.trunc_subsecs(6) + TimeDelta::microseconds(1);
        if let Err(error) = self.step(until).await {
            tracing::warn!(%error, "the simulator's clock can't be moved; going on as if it had been");
        }
        // Whoever waits must come back, even from a simulator that has gone.
        self.micros.fetch_max(until.timestamp_micros(), Ordering::SeqCst);
    }
}
