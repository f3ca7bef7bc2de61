//! Units that two deliveries have differently, although neither was true earlier: which stands is told.

use arrow::array::{DynComparator, RecordBatch, make_comparator};
use arrow::compute::SortOptions;
use datafusion::common::DataFusionError;

/// A unit of which two deliveries say different things, although what doesn't stand was true no earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// Its `_unit` key.
    pub unit: String,
    /// The delivery whose rows stand, because its sums prove more of them, or else because it was fetched later.
    pub stands: String,
    /// The delivery whose rows don't.
    pub other: String,
    /// Whether they stand because there are more of them, not because they were fetched later.
    pub by_rows: bool,
}

/// The ties there were.
#[derive(Debug, Clone, Default)]
pub struct Ties {
    /// Units of which what came stands.
    pub won: u64,
    /// Units of which what stood before stands.
    pub lost: u64,
    /// Units, among both, of which both versions balance and the one with more rows stands.
    pub by_rows: u64,
    /// One of those that were lost, or else of those that were won.
    pub example: Option<Tie>,
}

impl Ties {
    /// Whether a person should look: what came doesn't stand, or both versions balance.
    pub fn are_doubtful(&self) -> bool {
        self.lost + self.by_rows > 0
    }

    /// Adds others to these.
    pub fn extend(&mut self, others: &Self) {
        if self.example.is_none() || self.lost == 0 && others.lost > 0 {
            self.example = others.example.clone().or_else(|| self.example.take());
        }
        self.won += others.won;
        self.lost += others.lost;
        self.by_rows += others.by_rows;
    }
}

/// Compares a unit's standing rows with those of another delivery, one by one in their order.
///
/// Standing rows of an earlier batch are gone when the other ones come: such units count as different.
#[derive(Default)]
pub(crate) struct Contest {
    /// The first of the unit's standing rows, where it is in the batch at hand.
    first: Option<usize>,
    rows: usize,
    other: Option<Other>,
    content: Option<Vec<DynComparator>>,
}

/// A delivery that says something else of a unit than the one that stands.
#[derive(Debug, Clone)]
pub(crate) struct Other {
    pub(crate) delivery: String,
    /// Whether it isn't of what stood before.
    pub(crate) came_now: bool,
    /// Whether its sums prove fewer rows.
    pub(crate) is_shorter: bool,
    rows: usize,
    differs: bool,
}

impl Other {
    pub(crate) fn new(delivery: &str, came_now: bool, is_shorter: bool) -> Self {
        Self { delivery: delivery.to_owned(), came_now, is_shorter, rows: 0, differs: false }
    }
}

impl Contest {
    /// A new batch is at hand.
    pub(crate) fn next_batch(&mut self) {
        self.first = None;
        self.content = None;
    }

    /// A new unit's first standing row.
    pub(crate) fn begin(&mut self, row: usize) {
        self.first = Some(row);
        self.rows = 1;
    }

    /// Another standing row.
    pub(crate) fn stands(&mut self) {
        self.rows += 1;
    }

    /// A row of another delivery that was true no earlier; gives the one before it, if that differed.
    pub(crate) fn contends(
        &mut self,
        batch: &RecordBatch,
        row: usize,
        other: Other,
    ) -> Result<Option<Other>, DataFusionError> {
        let mut ended = None;
        if self.other.as_ref().is_none_or(|last| last.delivery != other.delivery) {
            ended = self.end();
            self.other = Some(other);
        }
        if self.content.is_none() {
            self.content = Some(content(batch)?);
        }
        if let (Some(other), Some(content)) = (self.other.as_mut(), &self.content) {
            let standing = self.first.map(|first| first + other.rows).filter(|_| other.rows < self.rows);
            other.differs |= standing.is_none_or(|standing| content.iter().any(|same| same(standing, row).is_ne()));
            other.rows += 1;
        }
        Ok(ended)
    }

    /// The other delivery, once all its rows were seen, where they differ.
    pub(crate) fn end(&mut self) -> Option<Other> {
        self.other.take().filter(|other| other.differs || other.rows != self.rows)
    }
}

/// Compares rows of a batch by what their documents said.
fn content(batch: &RecordBatch) -> Result<Vec<DynComparator>, DataFusionError> {
    let said = |name: &str| !name.starts_with('_') || matches!(name, "_extra" | "_marker");
    let columns = batch.schema_ref().fields().iter().zip(batch.columns()).filter(|(field, _)| said(field.name()));
    let comparators = columns.map(|(_, column)| make_comparator(column, column, SortOptions::default()));
    Ok(comparators.collect::<Result<_, _>>()?)
}
