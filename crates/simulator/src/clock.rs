//! The time of the simulated Amazon.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

/// Where the simulator takes its time from. Copies share one time.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's time.
    #[default]
    Real,
    /// Time that stands still until somebody waits for a later moment. Microseconds since 1970.
    Stepped(Arc<AtomicI64>),
}

impl Clock {
    /// A stepped clock that shows `start`, to the microsecond.
    pub fn stepped(start: DateTime<Utc>) -> Self {
        Self::Stepped(Arc::new(AtomicI64::new(start.timestamp_micros())))
    }

    /// The present moment. Asked once per request, so that one answer never mixes two moments.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::Real => Utc::now(),
            Self::Stepped(micros) => {
                DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or(DateTime::UNIX_EPOCH)
            }
        }
    }

    /// Moves a stepped clock to `until` unless it is later already; a real one goes its own way. Returns the time after.
    pub fn sleep_until(&self, until: DateTime<Utc>) -> DateTime<Utc> {
        if let Self::Stepped(micros) = self {
            micros.fetch_max(until.timestamp_micros(), Ordering::SeqCst);
        }
        self.now()
    }

    /// Whether time moves only when told to.
    pub fn is_stepped(&self) -> bool {
        matches!(self, Self::Stepped(_))
    }
}
