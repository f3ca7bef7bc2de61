//! How far a paged answer has come: what a checkpoint holds.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};
use sellerlake_contracts::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::listing::{Listing, Part};
use crate::classify::Reply;
use crate::scratch::{AnswerSpool, Scratch};

/// Times one part is read again from its beginning before that is called a failure.
const MOST_RESTARTS: u32 = 4;
/// Windows cut in two in a row, without a page in between, before the error counts.
const MOST_HALVINGS: u32 = 8;

/// Everything needed to go on after a wait or a crash.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct PageProgress {
    /// Name of the spool that holds the pages.
    spool: String,
    /// Where each page in it ends.
    ends: Vec<u64>,
    /// Parts still to be read, the next one last.
    parts: Vec<Part>,
    /// Token of the part's next page.
    pub token: Option<String>,
    /// Pages that belong to parts already whole.
    whole: usize,
    /// Items of the part so far.
    items: usize,
    /// Items the part's first page promised.
    promised: Option<usize>,
    restarts: u32,
    /// Whether the part is read again because a page looked short; if it does again, it is.
    doubted: bool,
    halvings: u32,
    /// When the last page came.
    paged_at: Option<DateTime<Utc>>,
    /// The answer's cut-off.
    pub as_of: Option<DateTime<Utc>>,
    last_page: u64,
}

impl PageProgress {
    /// From the first part on.
    pub(crate) fn begin(parts: Vec<Part>, spool: &AnswerSpool) -> Self {
        Self { spool: spool.name().to_owned(), parts: parts.into_iter().rev().collect(), ..Self::default() }
    }

    /// Out of a checkpoint, with its spool; `None` if either is gone, so that the answer starts over.
    pub(crate) fn resume(checkpoint: Option<&Value>, scratch: &Scratch) -> Option<(Self, AnswerSpool)> {
        let progress: Self = serde_json::from_value(checkpoint?.clone()).ok()?;
        let spool = scratch.reopen(&progress.spool, &progress.ends)?;
        Some((progress, spool))
    }

    /// Makes it ready to be a checkpoint: the pages it counts on are made durable first.
    pub(crate) fn keep(&mut self, spool: &mut AnswerSpool) -> Result<()> {
        spool.keep()?;
        self.ends = spool.ends().to_vec();
        Ok(())
    }

    /// The part being read.
    pub(crate) fn part(&self) -> Option<&Part> {
        self.parts.last()
    }

    /// Whether the token has died of waiting.
    pub(crate) fn is_stale(&self, listing: &Listing, now: DateTime<Utc>) -> bool {
        self.token.is_some() && self.paged_at.is_none_or(|at| now - at >= listing.token_life)
    }

    /// Takes one page in. Pages that can't be right make the part start over.
    pub(crate) fn take(
        &mut self,
        listing: &Listing,
        reply: &Reply,
        spool: &mut AnswerSpool,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let items = reply.json.pointer(listing.items_at).and_then(Value::as_array);
        let count = items.map_or(0, Vec::len);
        let next = reply.text(listing.token_at).filter(|_| !listing.token_at.is_empty());
        let total = reply.json.pointer(listing.total_at).filter(|_| !listing.total_at.is_empty());
        let total = total.and_then(Value::as_u64).map(|total| total as usize);
        if total.is_some_and(|total| total > listing.most_items) && self.halve(spool)? {
            return Ok(());
        }
        let fingerprint = items.filter(|items| !items.is_empty()).map(fingerprint).unwrap_or_default();
        let repeated = fingerprint != 0 && fingerprint == self.last_page;
        // An empty page with a token is ordinary (amazon.md: Finances v0). A page that lost an item is not, unless it
        // is as short when it is read again.
        let short = next.is_some() && count > 0 && count < listing.full_page && !self.doubted;
        let changed = self.promised.is_some() && total.is_some() && self.promised != total;
        if repeated || short || changed {
            self.doubted |= short;
            return self.restart(spool, "a page came twice, lost items, or the list changed meanwhile");
        }
        self.promised = self.promised.or(total);
        self.as_of = Some(self.cutoff(listing, reply, now));
        spool.push(&reply.body)?;
        self.items += count;
        (self.last_page, self.paged_at, self.halvings) = (fingerprint, Some(now), 0);
        self.token = next.map(str::to_owned);
        if self.token.is_none() { self.finish(spool) } else { Ok(()) }
    }

    fn finish(&mut self, spool: &mut AnswerSpool) -> Result<()> {
        if self.promised.is_some_and(|promised| self.items < promised) {
            return self.restart(spool, "the pages hold fewer items than were promised");
        }
        self.parts.pop();
        self.begin_part(spool.ends().len());
        (self.restarts, self.doubted) = (0, false);
        Ok(())
    }

    /// Reads the current part from its beginning. [`Kind::Remote`] if that has been done too often.
    pub(crate) fn restart(&mut self, spool: &mut AnswerSpool, why: &'static str) -> Result<()> {
        tracing::warn!(why, pages = spool.ends().len() - self.whole, "a paged answer is read again from its beginning");
        self.restarts += 1;
        if self.restarts > MOST_RESTARTS {
            return Err(Error::transient(Kind::Remote, "Amazon's pages don't make a whole")
                .at("paging")
                .with("cause", why));
        }
        spool.cut(self.whole)?;
        if self.whole == 0 {
            self.as_of = None;
        }
        self.begin_part(self.whole);
        Ok(())
    }

    /// Puts the current part's two halves in its place; `false` if it can't be cut any more.
    pub(crate) fn halve(&mut self, spool: &mut AnswerSpool) -> Result<bool> {
        let Some((first, second)) = self.part().and_then(Part::halves) else { return Ok(false) };
        if self.halvings >= MOST_HALVINGS {
            return Ok(false);
        }
        self.halvings += 1;
        self.parts.pop();
        self.parts.extend([second, first]);
        spool.cut(self.whole)?;
        self.begin_part(self.whole);
        Ok(true)
    }

    fn begin_part(&mut self, whole: usize) {
        self.whole = whole;
        self.token = None;
        self.items = 0;
        self.promised = None;
        self.last_page = 0;
    }

    /// The earliest cut-off of all parts: the answer holds everything up to there.
    fn cutoff(&self, listing: &Listing, reply: &Reply, now: DateTime<Utc>) -> DateTime<Utc> {
        let told = reply.text(listing.cutoff_at).filter(|_| !listing.cutoff_at.is_empty());
        let told = told.and_then(|text| DateTime::parse_from_rfc3339(text).ok()).map(|at| at.to_utc());
        match self.as_of {
            Some(earlier) => told.map_or(earlier, |told| told.min(earlier)),
            None => told.unwrap_or(now),
        }
    }
}

fn fingerprint(items: &Vec<Value>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for item in items {
        item.to_string().hash(&mut hasher);
    }
    hasher.finish().max(1)
}
