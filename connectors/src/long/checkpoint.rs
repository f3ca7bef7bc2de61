//! What is kept of a long request from step to step.

use chrono::{DateTime, Utc};
use sellerlake_contracts::Result;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errand::Errand;
use crate::checkpoint;

/// How far a long request has come, and beside it what its kind keeps of its own. In JSON:
///
/// ```json
/// {
///   "errand": {
///     "process": 17,                           // who may have asked
///     "asked_at": "2026-03-05T08:00:00Z",      // not earlier than this
///     "id": "50017018600",                     // Amazon's id, once there is one
///     "created_at": "2026-03-05T08:00:01Z",    // since when
///     "doubts": 0,                             // times the outcome of asking stayed unknown
///     "cancelled": 0,                          // reports: times it ended as cancelled
///     "astray": 0,                             // reports: times others came than were asked for
///     "crowded": false,                        // reports: asked for shortly after others of its kind
///     "alone": false                           // reports: waits until its kind has rested
///   },
///   "page_token": null,                        // Data Kiosk: the page that is asked for, null for the first
///   "earlier": ["Q1"],                         // Data Kiosk: queries of the pages before
///   "documents": ["D1", "D2"],                 // Data Kiosk: documents of the pages so far, in order
///   "as_of": "2026-03-05T08:09:00Z",           // Data Kiosk: the answer's cut-off, once all documents are known
///   "fetched": {                               // Data Kiosk: documents that are here
///     "D1": { "spool": "A1-eu-0a.pages", "ends": [512], "is_gzip": true }
///   }
/// }
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LongCheckpoint<Own> {
    pub errand: Errand,
    #[serde(flatten)]
    pub own: Own,
}

/// For kinds that keep nothing besides the errand.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Nothing {}

impl<Own: Default + DeserializeOwned> LongCheckpoint<Own> {
    /// Before `process` asks for anything.
    pub(crate) fn new(process: u64, now: DateTime<Utc>) -> Self {
        Self { errand: Errand::new(process, now), own: Own::default() }
    }

    /// As it was stored; `None` where nothing was. Reports had the errand alone once.
    pub(crate) fn read(stored: Option<&Value>) -> Result<Option<Self>> {
        let bare = stored.filter(|stored| stored.get("asked_at").is_some()).map(|errand| json!({ "errand": errand }));
        checkpoint::read(bare.as_ref().or(stored))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spapi::kiosk::Pages;

    /// The example above, and what versions before it stored.
    #[test]
    fn every_checkpoint_ever_stored_reads() {
        let source = include_str!("checkpoint.rs");
        let (_, example) = source.split_once("```json\n").unwrap();
        let lines = example.split("/// ```").next().unwrap().lines().map(|line| {
            let line = line.trim_start_matches("///");
            line.split_once(" //").map_or(line, |(before, _)| before)
        });
        let example: Value = serde_json::from_str(&lines.collect::<String>()).unwrap();
        let kiosk = LongCheckpoint::<Pages>::read(Some(&example)).unwrap().unwrap();
        assert_eq!(serde_json::to_value(&kiosk).unwrap(), example);
        let report = LongCheckpoint::<Nothing>::read(Some(&example)).unwrap().unwrap();
        assert_eq!(serde_json::to_value(&report).unwrap(), json!({ "errand": example["errand"] }));
        let bare = json!({ "process": 17, "asked_at": "2026-03-05T08:00:00Z", "id": "50017018600" });
        let read = LongCheckpoint::<Nothing>::read(Some(&bare)).unwrap().unwrap();
        assert_eq!(read.errand.id.as_deref(), Some("50017018600"));
        assert!(LongCheckpoint::<Nothing>::read(Some(&Value::Null)).unwrap().is_none());
        assert!(LongCheckpoint::<Nothing>::read(Some(&json!({ "id": "1" }))).is_err());
    }
}
