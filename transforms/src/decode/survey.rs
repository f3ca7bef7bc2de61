//! A look over the whole file before its rows are read: decimal mark, order of day and month, as-of.
//!
//! Nearly every file is settled without cutting lines into cells: no number in it has a comma, and its dates
//! are ISO 8601.

use super::cell::CellFormat;
use super::charset::Charset;
use super::chunk::{self, Chunk};
use super::day_order::Question;
use super::evidence::{Evidence, Wanted};
use super::header::{Header, Target};
use super::notation::{self, Notation};
use super::number::is_numeric;
use super::quoted::{Found, Records};
use super::rows::RowPlan;

/// What a survey looks at.
pub struct Survey<'a> {
    /// What rows have in common.
    pub rows: &'a RowPlan<'a>,
    /// The header line.
    pub header: &'a Header,
    /// How columns are read, as far as it is settled.
    pub formats: &'a [CellFormat],
    /// The charset of the bytes.
    pub charset: Charset,
    /// The document.
    pub bytes: &'a [u8],
    /// Whether the as-of column has to be read for its greatest value.
    pub seeks_as_of: bool,
}

impl Survey<'_> {
    /// Evidence from a file in which quotes mean nothing.
    pub fn lines(&self, chunks: &[Chunk], mut wanted: Wanted<'_>) -> Evidence {
        let threads = self.rows.request.threads;
        let dressed = |chunk: &Chunk| self.has_dressed_number(&self.bytes[chunk.range.clone()], &wanted.marks);
        // Controls may hinge on a number that either mark explains, so where there are any, all are looked at.
        if self.rows.source.controls.is_empty() && !chunk::map(chunks, threads, dressed).contains(&true) {
            wanted.marks.fill(false);
        }
        let mut evidence = Evidence::new(self.rows.source);
        if !wanted.is_empty() {
            for found in chunk::map(chunks, threads, |chunk| self.chunk(chunk, &wanted)) {
                evidence.merge(&found);
            }
            if chunks.len() > 1 && evidence.looks_up(&wanted) {
                evidence = Evidence::new(self.rows.source);
                chunks.iter().for_each(|chunk| self.look(chunk, &wanted, &mut evidence));
            }
        }
        evidence
    }

    /// Evidence from a file in which quotes quote.
    pub fn records(&self, mut records: Records<'_>, wanted: &Wanted<'_>) -> Evidence {
        let mut evidence = Evidence::new(self.rows.source);
        if wanted.is_empty() {
            return evidence;
        }
        loop {
            match records.advance() {
                Found::End => return evidence,
                Found::Broken(..) => {}
                Found::Record(_) if records.surplus_filled => {}
                Found::Record(_) => {
                    for (field, target) in records.fields.iter().zip(&self.header.targets) {
                        if let Some(column) = target.column()
                            && wanted.has(column)
                            && let Some(text) = field.text(self.bytes, self.charset)
                        {
                            evidence.look(wanted, column, &self.formats[column], &text);
                        }
                    }
                    evidence.end_row(wanted);
                }
            }
        }
    }

    /// What has to be looked at.
    pub fn wanted(&self) -> Wanted<'_> {
        let fed = |index: usize| self.header.targets.contains(&Target::Column(index));
        let source = self.rows.source;
        let columns = self.formats.iter().enumerate();
        let is_open = notation::named(self.rows.request.delivery).is_none();
        Wanted {
            marks: columns.map(|(index, format)| is_open && fed(index) && is_numeric(format.column_type)).collect(),
            notation: Notation::of(&self.rows.request, fed),
            dates: Question::of(&self.rows.request, self.rows.window, self.formats, fed),
            as_of: source
                .as_of
                .as_ref()
                .filter(|_| self.seeks_as_of)
                .and_then(|name| source.columns.get_index_of(name)),
        }
    }

    /// Whether a numeric cell has a comma, or a point before exactly three digits: then the mark is open.
    fn has_dressed_number(&self, chunk: &[u8], numeric: &[bool]) -> bool {
        let column = |position: usize| self.header.targets.get(position).and_then(|target| target.column());
        let is_numeric = |position: usize| column(position).is_some_and(|column| numeric[column]);
        self.lines_of(chunk).any(|line| {
            let digit = |at: usize| line.get(at).is_some_and(u8::is_ascii_digit);
            let (mut counted, mut position) = (0, 0);
            memchr::memchr2_iter(b',', b'.', line).any(|at| {
                let telling = match line[at] {
                    b',' => self.delimiter() != b',' && (digit(at + 1) || (at > 0 && digit(at - 1))),
                    _ => digit(at + 1) && digit(at + 2) && digit(at + 3) && !digit(at + 4),
                };
                if telling {
                    position += memchr::memchr_iter(self.delimiter(), &line[counted..at]).count();
                    counted = at;
                }
                telling && is_numeric(position)
            })
        })
    }

    fn delimiter(&self) -> u8 {
        self.header.delimiter
    }

    /// The lines of a chunk, without those that are too long to be read.
    fn lines_of<'b>(&self, chunk: &'b [u8]) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        let limit = self.rows.source.max_line_bytes();
        let ends = memchr::memchr_iter(b'\n', chunk).chain([chunk.len()]);
        let mut start = 0;
        let lines = ends.map(move |end| {
            let line = chunk.get(start..end).unwrap_or_default();
            start = end + 1;
            line.strip_suffix(b"\r").unwrap_or(line)
        });
        lines.filter(move |line| line.len() <= limit)
    }

    fn chunk(&self, chunk: &Chunk, wanted: &Wanted<'_>) -> Evidence {
        let mut evidence = Evidence::new(self.rows.source);
        self.look(chunk, wanted, &mut evidence);
        evidence
    }

    fn look(&self, chunk: &Chunk, wanted: &Wanted<'_>, evidence: &mut Evidence) {
        let asked = |target: &Target| target.column().is_some_and(|column| wanted.has(column));
        let Some(last) = self.header.targets.iter().rposition(asked) else { return };
        let bytes = &self.bytes[chunk.range.clone()];
        for line in self.lines_of(bytes) {
            self.line(line, last, wanted, evidence);
            evidence.end_row(wanted);
        }
    }

    fn line(&self, line: &[u8], last: usize, wanted: &Wanted<'_>, evidence: &mut Evidence) {
        let mut start = 0;
        for target in self.header.targets.iter().take(last + 1) {
            let rest = &line[start..];
            let end = memchr::memchr(self.delimiter(), rest).map_or(line.len(), |at| start + at);
            if let Some(column) = target.column()
                && wanted.has(column)
                && let Some(cell) = self.charset.decode(&line[start..end])
            {
                evidence.look(wanted, column, &self.formats[column], &cell);
            }
            if end == line.len() {
                return;
            }
            start = end + 1;
        }
    }
}
