//! Data Kiosk: GraphQL queries, answered with documents of JSON lines (amazon.md: Data Kiosk).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{AmazonAnswer, Request, Result, Step};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ask::{Ask, Sample};
use crate::call::Caller;
use crate::classify::Reply;
use crate::document::{Document, Mint, fetch};
use crate::failure::Stop;
use crate::long::{Begun, Fetched, Long, LongCheckpoint, Looked, SLACK, created, explained, printed};
use crate::operation::Operation;
use crate::parameters;
use crate::scratch::{AnswerSpool, Scratch};

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

/// Any query. Parameter: `query`, in which `{from}` and `{to}` stand for the first and the last day of the window and
/// `{marketplace}` for the one marketplace. Further pages are queries of their own; all of them make one answer.
pub(crate) struct DataKiosk {
    pub caller: Arc<Caller>,
    pub scratch: Scratch,
    pub cooldown: TimeDelta,
}

/// The pages so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pages {
    /// The page that is asked for; `None`: the first.
    #[serde(default)]
    page_token: Option<String>,
    /// Ids of the queries before this one, whose text is the same.
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
    fetched: BTreeMap<String, Spooled>,
}

/// Where a document waits: a spool, and where its page ends.
#[derive(Debug, Serialize, Deserialize)]
struct Spooled {
    spool: String,
    ends: Vec<u64>,
    is_gzip: bool,
}

impl Pages {
    /// A document that is here, unless its file is gone.
    fn spool(&self, scratch: &Scratch, document: &str) -> Option<AnswerSpool> {
        let fetched = self.fetched.get(document)?;
        scratch.reopen(&fetched.spool, &fetched.ends)
    }
}

type Kept = LongCheckpoint<Pages>;

#[async_trait]
impl Long for DataKiosk {
    type Own = Pages;

    const CREATE: &'static Operation = &CREATE_QUERY;

    async fn begin(&self, request: &Request, kept: &mut Kept) -> Result<Begun, Stop> {
        let mut body = json!({ "query": filled(request)? });
        if let Some(token) = &kept.own.page_token {
            body["paginationToken"] = token.as_str().into();
        }
        let reply = self.caller.call(&Ask::of(&CREATE_QUERY).json(&body)).await?;
        created(&reply, "/queryId")
    }

    /// A query with this text that was created since ours was about to be; those before it were ours too.
    async fn find(&self, request: &Request, kept: &Kept) -> Result<Option<String>, Stop> {
        let query = filled(request)?;
        let ask = Ask::of(&GET_QUERIES).at("createdSince", kept.errand.asked_at - SLACK).query("pageSize", "100");
        let reply = self.caller.call(&ask).await?;
        let listed = reply.json.get("queries").and_then(Value::as_array).into_iter().flatten();
        let mut ids = listed.filter_map(|listed| {
            let text = |name: &str| listed.get(name).and_then(Value::as_str);
            let id = text("queryId")?;
            let fits = text("query").is_some_and(|text| squeezed(text) == query)
                && !matches!(text("processingStatus"), Some("CANCELLED" | "FATAL"))
                && !kept.own.earlier.iter().any(|earlier| earlier == id);
            fits.then(|| id.to_owned())
        });
        Ok(ids.next())
    }

    async fn look(&self, request: &Request, id: &str, kept: &mut Kept) -> Result<Looked, Stop> {
        if kept.own.as_of.is_some() {
            return Ok(Looked::Made(Value::Null));
        }
        let reply = self.caller.call(&Ask::of(&GET_QUERY).name(id)).await?;
        let given_up = |reason: String| -> Result<Looked, Stop> {
            Ok(Looked::Over(Step::Fatal { reason, again_at: self.caller.clock.now() + self.cooldown(request)? }))
        };
        match reply.text("/processingStatus").unwrap_or_default() {
            "DONE" => Ok(self.done(id, kept, &reply)),
            "CANCELLED" => given_up("Amazon cancelled the query".to_owned()),
            "FATAL" => {
                let explanation = reply.text("/errorDocumentId").map(|document| self.document(document));
                given_up(explained("Amazon couldn't answer the query", explanation).await?)
            }
            status => Ok(Looked::Busy(status.to_owned())),
        }
    }

    /// Fetches the first document that isn't here. The step ends with it, so that the checkpoint knows of it before the
    /// next token is waited for.
    async fn fetch(&self, _request: &Request, id: &str, _made: &Value, kept: &mut Kept) -> Result<Fetched, Stop> {
        let pages = &mut kept.own;
        let missing = pages.documents.iter().find(|document| pages.spool(&self.scratch, document).is_none());
        if let Some(missing) = missing.cloned() {
            let Document { mut spool, is_gzip, .. } = self.document(&missing).await?;
            spool.keep()?;
            let fetched = Spooled { spool: spool.name().to_owned(), ends: spool.ends().to_vec(), is_gzip };
            pages.fetched.insert(missing, fetched);
        }
        let here = pages.documents.iter().map(|document| pages.spool(&self.scratch, document));
        let Some(spools) = here.collect::<Option<Vec<_>>>() else { return Ok(Fetched::Partly) };
        let is_gzip = pages.fetched.values().all(|fetched| fetched.is_gzip);
        let extension = if is_gzip { "jsonl.gz" } else { "jsonl" };
        let as_of = pages.as_of.unwrap_or_else(|| self.caller.clock.now());
        let pages = spools.into_iter().flat_map(AnswerSpool::into_pages).collect();
        let answer = AmazonAnswer { pages, extension, charset: None, as_of, origin: Some(id.to_owned()) };
        Ok(Fetched::Whole(Step::Answer(answer)))
    }

    fn cooldown(&self, _request: &Request) -> Result<TimeDelta> {
        Ok(self.cooldown)
    }
}

impl DataKiosk {
    /// One page is made: the next one is a query of its own.
    fn done(&self, id: &str, kept: &mut Kept, reply: &Reply) -> Looked {
        let (now, pages) = (self.caller.clock.now(), &mut kept.own);
        pages.documents.extend(reply.text("/dataDocumentId").map(str::to_owned));
        if let Some(token) = reply.text("/pagination/nextToken") {
            pages.page_token = Some(token.to_owned());
            pages.earlier.push(id.to_owned());
            return Looked::Again(now);
        }
        let as_of = printed(&reply.json, "/processingEndTime").unwrap_or(now);
        if pages.documents.is_empty() {
            return Looked::Over(Step::NoData { reason: "the query is done and has no document".to_owned(), as_of });
        }
        pages.as_of = Some(as_of);
        Looked::Made(Value::Null)
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

/// The query with what the request asks for, without superfluous white space. [`Kind::Usage`] if it is too long.
///
/// [`Kind::Usage`]: sellerlake_contracts::Kind::Usage
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
    if query.chars().count() > MOST_CHARACTERS {
        return Err(parameters::lacking(request, format!("the query has more than {MOST_CHARACTERS} characters")));
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
