//! Data Kiosk 2023-11-15 (amazon.md: Data Kiosk): queries that end in JSON Lines.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Document, found, under};
use crate::answers::data_kiosk;
use crate::files;
use crate::paging::Paging;
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role, chance, held};

const DOCUMENT: &str = "/dataKiosk/2023-11-15/documents/{documentId}";
const QUERY: &str = "/dataKiosk/2023-11-15/queries/{queryId}";
const QUERIES: &str = "/dataKiosk/2023-11-15/queries";
const LONGEST_QUERY: usize = 8000;
const RETENTION: TimeDelta = TimeDelta::days(30);
/// Lines of one document; what follows is a query of its own.
const LINES: usize = 10_000;

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] = &[
    Operation::post("data_kiosk.createQuery", QUERIES, create).rate(0.0167, 15).role(Role::BrandAnalytics),
    Operation::get("data_kiosk.getQueries", QUERIES, list).rate(0.0222, 10).role(Role::BrandAnalytics),
    Operation::get("data_kiosk.getQuery", QUERY, get).rate(2.0, 15).role(Role::BrandAnalytics),
    Operation::delete("data_kiosk.cancelQuery", QUERY, cancel).rate(0.0222, 10).role(Role::BrandAnalytics),
    Operation::get("data_kiosk.getDocument", DOCUMENT, document).rate(0.0167, 15).role(Role::BrandAnalytics),
];

/// Queries by (seller, query id).
#[derive(Default)]
pub struct KioskDesk(Mutex<BTreeMap<(String, String), Query>>);

/// One query under way or done.
#[derive(Clone, Debug)]
pub(super) struct Query {
    id: String,
    text: String,
    created: DateTime<Utc>,
    starts: DateTime<Utc>,
    ends: DateTime<Utc>,
    cancelled: bool,
    document_id: String,
    page: Page,
}

/// Which part of an answer a query is for.
#[derive(Clone, Copy, Debug, Default)]
struct Page {
    from: usize,
    /// The moment the whole answer is of, once its first page is there.
    as_of: Option<DateTime<Utc>>,
}

impl Page {
    /// What asks for it: good for this seller and this query.
    fn token(self, amazon: &Amazon, seller: &str, text: &str) -> String {
        let as_of = self.as_of.unwrap_or_default().timestamp_millis();
        let place = format!("{}.{as_of}", self.from);
        format!("{}.{place}", chance::hex(amazon.seed, &["kiosk page", seller, &squeezed(text), &place], 24))
    }

    fn read(amazon: &Amazon, seller: &str, text: &str, token: &str) -> Option<Self> {
        let mut parts = token.split('.').skip(1);
        let from = parts.next()?.parse().ok()?;
        let as_of = DateTime::from_timestamp_millis(parts.next()?.parse().ok()?)?;
        let page = Self { from, as_of: Some(as_of) };
        (page.token(amazon, seller, text) == token).then_some(page)
    }
}

/// A query without superfluous white space.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Query {
    fn as_of(&self) -> DateTime<Utc> {
        self.page.as_of.unwrap_or(self.ends)
    }

    /// The lines of its page and the page that follows; `None` if there is nothing.
    fn lines(&self, amazon: &Amazon, seller: &str) -> Option<(String, Option<Page>)> {
        let all = data_kiosk(&amazon.world, seller, &self.text, self.as_of()).ok().flatten()?;
        let to = self.page.from + LINES.min(amazon.most_per_page).max(1);
        let mut lines = all.split_inclusive('\n').skip(self.page.from);
        let here: String = lines.by_ref().take(to - self.page.from).collect();
        let next = lines.next().map(|_| Page { from: to, as_of: Some(self.as_of()) });
        (!here.is_empty()).then_some((here, next))
    }

    fn shown(&self, amazon: &Amazon, seller: &str, now: DateTime<Utc>) -> Value {
        let mut shown = json!({ "queryId": self.id, "query": self.text, "createdTime": stamp(self.created) });
        let status = match () {
            () if self.cancelled => "CANCELLED",
            () if now < self.starts => "IN_QUEUE",
            () if now < self.ends => "IN_PROGRESS",
            () => "DONE",
        };
        shown["processingStatus"] = json!(status);
        if now >= self.starts && !self.cancelled {
            shown["processingStartTime"] = json!(stamp(self.starts));
        }
        if status == "DONE" {
            shown["processingEndTime"] = json!(stamp(self.ends));
            // Done without a document is how no data looks.
            if let Some((_, next)) = self.lines(amazon, seller) {
                shown["dataDocumentId"] = json!(self.document_id);
                if let Some(next) = next {
                    shown["pagination"] = json!({ "nextToken": next.token(amazon, seller, &self.text) });
                }
            }
        }
        shown
    }
}

impl KioskDesk {
    /// The document with this id.
    pub fn document(amazon: &Amazon, id: &str) -> Option<Document> {
        let (seller, query) = {
            let queries = held(&amazon.kiosk.0);
            let ((seller, _), query) = queries.iter().find(|(_, query)| query.document_id == id)?;
            (seller.clone(), query.clone())
        };
        Some(Document {
            bytes: query.lines(amazon, &seller)?.0.into_bytes(),
            content_type: "application/json".to_owned(),
            charset: "UTF-8".to_owned(),
            gzip: true,
            seller,
            report_type: "data kiosk".to_owned(),
            may_lack: false,
        })
    }

    fn get(&self, call: &Call<'_>) -> Result<Query, Answer> {
        let key = (call.seller().to_owned(), call.name("queryId").to_owned());
        held(&self.0).get(&key).cloned().ok_or_else(|| Answer::not_found("Query"))
    }

    /// Queries of a seller that ended in `(after, by]`, as they look then.
    pub(super) fn ended(
        &self,
        amazon: &Amazon,
        seller: &str,
        after: DateTime<Utc>,
        by: DateTime<Utc>,
    ) -> Vec<(DateTime<Utc>, Value)> {
        let queries: Vec<Query> =
            held(&self.0).iter().filter(|((owner, _), _)| owner == seller).map(|(_, query)| query.clone()).collect();
        let ended = queries.iter().filter(|query| !query.cancelled && query.ends > after && query.ends <= by);
        ended.map(|query| (query.ends, query.shown(amazon, seller, by))).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    query: String,
    pagination_token: Option<String>,
}

fn create(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let wanted: Wanted = call.body()?;
    if squeezed(&wanted.query).len() > LONGEST_QUERY {
        return Err(Answer::invalid("The query must not exceed 8000 characters."));
    }
    let page = match &wanted.pagination_token {
        None => Page::default(),
        Some(token) => Page::read(amazon, call.seller(), &wanted.query, token)
            .ok_or_else(|| Answer::invalid("paginationToken is invalid."))?,
    };
    data_kiosk(&amazon.world, call.seller(), &wanted.query, call.now()).map_err(Answer::invalid)?;
    let number = call.number.to_string();
    let draw = |what: &str| chance::draw(amazon.seed, &["kiosk", what, call.seller(), &number]);
    let wait = |what: &str, least: u64, most: u64| {
        TimeDelta::milliseconds(((least + draw(what) % (most - least)) as f64 * 1000.0 * amazon.pace) as i64)
    };
    let starts = call.now() + wait("queue", 2, 10);
    let query = Query {
        id: (50_000_000_000 + call.number * 7_919 + draw("id") % 7_919).to_string(),
        text: wanted.query,
        created: call.now(),
        starts,
        ends: starts + wait("run", 20, 300),
        cancelled: false,
        document_id: format!("amzn1.kiosk.{}", chance::uuid(amazon.seed, &["kiosk", call.seller(), &number])),
        page,
    };
    let id = query.id.clone();
    held(&amazon.kiosk.0).insert((call.seller().to_owned(), id.clone()), query);
    Ok(Answer::json(202, &json!({ "queryId": id })))
}

fn get(amazon: &Amazon, call: &Call<'_>) -> Reply {
    found(&amazon.kiosk.get(call)?.shown(amazon, call.seller(), call.now()))
}

fn list(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let size = call.query().number("pageSize", 1..=100, 10)?;
    let statuses = call.query().list("processingStatuses");
    let since = call.query().moment("createdSince")?;
    let paging = Paging::new("paginationToken", size, TimeDelta::hours(1));
    let page = paging.page(amazon, call, |now| {
        let queries = held(&amazon.kiosk.0).clone();
        let mine = queries
            .iter()
            .rev()
            .filter(|((seller, _), query)| seller == call.seller() && query.created + RETENTION > now)
            .filter(|(_, query)| since.is_none_or(|since| query.created >= since));
        let shown = mine.map(|(_, query)| query.shown(amazon, call.seller(), now));
        let wanted =
            |query: &Value| statuses.is_empty() || statuses.iter().any(|status| query["processingStatus"] == *status);
        shown.filter(wanted).collect()
    })?;
    let mut body = under("queries", page.items);
    if let Some(next) = page.next {
        body["pagination"] = json!({ "nextToken": next });
    }
    found(&body)
}

fn cancel(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let query = amazon.kiosk.get(call)?;
    if call.now() >= query.ends {
        return Err(Answer::invalid("The query is over."));
    }
    if let Some(query) = held(&amazon.kiosk.0).get_mut(&(call.seller().to_owned(), query.id)) {
        query.cancelled = true;
    }
    Ok(Answer::empty(204))
}

fn document(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let id = call.name("documentId");
    let mine = held(&amazon.kiosk.0).iter().any(|((seller, _), query)| {
        seller == call.seller() && query.document_id == id && !query.cancelled && call.now() >= query.ends
    });
    if !mine {
        return Err(Answer::not_found("Document"));
    }
    let url = files::sign(amazon, id, call.now() + TimeDelta::minutes(5), true);
    found(&json!({ "documentId": id, "documentUrl": url }))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
