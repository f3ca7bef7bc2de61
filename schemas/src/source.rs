//! A declared kind of delivery: how its bytes become rows, and what a newer one replaces.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::column::{Column, Context};
use crate::knowledge::Knowledge;
use crate::path::RowPath;

/// How the bytes are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Tab-separated, with a header line.
    Tsv,
    /// Comma-separated, with a header line.
    Csv,
    /// JSON document, or several one after the other (pages).
    Json,
}

/// What a newer delivery of the source replaces (ARCHITECTURE.md: A delivery replaces units).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Unit {
    /// A key of these columns: an order, a settlement, a transaction.
    Columns(Vec<String>),
    /// Scope and each whole UTC day of the window; a row's day is that of this column, which must be immutable.
    Day(String),
    /// Scope and the whole window.
    Period,
    /// Scope and the day of the as-of instant: a full list, one version kept per day.
    AsOfDay,
}

/// Names of which one is enough.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Names")]
pub struct OneOf(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

impl From<Names> for OneOf {
    fn from(names: Names) -> Self {
        match names {
            Names::One(name) => Self(vec![name]),
            Names::Several(names) => Self(names),
        }
    }
}

/// One kind of row in a JSON document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowSet {
    /// Its name, the value of a column `from = "row_kind"`.
    pub kind: String,
    /// Where the rows are.
    pub path: RowPath,
    /// The unit of these rows, where it differs from the source's.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// What else of the request tells their units apart.
    #[serde(default)]
    pub apart: Option<Apart>,
    /// The rows aren't in the document: they say which days it is about, be there nothing on them. One for each whole day of
    /// the window that was over when the document was made; this column has the day.
    #[serde(default)]
    pub each_day: Option<String>,
}

/// An option of the request that documents repeat: rows of two answers that differ in it don't replace each other.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apart {
    /// Column that a document states once, outside its rows.
    pub column: String,
    /// Its value where a document doesn't state it.
    pub unless_stated: String,
}

/// A day and the span it lies in, up to time zones.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// Column of the day.
    pub day: String,
    /// Column of the span's first day.
    pub from: String,
    /// Column of its last one.
    pub to: String,
}

/// A number that is another one divided by a third, up to rounding.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quotient {
    /// Column of the quotient.
    pub value: String,
    /// Column of what is divided.
    pub of: String,
    /// Column of what it is divided by.
    pub by: String,
}

/// Sums that must match, per unit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Columns added up over all rows of the unit.
    pub sum: Vec<String>,
    /// Column that holds the expected total, the same in every row that has it.
    pub equals: String,
}

/// One declared source; `schemas/sources/<name>.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the declaration")]
pub struct Source {
    /// Filled by the loader from the file's name.
    #[serde(skip)]
    pub name: String,
    /// Raised on every change that isn't just another column.
    pub version: u32,
    /// What the source holds.
    pub doc: String,
    /// Amazon's names for it; `--source` takes these too.
    #[serde(default)]
    pub report_types: Vec<String>,
    /// Layout of the bytes.
    pub format: Format,
    /// Whether `"` quotes. Default: off for tsv (a lone `"` in a title is data), on for csv.
    #[serde(default)]
    pub quoting: Option<bool>,
    /// Flat files: separators that occur besides the format's own. A file's is the one under which most of its header
    /// is known.
    #[serde(default)]
    pub separators: Vec<char>,
    /// What makes a document one of this source, besides required columns. Flat files: columns that the header must
    /// name though cells may be empty. JSON: paths that some record must have though they may hold nothing. Of a list
    /// within the list one is enough.
    #[serde(default)]
    pub has: Vec<OneOf>,
    /// What only documents of other sources have. Flat files: headers. JSON: paths that hold something.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Columns that tell the same day, up to time zones, in each row: which of day and month comes first in one of them
    /// follows from the others.
    #[serde(default)]
    pub same_day: Vec<Vec<String>>,
    /// Columns whose days follow one another, or coincide, in each row: one whose day precedes the one before it is
    /// rejected.
    #[serde(default)]
    pub in_order: Vec<Vec<String>>,
    /// Columns whose days lie within a span that the row, or one above it, tells: a settlement's postings.
    #[serde(default)]
    pub within: Vec<Within>,
    /// Flat files: columns that no row leaves empty, where the header has them. This and the next two are asked of rows whose
    /// last cell is empty: they may have lost one and been filled up.
    #[serde(default)]
    pub filled: Vec<String>,
    /// Flat files: columns that a row fills together or leaves empty together.
    #[serde(default)]
    pub together: Vec<Vec<String>>,
    /// Flat files: numbers that follow from two others of their row.
    #[serde(default)]
    pub quotients: Vec<Quotient>,
    /// Flat files: a column that rows may end with: Amazon leaves the empty cells behind it out. Elsewhere a row with
    /// fewer cells than the header has lost some.
    #[serde(default)]
    pub may_end_with: Option<String>,
    /// Charsets tried in order where label, BOM and strict UTF-8 all fail.
    #[serde(default)]
    pub charset_fallbacks: Vec<String>,
    /// What one request covers: `account`, `region`, `marketplace` or `profile`.
    pub scope: String,
    /// A user's list that may be given once for all sellers. Stages read what was as `shared_<name>`.
    #[serde(default)]
    pub shared: bool,
    /// Money: a unit with a bad row is held back whole.
    #[serde(default)]
    pub strict: bool,
    /// Share of rejected rows above which the delivery is refused; default 0.05.
    #[serde(default = "default_max_rejected_share")]
    pub max_rejected_share: f64,
    /// Longest line, or JSON record, in bytes; default 1 MiB (JSON: 16 MiB).
    #[serde(default)]
    pub max_line_bytes: Option<usize>,
    /// Column whose greatest value stands in for an as-of the request didn't give.
    #[serde(default)]
    pub as_of: Option<String>,
    /// A list people keep themselves: where nobody says as of when it is, that is when it is handed in; a header that
    /// nearly names a missing column is a mistake, and what names something nobody knows is counted.
    #[serde(default)]
    pub by_hand: bool,
    /// A unit is one row: several that say different things contradict each other, and what stood before stands.
    #[serde(default)]
    pub one_row: bool,
    /// Columns with the days a row is of: where a request has a window, a document whose rows lie outside it is another
    /// request's. Units of days have theirs already. A text's day is the one it begins with.
    #[serde(default)]
    pub dated_by: Vec<String>,
    /// Column that orders versions of a unit before as-of does.
    #[serde(default)]
    pub version_column: Option<String>,
    /// Column the month is taken from (immutable within a unit), or `"as_of"` or `"window"`; absent: no month.
    #[serde(default)]
    pub month: Option<String>,
    /// Calendar months that a request's window may touch: what stages make of it looks no further.
    #[serde(default)]
    pub window_months: Option<u32>,
    /// What a newer delivery replaces.
    pub unit: Unit,
    /// Hours after a request unit's end before an empty answer counts as "nothing there".
    #[serde(default)]
    pub empty_counts_after_hours: Option<u32>,
    /// Sums that must match.
    #[serde(default)]
    pub controls: Vec<Control>,
    /// JSON: wrappers that are stripped from the document where present, outermost first.
    #[serde(default)]
    pub wrappers: Vec<String>,
    /// JSON: where the rows are.
    #[serde(default)]
    pub rows: Vec<RowSet>,
    /// Columns that tell rows apart. Flat files: a row that says what one of the same identity said counts once, and one
    /// that says something else is rejected; where one of these cells is empty, a row has no identity and may come twice.
    /// JSON: the same holds of records; and Amazon may repeat the last ones of a page on the next one, changed since: one
    /// that stood on the page before is that one again.
    #[serde(default)]
    pub identity: Vec<String>,
    /// JSON: paths of first and last day where the document states its own window.
    #[serde(default)]
    pub window_paths: Vec<String>,
    /// JSON: keys that mark an object as an amount, for `**` row paths.
    #[serde(default)]
    pub amount_keys: Vec<String>,
    /// JSON: paths of the token with which the next page is asked for. An answer whose last page has one was cut short.
    #[serde(default)]
    pub next_page: Vec<String>,
    /// Header texts or JSON paths known and left out on purpose.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Columns, in the order they are stored.
    pub columns: IndexMap<String, Column>,
    /// Filled by the loader: what all declarations together know.
    #[serde(skip)]
    pub knowledge: Arc<Knowledge>,
}

fn default_max_rejected_share() -> f64 {
    0.05
}

impl Source {
    /// Whether `"` quotes fields.
    pub fn quoting(&self) -> bool {
        self.quoting.unwrap_or(self.format == Format::Csv)
    }

    /// Longest line or JSON record in bytes.
    pub fn max_line_bytes(&self) -> usize {
        let default = if self.format == Format::Json { 16 << 20 } else { 1 << 20 };
        self.max_line_bytes.unwrap_or(default)
    }

    /// The delimiters a flat file may have, the format's own first.
    pub fn delimiters(&self) -> impl Iterator<Item = u8> {
        let own = if self.format == Format::Csv { b',' } else { b'\t' };
        std::iter::once(own).chain(self.separators.iter().filter_map(|separator| u8::try_from(*separator).ok()))
    }

    /// Whether all of a unit stands within one record, so that each one of an answer cut short is whole.
    pub fn has_units_within_records(&self) -> bool {
        match &self.unit {
            Unit::Columns(names) => names.iter().all(|name| self.identity.contains(name)),
            Unit::Day(_) | Unit::Period | Unit::AsOfDay => false,
        }
    }

    /// Whether units come from columns rather than from the request.
    pub fn has_column_units(&self) -> bool {
        matches!(self.unit, Unit::Columns(_))
    }

    /// What stages call the rows that were given for all sellers.
    pub fn shared_name(name: &str) -> String {
        format!("shared_{name}")
    }

    /// Whether rows can tell which marketplace the request named.
    pub fn takes_marketplace(&self) -> bool {
        let is_it = |context| context == Some(Context::Marketplace);
        self.columns.values().any(|column| is_it(column.from) || is_it(column.unless_stated))
    }

    /// Whether any column holds buyers' personal data.
    pub fn has_personal_data(&self) -> bool {
        self.columns.values().any(|column| column.pii)
    }
}
