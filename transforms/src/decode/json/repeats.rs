//! Records that come again: within a page, at the boundary of two, or with a page that was handed in twice.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use sellerlake_schemas::{ColumnType, Source};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

use crate::decode::cell::Value;
use crate::decode::halves::are_doubled;
use crate::decode::json::node::parse;

/// Parts the values of one identity.
const SEPARATOR: char = '\u{1f}';

/// The records of a delivery so far.
pub(crate) struct Repeats<'d> {
    /// Columns that tell records apart, as positions among the declared ones.
    columns: Vec<(usize, ColumnType)>,
    /// By the hash of an identity: its first record, and the page that has it.
    seen: HashMap<u128, (&'d str, u64)>,
    /// Where nothing tells records apart: whole pages, and what the records of this one say.
    pages: HashSet<u128>,
    said: Vec<u64>,
    /// Pages with records so far, the one at hand included.
    page: u64,
    has_records: bool,
}

/// What a record is to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// News, or it can't be told.
    New,
    /// The same once more.
    Again,
    /// Another one of the same identity.
    Contradicting,
}

impl<'d> Repeats<'d> {
    pub(crate) fn new(source: &Source) -> Self {
        let column = |name: &String| Some((source.columns.get_index_of(name)?, source.columns.get(name)?.column_type));
        let columns = source.identity.iter().filter_map(column).collect();
        let (seen, pages, said) = (HashMap::new(), HashSet::new(), Vec::new());
        Self { columns, seen, pages, said, page: 0, has_records: true }
    }

    /// Whether records of the source can be told apart at all.
    pub(crate) fn are_told(&self) -> bool {
        !self.columns.is_empty()
    }

    /// The columns to look at.
    pub(crate) fn columns(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|(column, _)| *column)
    }

    /// Turns the page; one without records doesn't count. Whether this one stood there before, word by word, where
    /// nothing tells its records apart.
    pub(crate) fn turn(&mut self, page: &[u8], has_list: bool) -> bool {
        self.page += u64::from(std::mem::take(&mut self.has_records));
        self.said.clear();
        !self.are_told() && has_list && !self.pages.insert(xxh3_128(page))
    }

    /// Whether the page at hand, at its end, has all of its records twice.
    pub(crate) fn is_doubled(&self) -> bool {
        are_doubled(&self.said)
    }

    /// Takes a record that nothing tells apart.
    pub(crate) fn hear(&mut self, way: &[String], record: &str) {
        let seed = way.iter().fold(0, |seed, member| xxh3_64_with_seed(member.as_bytes(), seed));
        self.said.push(xxh3_64_with_seed(record.as_bytes(), seed));
    }

    /// What a record with these values, in the order of the columns, is. One that lacks any of them can't be told.
    pub(crate) fn tell(&mut self, values: &[Value<'_>], record: &'d str) -> Hearing {
        self.has_records = true;
        if values.iter().any(|value| matches!(value, Value::Null | Value::Unreadable)) {
            return Hearing::New;
        }
        let mut identity = String::new();
        for (value, (_, column_type)) in values.iter().zip(&self.columns) {
            value.render(*column_type, &mut identity);
            identity.push(SEPARATOR);
        }
        match self.seen.entry(xxh3_128(identity.as_bytes())) {
            Entry::Vacant(entry) => {
                entry.insert((record, self.page));
                Hearing::New
            }
            Entry::Occupied(entry) if says_the_same(entry.get().0, record) => Hearing::Again,
            // What changes while pages are asked for moves to the next one.
            Entry::Occupied(entry) if entry.get().1 + 1 == self.page => Hearing::Again,
            Entry::Occupied(_) => Hearing::Contradicting,
        }
    }
}

/// Whether two records say the same, however they are laid out.
fn says_the_same(one: &str, other: &str) -> bool {
    let read = |text| parse(text).map(|parsed| parsed.node);
    one == other || read(one).is_ok_and(|one| read(other).is_ok_and(|other| one == other))
}
