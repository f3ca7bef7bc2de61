//! Version 3 reports of one profile: asked for once, looked after, downloaded (amazon.md: Ads reports).

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use sellerlake_contracts::{AmazonAnswer, Error, Kind, Request, Result, Step};
use serde_json::{Value, json};

use super::ACCESS;
use crate::ask::Ask;
use crate::call::Caller;
use crate::document::{Mint, fetch};
use crate::failure::{CallFault, Failure, Stop};
use crate::long::{Begun, Fetched, Long, LongCheckpoint, Looked, Nothing, created, printed};
use crate::operation::Operation;
use crate::parameters;
use crate::scratch::Scratch;

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
    pub cooldown: TimeDelta,
}

type Kept = LongCheckpoint<Nothing>;

/// Asking twice brings the identical report that is being made already, so nothing has to be found after a crash.
#[async_trait]
impl Long for AdsReport {
    type Own = Nothing;

    const CREATE: &'static Operation = &CREATE_ADS_REPORT;

    async fn begin(&self, request: &Request, _kept: &mut Kept) -> Result<Begun, Stop> {
        let ask = scoped(Ask::of(&CREATE_ADS_REPORT).body(MEDIA_TYPE, &body(request)?), request);
        match self.caller.call(&ask).await {
            Err(Stop::Failed(failure)) if failure.fault == CallFault::Duplicate => {
                let id = duplicate_of(&failure.text).ok_or_else(|| nameless(*failure))?;
                Ok(Begun::Created(id))
            }
            reply => created(&reply?, "/reportId"),
        }
    }

    async fn look(&self, request: &Request, id: &str, _kept: &mut Kept) -> Result<Looked, Stop> {
        let reply = self.caller.call(&looking(request, id)).await?;
        Ok(match reply.text("/status").unwrap_or_default() {
            "COMPLETED" => Looked::Made(reply.json),
            "FAILED" | "FAILURE" | "CANCELLED" => {
                let why = reply.text("/failureReason").unwrap_or("Amazon gives no reason");
                let reason = format!("Amazon couldn't make the report: {why}");
                Looked::Over(Step::Fatal { reason, again_at: self.caller.clock.now() + self.cooldown(request)? })
            }
            status => Looked::Busy(status.to_owned()),
        })
    }

    async fn fetch(&self, request: &Request, id: &str, report: &Value, _kept: &mut Kept) -> Result<Fetched, Stop> {
        let mint = Mint { ask: &looking(request, id), pointer: "/url", always_gzip: true };
        let document = fetch(&self.caller, &self.scratch, mint).await?;
        let as_of = printed(report, "/generatedAt").or_else(|| printed(report, "/updatedAt"));
        let as_of = as_of.unwrap_or_else(|| self.caller.clock.now());
        let (pages, origin) = (document.spool.into_pages(), Some(id.to_owned()));
        Ok(Fetched::Whole(Step::Answer(AmazonAnswer { pages, extension: "json.gz", charset: None, as_of, origin })))
    }

    fn cooldown(&self, _request: &Request) -> Result<TimeDelta> {
        Ok(self.cooldown)
    }
}

fn looking(request: &Request, id: &str) -> Ask {
    scoped(Ask::of(&GET_ADS_REPORT).name(id), request)
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
