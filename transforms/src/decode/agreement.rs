//! What the cells of one row say of each other: numbers that follow from others, cells that are filled together. A row that
//! breaks it has lost a cell, and what stood behind it has moved.

use std::borrow::Cow;

use sellerlake_schemas::{Shape, Source};

use super::cell::Value;
use super::header::{Header, Target};
use super::number::scale_of;

/// A number and the two it follows from.
#[derive(Debug, Clone)]
struct Quotient {
    value: usize,
    of: usize,
    by: usize,
    /// It may be per cent.
    is_ratio: bool,
}

/// What is declared of the columns that a file has.
#[derive(Debug, Clone, Default)]
pub struct Agreement {
    filled: Vec<usize>,
    together: Vec<Vec<usize>>,
    quotients: Vec<Quotient>,
}

/// Digits after the mark with which numbers are compared.
const SCALE: u32 = 9;

impl Agreement {
    /// What can be asked of a file with this header.
    pub fn of(source: &Source, header: &Header) -> Self {
        let fed = |name: &String| {
            source.columns.get_index_of(name).filter(|index| header.targets.contains(&Target::Column(*index)))
        };
        let quotients = source.quotients.iter().filter_map(|quotient| {
            let is_ratio = source.columns.get(&quotient.value)?.shape == Some(Shape::Ratio);
            Some(Quotient { value: fed(&quotient.value)?, of: fed(&quotient.of)?, by: fed(&quotient.by)?, is_ratio })
        });
        Self {
            filled: source.filled.iter().filter_map(fed).collect(),
            together: source.together.iter().map(|group| group.iter().filter_map(fed).collect()).collect(),
            quotients: quotients.collect(),
        }
    }

    /// The first column at fault in a row, and why.
    pub fn complaint(&self, source: &Source, values: &[Value<'_>]) -> Option<(usize, Cow<'static, str>)> {
        let is_empty = |column: &&usize| values[**column].is_null();
        if let Some(column) = self.filled.iter().find(is_empty) {
            return Some((*column, "is never empty: has the row lost a cell?".into()));
        }
        for group in self.together.iter().filter(|group| group.iter().any(|column| !values[*column].is_null())) {
            if let Some(column) = group.iter().find(is_empty) {
                return Some((*column, "is empty beside others that aren't: has the row lost a cell?".into()));
            }
        }
        let wrong = self.quotients.iter().find(|quotient| !quotient.holds(source, values))?;
        let name = |column: usize| source.columns.get_index(column).map_or("", |(name, _)| name.as_str());
        let reason = format!("is not {} by {}: has the row lost a cell?", name(wrong.of), name(wrong.by));
        Some((wrong.value, reason.into()))
    }
}

impl Quotient {
    /// Whether value × by is about what it follows from, as far as the digits of the value go.
    fn holds(&self, source: &Source, values: &[Value<'_>]) -> bool {
        let number = |column: usize| match values[column] {
            Value::Int(value) => i128::from(value).checked_mul(10_i128.pow(SCALE)),
            Value::Decimal(value) => {
                let scale = u32::from(scale_of(source.columns[column].column_type).unsigned_abs());
                value.checked_mul(10_i128.pow(SCALE.checked_sub(scale)?))
            }
            _ => None,
        };
        let (Some(value), Some(of), Some(by)) = (number(self.value), number(self.of), number(self.by)) else {
            return true;
        };
        let last_digit = (0..=SCALE).map(|digit| 10_i128.pow(digit)).rfind(|unit| value % unit == 0).unwrap_or(1);
        let is_close = |factor: i128| {
            let expected = of.checked_mul(factor)?.checked_mul(10_i128.pow(SCALE))?;
            let slack = expected.abs() / 10 + last_digit.checked_mul(by.abs())?;
            Some((value.checked_mul(by)? - expected).abs() <= slack)
        };
        by == 0 || is_close(1).unwrap_or(true) || (self.is_ratio && is_close(100).unwrap_or(true))
    }
}
