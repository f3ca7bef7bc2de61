//! A schedule: a report that requests itself.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use serde_json::{Value, json};

use super::report::stamp;

/// Periods there are, with their minutes; a month is none of them.
pub(super) const PERIODS: [(&str, i64); 17] = [
    ("PT5M", 5),
    ("PT15M", 15),
    ("PT30M", 30),
    ("PT1H", 60),
    ("PT2H", 120),
    ("PT4H", 240),
    ("PT8H", 480),
    ("PT12H", 720),
    ("P1D", 1440),
    ("P2D", 2 * 1440),
    ("P3D", 3 * 1440),
    ("PT84H", 84 * 60),
    ("P7D", 7 * 1440),
    ("P14D", 14 * 1440),
    ("P15D", 15 * 1440),
    ("P18D", 18 * 1440),
    ("P30D", 30 * 1440),
];

/// One schedule.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) id: String,
    pub(super) seller: String,
    pub(super) report_type: String,
    pub(super) marketplaces: Vec<String>,
    pub(super) options: BTreeMap<String, String>,
    pub(super) period: String,
    pub(super) next: DateTime<Utc>,
}

impl Schedule {
    pub(super) fn shown(&self) -> Value {
        let mut shown = json!({
            "reportScheduleId": self.id,
            "reportType": self.report_type,
            "marketplaceIds": self.marketplaces,
            "period": self.period,
            "nextReportCreationTime": stamp(self.next),
        });
        if !self.options.is_empty() {
            shown["reportOptions"] = json!(self.options);
        }
        shown
    }

    pub(super) fn following(&self) -> DateTime<Utc> {
        let minutes = PERIODS.iter().find(|(name, _)| *name == self.period).map(|(_, minutes)| *minutes);
        match minutes {
            Some(minutes) => self.next + TimeDelta::minutes(minutes),
            None => self.next.checked_add_months(Months::new(1)).unwrap_or(self.next + Days::new(30)),
        }
    }
}
