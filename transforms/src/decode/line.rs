//! The cells of one line become one row, or one reject.

use std::borrow::Cow;

use super::agreement::Agreement;
use super::cell::{CellFormat, Value};
use super::fragments::Fragments;
use super::glued::{BYTE_ORDER_MARK, Heard};
use super::header::{Header, Target};
use super::layout::Layout;
use super::outcome::Reject;
use super::rows::{Fate, RowPlan, RowWriter, Tally};
use super::trim::trim;
use super::unnamed::UnnamedPlan;

/// Everything the lines of one flat file have in common. Shared between threads.
pub struct LinePlan<'a> {
    /// What rows have in common.
    pub rows: &'a RowPlan<'a>,
    /// The header line.
    pub header: Header,
    /// How each declared column is read.
    pub formats: Vec<CellFormat>,
    /// What the file's lines have in common.
    pub layout: &'a Layout<'a>,
    agreement: Agreement,
    unnamed: Option<UnnamedPlan>,
    fill_down: Vec<usize>,
    /// What stands in for empty cells.
    stand_ins: Vec<(usize, Value<'static>)>,
    has_personal_data: bool,
}

impl<'a> LinePlan<'a> {
    /// Puts the parts together.
    pub fn new(rows: &'a RowPlan<'a>, header: Header, formats: Vec<CellFormat>, layout: &'a Layout<'a>) -> Self {
        let columns = rows.source.columns.values().enumerate();
        let fill_down = columns.filter(|(_, column)| column.fill_down).map(|(index, _)| index).collect();
        let personal_header = header.unknown.iter().any(|unknown| unknown.personal);
        let has_personal_data =
            !rows.request.allow_personal_data && (rows.source.has_personal_data() || personal_header);
        let stand_ins = rows.stand_ins();
        let agreement = Agreement::of(rows.source, &header);
        let unnamed = UnnamedPlan::new(rows.source, &header, &formats);
        Self { rows, header, formats, layout, agreement, unnamed, fill_down, stand_ins, has_personal_data }
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
    /// The file ends with it, and without a line end.
    pub is_open: bool,
}

impl Line<'_, '_> {
    /// Whether it holds nothing at all.
    pub fn is_blank(&self) -> bool {
        self.fault.is_none() && !self.surplus_filled && self.cells.iter().all(is_blank)
    }

    fn is_header(&self, header: &Header) -> bool {
        let same = |(cell, text): (&&str, &String)| trim(trim_mark(cell)) == trim(text);
        self.cells.len() == header.texts.len() && self.cells.iter().zip(&header.texts).all(same)
    }
}

/// A header's cell without the mark that began its file.
fn trim_mark(cell: &str) -> &str {
    cell.trim_start_matches(BYTE_ORDER_MARK)
}

/// Whether a cell holds nothing.
pub fn is_blank(cell: &&str) -> bool {
    trim(cell).is_empty()
}

/// The first thing wrong with a line.
pub struct Wrong<'t> {
    /// The column at fault, where it is one.
    pub column: Option<String>,
    /// A phrase.
    pub reason: Cow<'static, str>,
    /// The text at fault.
    pub value: Option<&'t str>,
}

/// Turns lines into rows. One per thread.
pub struct LineReader<'p> {
    pub(super) plan: &'p LinePlan<'p>,
    /// Takes the rows.
    pub writer: RowWriter<'p>,
    /// Lines that are less than rows, as long as they may become one.
    pub(super) fragments: Fragments,
    /// Physical line of the row taken last; 0 at the beginning.
    pub(super) above_line: u64,
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
            fragments: Fragments::default(),
            above_line: 0,
            extra: String::new(),
            drift: vec![0; plan.header.unknown.len()],
            above: vec![Value::Null; plan.fill_down.len()],
        }
    }

    /// Takes a line. `values` has a slot per declared column, filled from [`RowPlan::template`] before the first line
    /// and handed back untouched in between.
    pub fn take<'t>(&mut self, line: Line<'t, '_>, values: &mut [Value<'t>]) {
        match self.plan.layout.glued.heard(line.number) {
            Heard::New => {}
            Heard::Again => {
                self.settle();
                self.writer.tally.repeated += u64::from(!line.is_blank());
                return;
            }
            Heard::Doubtful => {
                self.settle();
                let reason =
                    "stands in two of the files that were put together here, which differ: load each by itself";
                let (read, _) = self.values_of(line.cells);
                self.reject(&line, Wrong { column: None, reason: reason.into(), value: Some(line.whole) }, &read);
                return;
            }
        }
        let is_uneven = line.cells.len() < self.plan.header.targets.len() || line.surplus > 0;
        let is_odd = is_uneven || line.is_open || !self.fragments.is_empty();
        if is_odd { self.take_odd(line, values) } else { self.read(line, values) }
    }

    /// Reads a line as a row.
    pub(super) fn read<'t>(&mut self, line: Line<'t, '_>, values: &mut [Value<'t>]) {
        if line.is_blank() {
            return;
        }
        // Files are glued together, header and all.
        if line.cells.first().map(|cell| trim_mark(cell)) == self.plan.header.texts.first().map(String::as_str)
            && line.is_header(&self.plan.header)
        {
            self.writer.tally.repeated += 1;
            return;
        }
        self.above_line = line.number;
        self.extra.clear();
        let mut rounded = 0;
        let mut wrong = None;
        let may_have_moved = self.may_have_moved(&line);
        for (position, target) in self.plan.header.targets.iter().enumerate() {
            let cell = line.cells.get(position).copied().unwrap_or_default();
            match *target {
                Target::Column(column) => {
                    let read = self.plan.formats[column].read(cell, &mut rounded);
                    values[column] = read.unwrap_or_else(|fault| {
                        wrong.get_or_insert_with(|| self.wrong_cell(column, fault.0, cell));
                        Value::Unreadable
                    });
                    if may_have_moved && let Err(fault) = self.plan.formats[column].looks_right(cell) {
                        wrong.get_or_insert_with(|| self.wrong_cell(column, fault.0, cell));
                    }
                }
                Target::Again(column) => {
                    let (read, known) = (self.plan.formats[column].read(cell, &mut rounded), &mut values[column]);
                    let found = match read {
                        Ok(value) if known.is_null() => {
                            *known = value;
                            Ok(())
                        }
                        Ok(value) if value.is_null() || value == *known => Ok(()),
                        Ok(_) => Err(Cow::Borrowed("stands there twice, with another value")),
                        Err(fault) => Err(fault.0),
                    };
                    if let Err(reason) = found {
                        wrong.get_or_insert_with(|| self.wrong_cell(column, reason, cell));
                    }
                }
                Target::Dropped(column) => {
                    if may_have_moved && let Err(fault) = self.plan.formats[column].looks_right(cell) {
                        wrong.get_or_insert_with(|| self.wrong_cell(column, fault.0, cell));
                    }
                }
                Target::Ignored => {}
                Target::Unknown(index) => self.keep_unknown(index, cell),
                Target::Blank if is_blank(&cell) => {}
                Target::Blank => {
                    let reason = Cow::Borrowed("has a value under a header without a name");
                    wrong.get_or_insert(Wrong { column: None, reason, value: Some(line.whole) });
                }
            }
        }
        if let Some(wrong) =
            self.wrong_line(&line).or(wrong).or_else(|| self.disagreement(values).filter(|_| may_have_moved))
        {
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
        self.settle();
        let values = self.plan.rows.template();
        self.writer.reject(0, Reject { line: number, column: None, reason, value: None }, &values);
    }

    fn wrong_cell<'t>(&self, column: usize, reason: Cow<'static, str>, cell: &'t str) -> Wrong<'t> {
        let declared = &self.plan.rows.source.columns[column];
        let hidden = declared.pii && !self.plan.rows.request.allow_personal_data;
        Wrong { column: Some(declared.name.clone()), reason, value: (!hidden).then_some(cell) }
    }

    /// Whether cells may have moved: where one was lost and the row filled up, its last is empty. Others needn't look like
    /// Amazon's: people make files by hand.
    fn may_have_moved(&self, line: &Line<'_, '_>) -> bool {
        let last = self.plan.header.targets.iter().rposition(|target| *target != Target::Blank);
        last.is_none_or(|last| line.cells.get(last).is_none_or(is_blank))
    }

    fn disagreement<'t>(&self, values: &[Value<'_>]) -> Option<Wrong<'t>> {
        let source = self.plan.rows.source;
        let (column, reason) = self.plan.agreement.complaint(source, values)?;
        let column = source.columns.get_index(column).map(|(name, _)| name.clone());
        Some(Wrong { column, reason, value: None })
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
    pub(super) fn reject(&mut self, line: &Line<'_, '_>, wrong: Wrong<'_>, values: &[Value<'_>]) {
        let reject = self.described(line, wrong);
        self.writer.reject(0, reject, values);
    }

    pub(super) fn described(&self, line: &Line<'_, '_>, wrong: Wrong<'_>) -> Reject {
        let width = self.plan.header.targets.len();
        let misaligned = line.surplus > 0 || line.cells.len() < width || wrong.column.is_none();
        let value = wrong.value.filter(|_| !(misaligned && self.plan.has_personal_data));
        Reject {
            line: line.number,
            column: wrong.column,
            reason: wrong.reason.into_owned(),
            value: value.map(str::to_owned),
        }
    }

    fn keep_unknown(&mut self, index: usize, cell: &str) {
        let cell = trim(cell);
        if cell.is_empty() {
            return;
        }
        self.drift[index] += 1;
        let unknown = &self.plan.header.unknown[index];
        if let Some(plan) = self.plan.unnamed.as_ref().filter(|_| self.writer.tally.objection.is_none()) {
            self.writer.tally.objection = plan.objection(self.plan.rows.source, &unknown.text, cell);
        }
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

    pub(super) fn fill_down(&self, values: &mut [Value<'_>]) {
        for (above, column) in self.above.iter().zip(&self.plan.fill_down) {
            if values[*column].is_null() {
                values[*column] = above.clone();
            }
        }
        for (column, stand_in) in &self.plan.stand_ins {
            if values[*column].is_null() {
                values[*column] = stand_in.clone();
            }
        }
    }

    /// The counts of the lines taken since the last call, drift included.
    pub fn take_tally(&mut self) -> Tally {
        for (unknown, count) in self.plan.header.unknown.iter().zip(&mut self.drift) {
            let tally = &mut self.writer.tally;
            let counts = if unknown.personal { &mut tally.dropped } else { &mut tally.drift };
            counts.insert(unknown.text.clone(), std::mem::take(count));
        }
        self.writer.take_tally()
    }
}
