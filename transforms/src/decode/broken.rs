//! Lines with fewer cells than the header: pieces of a record that line ends within cells have broken, rows that lost
//! cells, and the last line of a file that was cut off. Pieces that add up to one row, in one way only, are put together;
//! what remains is rejected, with the units it may belong to: nothing is taken for an empty cell that may be a lost one.

use std::borrow::Cow;

use super::cell::Value;
use super::fragments::{Fragment, Fragments};
use super::header::Target;
use super::line::{Line, LineReader, Wrong, is_blank};

/// Lines that are looked at together; more are no record.
const MAX_LINES: usize = 1_000;

impl Fragments {
    fn push(&mut self, line: &Line<'_, '_>) {
        self.bytes += line.whole.len();
        self.lines.push(Fragment {
            number: line.number,
            whole: line.whole.to_owned(),
            cells: line.cells.iter().map(|cell| (*cell).to_owned()).collect(),
        });
    }
}

impl LineReader<'_> {
    /// Takes a line that is less than a row, that follows on such lines, or that ends the file without a line end.
    pub(super) fn take_odd<'t>(&mut self, line: Line<'t, '_>, values: &mut [Value<'t>]) {
        let width = self.plan.header.targets.len();
        let is_begun = line.is_open && (2..width).contains(&line.cells.len());
        if line.is_blank() && !is_begun {
            self.take_blank(&line);
            return;
        }
        if line.cells.len() >= width || line.fault.is_some() || self.is_enough(&line) {
            self.take_whole(line, values);
            return;
        }
        let is_full = self.fragments.lines.len() >= MAX_LINES
            || self.fragments.bytes > self.plan.rows.source.max_line_bytes()
            || !self.fragments.is_empty() && self.fragments.cells() + line.cells.len() - 1 > width;
        if is_full {
            self.settle();
        }
        self.fragments.push(&line);
        if self.fragments.cells() == width && self.join(line.is_open) {
            return;
        }
        if line.is_open {
            self.cut_off(line.number);
        }
    }

    /// Several line ends may follow on each other within a cell.
    fn take_blank(&mut self, line: &Line<'_, '_>) {
        if line.cells.len() > 1 {
            return;
        }
        if !self.fragments.is_empty() {
            self.fragments.push(line);
        } else if self.above_line + 1 == line.number {
            self.above_line = line.number;
        }
    }

    /// Whether a line with fewer cells than the header lacks none.
    fn is_enough(&self, line: &Line<'_, '_>) -> bool {
        let header = &self.plan.header;
        let has_last = line.cells.last().is_some_and(|cell| !is_blank(cell));
        let last = header.targets.get(line.cells.len() - 1).and_then(|target| target.column());
        if has_last && !line.is_open && last.is_some() && last == self.plan.layout.may_end_with {
            return true;
        }
        let lacks_none = header.targets[line.cells.len()..].iter().all(|target| *target == Target::Blank);
        lacks_none && self.plan.layout.habits().ends_before_blank_headers()
    }

    /// Takes a line that has all its cells.
    fn take_whole<'t>(&mut self, line: Line<'t, '_>, values: &mut [Value<'t>]) {
        let width = self.plan.header.targets.len();
        let is_rest = self.is_continued_by(&line);
        self.settle();
        let is_spare = line.surplus > 0 && !line.surplus_filled;
        let reason = if is_rest {
            "may be the rest of the line before, which has 1 cell".into()
        } else if is_spare && !self.plan.layout.habits().allows(line.cells.len() + line.surplus, width) {
            format!("has {} cells, the header {width}", line.cells.len() + line.surplus).into()
        } else if line.is_open && self.plan.layout.doubts_last_cell {
            self.writer.doubt_all(0);
            "ends the file without a line end, and its last cell may be cut off".into()
        } else {
            self.read(line, values);
            return;
        };
        let (values, _) = self.values_of(line.cells);
        self.reject_piece(&line, reason, true, &values);
    }

    /// Whether a line of one cell, and this one, may be one record whose first cell was broken.
    fn is_continued_by(&mut self, line: &Line<'_, '_>) -> bool {
        if self.fragments.is_empty() || self.fragments.cells() > 1 {
            return false;
        }
        let Some(first) = line.cells.first() else { return false };
        let text: String = self.fragments.lines.iter().map(|line| line.whole.as_str()).chain([*first]).collect();
        let column = self.plan.header.targets.first().and_then(|target| target.column());
        let fits = column.is_none_or(|column| self.plan.formats[column].read(&text, &mut 0).is_ok());
        if !fits && self.ends_dropped_cell() {
            self.writer.tally.joined += 1;
            self.fragments = Fragments::default();
        }
        fits
    }

    /// Whether the lines go on where the row above ends, with a text that isn't kept.
    fn ends_dropped_cell(&self) -> bool {
        let plan = self.plan;
        let last = plan.header.targets.last();
        let is_dropped = matches!(last, Some(Target::Dropped(_) | Target::Ignored));
        let follows = self.fragments.lines.first().is_some_and(|line| line.number == self.above_line + 1);
        is_dropped && follows && !plan.layout.quoting && self.fragments.cells() == 1 && self.above_line > 0
    }

    /// Reads the fragments as the one record they add up to, if they can be nothing else.
    fn join(&mut self, is_open: bool) -> bool {
        let (cells, broken) = self.fragments.joined();
        let fragments = std::mem::take(&mut self.fragments);
        let mut later = fragments.lines.iter().skip(1).filter(|line| !line.is_blank());
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let is_one = broken.iter().all(|position| self.may_hold_line_ends(*position))
            && self.is_row(&cells)
            && !(self.plan.layout.quoting && fragments.parts_quotes())
            && !later.any(|line| self.is_row(&line.cells()));
        self.fragments = fragments;
        let Some(first) = self.fragments.lines.first().filter(|_| is_one) else { return false };
        let number = first.number;
        let whole: Vec<&str> = self.fragments.lines.iter().map(|line| line.whole.as_str()).collect();
        let whole = whole.join("\n");
        self.fragments = Fragments::default();
        self.writer.tally.joined += 1;
        let mut values = self.plan.rows.template();
        let line =
            Line { number, whole: &whole, cells: &cells, surplus: 0, surplus_filled: false, fault: None, is_open };
        self.take_whole(line, &mut values);
        true
    }

    fn may_hold_line_ends(&self, position: usize) -> bool {
        match self.plan.header.targets[position] {
            Target::Column(column) | Target::Again(column) => self.plan.rows.source.columns[column].line_ends,
            Target::Dropped(_) | Target::Ignored | Target::Unknown(_) => true,
            Target::Blank => false,
        }
    }

    /// Whether cells read as a row, those that are missing as empty ones.
    fn is_row(&mut self, cells: &[&str]) -> bool {
        let (values, is_readable) = self.values_of(cells);
        is_readable && self.writer.would_accept(0, &values)
    }

    /// What can be read of some cells, and whether all of them can.
    pub(super) fn values_of<'t>(&self, cells: &[&'t str]) -> (Vec<Value<'t>>, bool) {
        let mut values: Vec<Value<'t>> = self.plan.rows.template();
        let mut is_readable = true;
        for (cell, target) in cells.iter().zip(&self.plan.header.targets) {
            if let Some(column) = target.column() {
                values[column] = self.plan.formats[column].read(cell, &mut 0).unwrap_or_else(|_| {
                    is_readable = false;
                    Value::Unreadable
                });
            }
            is_readable &= *target != Target::Blank || cell.trim().is_empty();
        }
        self.fill_down(&mut values);
        (values, is_readable)
    }

    /// The file ends within a line: what it holds is lost, and perhaps more of the unit before it.
    fn cut_off(&mut self, number: u64) {
        self.writer.blame_last(0);
        self.writer.tally.cut_off = Some(number);
        self.settle_because("is cut off: the file ends in its middle");
    }

    /// Ends a stretch of lines: what comes next doesn't follow on it.
    pub fn end(&mut self) {
        if self.ends_dropped_cell() {
            self.writer.tally.joined += 1;
            self.fragments = Fragments::default();
        }
        self.settle();
        self.above_line = 0;
        self.writer.forget_last();
    }

    /// Gives up the fragments: they make no row.
    pub(super) fn settle(&mut self) {
        self.settle_because("");
    }

    fn settle_because(&mut self, last_reason: &str) {
        if self.fragments.is_empty() {
            return;
        }
        let width = self.plan.header.targets.len();
        let fragments = std::mem::take(&mut self.fragments);
        let mut lines: Vec<&Fragment> = fragments.lines.iter().filter(|line| !line.is_blank()).collect();
        // It may have been the end of the row above.
        if lines.first().is_some_and(|line| line.cells.len() == 1 && line.number == self.above_line + 1) {
            self.writer.blame_last(0);
        }
        let (last, several) = (lines.pop(), !lines.is_empty());
        let mut ascribes = true;
        for (line, is_last) in lines.into_iter().map(|line| (line, false)).chain(last.map(|line| (line, true))) {
            let reason = match (is_last && !last_reason.is_empty(), several) {
                (true, _) => last_reason.to_owned(),
                (false, true) => {
                    format!("has {} cells, the header {width}, also with the lines beside it", line.cells.len())
                }
                (false, false) => format!("has {} cells, the header {width}", line.cells.len()),
            };
            let cells = line.cells();
            let (mut values, _) = self.values_of(&cells);
            let shown = Line {
                number: line.number,
                whole: &line.whole,
                cells: &cells,
                surplus: 0,
                surplus_filled: false,
                fault: None,
                is_open: false,
            };
            let is_row = self.is_row(&cells);
            let has_last = cells.last().is_some_and(|cell| !is_blank(cell));
            if is_row && has_last && last_reason.is_empty() && self.plan.layout.habits().leaves_out_last_cells {
                self.writer.tally.padded += 1;
                self.read(shown, &mut values);
                continue;
            }
            // The rest of a record says nothing of the unit that its beginning named.
            ascribes |= is_row;
            self.reject_piece(&shown, reason.into(), ascribes, &values);
            ascribes = !self.writer.has_key(0, &values);
        }
    }

    fn reject_piece(&mut self, line: &Line<'_, '_>, reason: Cow<'static, str>, ascribes: bool, values: &[Value<'_>]) {
        self.writer.tally.pieces += 1;
        let reject = self.described(line, Wrong { column: None, reason, value: Some(line.whole) });
        self.writer.reject_all(if ascribes { &[0] } else { &[] }, reject, values);
    }
}
