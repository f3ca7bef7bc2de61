//! Finding a report that was created although nobody heard the answer.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::errand::printed;
use super::operations::GET_REPORTS;
use crate::ask::Ask;
use crate::call::Caller;
use crate::failure::Stop;

/// What a report was asked with.
pub(crate) struct Wanted<'a> {
    pub report_type: &'a str,
    pub marketplaces: BTreeSet<&'a str>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

impl Wanted<'_> {
    fn is(&self, report: &Value) -> bool {
        let text = |name: &str| report.get(name).and_then(Value::as_str);
        let named = report.get("marketplaceIds").and_then(Value::as_array).into_iter().flatten();
        let marketplaces: BTreeSet<&str> = named.filter_map(Value::as_str).collect();
        // Amazon prints seconds, whatever it was sent.
        let same = |asked: Option<DateTime<Utc>>, at: Option<DateTime<Utc>>| {
            asked.is_none_or(|asked| at.is_some_and(|at| (at - asked).abs() < TimeDelta::seconds(1)))
        };
        text("reportType") == Some(self.report_type)
            && marketplaces == self.marketplaces
            && text("processingStatus").is_none_or(|status| !matches!(status, "CANCELLED" | "FATAL"))
            && same(self.from, printed(report, "/dataStartTime"))
            && same(
                self.to.map(|to| printed(report, "/createdTime").map_or(to, |created| to.min(created))),
                printed(report, "/dataEndTime"),
            )
    }
}

/// The id of a fitting report created since `asked_at`, newest first as Amazon lists them.
pub(crate) async fn find(
    caller: &Caller,
    wanted: &Wanted<'_>,
    asked_at: DateTime<Utc>,
) -> Result<Option<String>, Stop> {
    // A minute of slack, because our clock isn't Amazon's.
    let ask = Ask::of(&GET_REPORTS)
        .query("reportTypes", wanted.report_type)
        .at("createdSince", asked_at - TimeDelta::minutes(1))
        .query("pageSize", "100");
    let reply = caller.call(&ask).await?;
    let reports = reply.json.get("reports").and_then(Value::as_array).into_iter().flatten();
    let found = reports.filter(|report| wanted.is(report)).find_map(|report| report.get("reportId")?.as_str());
    Ok(found.map(str::to_owned))
}
