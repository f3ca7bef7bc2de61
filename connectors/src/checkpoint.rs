//! What survives a wait or a crash.

use chrono::{DurationRound as _, TimeDelta};
use sellerlake_contracts::{Error, Kind, Result, Step};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Later;

/// Reads a checkpoint; `None` where there is none yet. [`Kind::Internal`] if it isn't one of these.
pub(crate) fn read<T: DeserializeOwned>(checkpoint: Option<&Value>) -> Result<Option<T>> {
    let kept = checkpoint.filter(|checkpoint| !checkpoint.is_null());
    let read = kept.map(|kept| serde_json::from_value(kept.clone()));
    read.transpose().map_err(|error| {
        Error::permanent(Kind::Internal, "a stored checkpoint can't be read").at("connectors.resume").source(error)
    })
}

/// A wait with its checkpoint. Stores keep whole milliseconds, and whoever comes back at the stored moment must not
/// be too early: rounded up.
pub(crate) fn wait(later: impl Into<Later>, checkpoint: &impl Serialize) -> Result<Step> {
    let Later { until, bucket } = later.into();
    let until = until.duration_round_up(TimeDelta::milliseconds(1)).unwrap_or(until);
    let kept = serde_json::to_value(checkpoint).map_err(|error| {
        Error::permanent(Kind::Internal, "a checkpoint can't be written").at("connectors.wait").source(error)
    })?;
    Ok(Step::Wait { until, checkpoint: kept, bucket })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_wait_is_never_too_short_when_it_is_stored_in_milliseconds() {
        let until = DateTime::UNIX_EPOCH + TimeDelta::nanoseconds(1_000_001);
        let Ok(Step::Wait { until: kept, .. }) = wait(until, &Value::Null) else { panic!("no wait") };
        assert_eq!(kept, DateTime::UNIX_EPOCH + TimeDelta::milliseconds(2));
        let Ok(Step::Wait { until: whole, .. }) = wait(kept, &Value::Null) else { panic!("no wait") };
        assert_eq!(whole, kept);
    }
}
