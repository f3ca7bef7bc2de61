//! What a whole file says about its decimal mark and its order of day and month, before any row is read.

use sellerlake_schemas::{ColumnType, Source};

use super::cell::{CellFormat, Value, trim};
use super::moment::{Order, OrderDecision};
use super::number::{self, Mark};

/// A mark used in more than this share of a column's telling cells contests the other; less are single bad cells.
const CONTESTING_SHARE: u64 = 100;

#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    point: u64,
    comma: u64,
    either: u64,
}

impl Marks {
    fn majority(self) -> Option<Mark> {
        match self.point.cmp(&self.comma) {
            std::cmp::Ordering::Greater => Some(Mark::Point),
            std::cmp::Ordering::Less => Some(Mark::Comma),
            std::cmp::Ordering::Equal if self.point > 0 => Some(Mark::Point),
            std::cmp::Ordering::Equal => None,
        }
    }

    fn is_contested(self) -> bool {
        self.point.min(self.comma) * CONTESTING_SHARE > self.point.max(self.comma)
    }
}

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
            self.look_at_number(column, format.column_type, cell);
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

    fn look_at_number(&mut self, column: usize, column_type: ColumnType, cell: &str) {
        if cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return;
        }
        let marks = &mut self.marks[column];
        match number::evidence(cell, column_type) {
            number::Evidence::Only(Mark::Point) => marks.point += 1,
            number::Evidence::Only(Mark::Comma) => marks.comma += 1,
            number::Evidence::Either => marks.either += 1,
            number::Evidence::None | number::Evidence::Unreadable => {}
        }
    }

    /// Adds what other cells say.
    pub fn merge(&mut self, other: &Self) {
        for (own, other) in self.marks.iter_mut().zip(&other.marks) {
            own.point += other.point;
            own.comma += other.comma;
            own.either += other.either;
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
        let total = self.marks.iter().fold(Marks::default(), |sum, marks| Marks {
            point: sum.point + marks.point,
            comma: sum.comma + marks.comma,
            either: 0,
        });
        let default = total.majority().unwrap_or_default();
        for (format, marks) in formats.iter_mut().zip(&self.marks) {
            format.mark = marks.majority().unwrap_or(default);
            format.mark_contested = marks.is_contested();
            match (self.day_first > 0, self.month_first > 0) {
                (true, true) => format.moments.decide(OrderDecision::Contested),
                (true, false) => format.moments.decide(OrderDecision::Always(Order::DayFirst)),
                (false, true) => format.moments.decide(OrderDecision::Always(Order::MonthFirst)),
                (false, false) => {}
            }
        }
    }

    /// Columns whose mark was only inherited although it matters: what a control may still overturn.
    pub fn doubtful(&self) -> Vec<usize> {
        let doubtful = |marks: &Marks| marks.either > 0 && marks.point == 0 && marks.comma == 0;
        (0..self.marks.len()).filter(|index| doubtful(&self.marks[*index])).collect()
    }

    /// Whether any column is written with a decimal comma.
    pub fn has_comma(&self, formats: &[CellFormat]) -> bool {
        let telling = |marks: &Marks| marks.comma > 0 || marks.either > 0;
        formats.iter().zip(&self.marks).any(|(format, marks)| format.mark == Mark::Comma && telling(marks))
    }
}

fn starts_with_year(cell: &str) -> bool {
    cell.as_bytes().iter().take(4).filter(|byte| byte.is_ascii_digit()).count() == 4
}
