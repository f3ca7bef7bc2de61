//! Reports: created once, looked after until they are done, downloaded (amazon.md: Life of a report).

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{Request, Result, Step};
use serde_json::{Map, Value, json};

use super::adoption::{WantedReport, find};
use super::cooldown::cooldown;
use super::report_document::{answer, document};
use super::report_operations::{CREATE_REPORT, GET_REPORT, GET_REPORT_DOCUMENT, GET_REPORTS};
use crate::ask::{Ask, Sample, instant};
use crate::call::Caller;
use crate::classify::Reply;
use crate::failure::{CallFault, Stop};
use crate::long::{Begun, Fetched, Long, LongCheckpoint, Looked, Nothing, created, explained, printed};
use crate::operation::Operation;
use crate::parameters;
use crate::scratch::Scratch;

/// Most marketplaces one report may be asked for.
const MOST_MARKETPLACES: usize = 25;

/// Any requestable report. Parameters: `report_type`, `option.<name>` for each report option, `cooldown`.
pub(crate) struct Report {
    pub caller: Arc<Caller>,
    pub scratch: Scratch,
    /// How long a type rests of which nothing else is known.
    pub cooldown: TimeDelta,
}

type Kept = LongCheckpoint<Nothing>;

#[async_trait]
impl Long for Report {
    type Own = Nothing;

    const CREATE: &'static Operation = &CREATE_REPORT;

    async fn find(&self, request: &Request, kept: &Kept) -> Result<Option<String>, Stop> {
        find(&self.caller, &wanted(request)?, kept.errand.asked_at).await
    }

    async fn begin(&self, request: &Request, kept: &mut Kept) -> Result<Begun, Stop> {
        if let Some(until) = self.crowds(request, kept).await? {
            return Ok(Begun::NotBefore(until));
        }
        let stop = match self.caller.call(&Ask::of(&CREATE_REPORT).json(&body(request)?)).await {
            Ok(reply) => return created(&reply, "/reportId"),
            Err(stop) => stop,
        };
        if let Some(id) = running(&stop) {
            return Ok(Begun::Running(id));
        }
        let may_be_made = stop.fault().is_some_and(CallFault::leaves_doubt);
        if let Some(rest) = self.rest(request)?.filter(|_| !kept.errand.crowded && !may_be_made) {
            self.caller.quota.unused(&kind(request)?, rest).await?;
        }
        Err(stop)
    }

    async fn look(&self, request: &Request, id: &str, kept: &mut Kept) -> Result<Looked, Stop> {
        let reply = self.caller.call(&Ask::of(&GET_REPORT).name(id)).await?;
        let status = reply.text("/processingStatus").unwrap_or_default();
        if let Some(rest) = self.rest(request)?.filter(|_| ["DONE", "CANCELLED", "FATAL"].contains(&status)) {
            self.caller.quota.rest(&kind(request)?, rest).await?;
        }
        match status {
            "DONE" if !wanted(request)?.is_covered_by(&reply.json) => self.astray(request, kept, &reply),
            "DONE" => Ok(Looked::Made(reply.json)),
            "CANCELLED" => self.cancelled(request, kept),
            // Perhaps only because others of its kind were asked for just before: then it says nothing of the data.
            "FATAL" if kept.errand.crowded => self.alone(request, kept),
            "FATAL" => self.fatal(request, &reply).await,
            status => Ok(Looked::Busy(status.to_owned())),
        }
    }

    async fn fetch(&self, request: &Request, id: &str, report: &Value, _kept: &mut Kept) -> Result<Fetched, Stop> {
        let report_type = report_type(request)?;
        let document_id = report.get("reportDocumentId").and_then(Value::as_str).ok_or_else(|| {
            CallFault::NotAnAnswer
                .error("the report is done but has no document")
                .at("report.download")
                .with("report", id)
        })?;
        let document = document(&self.caller, &self.scratch, report_type, document_id).await?;
        let as_of = printed(report, "/processingEndTime").or_else(|| printed(report, "/dataEndTime"));
        let as_of = as_of.unwrap_or_else(|| self.caller.clock.now());
        Ok(Fetched::Whole(Step::Answer(answer(document, report_type, as_of, id))))
    }

    fn cooldown(&self, request: &Request) -> Result<TimeDelta> {
        cooldown(request, report_type(request)?, self.cooldown)
    }
}

impl Report {
    /// Notes whether others of its kind were made just before, and when to come back if that must not be so.
    async fn crowds(&self, request: &Request, kept: &mut Kept) -> Result<Option<DateTime<Utc>>, Stop> {
        let Some(rest) = self.rest(request)? else { return Ok(None) };
        let kind = kind(request)?;
        let rested = self.caller.quota.wake(&kind, rest).await?;
        kept.errand.crowded = rested.is_some();
        if kept.errand.crowded && !kept.errand.alone {
            // Amazon's cooldown is mostly one report's own, not its whole kind's: others are waited for only if this one fails.
            self.caller.quota.rest(&kind, rest).await?;
            return Ok(None);
        }
        Ok(rested)
    }

    /// Mostly "no data", sometimes "asked too soon" (amazon.md: Life of a report): asked once more when a new one can
    /// be made and none of its kind was made just before, then believed.
    fn cancelled(&self, request: &Request, kept: &mut Kept) -> Result<Looked, Stop> {
        kept.errand.cancelled += 1;
        if kept.errand.cancelled > 1 {
            let reason = "Amazon cancelled the report twice: there is nothing to report".to_owned();
            return Ok(Looked::Over(Step::NoData { reason, as_of: self.caller.clock.now() }));
        }
        self.alone(request, kept)
    }

    /// An earlier report's document, given out again because this one was asked for too soon
    /// (amazon.md: How often a report is made): asked once more as if it had been cancelled. It is no answer, however
    /// often it comes.
    fn astray(&self, request: &Request, kept: &mut Kept, reply: &Reply) -> Result<Looked, Stop> {
        let (from, to) = (reply.text("/dataStartTime").unwrap_or("?"), reply.text("/dataEndTime").unwrap_or("?"));
        kept.errand.astray += 1;
        if kept.errand.astray > 1 {
            let reason = format!("Amazon twice gave a report of other days than asked for: of {from} to {to}");
            let again_at = self.caller.clock.now() + self.cooldown(request)?;
            return Ok(Looked::Over(Step::Fatal { reason, again_at }));
        }
        tracing::warn!(account = %request.account, from, to, "a report of other days than asked for came; asking again");
        self.alone(request, kept)
    }

    /// Asks again once a new one can be made.
    fn alone(&self, request: &Request, kept: &mut Kept) -> Result<Looked, Stop> {
        kept.errand.alone = true;
        Ok(Looked::Again(self.caller.clock.now() + self.cooldown(request)?))
    }

    async fn fatal(&self, request: &Request, reply: &Reply) -> Result<Looked, Stop> {
        let report_type = report_type(request)?;
        let explanation = reply.text("/reportDocumentId");
        let explanation = explanation.map(|id| document(&self.caller, &self.scratch, report_type, id));
        let reason = explained("Amazon couldn't make the report", explanation).await?;
        Ok(Looked::Over(Step::Fatal { reason, again_at: self.caller.clock.now() + self.cooldown(request)? }))
    }

    /// How long the report's kind rests after one was made, where it has to.
    fn rest(&self, request: &Request) -> Result<Option<TimeDelta>> {
        let must = parameters::optional(request, "cooldown").is_some();
        must.then(|| self.cooldown(request)).transpose()
    }
}

/// What rests together: reports of a type for the same marketplaces.
fn kind(request: &Request) -> Result<String> {
    let marketplaces: Vec<&str> = parameters::marketplaces(request).collect();
    Ok(format!("{}:{}", report_type(request)?, marketplaces.join(",")))
}

fn report_type(request: &Request) -> Result<&str> {
    parameters::required(request, "report_type")
}

/// The window as Amazon takes it: both ends belong to it, and reports by day count every day they touch.
fn bounds(request: &Request) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let window = request.window?;
    Some((window.from, (window.to - TimeDelta::seconds(1)).max(window.from)))
}

fn body(request: &Request) -> Result<Value> {
    if request.marketplaces.is_empty() || request.marketplaces.len() > MOST_MARKETPLACES {
        let message =
            format!("a report needs 1 to {MOST_MARKETPLACES} marketplaces, not {}", request.marketplaces.len());
        return Err(parameters::lacking(request, message));
    }
    let marketplaces: Vec<&str> = parameters::marketplaces(request).collect();
    let mut body = json!({ "reportType": report_type(request)?, "marketplaceIds": marketplaces });
    if let Some((from, to)) = bounds(request) {
        body["dataStartTime"] = instant(from).into();
        body["dataEndTime"] = instant(to).into();
    }
    // As texts, whatever they look like: a bare true is refused.
    let options = request.parameters.iter().filter_map(|(name, value)| Some((name.strip_prefix("option.")?, value)));
    let options: Map<String, Value> = options.map(|(name, value)| (name.to_owned(), value.clone().into())).collect();
    if !options.is_empty() {
        body["reportOptions"] = options.into();
    }
    Ok(body)
}

fn wanted(request: &Request) -> Result<WantedReport<'_>> {
    let (from, to) = bounds(request).unzip();
    Ok(WantedReport {
        report_type: report_type(request)?,
        marketplaces: parameters::marketplaces(request).collect(),
        from,
        to,
    })
}

/// The id in a refusal that says the same report is being made already.
fn running(stop: &Stop) -> Option<String> {
    let Stop::Failed(failure) = stop else { return None };
    let text = failure.text.to_lowercase();
    let says_so = failure.fault == CallFault::Invalid && text.contains("report") && text.contains("already");
    let words = failure.text.split(|c: char| !c.is_ascii_alphanumeric());
    let mut ids = words.filter(|word| word.len() >= 5 && word.bytes().all(|byte| byte.is_ascii_digit()));
    ids.next().filter(|_| says_so).map(str::to_owned)
}

/// What is asked of reports in the sandbox.
pub(crate) fn samples() -> Vec<Sample> {
    let listed = Ask::of(&GET_REPORTS)
        .list("reportTypes", ["FEE_DISCOUNTS_REPORT", "GET_AFN_INVENTORY_DATA"])
        .list("processingStatuses", ["IN_QUEUE", "IN_PROGRESS"]);
    let created = Ask::of(&CREATE_REPORT).json(&json!({
        "reportType": "GET_MERCHANT_LISTINGS_ALL_DATA",
        "dataStartTime": "2024-03-10T20:11:24.000Z",
        "marketplaceIds": ["A1PA6795UKMFR9", "ATVPDKIKX0DER"],
    }));
    vec![
        Sample::new(listed, "/reports/0/reportId"),
        Sample::new(created, "/reportId"),
        Sample::new(Ask::of(&GET_REPORT).name("ID323"), "/processingStatus"),
        Sample::new(Ask::of(&GET_REPORT_DOCUMENT).name("0356cf79-b8b0-4226-b4b9-0ee058ea5760"), "/url"),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sellerlake_contracts::Scope;

    use super::*;

    #[test]
    fn the_window_ends_on_its_last_day_and_options_are_texts() {
        let request = Request {
            account: "A1-eu".parse().unwrap(),
            pipeline: "traffic".to_owned(),
            scope: Scope("A1PA6795UKMFR9".to_owned()),
            marketplaces: vec!["A1PA6795UKMFR9".parse().unwrap()],
            window: Some("2026-03-01..2026-03-01".parse().unwrap()),
            keys: Vec::new(),
            parameters: BTreeMap::from([
                ("report_type".to_owned(), "GET_SALES_AND_TRAFFIC_REPORT".to_owned()),
                ("option.custom".to_owned(), "true".to_owned()),
            ]),
        };
        let body = body(&request).unwrap();
        assert_eq!(body["dataStartTime"], "2026-03-01T00:00:00Z");
        assert_eq!(body["dataEndTime"], "2026-03-01T23:59:59Z");
        assert_eq!(body["reportOptions"], json!({ "custom": "true" }));
    }

    #[test]
    fn a_refusal_that_names_the_running_report_is_an_answer() {
        let error = CallFault::Invalid.error("x");
        let stop = Stop::failed(CallFault::Invalid, "The report 50017018600 is already in progress.", error);
        assert_eq!(running(&stop).as_deref(), Some("50017018600"));
        let error = CallFault::Invalid.error("x");
        assert_eq!(running(&Stop::failed(CallFault::Invalid, "Bad marketplace 12345.", error)), None);
    }
}
