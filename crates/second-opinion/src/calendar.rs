//! The user's lists: what holds from one day to another.

use std::collections::BTreeMap;

use crate::cell::{Cell, cells};
use crate::failure::Outcome;
use crate::inputs::Rows;

/// A line: the first day it holds, the first it no longer does, and what it says.
struct Line {
    from: Cell,
    to: Cell,
    says: Vec<Cell>,
}

/// Lines of a list by what they are for.
pub(crate) struct Calendar(BTreeMap<Vec<Cell>, Vec<Line>>);

impl Calendar {
    /// The columns `says` of rows that have `valid_from` and `valid_to`, by the columns `about`.
    pub(crate) fn of(rows: &Rows, about: &[&str], says: &[&str]) -> Outcome<Self> {
        let columns = |names: &[&str]| names.iter().map(|name| cells(rows, name)).collect::<Outcome<Vec<_>>>();
        let (about, says) = (columns(about)?, columns(says)?);
        let (from, to) = (cells(rows, "valid_from")?, cells(rows, "valid_to")?);
        let at = |columns: &[Vec<Cell>], row: usize| columns.iter().map(|cells| cells[row].clone()).collect();
        let mut lines = BTreeMap::<Vec<Cell>, Vec<Line>>::new();
        for (row, (from, to)) in from.into_iter().zip(to).enumerate() {
            lines.entry(at(&about, row)).or_default().push(Line { from, to, says: at(&says, row) });
        }
        Ok(Self(lines))
    }

    /// What the line about this says on a day, where there is one.
    pub(crate) fn on<const N: usize>(&self, day: &Cell, about: [&Cell; N]) -> Option<&[Cell]> {
        let lines = self.0.get(&about.map(Cell::clone)[..])?;
        let holds = |line: &&Line| line.from <= *day && (line.to == Cell::Unknown || *day < line.to);
        lines.iter().find(holds).map(|line| line.says.as_slice())
    }
}
