//! What a whole file says about its decimal mark, its order of day and month and its as-of, before any row is read.

use sellerlake_schemas::{DayOrder, Source};

use super::cell::{CellFormat, Value};
use super::day_order::{Question, Settled, Testimony};
use super::marks::{Marks, Reading, is_money};
use super::notation::{Notation, OpenRow};
use super::number::{Mark, is_numeric};
use super::trim::trim;

/// What the cells looked at so far say.
#[derive(Debug, Clone)]
pub struct Evidence {
    marks: Vec<Marks>,
    row: OpenRow,
    /// The first number that either mark explains.
    open_number: Option<String>,
    dates: Testimony,
    /// Greatest instant of the as-of column, with the day first and with the month first.
    as_of_micros: [Option<i64>; 2],
}

/// Which columns have to be looked at.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Columns whose decimal mark is open.
    pub marks: Vec<bool>,
    /// What else may tell it.
    pub notation: Notation<'a>,
    /// Where the order of day and month is open.
    pub dates: Option<Question<'a>>,
    /// The column that dates the delivery, where that must be known first.
    pub as_of: Option<usize>,
}

impl Wanted<'_> {
    /// Nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.as_of.is_none() && !self.marks.contains(&true) && self.dates.is_none()
    }

    /// Whether a column has to be looked at.
    pub fn has(&self, column: usize) -> bool {
        let tells_dates = |question: &Question<'_>| question.has(column);
        self.marks[column]
            || self.as_of == Some(column)
            || self.dates.as_ref().is_some_and(tells_dates)
            || (self.notation.has(column) && self.marks.contains(&true))
    }
}

impl Evidence {
    /// No evidence.
    pub fn new(source: &Source) -> Self {
        let marks = vec![Marks::default(); source.columns.len()];
        let (row, dates) = (OpenRow::default(), Testimony::default());
        Self { marks, row, open_number: None, dates, as_of_micros: [None; 2] }
    }

    /// Looks at a cell of a wanted column.
    pub fn look(&mut self, wanted: &Wanted<'_>, column: usize, format: &CellFormat, cell: &str) {
        let cell = trim(cell);
        if format.is_null(cell) {
            return;
        }
        if wanted.marks[column] && self.marks[column].look(cell, format.column_type) {
            self.open_number.get_or_insert_with(|| cell.to_owned());
            let has_point = cell.contains('.');
            if !has_point || is_money(format.column_type) {
                self.row.leave_open(column, has_point);
            }
        }
        if wanted.notation.has(column) {
            self.row.look(&wanted.notation, column, cell);
        }
        if let Some(question) = wanted.dates.as_ref().filter(|question| question.has(column)) {
            self.dates.look(question, column, format, cell);
        }
        if wanted.as_of == Some(column) {
            self.look_at_as_of(format, cell);
        }
    }

    /// Call at the end of every row whose cells were looked at.
    pub fn end_row(&mut self, wanted: &Wanted<'_>) {
        self.row.end(&wanted.notation, &mut self.marks);
        wanted.dates.iter().for_each(|question| self.dates.end_row(question));
    }

    fn look_at_as_of(&mut self, format: &CellFormat, cell: &str) {
        let read = |format: &CellFormat| match format.read(cell, &mut 0) {
            Ok(Value::Instant(micros)) => Some(micros),
            _ => format.moments.day(cell).ok().map(|day| i64::from(day) * 86_400_000_000),
        };
        let mut keep = |at: usize, micros: Option<i64>| self.as_of_micros[at] = self.as_of_micros[at].max(micros);
        if format.moments.readings(cell).is_none() {
            let micros = read(format);
            keep(0, micros);
            keep(1, micros);
            return;
        }
        for (at, order) in [DayOrder::DayFirst, DayOrder::MonthFirst].into_iter().enumerate() {
            let mut format = format.clone();
            format.moments.decide(order);
            keep(at, read(&format));
        }
    }

    /// Adds what other cells say.
    pub fn merge(&mut self, other: &Self) {
        for (own, other) in self.marks.iter_mut().zip(&other.marks) {
            own.merge(other);
        }
        if self.open_number.is_none() {
            self.open_number.clone_from(&other.open_number);
        }
        self.dates.merge(&other.dates);
        for (own, other) in self.as_of_micros.iter_mut().zip(other.as_of_micros) {
            *own = (*own).max(other);
        }
    }

    /// Whether something may follow from rows above the stretch that was looked at.
    pub fn looks_up(&self, wanted: &Wanted<'_>) -> bool {
        self.dates.is_doubtful() && wanted.dates.as_ref().is_some_and(Question::looks_up)
    }

    /// The order of day and month that the whole file speaks for, `None` where none of its dates needs one; or the
    /// sentence that asks for it.
    pub fn order(&self, wanted: &Wanted<'_>) -> Result<Option<Settled>, String> {
        wanted.dates.as_ref().map_or(Ok(None), |question| self.dates.conclude(question))
    }

    /// The greatest value of the column that dates the delivery, in microseconds, dates being in this order.
    pub fn as_of_micros(&self, order: Option<DayOrder>) -> Option<i64> {
        self.as_of_micros[usize::from(order == Some(DayOrder::MonthFirst))]
    }

    fn total(&self) -> Marks {
        let mut total = Marks::default();
        self.marks.iter().for_each(|marks| total.merge(marks));
        total
    }

    /// The decimal mark of columns that say nothing of their own, `None` where nothing else says it either.
    pub fn mark(&self, wanted: &Wanted<'_>) -> Option<Mark> {
        let total = self.total();
        total.majority().or_else(|| wanted.notation.expected(&total))
    }

    /// The sentence that asks for the mark.
    pub fn question(&self) -> String {
        format!(
            "its numbers, such as {:?}, can have thousands or decimals, and nothing else in the file or the request says \
             which; say what stands before decimals: --decimal comma or point",
            self.open_number.as_deref().unwrap_or_default(),
        )
    }

    /// Settles marks and orders in the formats. Columns that say nothing have the mark given.
    pub fn decide(&self, formats: &mut [CellFormat], order: Option<DayOrder>, mark: Mark) {
        let total = self.total();
        for (format, marks) in formats.iter_mut().zip(&self.marks) {
            format.mark = marks.majority().unwrap_or(mark);
            format.reading = marks.reading(format.column_type, format.mark, &total);
            order.into_iter().for_each(|order| format.moments.decide(order));
        }
    }

    /// The formats with this mark throughout.
    pub fn with_mark(formats: &[CellFormat], mark: Mark) -> Vec<CellFormat> {
        let mut formats = formats.to_vec();
        for format in formats.iter_mut().filter(|format| is_numeric(format.column_type)) {
            (format.mark, format.reading) = (mark, Reading::Trusting);
        }
        formats
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
