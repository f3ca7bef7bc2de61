//! A document's own dates against the window it was asked for with.

use chrono::NaiveDate;
use sellerlake_contracts::{Result, Window};
use sellerlake_schemas::{Format, Source, Unit};

use super::cell::Value;
use super::moment::{date_of, days_of};
use super::units::{day_of, index_of};

/// Days by which a date may miss the window where the window doesn't make the unit: zones differ.
const LEEWAY: i32 = 2;
/// Days beside the window that are still its neighbours: Amazon cuts reports in zones of its own, so what was asked for
/// comes with some rows of the day before or after.
const NEIGHBOURS: i32 = 1;

/// Which dates are looked at, and between which days they have to lie.
pub struct DatesPlan {
    columns: Vec<usize>,
    window: Option<(i32, i32)>,
    neighbourhood: Option<(i32, i32)>,
    rule: Rule,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// No row may lie outside: the document is of exactly one window.
    None,
    /// Not all rows may.
    All,
}

impl DatesPlan {
    /// The plan for a request with this window.
    pub fn new(source: &Source, window: Option<Window>) -> Result<Self> {
        let columns = source.dated_by.iter().map(|name| index_of(source, name)).collect::<Result<_>>()?;
        let of_window = source.unit == Unit::Period;
        let rule = if of_window && source.format != Format::Json { Rule::None } else { Rule::All };
        let leeway = if of_window { 0 } else { LEEWAY };
        let days = |leeway: i32| {
            window.map(|window| {
                (
                    days_of(window.from.date_naive()).saturating_sub(leeway),
                    days_of(window.last_day()).saturating_add(leeway),
                )
            })
        };
        Ok(Self { columns, window: days(leeway), neighbourhood: days(NEIGHBOURS), rule })
    }
}

/// Where the dates lay.
#[derive(Default)]
pub struct Dates {
    inside: u64,
    outside: Option<Outside>,
    far: u64,
}

#[derive(Clone, Copy)]
struct Outside {
    rows: u64,
    first: i32,
    last: i32,
}

impl Dates {
    /// Counts a row of a day that wasn't asked for; says whether the day isn't even a neighbour of those that were.
    pub fn outside(&mut self, plan: &DatesPlan, day: i32) -> bool {
        let is_far = plan.neighbourhood.is_none_or(|(first, last)| day < first || last < day);
        self.far += u64::from(is_far);
        self.add(Outside { rows: 1, first: day, last: day });
        is_far
    }

    /// Looks at the dates of a row: it lies in the window if one of them does, or must do so with all.
    pub fn see(&mut self, plan: &DatesPlan, values: &[Value<'_>]) {
        let Some((first, last)) = plan.window.filter(|_| !plan.columns.is_empty()) else { return };
        let days = || plan.columns.iter().filter_map(|column| day_in(&values[*column]));
        let is_inside = |day: i32| first <= day && day <= last;
        let mut outside = days().filter(|day| !is_inside(*day)).peekable();
        let is_off = match plan.rule {
            Rule::None => outside.peek().is_some(),
            Rule::All => outside.peek().is_some() && !days().any(is_inside),
        };
        if !is_off {
            self.inside += u64::from(days().next().is_some());
            return;
        }
        let (first, last) = outside.fold((i32::MAX, i32::MIN), |(first, last), day| (first.min(day), last.max(day)));
        self.add(Outside { rows: 1, first, last });
    }

    fn add(&mut self, other: Outside) {
        let own = self.outside.get_or_insert(Outside { rows: 0, ..other });
        own.rows += other.rows;
        own.first = own.first.min(other.first);
        own.last = own.last.max(other.last);
    }

    /// Whether rows are of days that aren't even neighbours of those asked for.
    pub fn are_of_others(&self) -> bool {
        self.far > 0
    }

    /// Adds those of a later stretch of the document.
    pub fn merge(&mut self, later: &Self) {
        self.inside += later.inside;
        self.far += later.far;
        if let Some(outside) = later.outside {
            self.add(outside);
        }
    }

    /// Why the document can't be the answer to its request; `of_days`: every row is of a day that wasn't asked for.
    pub fn elsewhere(&self, plan: &DatesPlan, of_days: bool) -> Option<String> {
        let Outside { rows, first, last } = self.outside?;
        let is_looked_at = !plan.columns.is_empty() && plan.window.is_some();
        let is_elsewhere = of_days || is_looked_at && (plan.rule == Rule::None || self.inside == 0);
        if !is_elsewhere {
            return None;
        }
        let days = span(date_of(first), date_of(last));
        let rows = if self.inside > 0 { format!("{rows} rows lie") } else { "every row lies".to_owned() };
        Some(format!("{rows} outside the window, on {days}; --window must be the one the file was made for"))
    }
}

/// The day of a value: a text's is the one it begins with, as intervals do.
fn day_in(value: &Value<'_>) -> Option<i32> {
    match value {
        Value::Text(text) => text.get(..10)?.parse().ok().map(days_of),
        other => day_of(other),
    }
}

fn span(first: NaiveDate, last: NaiveDate) -> String {
    if first == last { first.to_string() } else { format!("{first}..{last}") }
}
