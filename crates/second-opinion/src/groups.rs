//! Sums and counts over groups of rows.

use std::collections::HashSet;

use polars_core::prelude::{BooleanChunked, DataFrame, DataType, GroupPositions, GroupsIndicator};

use crate::cell::{Cell, cells};
use crate::exact;
use crate::failure::{Outcome, unexpected};

/// Rows that agree in some columns, unknown being equal to unknown.
pub(crate) struct Groups<'a> {
    frame: &'a DataFrame,
    positions: GroupPositions,
    /// What each group agrees in.
    pub(crate) keys: Vec<Vec<Cell>>,
}

impl<'a> Groups<'a> {
    /// Groups the rows.
    pub(crate) fn by(frame: &'a DataFrame, columns: &[&'static str]) -> Outcome<Self> {
        if frame.height() == 0 {
            return Ok(Self { frame, positions: GroupPositions::default(), keys: Vec::new() });
        }
        let positions = frame.group_by(columns.iter().copied())?.into_groups();
        let of_column = columns.iter().map(|column| cells(frame, column)).collect::<Outcome<Vec<_>>>()?;
        let key = |group: GroupsIndicator| of_column.iter().map(|cells| cells[first(&group)].clone()).collect();
        let keys = positions.iter().map(key).collect();
        Ok(Self { frame, positions, keys })
    }

    /// How many groups there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// What each group agrees in, where that is `N` columns.
    pub(crate) fn keys<const N: usize>(&self) -> Outcome<Vec<[Cell; N]>> {
        let key =
            |key: &Vec<Cell>| key.clone().try_into().map_err(|_| unexpected(format!("a key isn't of {N} columns")));
        self.keys.iter().map(key).collect()
    }

    /// The sum of each group's rows that the mask picks. `None` where none of them is known.
    pub(crate) fn sum(&self, column: &str, picked: &BooleanChunked) -> Outcome<Vec<Option<i128>>> {
        let numbers = self.numbers(column)?;
        let sum = |group: GroupsIndicator| {
            let known: Vec<i128> =
                rows(&group).filter(|row| is_picked(picked, *row)).filter_map(|row| numbers[row]).collect();
            if known.is_empty() { Ok(None) } else { exact::sum(known).map(Some) }
        };
        self.positions.iter().map(sum).collect()
    }

    /// How many of each group's rows the mask picks.
    pub(crate) fn count(&self, picked: &BooleanChunked) -> Vec<i64> {
        let count = |group: GroupsIndicator| rows(&group).filter(|row| is_picked(picked, *row)).count() as i64;
        self.positions.iter().map(count).collect()
    }

    /// How many different known texts the picked rows of each group have.
    pub(crate) fn distinct(&self, column: &str, picked: &BooleanChunked) -> Outcome<Vec<i64>> {
        let texts = self.frame.column(column)?.str()?;
        let distinct = |group: GroupsIndicator| {
            let picked = rows(&group).filter(|row| is_picked(picked, *row));
            picked.filter_map(|row| texts.get(row)).collect::<HashSet<_>>().len() as i64
        };
        Ok(self.positions.iter().map(distinct).collect())
    }

    /// The smallest and the largest known value of each group.
    pub(crate) fn range(&self, column: &str) -> Outcome<Vec<Option<(Cell, Cell)>>> {
        let cells = cells(self.frame, column)?;
        let range = |group: GroupsIndicator| {
            let known = || rows(&group).map(|row| &cells[row]).filter(|cell| **cell != Cell::Unknown);
            known().min().cloned().zip(known().max().cloned())
        };
        Ok(self.positions.iter().map(range).collect())
    }

    /// Digits of a decimal, or a whole number.
    fn numbers(&self, column: &str) -> Outcome<Vec<Option<i128>>> {
        let column = self.frame.column(column)?;
        if matches!(column.dtype(), DataType::Decimal(..)) {
            return Ok(column.decimal()?.physical().iter().collect());
        }
        Ok(column.i64()?.iter().map(|number| number.map(i128::from)).collect())
    }
}

fn is_picked(picked: &BooleanChunked, row: usize) -> bool {
    picked.get(row) == Some(true)
}

fn first(group: &GroupsIndicator) -> usize {
    match group {
        GroupsIndicator::Idx((first, _)) => *first as usize,
        GroupsIndicator::Slice([start, _]) => *start as usize,
    }
}

fn rows<'g>(group: &'g GroupsIndicator) -> Box<dyn Iterator<Item = usize> + 'g> {
    match group {
        GroupsIndicator::Idx((_, rows)) => Box::new(rows.iter().map(|row| *row as usize)),
        GroupsIndicator::Slice([start, length]) => Box::new(*start as usize..(*start + *length) as usize),
    }
}
