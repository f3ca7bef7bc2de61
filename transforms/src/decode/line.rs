//! The cells of one line become one row, or one reject.

use std::borrow::Cow;

use super::cell::{CellFormat, Value, trim};
use super::header::{Header, Target};
use super::outcome::Reject;
use super::rows::{Fate, RowPlan, RowWriter, Tally};

/// Everything the lines of one flat file have in common. Shared between threads.
pub struct LinePlan<'a> {
    /// What rows have in common.
    pub rows: &'a RowPlan<'a>,
    /// The header line.
    pub header: Header,
    /// How each declared column is read.
    pub formats: Vec<CellFormat>,
    fill_down: Vec<usize>,
    has_personal_data: bool,
}

impl<'a> LinePlan<'a> {
    /// Puts the parts together.
    pub fn new(rows: &'a RowPlan<'a>, header: Header, formats: Vec<CellFormat>) -> Self {
        let columns = rows.source.columns.values().enumerate();
        let fill_down = columns.filter(|(_, column)| column.fill_down).map(|(index, _)| index).collect();
        let personal_header = header.unknown.iter().any(|unknown| unknown.personal);
        let has_personal_data =
            !rows.request.allow_personal_data && (rows.source.has_personal_data() || personal_header);
        Self { rows, header, formats, fill_down, has_personal_data }
    }

    /// Whether rows depend on the rows above them.
    pub fn is_sequential(&self) -> bool {
        !self.fill_down.is_empty()
    }
}

/// A line cut into cells.
#[derive(Debug, Clone, Copy)]
pub struct Line<'t, 'c> {
    /// Physical line it starts at, from 1.
    pub number: u64,
    /// The line itself.
    pub whole: &'t str,
    /// Its cells, at most as many as the header has.
    pub cells: &'c [&'t str],
    /// Cells beyond the header's.
    pub surplus: usize,
    /// Whether any of those holds a value.
    pub surplus_filled: bool,
    /// What is wrong with the line as a whole, known before it was cut.
    pub fault: Option<&'static str>,
}

/// The first thing wrong with a line.
struct Wrong<'t> {
    column: Option<String>,
    reason: Cow<'static, str>,
    value: Option<&'t str>,
}

/// Turns lines into rows. One per thread.
pub struct LineReader<'p> {
    plan: &'p LinePlan<'p>,
    /// Takes the rows.
    pub writer: RowWriter<'p>,
    extra: String,
    drift: Vec<u64>,
    above: Vec<Value<'static>>,
}

impl<'p> LineReader<'p> {
    /// A reader that has seen no line.
    pub fn new(plan: &'p LinePlan<'p>) -> Self {
        Self {
            plan,
            writer: RowWriter::new(plan.rows),
            extra: String::new(),
            drift: vec![0; plan.header.unknown.len()],
            above: vec![Value::Null; plan.fill_down.len()],
        }
    }

    /// Takes a line. `values` has a slot per declared column, filled from [`RowPlan::template`] before the first line
    /// and handed back untouched in between.
    pub fn take<'t>(&mut self, line: Line<'t, '_>, values: &mut [Value<'t>]) {
        let blank = |cell: &&str| trim(cell).is_empty();
        if line.fault.is_none() && !line.surplus_filled && line.cells.iter().all(blank) {
            return;
        }
        self.extra.clear();
        let mut rounded = 0;
        let mut wrong = None;
        for (position, target) in self.plan.header.targets.iter().enumerate() {
            let cell = line.cells.get(position).copied().unwrap_or_default();
            match *target {
                Target::Column(column) => {
                    let read = self.plan.formats[column].read(cell, &mut rounded);
                    values[column] = read.unwrap_or_else(|fault| {
                        wrong.get_or_insert_with(|| self.wrong_cell(column, fault.0, cell));
                        Value::Unreadable
                    });
                }
                Target::Dropped | Target::Ignored => {}
                Target::Unknown(index) => self.keep_unknown(index, cell),
                Target::Blank if blank(&cell) => {}
                Target::Blank => {
                    let reason = Cow::Borrowed("has a value under a header without a name");
                    wrong.get_or_insert(Wrong { column: None, reason, value: Some(line.whole) });
                }
            }
        }
        if let Some(wrong) = self.wrong_line(&line).or(wrong) {
            self.reject(&line, wrong, values);
            return;
        }
        self.finish_extra();
        self.fill_down(values);
        let extra = (!self.extra.is_empty()).then_some(self.extra.as_str());
        if self.writer.accept(0, line.number, values, extra) == Fate::Rejected {
            return;
        }
        self.writer.tally.rounded += rounded;
        for (above, column) in self.above.iter_mut().zip(&self.plan.fill_down) {
            *above = values[*column].clone().into_owned();
        }
    }

    /// Counts a line that is not even cut into cells.
    pub fn refuse(&mut self, number: u64, reason: String) {
        let values = self.plan.rows.template();
        self.writer.reject(0, Reject { line: number, column: None, reason, value: None }, &values);
    }

    fn wrong_cell<'t>(&self, column: usize, reason: Cow<'static, str>, cell: &'t str) -> Wrong<'t> {
        let declared = &self.plan.rows.source.columns[column];
        let hidden = declared.pii && !self.plan.rows.request.allow_personal_data;
        Wrong { column: Some(declared.name.clone()), reason, value: (!hidden).then_some(cell) }
    }

    fn wrong_line<'t>(&self, line: &Line<'t, '_>) -> Option<Wrong<'t>> {
        let width = self.plan.header.targets.len();
        let reason = match line.fault {
            Some(fault) => Cow::Borrowed(fault),
            None if line.surplus_filled => {
                Cow::Owned(format!("has {} cells, the header {width}", line.cells.len() + line.surplus))
            }
            None => return None,
        };
        Some(Wrong { column: None, reason, value: Some(line.whole) })
    }

    /// Values of a line whose cells don't match the header may be personal whatever column they stand in.
    fn reject(&mut self, line: &Line<'_, '_>, wrong: Wrong<'_>, values: &[Value<'_>]) {
        let width = self.plan.header.targets.len();
        let misaligned = line.surplus > 0 || line.cells.len() < width || wrong.column.is_none();
        let value = wrong.value.filter(|_| !(misaligned && self.plan.has_personal_data));
        let reject = Reject {
            line: line.number,
            column: wrong.column,
            reason: wrong.reason.into_owned(),
            value: value.map(str::to_owned),
        };
        self.writer.reject(0, reject, values);
    }

    fn keep_unknown(&mut self, index: usize, cell: &str) {
        let cell = trim(cell);
        if cell.is_empty() {
            return;
        }
        self.drift[index] += 1;
        let unknown = &self.plan.header.unknown[index];
        if !unknown.personal {
            self.extra.push(if self.extra.is_empty() { '{' } else { ',' });
            self.extra.push_str(&unknown.json);
            self.extra.push(':');
            self.extra.push_str(&serde_json::Value::from(cell).to_string());
        }
    }

    fn finish_extra(&mut self) {
        if !self.extra.is_empty() {
            self.extra.push('}');
        }
    }

    fn fill_down(&self, values: &mut [Value<'_>]) {
        for (above, column) in self.above.iter().zip(&self.plan.fill_down) {
            if values[*column].is_null() {
                values[*column] = above.clone();
            }
        }
    }

    /// The counts of the lines taken since the last call, drift included.
    pub fn take_tally(&mut self) -> Tally {
        for (unknown, count) in self.plan.header.unknown.iter().zip(&mut self.drift) {
            self.writer.tally.drift.insert(unknown.text.clone(), std::mem::take(count));
        }
        self.writer.take_tally()
    }
}
