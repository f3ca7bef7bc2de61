//! What the lines of one file have in common, asked for where one of them is odd.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use sellerlake_schemas::ColumnType;

use super::cell::{CellFormat, Value};
use super::charset::Charset;
use super::glued::Glued;
use super::header::{Header, Target};
use super::quoted::{Found, Records};
use super::rows::RowPlan;
use super::trim::trim;

/// Bytes at the end of a file whose lines the last one is compared with.
const NEIGHBOURS_BYTES: usize = 1 << 20;
/// Short lines, of two lengths at least, without which a file has no habit.
const HABITUAL: u64 = 3;

/// How a file is laid out.
pub struct Layout<'a> {
    /// Whether quotes quote.
    pub quoting: bool,
    /// The declared column that rows may end with.
    pub may_end_with: Option<usize>,
    /// The file ends without a line end, and its last cell could have been longer.
    pub doubts_last_cell: bool,
    /// What a file has in common with the one it was put together with.
    pub glued: Glued,
    records: Records<'a>,
    width: usize,
    habits: OnceLock<Habits>,
}

/// What holds of all lines.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    has_full_rows: bool,
    /// Cells at the end of a line are left out where they are empty: no line ends with an empty one, and lines differ.
    pub leaves_out_last_cells: bool,
    /// How many cells most of them have, if most have the same number.
    usual_cells: Option<usize>,
    lines: u64,
}

impl Habits {
    /// Whether rows end before the header's last cells where those have no name. One row by itself is no habit.
    pub fn ends_before_blank_headers(&self) -> bool {
        !self.has_full_rows && self.lines > 1
    }

    /// Whether a row may have so many cells, those beyond the header's empty: as nearly all have. Of a row by itself, one
    /// spare cell is taken for a number with a comma that should have been quoted.
    pub fn allows(&self, cells: usize, width: usize) -> bool {
        self.usual_cells == Some(cells) && (self.lines > 1 || cells > width + 1)
    }
}

impl<'a> Layout<'a> {
    /// The layout of the lines that `records` goes through.
    pub fn new(
        rows: &RowPlan<'_>,
        header: &Header,
        quoting: bool,
        records: Records<'a>,
        charset: Charset,
        formats: &[CellFormat],
    ) -> Self {
        let may_end_with = rows.source.may_end_with.as_ref().and_then(|name| rows.source.columns.get_index_of(name));
        let mut layout = Self {
            quoting,
            may_end_with,
            doubts_last_cell: false,
            glued: Glued::of(records.bytes(), records.position()),
            records,
            width: header.targets.len(),
            habits: OnceLock::new(),
        };
        layout.doubts_last_cell = layout.last_cells(charset).is_some_and(|(place, last, others)| {
            let target = header.targets.get(place).copied().unwrap_or(Target::Blank);
            match target {
                Target::Blank => false,
                Target::Dropped(_) | Target::Ignored | Target::Unknown(_) => !ends_as(&last, &others),
                Target::Column(column) | Target::Again(column) => {
                    !rows.summed().contains(&column) && !is_entire(&formats[column], &last, &others)
                }
            }
        });
        layout
    }

    /// What holds of all lines; the first to ask has the whole file looked through.
    pub fn habits(&self) -> Habits {
        *self.habits.get_or_init(|| {
            let mut records = self.records.again(usize::MAX);
            let (mut lengths, mut ends_empty) = (BTreeMap::<usize, u64>::new(), false);
            loop {
                match records.advance() {
                    Found::End => break,
                    Found::Broken(..) => {}
                    Found::Record(_) => {
                        *lengths.entry(records.fields.len()).or_default() += 1;
                        ends_empty |= records.fields.last().is_some_and(|field| field.is_blank(records.bytes()));
                    }
                }
            }
            let lines: u64 = lengths.values().sum();
            let short = lengths.range(..self.width);
            let varies = short.clone().count() > 1 && short.map(|(_, lines)| lines).sum::<u64>() >= HABITUAL;
            Habits {
                has_full_rows: lengths.range(self.width..).next().is_some(),
                leaves_out_last_cells: varies && !ends_empty,
                usual_cells: lengths.iter().find(|(_, count)| *count * 2 > lines).map(|(cells, _)| *cells),
                lines,
            }
        })
    }

    /// Position and text of the very last cell and the last cells of the lines before it that are as long, where the file
    /// has no last line end.
    fn last_cells(&self, charset: Charset) -> Option<(usize, String, Vec<String>)> {
        let bytes = self.records.bytes();
        let (start, _) = self.records.position();
        if start >= bytes.len() || matches!(bytes.last(), Some(b'\n' | b'\r')) {
            return None;
        }
        let mut records = self.records.again(usize::MAX);
        let near = bytes.len().saturating_sub(NEIGHBOURS_BYTES);
        if !self.quoting && near > start {
            let line = memchr::memchr(b'\n', &bytes[near..]).map_or(bytes.len(), |at| near + at + 1);
            records.skip_to(line);
        }
        let mut cells: Vec<(usize, String)> = Vec::new();
        while let found @ (Found::Record(_) | Found::Broken(..)) = records.advance() {
            if let (Found::Record(_), Some(last)) = (found, records.fields.last()) {
                let text = last.text_lossy(bytes, charset);
                cells.push((records.fields.len() - 1, trim(text.trim_end_matches('\r')).to_owned()));
            }
        }
        let (place, last) = cells.pop()?;
        let others = cells.into_iter().filter(|(other, _)| *other == place).map(|(_, text)| text).collect();
        Some((place, last, others))
    }
}

/// Whether a text ends its line as that of another line does, or is empty.
fn ends_as(last: &str, others: &[String]) -> bool {
    last.is_empty() || others.iter().any(|other| other == last)
}

/// Whether a last cell was hardly longer, going by its own form and by those above it.
fn is_entire(format: &CellFormat, last: &str, others: &[String]) -> bool {
    let all_same = !others.is_empty() && others.iter().all(|other| other == last);
    match format.column_type {
        ColumnType::Text => ends_as(last, others),
        ColumnType::Bool | ColumnType::Json => format.read(last, &mut 0).is_ok(),
        ColumnType::Date | ColumnType::Timestamp => others.iter().any(|other| other.len() == last.len()),
        // No other whole number begins with 0.
        ColumnType::Int => all_same || matches!(format.read(last, &mut 0), Ok(Value::Int(0))),
        ColumnType::Decimal(..) => {
            let places = decimals(last);
            let mut filled = others.iter().filter(|other| !other.is_empty()).peekable();
            let alike = places > 0 && filled.peek().is_some() && filled.all(|other| decimals(other) == places);
            all_same || alike
        }
    }
}

/// Digits behind the last point or comma.
fn decimals(text: &str) -> usize {
    text.rfind(['.', ',']).map_or(0, |at| text[at + 1..].chars().filter(char::is_ascii_digit).count())
}
