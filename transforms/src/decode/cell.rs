//! Text becomes a typed value, by the rules of one declared column.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat};
use sellerlake_schemas::{Column, ColumnType, Format, Knowledge, Named, Shape, Source};

use super::fault::Fault;
use super::ids::{IdFormat, is_lost};
use super::marks::Reading;
use super::moment::{Moments, date_of};
use super::names::Names;
use super::number::{self, MONEY_SCALE, Mark, MarkEvidence, scale_of};
use super::trim::trim;

/// No rate is higher.
const MOST_PER_CENT: i128 = 50;

/// A decoded value. The scale of a decimal is its column's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value<'a> {
    /// No value.
    #[default]
    Null,
    /// There is one, but it couldn't be read; only in rows that are rejected.
    Unreadable,
    /// Text, or compact JSON.
    Text(Cow<'a, str>),
    /// Integer.
    Int(i64),
    /// Decimal, as a multiple of 10^-scale.
    Decimal(i128),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// Days since 1970-01-01.
    Day(i32),
    /// True or false.
    Bool(bool),
}

impl Value<'_> {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Unreadable => Value::Unreadable,
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Int(value) => Value::Int(value),
            Self::Decimal(value) => Value::Decimal(value),
            Self::Instant(value) => Value::Instant(value),
            Self::Day(value) => Value::Day(value),
            Self::Bool(value) => Value::Bool(value),
        }
    }

    /// Appends the value as text: days `yyyy-mm-dd`, instants RFC 3339 in UTC, decimals without trailing zeros.
    pub fn render(&self, column_type: ColumnType, into: &mut String) {
        match self {
            Self::Null | Self::Unreadable => {}
            Self::Text(text) => into.push_str(text),
            Self::Int(value) => drop(write!(into, "{value}")),
            Self::Decimal(value) => number::render(*value, scale_of(column_type), into),
            Self::Instant(micros) => {
                if let Some(at) = DateTime::from_timestamp_micros(*micros) {
                    into.push_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
                }
            }
            Self::Day(days) => into.push_str(&date_of(*days).to_string()),
            Self::Bool(value) => into.push_str(if *value { "true" } else { "false" }),
        }
    }
}

/// How one column's texts are read. Compiled once per document: decimal mark and day order are settled per file.
#[derive(Debug, Clone)]
pub struct CellFormat {
    /// The declared type.
    pub column_type: ColumnType,
    /// The decimal mark the file uses in this column; JSON has the point.
    pub mark: Mark,
    /// What is made of numbers that either mark could explain.
    pub reading: Reading,
    /// How dates and times are read.
    pub moments: Moments,
    nulls: Vec<String>,
    /// How ids are read, which spreadsheets take for numbers.
    id: Option<IdFormat>,
    /// Flat files: somebody's spreadsheet may have saved it.
    is_flat: bool,
    /// The numbers are per cent.
    percent: bool,
    /// Flat files: all that may stand here, where it is listed.
    only: Vec<String>,
    /// Flat files: what the values look like.
    shape: Option<Shape>,
    /// Flat files: the texts are currencies' codes.
    currency: Option<Currency>,
    /// In a list kept by hand: what the texts name.
    names: Option<Names>,
}

impl CellFormat {
    /// The formats of a source's columns, in their order.
    pub fn all(source: &Source) -> Vec<Self> {
        let names = |column| Names::of(source, column);
        let is_flat = source.format != Format::Json;
        let currency =
            |column: &Column| (is_flat && column.names == Some(Named::Currency)).then(|| Currency::of(source));
        let format = |column| Self { names: names(column), currency: currency(column), is_flat, ..Self::new(column) };
        source.columns.values().map(format).collect()
    }

    /// The format of a declared column, with a decimal point and an open order of day and month.
    pub fn new(column: &Column) -> Self {
        Self {
            column_type: column.column_type,
            mark: Mark::Point,
            reading: Reading::Trusting,
            moments: Moments::new(&column.formats, column.zone.as_deref()).with_month_names(&column.month_names),
            nulls: column.null.clone(),
            id: IdFormat::of(column),
            is_flat: false,
            percent: column.percent,
            only: if column.path.is_empty() { column.only.clone() } else { Vec::new() },
            shape: column.shape,
            currency: None,
            names: None,
        }
    }

    /// Whether the text says "no value": blank, or one of the column's null spellings.
    pub fn is_null(&self, text: &str) -> bool {
        text.is_empty() || (!self.nulls.is_empty() && self.nulls.iter().any(|null| null.eq_ignore_ascii_case(text)))
    }

    /// Reads a cell; `rounded` counts numbers with more digits than the column holds.
    pub fn read<'a>(&self, text: &'a str, rounded: &mut u64) -> Result<Value<'a>, Fault> {
        if text.is_empty() {
            return Ok(Value::Null);
        }
        let text = trim(text);
        if self.is_null(text) {
            return Ok(Value::Null);
        }
        if self.is_flat && is_lost(text) {
            return Err("is what a spreadsheet shows for want of room or sense: the value is lost".into());
        }
        if !self.only.is_empty() && !self.only.iter().any(|one| one.eq_ignore_ascii_case(text)) {
            return Err(Fault(format!("is none of {}", self.only.join(", ")).into()));
        }
        if self.currency.as_ref().is_some_and(|currency| !currency.has(text)) {
            return Err("is no currency's code".into());
        }
        match self.column_type {
            ColumnType::Text => Ok(Value::Text(match (&self.names, self.id) {
                (Some(names), _) => names.put_right(text),
                (None, Some(id)) => id.read(text)?,
                (None, None) => Cow::Borrowed(text),
            })),
            ColumnType::Int => self.int(text),
            ColumnType::Decimal(precision, scale) => self.decimal(text, precision, scale, rounded),
            ColumnType::Timestamp => self.moments.instant(text).map(Value::Instant),
            ColumnType::Date => self.moments.day(text).map(Value::Day),
            ColumnType::Bool => truth(text).map(Value::Bool).ok_or_else(|| "is neither true nor false".into()),
            ColumnType::Json => compact_json(text).map(|json| Value::Text(Cow::Owned(json))),
        }
    }

    /// Whether a cell looks as the column's values do; an empty one always does.
    pub fn looks_right(&self, cell: &str) -> Result<(), Fault> {
        let text = trim(cell);
        match self.shape.filter(|shape| !text.is_empty() && !self.is_null(text) && !shape.fits(text)) {
            Some(shape) => Err(Fault(format!("is not {}", shape.name()).into())),
            None => Ok(()),
        }
    }

    fn int<'a>(&self, text: &str) -> Result<Value<'a>, Fault> {
        if text.ends_with('%') || !Shape::Ratio.fits(text) {
            return Err("is a percentage or an amount of money, where a number should be".into());
        }
        self.expect_all_digits(text, 0)?;
        number::int(text, self.mark_of(text)?).map(Value::Int)
    }

    fn decimal<'a>(&self, text: &str, precision: u8, scale: i8, rounded: &mut u64) -> Result<Value<'a>, Fault> {
        let text = if self.percent { text.trim_end_matches('%').trim_end() } else { text };
        // Ratios have more places; an amount of money is no percentage.
        if text.ends_with('%') && scale <= MONEY_SCALE {
            return Err("is a percentage, where an amount should be".into());
        }
        self.expect_all_digits(text, 2)?;
        let (value, inexact) = number::decimal(text, self.mark_of(text)?, precision, scale)?;
        let whole = 10_i128.pow(u32::from(scale.unsigned_abs()));
        if self.percent && value != 0 && !(whole..=MOST_PER_CENT * whole).contains(&value) {
            return Err("is no rate in per cent, as 19 is for 19 %".into());
        }
        *rounded += u64::from(inexact);
        Ok(Value::Decimal(value))
    }

    /// Amazon leaves zeros at the end out; what a spreadsheet left out were digits.
    fn expect_all_digits(&self, text: &str, places: usize) -> Result<(), Fault> {
        if self.is_flat && number::is_shortened(text, places) {
            return Err("is a number that a spreadsheet has shortened: its last digits are lost".into());
        }
        Ok(())
    }

    /// The mark a number is read with.
    fn mark_of(&self, text: &str) -> Result<Mark, Fault> {
        if self.reading == Reading::Trusting {
            return Ok(self.mark);
        }
        let groups = || text.as_bytes().contains(&self.mark.other().byte());
        match (number::evidence(text, self.column_type), self.reading) {
            (MarkEvidence::Either, Reading::Ungrouped) if !groups() => Ok(self.mark),
            (MarkEvidence::Either, Reading::Grouped) if groups() => Ok(self.mark),
            (MarkEvidence::Either, Reading::Ungrouped | Reading::Grouped) => {
                Err("could have thousands or decimals, and no other number is written so: --decimal comma or point"
                    .into())
            }
            (MarkEvidence::Either, _) => {
                Err("could be read with a decimal point or comma, and what else the column has contradicts itself"
                    .into())
            }
            (MarkEvidence::Only(mark), Reading::Own) => Ok(mark),
            _ => Ok(self.mark),
        }
    }
}

/// Currencies that a column may name.
#[derive(Debug, Clone)]
struct Currency {
    knowledge: Arc<Knowledge>,
    by_hand: bool,
}

impl Currency {
    fn of(source: &Source) -> Self {
        Self { knowledge: Arc::clone(&source.knowledge), by_hand: source.by_hand }
    }

    /// Whether a text can be one: reports have codes that are known, lists kept by hand may name others, and no numbers.
    fn has(&self, text: &str) -> bool {
        if self.by_hand {
            !text.bytes().any(|byte| byte.is_ascii_digit())
        } else {
            self.knowledge.is_currency(text) || self.knowledge.is_currency(&text.to_ascii_uppercase())
        }
    }
}

fn compact_json(text: &str) -> Result<String, Fault> {
    serde_json::from_str::<serde_json::Value>(text).map(|value| value.to_string()).map_err(|_| "is not JSON".into())
}

/// Spellings of yes and no, as reports in Amazon's languages print them. A lone `t` is none: it is what is left of a `true` that was cut.
const TRUTHS: [(&str, bool); 38] = [
    ("true", true),
    ("false", false),
    ("yes", true),
    ("no", false),
    ("y", true),
    ("n", false),
    ("1", true),
    ("0", false),
    ("sí", true),
    ("si", true),
    ("sì", true),
    ("verdadero", true),
    ("falso", false),
    ("vero", true),
    ("ja", true),
    ("nein", false),
    ("wahr", true),
    ("falsch", false),
    ("oui", true),
    ("non", false),
    ("vrai", true),
    ("faux", false),
    ("sim", true),
    ("não", false),
    ("nao", false),
    ("verdadeiro", true),
    ("nee", false),
    ("waar", true),
    ("onwaar", false),
    ("nej", false),
    ("tak", true),
    ("nie", false),
    ("evet", true),
    ("hayır", false),
    ("はい", true),
    ("いいえ", false),
    ("是", true),
    ("否", false),
];

fn truth(text: &str) -> Option<bool> {
    if text.len() > 32 {
        return None;
    }
    let exact = |(spelling, value): &(&str, bool)| spelling.eq_ignore_ascii_case(text).then_some(*value);
    TRUTHS.iter().find_map(exact).or_else(|| {
        let lower = text.to_lowercase();
        TRUTHS.iter().find(|(spelling, _)| *spelling == lower).map(|(_, value)| *value)
    })
}
