//! Settlements: reports Amazon makes by itself, listed and downloaded (amazon.md: Settlements).

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use sellerlake_contracts::{Connector, Error, Kind, Request, Result, Step};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::report_document::{answer, document};
use super::report_operations::GET_REPORTS;
use crate::ask::{Ask, instant};
use crate::call::Caller;
use crate::checkpoint;
use crate::failure::{CallFault, Failure, Stop};
use crate::long::printed;
use crate::parameters;
use crate::scratch::Scratch;

const REPORT_TYPE: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";
/// How far back Amazon lists reports, less a little: asking for the edge itself is refused
/// (amazon.md: Life of a report).
const REACH: TimeDelta = TimeDelta::minutes(90 * 24 * 60 - 10);

/// Reports that are listed, never requested. A request without `document_id` lists those created in its window, as
/// [`Step::Found`]; a found request carries `origin` (the report's id), `document_id` and `created_at`, and is downloaded.
/// Parameter: `report_type`, settlements by default.
pub(crate) struct Settlements {
    pub caller: Arc<Caller>,
    pub scratch: Scratch,
}

/// Reports found so far, and where the list goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Listed {
    reports: Vec<Value>,
    token: Option<String>,
}

#[async_trait]
impl Connector for Settlements {
    async fn step(&self, request: &Request, stored: Option<&Value>) -> Result<Step> {
        let mut listed: Listed = checkpoint::read(stored)?.unwrap_or_default();
        let step = match parameters::optional(request, "document_id") {
            Some(id) => self.download(request, id).await,
            None => self.list(request, &mut listed).await,
        };
        match step {
            Ok(step) => Ok(step),
            Err(Stop::Later(later)) => checkpoint::wait(later, &listed),
            Err(Stop::Failed(failure)) => Err(failure.error),
        }
    }
}

impl Settlements {
    async fn list(&self, request: &Request, listed: &mut Listed) -> Result<Step, Stop> {
        let mut is_again = false;
        loop {
            let ask = match &listed.token {
                // With a token nothing else may be asked.
                Some(token) => Ask::of(&GET_REPORTS).query("nextToken", token),
                None => self.first_page(request)?,
            };
            let reply = match self.caller.call(&ask).await {
                Err(Stop::Failed(failure)) if failure.fault == CallFault::Invalid && listed.token.is_some() => {
                    // The token died: the list starts over, once.
                    if is_again {
                        return Err(endless(*failure).into());
                    }
                    is_again = true;
                    *listed = Listed::default();
                    continue;
                }
                other => other?,
            };
            let page = reply.json.get("reports").and_then(Value::as_array).into_iter().flatten();
            listed.reports.extend(page.cloned());
            listed.token = reply.text("/nextToken").map(str::to_owned);
            if listed.token.is_none() {
                return Ok(Step::Found(found(request, &listed.reports)));
            }
        }
    }

    fn first_page(&self, request: &Request) -> Result<Ask> {
        let window = parameters::window(request)?;
        let since = window.from.max(self.caller.clock.now() - REACH);
        Ok(Ask::of(&GET_REPORTS)
            .query("reportTypes", parameters::optional(request, "report_type").unwrap_or(REPORT_TYPE))
            .query("processingStatuses", "DONE")
            .query("pageSize", "100")
            .at("createdSince", since)
            .at("createdUntil", window.to))
    }

    async fn download(&self, request: &Request, document_id: &str) -> Result<Step, Stop> {
        let report_type = parameters::optional(request, "report_type").unwrap_or(REPORT_TYPE);
        let document = document(&self.caller, &self.scratch, report_type, document_id).await?;
        let created = parameters::optional(request, "created_at").map(Value::from);
        let as_of = created.and_then(|created| printed(&created, "")).unwrap_or_else(|| self.caller.clock.now());
        let origin = parameters::optional(request, "origin").unwrap_or(document_id);
        Ok(Step::Answer(answer(document, report_type, as_of, origin)))
    }
}

fn endless(failure: Failure) -> Error {
    Error::transient(Kind::Remote, "Amazon lets go of a list of reports before it has been read")
        .at("settlements.list")
        .source(failure.error)
}

/// One request per document: a unified account lists the same settlement for each of its marketplaces.
fn found(request: &Request, reports: &[Value]) -> Vec<Request> {
    let mut seen = HashSet::new();
    let mut requests = Vec::new();
    for report in reports {
        let text = |name: &str| report.get(name).and_then(Value::as_str);
        let (Some(origin), Some(document)) = (text("reportId"), text("reportDocumentId")) else { continue };
        // By document and not by period: settlements of two currencies may share one, and losing one is losing money.
        if !seen.insert(document) {
            continue;
        }
        let made = printed(report, "/processingEndTime").or_else(|| printed(report, "/createdTime"));
        let mut one = Request { window: None, marketplaces: Vec::new(), ..request.clone() };
        let facts = [
            ("origin", Some(origin.to_owned())),
            ("document_id", Some(document.to_owned())),
            ("created_at", made.map(instant)),
        ];
        one.parameters.extend(facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        requests.push(one);
    }
    requests
}
