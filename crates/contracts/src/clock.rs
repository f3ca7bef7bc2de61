//! Time is a parameter: one trait, and nothing else asks what time it is.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{Error, Kind, Result};

/// Where the time comes from.
#[async_trait]
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;

    /// Returns once `now()` is at or after `until`; at once if it already is.
    async fn sleep_until(&self, until: DateTime<Utc>);
}

/// Before any release of this program: a clock that says so was never set.
const EARLIEST_MS: i64 = 1_735_689_600_000;

/// A moment of the machine's clock, which may stand before 1970.
fn instant(time: SystemTime) -> DateTime<Utc> {
    let since = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => TimeDelta::from_std(after),
        Err(before) => TimeDelta::from_std(before.duration()).map(|before| -before),
    };
    let moment = since.ok().and_then(|since| DateTime::UNIX_EPOCH.checked_add_signed(since));
    moment.unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl SystemClock {
    /// Refuses a machine's clock that was never set.
    pub fn check() -> Result<()> {
        check_time(SystemTime::now())
    }
}

/// Refuses a clock that was never set: what is landed by it would be filed in the wrong year, and be older than all else.
fn check_time(now: SystemTime) -> Result<()> {
    let now = instant(now);
    if now.timestamp_millis() >= EARLIEST_MS {
        return Ok(());
    }
    Err(Error::permanent(Kind::Usage, format!("this machine's clock says {}, which can't be", now.to_rfc3339()))
        .hint("set it, or let it be set from the network, and start again"))
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        instant(SystemTime::now())
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        let wait = (until - self.now()).to_std().unwrap_or(Duration::ZERO);
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_never_set_is_refused() {
        for seconds in [0, 1, 86_400 * 365 * 54] {
            let after = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let before = SystemTime::UNIX_EPOCH - Duration::from_secs(seconds);
            for time in [after, before] {
                let error = check_time(time).unwrap_err();
                assert!(error.to_string().contains("clock says"), "{error}");
            }
        }
        assert_eq!(instant(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).timestamp(), -1);
        check_time(SystemTime::UNIX_EPOCH + Duration::from_millis(EARLIEST_MS as u64)).unwrap();
    }
}
