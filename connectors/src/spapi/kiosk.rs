//! Data Kiosk: GraphQL queries, answered with documents of JSON lines (C.9).

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use sellerlake_contracts::{Answer, Connector, Error, Kind, Pull, Result, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errand::{Errand, printed};
use super::operations::{CREATE_QUERY, GET_DOCUMENT, GET_QUERY};
use crate::ask::Ask;
use crate::call::Caller;
use crate::checkpoint;
use crate::classify::Reply;
use crate::document::{Mint, fetch};
use crate::failure::Stop;
use crate::parameters;
use crate::scratch::Scratch;

/// Queries longer than this are refused, counted without superfluous white space.
const MOST_CHARACTERS: usize = 8000;
const COOLDOWN: TimeDelta = TimeDelta::minutes(30);
const EXPLANATION_BYTES: u64 = 1000;

/// Any query. Parameter: `query`, in which `{from}` and `{to}` stand for the first and the last day of the window and
/// `{marketplace}` for the one marketplace. Further pages are queries of their own; all of them make one answer.
pub(crate) struct DataKiosk {
    pub caller: Arc<Caller>,
    pub scratch: Scratch,
    pub process: u64,
}

/// The query under way and the pages of those before it.
#[derive(Debug, Serialize, Deserialize)]
struct Queries {
    errand: Errand,
    #[serde(default)]
    page_token: Option<String>,
    /// Documents of the pages before: ids, fetched when all are known.
    #[serde(default)]
    documents: Vec<String>,
}

#[async_trait]
impl Connector for DataKiosk {
    async fn step(&self, pull: &Pull, stored: Option<&Value>) -> Result<Step> {
        let now = self.caller.clock.now();
        let begun = || Queries { errand: Errand::new(self.process, now), page_token: None, documents: Vec::new() };
        let mut queries = checkpoint::read(stored)?.unwrap_or_else(begun);
        match self.advance(pull, &mut queries).await {
            Ok(step) => Ok(step),
            Err(Stop::Failed(failure)) => Err(failure.error),
            Err(Stop::Later(later)) => checkpoint::wait(later, &queries),
        }
    }
}

impl DataKiosk {
    async fn advance(&self, pull: &Pull, queries: &mut Queries) -> Result<Step, Stop> {
        let Some(id) = queries.errand.id.clone() else {
            return Err(self.begin(pull, queries).await?);
        };
        let reply = self.caller.call(&Ask::of(&GET_QUERY).name(&id)).await?;
        let now = self.caller.clock.now();
        match reply.text("/processingStatus").unwrap_or_default() {
            "DONE" => self.done(&id, queries, &reply).await,
            "CANCELLED" => {
                Ok(Step::Fatal { reason: "Amazon cancelled the query".to_owned(), again_at: now + COOLDOWN })
            }
            "FATAL" => {
                let mut reason = "Amazon couldn't answer the query".to_owned();
                if let Some(document) = reply.text("/errorDocumentId") {
                    let ask = Ask::of(&GET_DOCUMENT).name(document);
                    let mint = Mint { ask: &ask, pointer: "/documentUrl", always_gzip: false };
                    let document = fetch(&self.caller, &self.scratch, mint).await?;
                    reason = format!("{reason}: {}", document.explanation(EXPLANATION_BYTES));
                }
                Ok(Step::Fatal { reason, again_at: now + COOLDOWN })
            }
            status if queries.errand.is_hopeless(now) => {
                let reason = format!("Amazon hasn't answered the query for a day: it is {status}");
                Ok(Step::Fatal { reason, again_at: now + COOLDOWN })
            }
            _ => Err(Stop::later(queries.errand.next_look(now))),
        }
    }

    async fn begin(&self, pull: &Pull, queries: &mut Queries) -> Result<Stop, Stop> {
        let query = filled(pull)?;
        if query.chars().count() > MOST_CHARACTERS {
            let message = format!("the query has more than {MOST_CHARACTERS} characters");
            return Err(parameters::lacking(pull, message).into());
        }
        let mut body = json!({ "query": query });
        if let Some(token) = &queries.page_token {
            body["paginationToken"] = token.as_str().into();
        }
        // One that was asked for twice by accident costs a token and nothing else.
        let reply = self.caller.call(&Ask::of(&CREATE_QUERY).json(&body)).await?;
        let id = reply.text("/queryId").ok_or_else(|| {
            Error::transient(Kind::Remote, "Amazon took a query and didn't say which").at("data_kiosk.create")
        })?;
        let now = self.caller.clock.now();
        queries.errand.begun(id.to_owned(), now);
        Ok(Stop::later(queries.errand.next_look(now)))
    }

    async fn done(&self, id: &str, queries: &mut Queries, reply: &Reply) -> Result<Step, Stop> {
        let now = self.caller.clock.now();
        let document = reply.text("/dataDocumentId").map(str::to_owned);
        if let Some(token) = reply.text("/pagination/nextToken") {
            queries.documents.extend(document);
            queries.page_token = Some(token.to_owned());
            queries.errand.again(self.process, now);
            return Err(Stop::later(now));
        }
        let as_of = printed(&reply.json, "/processingEndTime").unwrap_or(now);
        let documents: Vec<String> = queries.documents.iter().cloned().chain(document).collect();
        if documents.is_empty() {
            return Ok(Step::NoData { reason: "the query is done and has no document".to_owned(), as_of });
        }
        let mut pages = Vec::new();
        let mut is_gzip = false;
        for document in &documents {
            let ask = Ask::of(&GET_DOCUMENT).name(document);
            let mint = Mint { ask: &ask, pointer: "/documentUrl", always_gzip: false };
            let fetched = fetch(&self.caller, &self.scratch, mint).await?;
            is_gzip = fetched.is_gzip;
            pages.push(fetched.page);
        }
        let extension = if is_gzip { "jsonl.gz" } else { "jsonl" };
        Ok(Step::Answer(Answer { pages, extension, charset: None, as_of, origin: Some(id.to_owned()) }))
    }
}

/// The query with what the pull asks for, without superfluous white space.
fn filled(pull: &Pull) -> Result<String> {
    let mut query = parameters::required(pull, "query")?.split_whitespace().collect::<Vec<_>>().join(" ");
    if query.contains("{marketplace}") {
        query = query.replace("{marketplace}", parameters::marketplace(pull)?.as_str());
    }
    if query.contains("{from}") || query.contains("{to}") {
        let window = parameters::window(pull)?;
        query = query.replace("{from}", &window.from.date_naive().to_string());
        query = query.replace("{to}", &window.last_day().to_string());
    }
    Ok(query)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sellerlake_contracts::Scope;

    use super::*;

    #[test]
    fn a_query_names_days_and_marketplace() {
        let query = "{ economics(startDate: \"{from}\",\n  endDate: \"{to}\", marketplaceIds: [\"{marketplace}\"]) }";
        let pull = Pull {
            account: "A1-eu".parse().unwrap(),
            pipeline: "economics".to_owned(),
            scope: Scope("A1PA6795UKMFR9".to_owned()),
            marketplaces: vec!["A1PA6795UKMFR9".parse().unwrap()],
            window: Some("2026-03-01..2026-03-02".parse().unwrap()),
            keys: Vec::new(),
            parameters: BTreeMap::from([("query".to_owned(), query.to_owned())]),
        };
        let expected = "{ economics(startDate: \"2026-03-01\", endDate: \"2026-03-02\", \
                        marketplaceIds: [\"A1PA6795UKMFR9\"]) }";
        assert_eq!(filled(&pull).unwrap(), expected);
        assert!(filled(&Pull { window: None, ..pull }).is_err());
    }
}
