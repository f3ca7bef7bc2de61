//! A declared column of a source, and the types columns can have.

use std::fmt;
use std::str::FromStr;

use arrow::datatypes::{DataType, TimeUnit};
use serde::Deserialize;

use crate::id::Id;
use crate::language::Language;
use crate::path::ColumnPath;
use crate::shape::Shape;

/// The types a column can have. Times are UTC microseconds; money is `decimal(18,4)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ColumnType {
    /// UTF-8 text, kept verbatim but for surrounding white space.
    Text,
    /// 64-bit integer.
    Int,
    /// Exact decimal of (precision, scale), 128 bits.
    Decimal(u8, i8),
    /// Instant, UTC microseconds.
    Timestamp,
    /// Calendar day.
    Date,
    /// True or false.
    Bool,
    /// A JSON value as compact text.
    Json,
}

impl ColumnType {
    /// The Arrow type rows carry.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text | Self::Json => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Date => DataType::Date32,
            Self::Bool => DataType::Boolean,
        }
    }
}

impl FromStr for ColumnType {
    type Err = String;

    fn from_str(value: &str) -> Result<Self, String> {
        match value {
            "text" => return Ok(Self::Text),
            "int" => return Ok(Self::Int),
            "timestamp" => return Ok(Self::Timestamp),
            "date" => return Ok(Self::Date),
            "bool" => return Ok(Self::Bool),
            "json" => return Ok(Self::Json),
            _ => {}
        }
        let digits = value.strip_prefix("decimal(").and_then(|rest| rest.strip_suffix(')'));
        let pair = digits.and_then(|digits| digits.split_once(','));
        match pair.map(|(p, s)| (p.trim().parse::<u8>(), s.trim().parse::<i8>())) {
            Some((Ok(p), Ok(s))) if (1..=38).contains(&p) && s >= 0 && s <= p as i8 => Ok(Self::Decimal(p, s)),
            _ => Err(format!(
                "{value:?} is not a type; expected text, int, decimal(18,4), timestamp, date, bool or json"
            )),
        }
    }
}

impl TryFrom<String> for ColumnType {
    type Error = String;
    fn try_from(value: String) -> Result<Self, String> {
        value.parse()
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Int => f.write_str("int"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Date => f.write_str("date"),
            Self::Bool => f.write_str("bool"),
            Self::Json => f.write_str("json"),
        }
    }
}

/// A value that comes from the request or the decoder rather than from a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    /// The delivery's as-of instant (timestamp).
    AsOf,
    /// The UTC day of the as-of instant (date).
    AsOfDay,
    /// What the request covered (text).
    Scope,
    /// The one marketplace the request named (text).
    Marketplace,
    /// First UTC day of the window (date).
    WindowFrom,
    /// Last UTC day of the window, included (date).
    WindowTo,
    /// The row set a JSON row came from (text).
    RowKind,
    /// Ordinal of the row among its siblings in the innermost list, from 0 (int).
    Ordinal,
    /// The same of the record's part the row is in or is: an item and all below it. NULL where there is no such list (int).
    PartOrdinal,
    /// Dotted object keys from the record down to the row's node, without list positions (text).
    NodePath,
    /// Key that the row path's `*` matched (text).
    Key,
}

/// What a column's values name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// An ISO 4217 currency.
    Currency,
    /// A marketplace: by its id, its country's code or its name. Kept by hand it is stored as its id.
    Marketplace,
    /// The seller whose rows they are: one that names another seller than was asked for isn't the answer.
    Seller,
    /// The country of a warehouse. Sellers of a whole region have stock there: it tells what all marketplaces of the
    /// region have in common.
    Warehouse,
}

/// One column of a source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // each a key of its own in the declaration
pub struct Column {
    /// Filled by the loader from the table's key.
    #[serde(skip)]
    pub name: String,
    /// Type of the values.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// What it means; unit and source included.
    pub doc: String,
    /// Further header texts, localised ones included. Case, spaces, dashes and punctuation don't matter,
    /// and the column's own name always matches.
    #[serde(default)]
    pub headers: Vec<String>,
    /// JSON only: where the value is; the first path that yields a value wins.
    #[serde(default)]
    pub path: Vec<ColumnPath>,
    /// All that may stand here. JSON: another value that a document states refuses the delivery. Flat files: it rejects
    /// the row.
    #[serde(default)]
    pub only: Vec<String>,
    /// Value taken from the request or the decoder.
    #[serde(default)]
    pub from: Option<Context>,
    /// Flat files: what of the request stands in where a row has no value.
    #[serde(default)]
    pub unless_stated: Option<Context>,
    /// The header must be there, and a row without a value is rejected.
    #[serde(default)]
    pub required: bool,
    /// Personal data of buyers: dropped unless the operator allows it.
    #[serde(default)]
    pub pii: bool,
    /// chrono patterns tried for `date` and `timestamp`, besides ISO 8601 / RFC 3339, which always are.
    /// Patterns that differ in the order of day and month are decided per file, by evidence.
    #[serde(default)]
    pub formats: Vec<String>,
    /// Languages whose names of months `%b` reads besides English abbreviations.
    #[serde(default)]
    pub month_names: Vec<Language>,
    /// Its days may lie after the delivery's as-of: a plan, not an event.
    #[serde(default)]
    pub ahead: bool,
    /// What its values name. Of lists kept by hand, spellings are put right and unknown values counted; elsewhere they
    /// are kept verbatim and tell where the rows are from.
    #[serde(default)]
    pub names: Option<Named>,
    /// In a list kept by hand: tables and columns, such as `listings.sku`, that know what it names.
    #[serde(default)]
    pub known_in: Vec<String>,
    /// IANA zone of timestamps that carry no offset; default UTC.
    #[serde(default)]
    pub zone: Option<String>,
    /// Spellings of "no value" besides the empty cell.
    #[serde(default)]
    pub null: Vec<String>,
    /// Flat files: words that may hold line ends, such as titles and comments. Elsewhere a line end within a cell is
    /// damage.
    #[serde(default)]
    pub line_ends: bool,
    /// Its numbers are per cent: `19` and `19 %` are the same, and what could be a share (`0.19`) is rejected.
    #[serde(default)]
    pub percent: bool,
    /// Flat files: what its values look like, so that a cell which has moved here is told. Asked of rows whose last cell is
    /// empty.
    #[serde(default)]
    pub shape: Option<Shape>,
    /// Flat files: one of Amazon's ids. What a spreadsheet has spelled otherwise is put right, what can't be one rejects the
    /// row.
    #[serde(default)]
    pub id: Option<Id>,
    /// An empty cell repeats the value above it, as in settlement files.
    #[serde(default)]
    pub fill_down: bool,
}
