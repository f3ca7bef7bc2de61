//! What it takes to work a rollup out.

use crate::cell::Row;
use crate::failure::Outcome;
use crate::inputs::Inputs;

/// A table that is read.
pub(crate) struct Reading {
    pub(crate) table: &'static str,
    /// From which month to which, relative to the one worked out; `None`: the whole table.
    pub(crate) months: Option<(i32, i32)>,
    pub(crate) columns: &'static [&'static str],
}

/// A rollup, worked out month by month.
pub(crate) struct Rollup {
    pub(crate) name: &'static str,
    pub(crate) reads: &'static [Reading],
    /// All rows of the month; every column it works out stands in each of them.
    pub(crate) work_out: fn(&Inputs) -> Outcome<Vec<Row>>,
}
