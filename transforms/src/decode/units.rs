//! Which unit and month a row belongs to, and which units a request asked for
//! (ARCHITECTURE.md: A delivery replaces units).

use std::fmt::Write;

use chrono::{DateTime, NaiveDate, Utc};
use sellerlake_contracts::{Error, Kind, Month, Result, Window};
use sellerlake_schemas::{ColumnType, Source, Unit};

use super::cell::Value;
use super::moment::{date_of, days_of};
use super::outcome::EmptyUnit;

/// Separates the parts of a `_unit` key.
const SEPARATOR: char = '\u{1f}';

/// Where a row belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// In the unit whose key was written.
    Inside,
    /// On a day the request did not wholly cover.
    Outside,
    /// Nowhere: the column at this index, which the unit or month is taken from, has no value.
    Unknown(usize),
}

/// What is known of the request a document answered.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What the request covered.
    pub scope: &'a str,
    /// The span asked for.
    pub window: Option<Window>,
    /// The as-of instant, where it is known before the rows are read.
    pub as_of: Option<DateTime<Utc>>,
    /// The option of the request that tells units of these rows apart, where one does.
    pub apart: Option<&'a str>,
}

#[derive(Debug, Clone)]
enum Rule {
    /// A key of these columns.
    Columns(Vec<(usize, ColumnType)>),
    /// Scope and the day of this column, from the first day (included) to the last (excluded).
    Day { column: usize, first: i32, end: i32 },
    /// One key for all rows.
    Fixed(String),
    /// A full list whose day the column at this index should have told, and didn't.
    Undated(usize),
}

#[derive(Debug, Clone, Copy)]
enum MonthRule {
    None,
    Column(usize),
    Fixed(i32),
}

/// How rows of one row set find their unit and month.
#[derive(Debug, Clone)]
pub struct UnitPlan {
    rule: Rule,
    month: MonthRule,
    prefix: String,
    scope: String,
    /// What an empty request unit without a column to take its month from is filed under.
    context_month: Option<i32>,
    end_of_fixed: Option<NaiveDate>,
}

impl UnitPlan {
    /// The plan for rows of `kind` (a row set with a unit of its own), or of the whole source.
    ///
    /// [`Kind::Usage`] where the unit needs a window the request doesn't have.
    pub fn new(source: &Source, unit: &Unit, kind: Option<&str>, asked: &Asked<'_>) -> Result<Self> {
        let as_of_day = asked.as_of.map(|at| at.date_naive());
        let mut end_of_fixed = None;
        let rule = match unit {
            Unit::Columns(names) => Rule::Columns(
                names
                    .iter()
                    .map(|name| Ok((index_of(source, name)?, type_of(source, name)?)))
                    .collect::<Result<_>>()?,
            ),
            Unit::Day(name) => {
                let days = require_window(source, asked)?.whole_days();
                let (first, count) = days.fold((None, 0), |(first, count), day| (first.or(Some(day)), count + 1));
                let first = days_of(first.ok_or_else(|| no_whole_day(source))?);
                Rule::Day { column: index_of(source, name)?, first, end: first + count }
            }
            Unit::Period => {
                let window = require_window(source, asked)?;
                end_of_fixed = Some(window.last_day());
                Rule::Fixed(format!("{}..{}", window.from.date_naive(), window.last_day()))
            }
            Unit::AsOfDay => {
                end_of_fixed = as_of_day;
                let column = source.as_of.as_deref().map_or(Ok(0), |name| index_of(source, name))?;
                as_of_day.map_or(Rule::Undated(column), |day| Rule::Fixed(day.to_string()))
            }
        };
        let window_month = asked.window.map(|window| month_of(window.from.date_naive()));
        let as_of_month = as_of_day.map(month_of);
        let month = match source.month.as_deref() {
            None => MonthRule::None,
            Some("as_of") => as_of_month.map_or(MonthRule::None, MonthRule::Fixed),
            Some("window") => {
                require_window(source, asked)?;
                window_month.map_or(MonthRule::None, MonthRule::Fixed)
            }
            Some(name) => MonthRule::Column(index_of(source, name)?),
        };
        let context_month = if *unit == Unit::AsOfDay { as_of_month } else { window_month };
        let prefix = kind.into_iter().chain(asked.apart).map(|part| format!("{part}{SEPARATOR}")).collect();
        Ok(Self { rule, month, prefix, scope: asked.scope.to_owned(), context_month, end_of_fixed })
    }

    /// Writes the row's `_unit` key to `key`. Values that could not be read count as absent.
    pub fn place(&self, values: &[Value<'_>], key: &mut String) -> Placement {
        key.clear();
        key.push_str(&self.prefix);
        match &self.rule {
            Rule::Columns(columns) => {
                for (position, (column, column_type)) in columns.iter().enumerate() {
                    if position > 0 {
                        key.push(SEPARATOR);
                    }
                    values[*column].render(*column_type, key);
                }
                let unknown = columns.iter().find(|(column, _)| values[*column] == Value::Unreadable).or_else(|| {
                    let empty = columns.iter().all(|(column, _)| values[*column].is_null());
                    columns.first().filter(|_| empty)
                });
                unknown.map_or(Placement::Inside, |(column, _)| Placement::Unknown(*column))
            }
            Rule::Day { column, first, end } => match day_of(&values[*column]) {
                None => Placement::Unknown(*column),
                Some(day) if day < *first || day >= *end => Placement::Outside,
                Some(day) => {
                    self.write_day(day, key);
                    Placement::Inside
                }
            },
            Rule::Fixed(name) => {
                let _ = write!(key, "{name}{SEPARATOR}{}", self.scope);
                Placement::Inside
            }
            Rule::Undated(column) => Placement::Unknown(*column),
        }
    }

    /// Appends the key of a day's unit to what begins every key.
    pub fn write_day(&self, day: i32, key: &mut String) {
        let _ = write!(key, "{}{SEPARATOR}{}", date_of(day), self.scope);
    }

    /// The first day of the row's month in days since 1970, `None` where the source has no months;
    /// an error with the column's index where that has no value.
    ///
    /// `last` remembers the day asked for last and its month: neighbours mostly share it.
    pub fn month(&self, values: &[Value<'_>], last: &mut (i32, i32)) -> Result<Option<i32>, usize> {
        match self.month {
            MonthRule::None => Ok(None),
            MonthRule::Fixed(month) => Ok(Some(month)),
            MonthRule::Column(column) => {
                let day = day_of(&values[column]).ok_or(column)?;
                if last.0 != day {
                    *last = (day, month_of(date_of(day)));
                }
                Ok(Some(last.1))
            }
        }
    }

    /// Whether units come from the request rather than from columns.
    pub fn is_request_unit(&self) -> bool {
        !matches!(self.rule, Rule::Columns(_))
    }

    /// The day that tells request units of one plan apart; 0 where there is one unit only.
    pub fn ordinal(&self, values: &[Value<'_>]) -> i32 {
        match self.rule {
            Rule::Day { column, .. } => day_of(&values[column]).unwrap_or(0),
            _ => 0,
        }
    }

    /// The request units asked for: ordinal, last day covered, and what to record if the unit came out empty.
    pub fn asked(&self) -> Vec<(i32, NaiveDate, EmptyUnit)> {
        match &self.rule {
            Rule::Columns(_) | Rule::Undated(_) => Vec::new(),
            Rule::Fixed(_) => {
                let mut unit = String::new();
                self.place(&[], &mut unit);
                let end = self.end_of_fixed.unwrap_or_default();
                vec![(0, end, EmptyUnit { unit, month: self.empty_month(self.context_month) })]
            }
            Rule::Day { first, end, .. } => (*first..*end)
                .map(|day| {
                    let mut unit = self.prefix.clone();
                    self.write_day(day, &mut unit);
                    let month = self.empty_month(Some(month_of(date_of(day))));
                    (day, date_of(day), EmptyUnit { unit, month })
                })
                .collect(),
        }
    }

    fn empty_month(&self, own: Option<i32>) -> Option<NaiveDate> {
        match self.month {
            MonthRule::None => None,
            MonthRule::Fixed(month) => Some(date_of(month)),
            MonthRule::Column(_) => own.map(date_of),
        }
    }
}

/// The day of a date or an instant.
pub fn day_of(value: &Value<'_>) -> Option<i32> {
    match value {
        Value::Day(day) => Some(*day),
        Value::Instant(micros) => Some(micros.div_euclid(86_400_000_000) as i32),
        _ => None,
    }
}

fn month_of(day: NaiveDate) -> i32 {
    days_of(Month::of(day).first_day())
}

/// The position of a column among the declared ones.
pub fn index_of(source: &Source, name: &str) -> Result<usize> {
    source
        .columns
        .get_index_of(name)
        .ok_or_else(|| Error::permanent(Kind::Declaration, format!("source {} has no column {name}", source.name)))
}

fn type_of(source: &Source, name: &str) -> Result<ColumnType> {
    index_of(source, name).map(|index| source.columns[index].column_type)
}

fn require_window(source: &Source, asked: &Asked<'_>) -> Result<Window> {
    asked.window.ok_or_else(|| {
        Error::permanent(Kind::Usage, format!("{} needs the window that was asked for", source.name))
            .hint("say which days the file covers: --window 2026-03-01..2026-03-31 (both included)")
    })
}

fn no_whole_day(source: &Source) -> Error {
    Error::permanent(Kind::Usage, format!("the window covers no whole UTC day, the unit of {}", source.name))
        .hint("give whole days: --window 2026-03-01..2026-03-31 (both included)")
}
