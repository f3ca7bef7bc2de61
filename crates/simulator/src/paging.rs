//! Page tokens that expire, and lists that stand still while they are paged through.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::faults::Kind;
use crate::server::call::Request;
use crate::server::{Amazon, Answer, Call, Query, chance, held};

/// How many lists are kept for their next page; others are printed again.
const KEPT_LISTS: usize = 32;

/// How an operation pages.
pub struct Paging<'a> {
    /// The parameter that brings the token.
    pub token: &'a str,
    /// Items on a page.
    pub size: usize,
    /// How long a token is good.
    pub lifetime: TimeDelta,
    /// Parameters that may differ from one page to the next.
    pub free: &'a [&'a str],
    /// Whether items have ids, so that a client can tell a doubled one.
    pub identified: bool,
    /// Whether a reading may lack the last item of a page, and a later one will have it: so with what happened lately.
    /// A gap where nobody would look again would be a lie.
    pub may_lack: bool,
}

/// One page.
pub struct Page {
    /// Its items.
    pub items: Vec<Value>,
    /// The token for what follows, if anything does.
    pub next: Option<String>,
    /// The moment of the first page: the whole list is as of then.
    pub as_of: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Token {
    list: String,
    from: usize,
    as_of: DateTime<Utc>,
    issued: DateTime<Utc>,
}

/// Lists under way, newest last.
#[derive(Default)]
pub struct Lists(Mutex<VecDeque<(String, Arc<Vec<Value>>)>>);

impl Lists {
    fn get(&self, id: &str, print: impl FnOnce() -> Vec<Value>) -> Arc<Vec<Value>> {
        let known = held(&self.0).iter().find(|(known, _)| known == id).map(|(_, list)| Arc::clone(list));
        known.unwrap_or_else(|| {
            let list = Arc::new(print());
            let mut lists = held(&self.0);
            if lists.len() == KEPT_LISTS {
                lists.pop_front();
            }
            lists.push_back((id.to_owned(), Arc::clone(&list)));
            list
        })
    }
}

/// The request behind a token that carries its own filter: the query the first page was asked with, and the token of
/// the page. `None` if the call brings no token.
pub fn carried(call: &Call<'_>, token: &str) -> Result<Option<Request>, Answer> {
    let Some(text) = call.query().get(token) else { return Ok(None) };
    let (filter, page) = text
        .split_once('.')
        .and_then(|(filter, page)| Some((String::from_utf8(URL_SAFE_NO_PAD.decode(filter).ok()?).ok()?, page)))
        .ok_or_else(|| Answer::invalid(format!("{token} is invalid.")))?;
    Ok(Some(Request { query: Query::parse(&format!("{filter}&{token}={page}")), ..call.request.clone() }))
}

/// A page's token together with the query it belongs to, for [`carried`].
pub fn carry(call: &Call<'_>, token: &str, page: &str) -> String {
    format!("{}.{page}", URL_SAFE_NO_PAD.encode(call.query().encoded(&[token])))
}

impl<'a> Paging<'a> {
    /// Items with ids, of which none is missing; every parameter must come again.
    pub const fn new(token: &'a str, size: usize, lifetime: TimeDelta) -> Self {
        Self { token, size, lifetime, free: &[], identified: true, may_lack: false }
    }

    /// The page a call asks for, of the list that `print` prints as of a moment.
    pub fn page(
        &self,
        amazon: &Amazon,
        call: &Call<'_>,
        print: impl FnOnce(DateTime<Utc>) -> Vec<Value>,
    ) -> Result<Page, Answer> {
        let free: Vec<&str> = self.free.iter().copied().chain([self.token]).collect();
        let path = &call.request.path;
        let asked = format!("{} {path} {}", call.seller(), call.query().fingerprint(&free));
        let token = call.query().get(self.token).map(|text| self.open(amazon, call, text)).transpose()?;
        let (from, as_of) = token.as_ref().map_or((0, call.now()), |token| (token.from, token.as_of));
        let list_id = chance::hex(amazon.seed, &["list", &asked, &as_of.to_rfc3339()], 24);
        if token.is_some_and(|token| token.list != list_id) {
            return Err(Answer::invalid(format!("{} was issued for a request with other parameters.", self.token)));
        }
        let list = amazon.lists.get(&format!("{list_id} {}", call.query().fingerprint(&[self.token])), || print(as_of));
        let seal = |from| Self::seal(amazon, &Token { list: list_id.clone(), from, as_of, issued: call.now() });
        let to = (from + self.size.min(amazon.most_per_page).max(1)).min(list.len());
        if from < to && call.strikes(amazon, Kind::EmptyPageWithToken) {
            return Ok(Page { items: Vec::new(), next: Some(seal(from)), as_of });
        }
        let mut items = list.get(from..to).unwrap_or_default().to_vec();
        if from > 0 && self.identified && call.strikes(amazon, Kind::PageDuplicate) {
            items.insert(0, list[from - 1].clone());
        }
        if items.len() > 1 && self.may_lack && call.strikes(amazon, Kind::PageGap) {
            items.pop();
        }
        Ok(Page { items, next: (to < list.len()).then(|| seal(to)), as_of })
    }

    fn seal(amazon: &Amazon, token: &Token) -> String {
        let text = serde_json::to_string(token).unwrap_or_default();
        let mark = chance::hex(amazon.seed, &["page", &text], 16);
        URL_SAFE_NO_PAD.encode(format!("{mark}{text}"))
    }

    fn open(&self, amazon: &Amazon, call: &Call<'_>, text: &str) -> Result<Token, Answer> {
        let plain = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let token = plain
            .as_deref()
            .and_then(|plain| Some((plain.get(..16)?, plain.get(16..)?)))
            .filter(|(mark, text)| chance::hex(amazon.seed, &["page", text], 16) == *mark)
            .and_then(|(_, text)| serde_json::from_str::<Token>(text).ok())
            .ok_or_else(|| Answer::invalid(format!("{} is invalid.", self.token)))?;
        let expired = call.now() > token.issued + self.lifetime;
        if expired || call.strikes(amazon, Kind::ExpiredPageToken) {
            return Err(Answer::invalid(format!("{} has expired.", self.token)));
        }
        Ok(token)
    }
}
