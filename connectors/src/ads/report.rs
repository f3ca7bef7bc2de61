//! Version 3 reports of one profile: asked for once, looked after, downloaded (amazon.md: Ads reports).

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use sellerlake_contracts::{Answer, Connector, Error, Kind, Request, Result, Step};
use serde_json::{Value, json};

use super::ACCESS;
use crate::ask::Ask;
use crate::call::Caller;
use crate::checkpoint;
use crate::document::{Mint, fetch};
use crate::failure::{Failure, Fault, Stop};
use crate::operation::Operation;
use crate::parameters;
use crate::scratch::Scratch;
use crate::spapi::errand::{Errand, printed};

pub(crate) const CREATE_ADS_REPORT: Operation =
    Operation::post("createAsyncReport", "/reporting/reports").ads().rate(0.5, 10).role(ACCESS).creates();
// A shared bucket doesn't know of calls under way, so its burst stays well below what may be admitted.
pub(crate) const GET_ADS_REPORT: Operation =
    Operation::get("getAsyncReport", "/reporting/reports/{reportId}").ads().rate(5.0, 10).role(ACCESS);

const MEDIA_TYPE: &str = "application/vnd.createasyncreportrequest.v3+json";

/// Any v3 report. The request's scope is the profile's id, its window the days in the profile's zone. Parameters:
/// `report_type`, `ad_product`, `group_by`, `columns` (lists), `time_unit` (`DAILY`).
pub(crate) struct AdsReport {
    pub caller: Arc<Caller>,
    pub scratch: Scratch,
    pub process: u64,
    pub cooldown: TimeDelta,
}

#[async_trait]
impl Connector for AdsReport {
    async fn step(&self, request: &Request, stored: Option<&Value>) -> Result<Step> {
        let begun = || Errand::new(self.process, self.caller.clock.now());
        let mut errand = checkpoint::read(stored)?.unwrap_or_else(begun);
        match self.advance(request, &mut errand).await {
            Ok(step) => Ok(step),
            Err(Stop::Later(later)) => checkpoint::wait(later, &errand),
            Err(Stop::Failed(failure)) => Err(failure.error.with("profile", &request.scope)),
        }
    }
}

impl AdsReport {
    async fn advance(&self, request: &Request, errand: &mut Errand) -> Result<Step, Stop> {
        let Some(id) = errand.id.clone() else {
            let id = self.create(request).await?;
            let now = self.caller.clock.now();
            errand.begun(id, now);
            return Err(Stop::later(errand.next_look(now)));
        };
        let ask = scoped(Ask::of(&GET_ADS_REPORT).name(&id), request);
        let reply = match self.caller.call(&ask).await {
            Err(stop) if stop.fault() == Some(Fault::NotFound) => {
                tracing::warn!(account = %request.account, report = id, "Amazon no longer knows the report; asking again");
                let now = self.caller.clock.now();
                errand.again(self.process, now);
                return Err(Stop::later(now));
            }
            other => other?,
        };
        let now = self.caller.clock.now();
        match reply.text("/status").unwrap_or_default() {
            "COMPLETED" => {
                let mint = Mint { ask: &ask, pointer: "/url", always_gzip: true };
                let document = fetch(&self.caller, &self.scratch, mint).await?;
                let as_of = printed(&reply.json, "/generatedAt").or_else(|| printed(&reply.json, "/updatedAt"));
                let (as_of, pages) = (as_of.unwrap_or(now), document.spool.into_pages());
                Ok(Step::Answer(Answer { pages, extension: "json.gz", charset: None, as_of, origin: Some(id) }))
            }
            "FAILED" | "FAILURE" | "CANCELLED" => {
                let why = reply.text("/failureReason").unwrap_or("Amazon gives no reason");
                Ok(Step::Fatal {
                    reason: format!("Amazon couldn't make the report: {why}"),
                    again_at: now + self.cooldown,
                })
            }
            status if errand.is_hopeless(now) => {
                let reason = format!("Amazon hasn't finished the report for a day: it is {status}");
                Ok(Step::Fatal { reason, again_at: now + self.cooldown })
            }
            _ => Err(Stop::later(errand.next_look(now))),
        }
    }

    /// The id of a new report, or of the identical one that is being made already: asking twice is harmless here, so
    /// nothing has to be looked up after a crash.
    async fn create(&self, request: &Request) -> Result<String, Stop> {
        let ask = scoped(Ask::of(&CREATE_ADS_REPORT).body(MEDIA_TYPE, &body(request)?), request);
        let reply = match self.caller.call(&ask).await {
            Err(Stop::Failed(failure)) if failure.fault == Fault::Duplicate => {
                return duplicate_of(&failure.text).ok_or_else(|| nameless(*failure).into());
            }
            other => other?,
        };
        let id = reply.text("/reportId").map(str::to_owned);
        id.ok_or_else(|| {
            Error::transient(Kind::Remote, "Amazon took a report request and didn't say which")
                .at("ads_report.create")
                .into()
        })
    }
}

fn scoped(ask: Ask, request: &Request) -> Ask {
    ask.header("amazon-advertising-api-scope", &request.scope.0)
}

fn body(request: &Request) -> Result<Value> {
    let window = parameters::window(request)?;
    let report_type = parameters::required(request, "report_type")?;
    let list = |name: &'static str| -> Result<Vec<&str>> {
        parameters::required(request, name)?;
        Ok(parameters::list(request, name, "").collect())
    };
    let (first, last) = (window.from.date_naive(), window.last_day());
    Ok(json!({
        "name": format!("{report_type} {first}..{last}"),
        "startDate": first.to_string(),
        "endDate": last.to_string(),
        "configuration": {
            "adProduct": parameters::required(request, "ad_product")?,
            "groupBy": list("group_by")?,
            "columns": list("columns")?,
            "reportTypeId": report_type,
            "timeUnit": parameters::optional(request, "time_unit").unwrap_or("DAILY"),
            "format": "GZIP_JSON",
        },
    }))
}

/// Some report stands in the way, which passes by itself.
fn nameless(failure: Failure) -> Error {
    Error::transient(Kind::Remote, "Amazon is making the same report already and doesn't say which")
        .at("ads_report.create")
        .source(failure.error)
}

/// The id in "...duplicate of : 0d9c1f4e-...".
fn duplicate_of(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("duplicate of")?;
    let rest = rest.trim_start_matches([' ', ':', '"', '\'']);
    let id: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_425_names_the_report_to_wait_for() {
        let text = "The Request is a duplicate of : 0d9c1f4e-2b3c-4d5e-8f90-123456789abc";
        assert_eq!(duplicate_of(text).as_deref(), Some("0d9c1f4e-2b3c-4d5e-8f90-123456789abc"));
        assert_eq!(duplicate_of("too early"), None);
    }
}
