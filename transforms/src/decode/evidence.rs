//! What a whole file says about its decimal mark and its order of day and month, before any row is read.

use sellerlake_schemas::Source;

use super::cell::{CellFormat, Value, trim};
use super::marks::{Marks, Reading};
use super::moment::{Order, OrderDecision};
use super::number::Mark;

/// What the cells looked at so far say.
#[derive(Debug, Clone)]
pub struct Evidence {
    marks: Vec<Marks>,
    day_first: u64,
    month_first: u64,
    as_of_micros: Option<i64>,
}

/// Which columns have to be looked at.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Columns whose decimal mark is open.
    pub marks: Vec<bool>,
    /// Columns whose order of day and month is open.
    pub orders: Vec<bool>,
    /// The column that dates the delivery, where that must be known first.
    pub as_of: Option<usize>,
}

impl Wanted {
    /// Nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.as_of.is_none() && !self.marks.contains(&true) && !self.orders.contains(&true)
    }

    /// Whether a column has to be looked at.
    pub fn has(&self, column: usize) -> bool {
        self.marks[column] || self.orders[column] || self.as_of == Some(column)
    }
}

impl Evidence {
    /// No evidence.
    pub fn new(source: &Source) -> Self {
        let marks = vec![Marks::default(); source.columns.len()];
        Self { marks, day_first: 0, month_first: 0, as_of_micros: None }
    }

    /// Looks at a cell of a wanted column.
    pub fn look(&mut self, wanted: &Wanted, column: usize, format: &CellFormat, cell: &str) {
        let cell = trim(cell);
        if format.is_null(cell) {
            return;
        }
        if wanted.marks[column] {
            self.marks[column].look(cell, format.column_type);
        }
        if wanted.orders[column] && !starts_with_year(cell) {
            match format.moments.orders(cell) {
                (true, false) => self.day_first += 1,
                (false, true) => self.month_first += 1,
                _ => {}
            }
        }
        if wanted.as_of == Some(column) {
            if let Ok(Value::Instant(micros)) = format.read(cell, &mut 0) {
                self.as_of_micros = self.as_of_micros.max(Some(micros));
            } else if let Ok(day) = format.moments.day(cell) {
                self.as_of_micros = self.as_of_micros.max(Some(i64::from(day) * 86_400_000_000));
            }
        }
    }

    /// Adds what other cells say.
    pub fn merge(&mut self, other: &Self) {
        for (own, other) in self.marks.iter_mut().zip(&other.marks) {
            own.merge(other);
        }
        self.day_first += other.day_first;
        self.month_first += other.month_first;
        self.as_of_micros = self.as_of_micros.max(other.as_of_micros);
    }

    /// The greatest value of the column that dates the delivery, in microseconds.
    pub fn as_of_micros(&self) -> Option<i64> {
        self.as_of_micros
    }

    /// Settles marks and orders in the formats. Columns that say nothing follow the rest of the file.
    pub fn decide(&self, formats: &mut [CellFormat]) {
        let mut total = Marks::default();
        self.marks.iter().for_each(|marks| total.merge(marks));
        let default = total.majority().unwrap_or_default();
        for (format, marks) in formats.iter_mut().zip(&self.marks) {
            format.mark = marks.majority().unwrap_or(default);
            format.reading = marks.reading(format.column_type, format.mark, &total);
            match (self.day_first > 0, self.month_first > 0) {
                (true, true) => format.moments.decide(OrderDecision::Contested),
                (true, false) => format.moments.decide(OrderDecision::Always(Order::DayFirst)),
                (false, true) => format.moments.decide(OrderDecision::Always(Order::MonthFirst)),
                (false, false) => {}
            }
        }
    }

    /// Other ways to read the numbers, which matching sums over the columns `summed` would prove.
    pub fn alternatives(&self, decided: &[CellFormat], summed: &[usize]) -> Vec<Vec<CellFormat>> {
        let with = |columns: &[usize], change: fn(&mut CellFormat)| {
            let mut formats = decided.to_vec();
            columns.iter().for_each(|column| change(&mut formats[*column]));
            formats
        };
        let doubtful: Vec<usize> = (0..self.marks.len()).filter(|column| self.marks[*column].is_doubtful()).collect();
        let mixed: Vec<usize> = summed.iter().copied().filter(|column| self.marks[*column].is_mixed()).collect();
        let mut found = Vec::new();
        if !doubtful.is_empty() {
            // What only inherited its mark may have the other one.
            found.push(with(&doubtful, |format| format.reading = Reading::Trusting));
            found.push(with(&doubtful, |format| {
                format.mark = format.mark.other();
                format.reading = Reading::Trusting;
            }));
        }
        if !mixed.is_empty() {
            found.push(with(&mixed, |format| format.reading = Reading::Own));
        }
        found
    }

    /// Whether any column is written with a decimal comma.
    pub fn has_comma(&self, formats: &[CellFormat]) -> bool {
        formats.iter().zip(&self.marks).any(|(format, marks)| match format.reading {
            Reading::Own => marks.has_comma(),
            _ => format.mark == Mark::Comma && marks.is_telling(),
        })
    }
}

fn starts_with_year(cell: &str) -> bool {
    cell.as_bytes().iter().take(4).filter(|byte| byte.is_ascii_digit()).count() == 4
}
