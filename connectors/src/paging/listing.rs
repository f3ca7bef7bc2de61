//! A paged call as a row of facts.

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{Request, Result, Window};
use serde::{Deserialize, Serialize};

use crate::ask::Ask;

/// One part of an answer: a window of it, or a batch of its keys. Its pages are read together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
}

impl Part {
    /// Its window in two, the earlier first; `None` if it is too short to be cut.
    pub(crate) fn halves(&self) -> Option<(Self, Self)> {
        let window = self.window?;
        let half = TimeDelta::seconds((window.to - window.from).num_seconds() / 2);
        if half < TimeDelta::minutes(1) {
            return None;
        }
        let middle = window.from + half;
        let part = |from, to| Self { window: Some(Window { from, to }), keys: self.keys.clone() };
        Some((part(window.from, middle), part(middle, window.to)))
    }
}

/// What is known of a paged call before it is made.
pub(crate) struct Listing {
    /// The call for a part, without its token.
    pub ask: fn(&Request, &Part) -> Result<Ask>,
    /// Parameter that brings the token of the next page.
    pub token_parameter: &'static str,
    /// Where an answer holds the token of the next page; empty: there is one page.
    pub token_at: &'static str,
    /// How long a token is good.
    pub token_life: TimeDelta,
    /// Where an answer holds its items.
    pub items_at: &'static str,
    /// Items on a full page, where Amazon says; a shorter page that isn't the last has lost some.
    pub full_page: usize,
    /// Where an answer holds the number of all items; empty: nowhere.
    pub total_at: &'static str,
    /// Most items one list can be paged through.
    pub most_items: usize,
    /// Where an answer holds the server's own cut-off; empty: the moment of the first page counts.
    pub cutoff_at: &'static str,
    /// Most keys one call takes; 0: it takes none.
    pub keys_per_call: usize,
    /// Longest window one call may ask for; longer ones are asked in parts.
    pub longest: TimeDelta,
    /// First instant of everything, where all there is has to be asked by window.
    pub since: Option<DateTime<Utc>>,
    /// Whether an error can come from the window's size, so that halves may work.
    pub halves_on_error: bool,
}

impl Listing {
    /// One page, no keys, no window: what others differ from.
    pub(crate) const fn one_page(ask: fn(&Request, &Part) -> Result<Ask>) -> Self {
        Self {
            ask,
            token_parameter: "",
            token_at: "",
            token_life: TimeDelta::hours(1),
            items_at: "",
            full_page: 0,
            total_at: "",
            most_items: usize::MAX,
            cutoff_at: "",
            keys_per_call: 0,
            longest: TimeDelta::MAX,
            since: None,
            halves_on_error: false,
        }
    }

    /// The parts of a request that can be answered up to `lag` ago, first to last; the instant to come back at if its window has not begun to be answerable.
    pub(crate) fn parts(
        &self,
        request: &Request,
        now: DateTime<Utc>,
        lag: TimeDelta,
    ) -> Result<Vec<Part>, DateTime<Utc>> {
        if self.keys_per_call > 0 && !request.keys.is_empty() {
            let batches = request.keys.chunks(self.keys_per_call);
            return Ok(batches.map(|keys| Part { window: request.window, keys: keys.to_vec() }).collect());
        }
        let whole = self.since.map(|from| Window { from, to: now });
        let Some(window) = request.window.or(whole) else {
            return Ok(vec![Part { window: None, keys: Vec::new() }]);
        };
        let end = window.to.min(now - lag);
        if end <= window.from {
            return Err(window.from + lag + TimeDelta::seconds(1));
        }
        let mut parts = Vec::new();
        let mut from = window.from;
        while from < end {
            let to = from.checked_add_signed(self.longest).map_or(end, |to| to.min(end));
            parts.push(Part { window: Some(Window { from, to }), keys: Vec::new() });
            from = to;
        }
        Ok(parts)
    }
}
