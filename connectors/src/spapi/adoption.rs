//! Whether a report is the one that was asked for; finding one that was created although nobody heard the answer.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde_json::Value;

use super::report_operations::GET_REPORTS;
use crate::ask::Ask;
use crate::call::Caller;
use crate::failure::Stop;
use crate::long::{SLACK, printed};

/// What a report was asked with.
pub(crate) struct WantedReport<'a> {
    pub report_type: &'a str,
    pub marketplaces: BTreeSet<&'a str>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

impl WantedReport<'_> {
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
            && same(self.end(report), printed(report, "/dataEndTime"))
    }

    /// Whether a report holds everything from the first bound to the last. Amazon may round bounds, and doesn't always
    /// say them.
    pub(crate) fn is_covered_by(&self, report: &Value) -> bool {
        let second = TimeDelta::seconds(1);
        let begins = printed(report, "/dataStartTime").zip(self.from);
        let ends = printed(report, "/dataEndTime").zip(self.end(report));
        // An end on a midnight may be a day, all of which belongs to the report.
        let last = |end: DateTime<Utc>| if end.time() == NaiveTime::MIN { end + TimeDelta::days(1) } else { end };
        begins.is_none_or(|(begin, from)| begin < from + second) && ends.is_none_or(|(end, to)| last(end) + second > to)
    }

    /// The last moment a report can know of.
    fn end(&self, report: &Value) -> Option<DateTime<Utc>> {
        self.to.map(|to| printed(report, "/createdTime").map_or(to, |created| to.min(created)))
    }
}

/// The id of a fitting report created since `asked_at`, newest first as Amazon lists them.
pub(crate) async fn find(
    caller: &Caller,
    wanted: &WantedReport<'_>,
    asked_at: DateTime<Utc>,
) -> Result<Option<String>, Stop> {
    let ask = Ask::of(&GET_REPORTS)
        .query("reportTypes", wanted.report_type)
        .at("createdSince", asked_at - SLACK)
        .query("pageSize", "100");
    let reply = caller.call(&ask).await?;
    let reports = reply.json.get("reports").and_then(Value::as_array).into_iter().flatten();
    let found = reports.filter(|report| wanted.is(report)).find_map(|report| report.get("reportId")?.as_str());
    Ok(found.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rounded_bounds_cover_what_was_asked_and_others_do_not() {
        let at = |text: &str| Some(text.parse().unwrap());
        let (from, to) = (at("2026-03-01T00:00:00.5Z"), at("2026-03-02T23:59:59Z"));
        let wanted = WantedReport { report_type: "X", marketplaces: BTreeSet::new(), from, to };
        let covers = |begin: &str, end: &str, created: &str| {
            wanted.is_covered_by(&json!({ "dataStartTime": begin, "dataEndTime": end, "createdTime": created }))
        };
        let later = "2026-03-09T00:00:00+00:00";
        assert!(covers("2026-03-01T00:00:00+00:00", "2026-03-02T23:59:59+00:00", later));
        assert!(covers("2026-02-23T00:00:00+00:00", "2026-03-08T00:00:00+00:00", later), "a week is more");
        assert!(covers("2026-03-01T00:00:00+00:00", "2026-03-02T00:00:00+00:00", later), "its last day is the last");
        assert!(covers("2026-03-01T00:00:00Z", "2026-03-02T11:00:00Z", "2026-03-02T11:00:00Z"), "it was not later yet");
        assert!(!covers("2026-03-01T00:00:02+00:00", "2026-03-02T23:59:59+00:00", later));
        assert!(!covers("2026-03-01T00:00:00+00:00", "2026-03-02T23:59:58+00:00", later));
        assert!(!covers("2026-02-27T00:00:00+00:00", "2026-02-28T23:59:59+00:00", later));
        assert!(wanted.is_covered_by(&json!({ "reportId": "1" })), "it says nothing of bounds");
        let now = WantedReport { from: None, to: None, ..wanted };
        assert!(now.is_covered_by(&json!({ "dataStartTime": "2026-02-27T00:00:00Z" })));
    }
}
