//! A look over the whole file before its rows are read: decimal mark, order of day and month, as-of.
//!
//! Nearly every file is settled without cutting lines into cells: no number in it has a comma, and its dates
//! are ISO 8601.

use super::cell::CellFormat;
use super::charset::Charset;
use super::chunk::{self, Chunk};
use super::evidence::{Evidence, Wanted};
use super::header::{Header, Target};
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
    pub fn lines(&self, chunks: &[Chunk]) -> Evidence {
        let threads = self.rows.request.threads;
        let mut wanted = self.wanted();
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
        }
        evidence
    }

    /// Evidence from a file in which quotes quote.
    pub fn records(&self, mut records: Records<'_>) -> Evidence {
        let wanted = self.wanted();
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
                        if let Target::Column(column) = target {
                            if wanted.has(*column) {
                                let text = field.text(self.bytes, self.charset);
                                text.iter().for_each(|text| {
                                    evidence.look(&wanted, *column, &self.formats[*column], text);
                                });
                            }
                        }
                    }
                }
            }
        }
    }

    fn wanted(&self) -> Wanted {
        let fed = |index: usize| self.header.targets.contains(&Target::Column(index));
        let source = self.rows.source;
        let columns = self.formats.iter().enumerate();
        Wanted {
            marks: columns.clone().map(|(index, format)| fed(index) && is_numeric(format.column_type)).collect(),
            orders: columns.map(|(index, format)| fed(index) && format.moments.is_order_open()).collect(),
            as_of: source.as_of.as_ref().filter(|_| self.seeks_as_of).and_then(|name| source.columns.get_index_of(name)),
        }
    }

    /// Whether a numeric cell has a comma, or a point before exactly three digits: then the mark is open.
    fn has_dressed_number(&self, chunk: &[u8], numeric: &[bool]) -> bool {
        let digit = |at: usize| chunk.get(at).is_some_and(u8::is_ascii_digit);
        let delimiter = self.rows.source.delimiter();
        memchr::memchr2_iter(b',', b'.', chunk).any(|at| {
            let telling = match chunk[at] {
                b',' => delimiter != b',' && (digit(at + 1) || (at > 0 && digit(at - 1))),
                _ => digit(at + 1) && digit(at + 2) && digit(at + 3) && !digit(at + 4),
            };
            telling && self.is_numeric_at(chunk, at, numeric)
        })
    }

    fn is_numeric_at(&self, chunk: &[u8], at: usize, numeric: &[bool]) -> bool {
        let reach = at.saturating_sub(self.rows.source.max_line_bytes());
        let start = memchr::memrchr(b'\n', &chunk[reach..at]).map_or(reach, |newline| reach + newline + 1);
        let position = memchr::memchr_iter(self.rows.source.delimiter(), &chunk[start..at]).count();
        matches!(self.header.targets.get(position), Some(Target::Column(column)) if numeric[*column])
    }

    fn chunk(&self, chunk: &Chunk, wanted: &Wanted) -> Evidence {
        let mut evidence = Evidence::new(self.rows.source);
        let asked = |target: &Target| matches!(target, Target::Column(column) if wanted.has(*column));
        let Some(last) = self.header.targets.iter().rposition(asked) else { return evidence };
        let bytes = &self.bytes[chunk.range.clone()];
        let limit = self.rows.source.max_line_bytes();
        let mut start = 0;
        while start < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
            if end - start <= limit + 1 {
                self.line(&bytes[start..end], last, wanted, &mut evidence);
            }
            start = end + 1;
        }
        evidence
    }

    fn line(&self, line: &[u8], last: usize, wanted: &Wanted, evidence: &mut Evidence) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut start = 0;
        for target in self.header.targets.iter().take(last + 1) {
            let rest = &line[start..];
            let end = memchr::memchr(self.rows.source.delimiter(), rest).map_or(line.len(), |at| start + at);
            if let Target::Column(column) = target {
                if wanted.has(*column) && start < end {
                    let cell = self.charset.decode(&line[start..end]);
                    cell.iter().for_each(|cell| evidence.look(wanted, *column, &self.formats[*column], cell));
                }
            }
            if end == line.len() {
                return;
            }
            start = end + 1;
        }
    }
}
