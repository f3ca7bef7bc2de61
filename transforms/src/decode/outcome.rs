//! What came of decoding one delivery, beside its rows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use sellerlake_contracts::Window;

use super::day_order::Settled;

/// Rejects kept with their details; further ones are only counted.
pub const MAX_REJECTS: usize = 10_000;

/// A row, or a part of a document, that could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Physical line from 1 (the header counts), or record of a JSON document from 1.
    pub line: u64,
    /// The column at fault, where there is one.
    pub column: Option<String>,
    /// What is wrong, as a phrase.
    pub reason: String,
    /// The text at fault, at most 200 characters; `None` where it may be personal data.
    pub value: Option<String>,
}

/// A request unit that was asked for and came out empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EmptyUnit {
    /// Its `_unit` key.
    pub unit: String,
    /// First day of its month; `None` where the source has no months.
    pub month: Option<NaiveDate>,
}

/// A unit whose sums don't match the total it states itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbalanced {
    /// Its `_unit` key.
    pub unit: String,
    /// The sum of its rows, as a decimal number.
    pub sum: String,
    /// The total it states; several, joined by " and ", where it contradicts itself.
    pub expected: String,
}

/// What came of decoding one delivery, beside the rows that were emitted.
#[allow(clippy::struct_excessive_bools)] // each is a finding of its own
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows emitted.
    pub rows: u64,
    /// Rows that could not be decoded.
    pub rejected: u64,
    /// The first 10,000 of them, in the order of the document.
    pub rejects: Vec<Reject>,
    /// Header or JSON path the source doesn't declare, and how many cells of it held a value.
    pub drift: BTreeMap<String, u64>,
    /// The same for those whose names are personal: their values were dropped.
    pub dropped: BTreeMap<String, u64>,
    /// In lists kept by hand, by column: texts that name no marketplace or currency anybody knows, and how often.
    pub strangers: BTreeMap<String, BTreeMap<String, u64>>,
    /// `_unit` keys with a rejected row: none of their rows may be merged.
    pub held_back: BTreeSet<String>,
    /// Nothing may be merged: a rejected row of a strict source could not be ascribed to a unit.
    pub hold_back_all: bool,
    /// Request units with rejected rows, whose other rows load nevertheless.
    pub incomplete: BTreeSet<String>,
    /// `_unit` keys of days that nobody asked for, nor for those beside them: rows of theirs came and were left out. More
    /// than none, and the document isn't whole. The first 1,000 of a stretch.
    pub strayed: BTreeSet<String>,
    /// Request units asked for that came out empty, and count as such.
    pub empty: Vec<EmptyUnit>,
    /// Request units that came out empty too early to count as empty.
    pub too_early: u64,
    /// Rows of days the request did not wholly cover; not emitted.
    pub outside_window: u64,
    /// The delivery's as-of instant, or the greatest value of the source's as-of column.
    pub as_of: Option<DateTime<Utc>>,
    /// The window asked for, by the request or by the document's own account.
    pub window: Option<Window>,
    /// The charset the text was read in.
    pub charset: String,
    /// The charset's label was missing a match, wrong, or a declared fallback had to be used.
    pub charset_guessed: bool,
    /// Whether numbers (of at least one column) have a decimal comma.
    pub decimal_comma: bool,
    /// Which of day and month comes first in dates that leave it open, and what says so; `None` where no date does.
    pub day_order: Option<Settled>,
    /// Numbers with more digits than their column holds, rounded half-even.
    pub rounded: u64,
    /// Records that came again: on the next page, or in a file that was put together with itself, its header included.
    /// Not emitted.
    pub repeated: u64,
    /// Records whose cells held line ends, put together again from their lines.
    pub joined: u64,
    /// Rows that end before their last columns, in a file that leaves empty cells at the end of its lines out: loaded
    /// with nothing in those columns, although a cell lost on the way would look alike. More than none, and the
    /// document isn't whole.
    pub padded: u64,
    /// The line in whose middle the file ends: what follows it is lost.
    pub cut_off: Option<u64>,
    /// The last page names a next one, which isn't here: the answer was cut short.
    pub more_follows: bool,
    /// Units whose declared sums don't match.
    pub unbalanced: Vec<Unbalanced>,
    /// `_unit` keys whose declared sums are shown to match, with their number of rows: they go before others.
    pub proven: BTreeMap<String, u64>,
    /// Why the delivery must not be loaded, as a sentence.
    pub refused: Option<String>,
}

impl Outcome {
    /// Whether everything the document holds was read, and adds up.
    pub fn is_whole(&self) -> bool {
        self.refused.is_none()
            && self.rejected == 0
            && self.held_back.is_empty()
            && !self.hold_back_all
            && self.incomplete.is_empty()
            && self.strayed.is_empty()
            && self.unbalanced.is_empty()
            && self.padded == 0
            && self.cut_off.is_none()
            && !self.more_follows
    }

    /// Whether a row of this unit could not be read.
    pub(super) fn is_blemished(&self, unit: &str) -> bool {
        self.held_back.contains(unit) || self.incomplete.contains(unit)
    }

    /// The units that aren't as the document has them, or that don't add up.
    pub fn lacking_units(&self) -> BTreeSet<&str> {
        let unbalanced = self.unbalanced.iter().map(|unit| &unit.unit);
        self.held_back
            .iter()
            .chain(&self.incomplete)
            .chain(&self.strayed)
            .chain(unbalanced)
            .map(String::as_str)
            .collect()
    }
}
