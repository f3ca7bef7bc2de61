//! Records that come again at the boundary of two pages.

use std::collections::HashSet;

use sellerlake_schemas::{ColumnType, Source};

use crate::decode::cell::Value;

/// Parts the values of one identity.
const SEPARATOR: char = '\u{1f}';

/// The records of the page at hand and of the one before it. Twins on one page are two records: only the next page can
/// repeat one.
pub(crate) struct Repeats {
    /// Columns that tell records apart, as positions among the declared ones.
    columns: Vec<(usize, ColumnType)>,
    before: HashSet<String>,
    here: HashSet<String>,
}

impl Repeats {
    pub(crate) fn new(source: &Source) -> Self {
        let column = |name: &String| Some((source.columns.get_index_of(name)?, source.columns.get(name)?.column_type));
        let columns = source.identity.iter().filter_map(column).collect();
        Self { columns, before: HashSet::new(), here: HashSet::new() }
    }

    /// Whether records of the source can be told apart at all.
    pub(crate) fn are_told(&self) -> bool {
        !self.columns.is_empty()
    }

    /// The columns to look at.
    pub(crate) fn columns(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|(column, _)| *column)
    }

    /// Turns the page; one without records doesn't count.
    pub(crate) fn turn(&mut self) {
        if !self.here.is_empty() {
            self.before = std::mem::take(&mut self.here);
        }
    }

    /// Whether a record with these values, in the order of the columns, stood on the page before. One that lacks any of
    /// them can't be told.
    pub(crate) fn is_repeat(&mut self, values: &[Value<'_>]) -> bool {
        if values.iter().any(|value| matches!(value, Value::Null | Value::Unreadable)) {
            return false;
        }
        let mut identity = String::new();
        for (value, (_, column_type)) in values.iter().zip(&self.columns) {
            value.render(*column_type, &mut identity);
            identity.push(SEPARATOR);
        }
        if self.before.contains(&identity) {
            return true;
        }
        self.here.insert(identity);
        false
    }
}
