//! Data Kiosk: GraphQL queries, answered with documents of JSON lines (C.9).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{Answer, Connector, Error, Kind, Pull, Result, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errand::{Errand, printed};
use super::operations::{CREATE_QUERY, GET_DOCUMENT, GET_QUERY};
use crate::ask::Ask;
use crate::call::Caller;
use crate::checkpoint;
use crate::classify::Reply;
use crate::document::{Document, Mint, fetch};
use crate::failure::Stop;
use crate::parameters;
use crate::scratch::{Scratch, Spool};

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

/// The query under way and the documents of those before it.
#[derive(Debug, Serialize, Deserialize)]
struct Queries {
    errand: Errand,
    #[serde(default)]
    page_token: Option<String>,
    /// Ids of the documents so far, in order.
    #[serde(default)]
    documents: Vec<String>,
    /// The cut-off of the answer, once all documents are known.
    #[serde(default)]
    as_of: Option<DateTime<Utc>>,
    /// Documents that are here, by id: a minute's quota brings one, so they wait for each other over many steps.
    #[serde(default)]
    fetched: BTreeMap<String, Fetched>,
}

/// Where a document waits: a spool, and where its page ends.
#[derive(Debug, Serialize, Deserialize)]
struct Fetched {
    spool: String,
    ends: Vec<u64>,
    is_gzip: bool,
}

impl Queries {
    fn new(process: u64, now: DateTime<Utc>) -> Self {
        Self {
            errand: Errand::new(process, now),
            page_token: None,
            documents: Vec::new(),
            as_of: None,
            fetched: BTreeMap::new(),
        }
    }

    /// A document that is here, unless its file is gone.
    fn spool(&self, scratch: &Scratch, document: &str) -> Option<Spool> {
        let fetched = self.fetched.get(document)?;
        scratch.reopen(&fetched.spool, &fetched.ends)
    }
}

#[async_trait]
impl Connector for DataKiosk {
    async fn step(&self, pull: &Pull, stored: Option<&Value>) -> Result<Step> {
        let now = self.caller.clock.now();
        let mut queries = checkpoint::read(stored)?.unwrap_or_else(|| Queries::new(self.process, now));
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
        if let Some(as_of) = queries.as_of {
            return self.download(id, queries, as_of).await;
        }
        let reply = self.caller.call(&Ask::of(&GET_QUERY).name(&id)).await?;
        let now = self.caller.clock.now();
        match reply.text("/processingStatus").unwrap_or_default() {
            "DONE" => self.done(id, queries, &reply).await,
            "CANCELLED" => {
                Ok(Step::Fatal { reason: "Amazon cancelled the query".to_owned(), again_at: now + COOLDOWN })
            }
            "FATAL" => {
                let mut reason = "Amazon couldn't answer the query".to_owned();
                if let Some(document) = reply.text("/errorDocumentId") {
                    let document = self.document(document).await?;
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

    async fn done(&self, id: String, queries: &mut Queries, reply: &Reply) -> Result<Step, Stop> {
        let now = self.caller.clock.now();
        queries.documents.extend(reply.text("/dataDocumentId").map(str::to_owned));
        if let Some(token) = reply.text("/pagination/nextToken") {
            queries.page_token = Some(token.to_owned());
            queries.errand.again(self.process, now);
            return Err(Stop::later(now));
        }
        let as_of = printed(&reply.json, "/processingEndTime").unwrap_or(now);
        if queries.documents.is_empty() {
            return Ok(Step::NoData { reason: "the query is done and has no document".to_owned(), as_of });
        }
        queries.as_of = Some(as_of);
        self.download(id, queries, as_of).await
    }

    /// Fetches the first document that isn't here. The step ends with it, so that the checkpoint knows of it before the
    /// next token is waited for.
    async fn download(&self, id: String, queries: &mut Queries, as_of: DateTime<Utc>) -> Result<Step, Stop> {
        let missing = queries.documents.iter().find(|document| queries.spool(&self.scratch, document).is_none());
        if let Some(missing) = missing.cloned() {
            let Document { mut spool, is_gzip, .. } = self.document(&missing).await?;
            spool.keep()?;
            let fetched = Fetched { spool: spool.name().to_owned(), ends: spool.ends().to_vec(), is_gzip };
            queries.fetched.insert(missing, fetched);
        }
        let here = queries.documents.iter().map(|document| queries.spool(&self.scratch, document));
        let Some(spools) = here.collect::<Option<Vec<_>>>() else {
            return Err(Stop::later(self.caller.clock.now()));
        };
        let pages = spools.into_iter().flat_map(Spool::into_pages).collect();
        let is_gzip = queries.fetched.values().all(|fetched| fetched.is_gzip);
        let extension = if is_gzip { "jsonl.gz" } else { "jsonl" };
        Ok(Step::Answer(Answer { pages, extension, charset: None, as_of, origin: Some(id) }))
    }

    async fn document(&self, id: &str) -> Result<Document, Stop> {
        let ask = Ask::of(&GET_DOCUMENT).name(id);
        let mint = Mint { ask: &ask, pointer: "/documentUrl", always_gzip: false };
        fetch(&self.caller, &self.scratch, mint).await
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
