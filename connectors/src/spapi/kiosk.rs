//! Data Kiosk: GraphQL queries, answered with documents of JSON lines (amazon.md: Data Kiosk).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{Answer, Connector, Error, Kind, Request, Result, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errand::{DOUBT, Errand, MOST_DOUBTS, SLACK, printed};
use crate::ask::{Ask, Sample};
use crate::call::Caller;
use crate::checkpoint;
use crate::classify::Reply;
use crate::document::{Document, Mint, fetch};
use crate::failure::Stop;
use crate::operation::Operation;
use crate::parameters;
use crate::scratch::{Scratch, Spool};

pub(crate) const CREATE_QUERY: Operation =
    Operation::post("createQuery", "/dataKiosk/2023-11-15/queries").rate(0.0167, 15).creates();
pub(crate) const GET_QUERIES: Operation =
    Operation::get("getQueries", "/dataKiosk/2023-11-15/queries").rate(0.0222, 10);
pub(crate) const GET_QUERY: Operation =
    Operation::get("getQuery", "/dataKiosk/2023-11-15/queries/{queryId}").rate(2.0, 15);
pub(crate) const GET_DOCUMENT: Operation =
    Operation::get("getDocument", "/dataKiosk/2023-11-15/documents/{documentId}").rate(0.0167, 15);

/// Queries longer than this are refused, counted without superfluous white space.
const MOST_CHARACTERS: usize = 8000;
const EXPLANATION_BYTES: u64 = 1000;

/// Any query. Parameter: `query`, in which `{from}` and `{to}` stand for the first and the last day of the window and
/// `{marketplace}` for the one marketplace. Further pages are queries of their own; all of them make one answer.
pub(crate) struct DataKiosk {
    pub caller: Arc<Caller>,
    pub scratch: Scratch,
    pub process: u64,
    pub cooldown: TimeDelta,
}

/// The query under way and the documents of those before it.
#[derive(Debug, Serialize, Deserialize)]
struct Queries {
    errand: Errand,
    #[serde(default)]
    page_token: Option<String>,
    /// Ids of the queries before it, whose text is the same.
    #[serde(default)]
    earlier: Vec<String>,
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
            earlier: Vec::new(),
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
    async fn step(&self, request: &Request, stored: Option<&Value>) -> Result<Step> {
        let now = self.caller.clock.now();
        let Some(mut queries) = checkpoint::read::<Queries>(stored)? else {
            if let Some(later) = self.caller.quota.distant(&CREATE_QUERY).await? {
                return checkpoint::wait(later, &Value::Null);
            }
            // Stored before anything is asked: whoever finds it without an id after a crash looks before asking again.
            return checkpoint::wait(now, &Queries::new(self.process, now));
        };
        match self.advance(request, &mut queries).await {
            Ok(step) => Ok(step),
            Err(Stop::Failed(failure)) => Err(failure.error),
            Err(Stop::Later(later)) => checkpoint::wait(later, &queries),
        }
    }
}

impl DataKiosk {
    async fn advance(&self, request: &Request, queries: &mut Queries) -> Result<Step, Stop> {
        let Some(id) = queries.errand.id.clone() else {
            return Err(self.begin(request, queries).await?);
        };
        if let Some(as_of) = queries.as_of {
            return self.download(id, queries, as_of).await;
        }
        let reply = self.caller.call(&Ask::of(&GET_QUERY).name(&id)).await?;
        let now = self.caller.clock.now();
        match reply.text("/processingStatus").unwrap_or_default() {
            "DONE" => self.done(id, queries, &reply).await,
            "CANCELLED" => {
                Ok(Step::Fatal { reason: "Amazon cancelled the query".to_owned(), again_at: now + self.cooldown })
            }
            "FATAL" => {
                let mut reason = "Amazon couldn't answer the query".to_owned();
                if let Some(document) = reply.text("/errorDocumentId") {
                    let document = self.document(document).await?;
                    reason = format!("{reason}: {}", document.explanation(EXPLANATION_BYTES));
                }
                Ok(Step::Fatal { reason, again_at: now + self.cooldown })
            }
            status if queries.errand.is_hopeless(now) => {
                let reason = format!("Amazon hasn't answered the query for a day: it is {status}");
                Ok(Step::Fatal { reason, again_at: now + self.cooldown })
            }
            _ => Err(Stop::later(queries.errand.next_look(now))),
        }
    }

    async fn begin(&self, request: &Request, queries: &mut Queries) -> Result<Stop, Stop> {
        let query = filled(request)?;
        if query.chars().count() > MOST_CHARACTERS {
            let message = format!("the query has more than {MOST_CHARACTERS} characters");
            return Err(parameters::lacking(request, message).into());
        }
        if queries.errand.is_in_doubt(self.process)
            && let Some(id) = self.find(&query, queries).await?
        {
            tracing::info!(account = %request.account, query = id, "a query created earlier is adopted");
            let now = self.caller.clock.now();
            queries.errand.begun(id, now);
            return Ok(Stop::later(now));
        }
        let mut body = json!({ "query": query });
        if let Some(token) = &queries.page_token {
            body["paginationToken"] = token.as_str().into();
        }
        let reply = match self.caller.call(&Ask::of(&CREATE_QUERY).json(&body)).await {
            Err(Stop::Failed(failure)) if failure.fault.leaves_doubt() && queries.errand.doubts < MOST_DOUBTS => {
                tracing::warn!(account = %request.account, error = %failure.error, "a query may have been created");
                queries.errand.doubts += 1;
                return Ok(Stop::later(self.caller.clock.now() + DOUBT));
            }
            other => other?,
        };
        let id = reply.text("/queryId").ok_or_else(|| {
            Error::transient(Kind::Remote, "Amazon took a query and didn't say which").at("data_kiosk.create")
        })?;
        let now = self.caller.clock.now();
        queries.errand.begun(id.to_owned(), now);
        Ok(Stop::later(queries.errand.next_look(now)))
    }

    /// The id of a query with this text that was created since ours was about to be; those before it were ours too.
    async fn find(&self, query: &str, queries: &Queries) -> Result<Option<String>, Stop> {
        let ask = Ask::of(&GET_QUERIES).at("createdSince", queries.errand.asked_at - SLACK).query("pageSize", "100");
        let reply = self.caller.call(&ask).await?;
        let listed = reply.json.get("queries").and_then(Value::as_array).into_iter().flatten();
        let mut ids = listed.filter_map(|listed| {
            let text = |name: &str| listed.get(name).and_then(Value::as_str);
            let id = text("queryId")?;
            let fits = text("query").is_some_and(|text| squeezed(text) == query)
                && !matches!(text("processingStatus"), Some("CANCELLED" | "FATAL"))
                && !queries.earlier.iter().any(|earlier| earlier == id);
            fits.then(|| id.to_owned())
        });
        Ok(ids.next())
    }

    async fn done(&self, id: String, queries: &mut Queries, reply: &Reply) -> Result<Step, Stop> {
        let now = self.caller.clock.now();
        queries.documents.extend(reply.text("/dataDocumentId").map(str::to_owned));
        if let Some(token) = reply.text("/pagination/nextToken") {
            queries.page_token = Some(token.to_owned());
            queries.earlier.push(id);
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

fn squeezed(query: &str) -> String {
    query.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The query with what the request asks for, without superfluous white space.
fn filled(request: &Request) -> Result<String> {
    let mut query = squeezed(parameters::required(request, "query")?);
    if query.contains("{marketplace}") {
        query = query.replace("{marketplace}", parameters::marketplace(request)?.as_str());
    }
    if query.contains("{from}") || query.contains("{to}") {
        let window = parameters::window(request)?;
        query = query.replace("{from}", &window.from.date_naive().to_string());
        query = query.replace("{to}", &window.last_day().to_string());
    }
    Ok(query)
}

/// What is asked of Data Kiosk in the sandbox.
pub(crate) fn samples() -> Vec<Sample> {
    let query = "query {sampleQuery(startDate:\"2023-03-01\" endDate:\"2023-03-31\" marketplaceIds:[\"ATVPDKIKX0DER\"])\
                 {sales{date averageSellingPrice{amount currencyCode}}}}";
    vec![
        Sample::new(Ask::of(&CREATE_QUERY).json(&json!({ "query": query })), "/queryId"),
        Sample::new(Ask::of(&GET_QUERY).name("QueryId1"), "/queryId"),
        Sample::new(Ask::of(&GET_DOCUMENT).name("DocumentId1"), "/documentUrl"),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sellerlake_contracts::Scope;

    use super::*;

    #[test]
    fn a_query_names_days_and_marketplace() {
        let query = "{ economics(startDate: \"{from}\",\n  endDate: \"{to}\", marketplaceIds: [\"{marketplace}\"]) }";
        let request = Request {
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
        assert_eq!(filled(&request).unwrap(), expected);
        assert!(filled(&Request { window: None, ..request }).is_err());
    }
}
