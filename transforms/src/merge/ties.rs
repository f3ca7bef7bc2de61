//! Units that two deliveries have in equal stamps, but for when they were fetched: which stands is told.

use arrow::array::{DynComparator, RecordBatch, make_comparator};
use arrow::compute::SortOptions;
use datafusion::common::DataFusionError;

/// A unit of which two deliveries, true at the same moment, say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// Its `_unit` key.
    pub unit: String,
    /// The delivery whose rows stand, because it was fetched later.
    pub stands: String,
    /// The delivery whose rows don't.
    pub other: String,
}

/// The ties there were.
#[derive(Debug, Clone, Default)]
pub struct Ties {
    /// Units of which what came stands.
    pub won: u64,
    /// Units of which what stood before stands.
    pub lost: u64,
    /// One of those that were lost, or else of those that were won.
    pub example: Option<Tie>,
}

impl Ties {
    /// Adds others to these.
    pub fn extend(&mut self, others: &Self) {
        if self.example.is_none() || self.lost == 0 && others.lost > 0 {
            self.example = others.example.clone().or_else(|| self.example.take());
        }
        self.won += others.won;
        self.lost += others.lost;
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

struct Other {
    delivery: String,
    came_now: bool,
    rows: usize,
    differs: bool,
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

    /// A row of another delivery with the same stamp; `came_now` says that it isn't of what stood before.
    pub(crate) fn contends(
        &mut self,
        batch: &RecordBatch,
        row: usize,
        delivery: &str,
        came_now: bool,
    ) -> Result<Option<(String, bool)>, DataFusionError> {
        let mut ended = None;
        if self.other.as_ref().is_none_or(|other| other.delivery != delivery) {
            ended = self.end();
            self.other = Some(Other { delivery: delivery.to_owned(), came_now, rows: 0, differs: false });
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

    /// The other delivery, once all its rows were seen, where they differ; and whether it came now.
    pub(crate) fn end(&mut self) -> Option<(String, bool)> {
        let other = self.other.take()?;
        (other.differs || other.rows != self.rows).then_some((other.delivery, other.came_now))
    }
}

/// Compares rows of a batch by what their documents said.
fn content(batch: &RecordBatch) -> Result<Vec<DynComparator>, DataFusionError> {
    let said = |name: &str| !name.starts_with('_') || matches!(name, "_extra" | "_marker");
    let columns = batch.schema_ref().fields().iter().zip(batch.columns()).filter(|(field, _)| said(field.name()));
    let comparators = columns.map(|(_, column)| make_comparator(column, column, SortOptions::default()));
    Ok(comparators.collect::<Result<_, _>>()?)
}
