//! One value of a row, as both sides are compared and shown.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, SecondsFormat};
use polars_core::prelude::{AnyValue, DataFrame};

use crate::failure::{Outcome, unexpected};

/// A value, or that it is unknown: two unknown values are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cell {
    /// NULL.
    Unknown,
    /// True or false.
    Bool(bool),
    /// A number of things.
    Int(i64),
    /// All digits, and how many of them are behind the point.
    Decimal(i128, usize),
    /// Days since 1970.
    Day(i32),
    /// Microseconds since 1970, UTC.
    Instant(i64),
    /// Text.
    Text(String),
}

/// One row by column.
pub(crate) type Row = BTreeMap<&'static str, Cell>;

impl Cell {
    /// Money: ten-thousandths of a currency.
    pub(crate) fn money(digits: impl Into<Option<i128>>) -> Self {
        digits.into().map_or(Self::Unknown, |digits| Self::Decimal(digits, 4))
    }

    /// Text, where there is any.
    pub(crate) fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Unknown, |text| Self::Text(text.to_owned()))
    }

    /// The text it is.
    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    fn of(value: &AnyValue) -> Outcome<Self> {
        Ok(match value {
            AnyValue::Null => Self::Unknown,
            AnyValue::Boolean(value) => Self::Bool(*value),
            AnyValue::Int64(value) => Self::Int(*value),
            AnyValue::Decimal(digits, _, scale) => Self::Decimal(*digits, *scale),
            AnyValue::Date(days) => Self::Day(*days),
            AnyValue::Datetime(at, ..) | AnyValue::DatetimeOwned(at, ..) => Self::Instant(*at),
            AnyValue::String(text) => Self::Text((*text).to_owned()),
            AnyValue::StringOwned(text) => Self::Text(text.to_string()),
            other => return Err(unexpected(format!("{} is no type of the lake's", other.dtype()))),
        })
    }
}

/// The values of one column.
pub(crate) fn cells(frame: &DataFrame, column: &str) -> Outcome<Vec<Cell>> {
    let column = frame.column(column)?;
    (0..column.len()).map(|row| Cell::of(&column.get(row)?)).collect()
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("NULL"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Decimal(digits, scale) => {
                let (sign, places) = (if *digits < 0 { "-" } else { "" }, scale + 1);
                let digits = format!("{:0places$}", digits.unsigned_abs());
                let (whole, part) = digits.split_at(digits.len() - scale);
                write!(f, "{sign}{whole}{}{part}", if part.is_empty() { "" } else { "." })
            }
            Self::Day(days) => {
                let at = DateTime::from_timestamp(i64::from(*days) * 86_400, 0).unwrap_or_default();
                write!(f, "{}", at.date_naive())
            }
            Self::Instant(at) => {
                let at = DateTime::from_timestamp_micros(*at).unwrap_or_default();
                f.write_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
            }
            Self::Text(text) => f.write_str(text),
        }
    }
}
