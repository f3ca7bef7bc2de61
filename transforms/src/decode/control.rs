//! Declared sums: what the rows of a unit add up to, against the total the unit states itself.

use std::collections::BTreeMap;

use sellerlake_contracts::Result;
use sellerlake_schemas::{Control, Source};

use super::cell::Value;
use super::number::scale_of;
use super::number::{self, common_scale};
use super::outcome::Unbalanced;
use super::units::index_of;

/// A control with its columns found; amounts are compared at the finest scale among them.
pub struct ControlPlan {
    /// Columns added up, with the power of ten that brings them to the common scale.
    sum: Vec<(usize, i128)>,
    equals: (usize, i128),
    scale: i8,
}

impl ControlPlan {
    /// Finds the columns of a declared control.
    pub fn new(source: &Source, control: &Control) -> Result<Self> {
        let sum = control.sum.iter().map(|name| index_of(source, name)).collect::<Result<Vec<_>>>()?;
        let equals = index_of(source, &control.equals)?;
        let type_at = |index: usize| source.columns[index].column_type;
        let scale = common_scale(sum.iter().copied().chain([equals]).map(type_at));
        let factor = |index: usize| 10_i128.pow((scale - scale_of(type_at(index))).unsigned_abs().into());
        Ok(Self {
            sum: sum.into_iter().map(|index| (index, factor(index))).collect(),
            equals: (equals, factor(equals)),
            scale,
        })
    }
}

impl ControlPlan {
    /// The columns whose numbers it proves if it holds.
    pub fn columns(&self) -> impl Iterator<Item = usize> {
        self.sum.iter().chain([&self.equals]).map(|(column, _)| *column)
    }
}

fn amount(values: &[Value<'_>], (column, factor): (usize, i128)) -> Option<i128> {
    match values.get(column)? {
        Value::Decimal(value) => Some(value.saturating_mul(factor)),
        Value::Int(value) => Some(i128::from(*value).saturating_mul(factor)),
        _ => None,
    }
}

#[derive(Default)]
struct Sum {
    rows: u64,
    total: i128,
    /// The totals stated; more than one contradict each other.
    stated: Vec<i128>,
}

impl Sum {
    fn state(&mut self, total: i128) {
        if !self.stated.contains(&total) && self.stated.len() < 10 {
            self.stated.push(total);
        }
    }
}

/// The sums of one control, per unit.
#[derive(Default)]
pub struct Sums(BTreeMap<String, Sum>);

impl Sums {
    /// Adds a row of the unit `key`.
    pub fn add(&mut self, control: &ControlPlan, values: &[Value<'_>], key: &str) {
        if !self.0.contains_key(key) {
            self.0.insert(key.to_owned(), Sum::default());
        }
        let Some(sum) = self.0.get_mut(key) else { return };
        sum.rows += 1;
        for column in &control.sum {
            sum.total = sum.total.saturating_add(amount(values, *column).unwrap_or(0));
        }
        if let Some(total) = amount(values, control.equals) {
            sum.state(total);
        }
    }

    /// Adds the sums of a later stretch of the document.
    pub fn merge(&mut self, later: Self) {
        for (key, sum) in later.0 {
            let own = self.0.entry(key).or_default();
            own.rows += sum.rows;
            own.total = own.total.saturating_add(sum.total);
            for total in sum.stated {
                own.state(total);
            }
        }
    }

    /// The units whose sums are shown to match, with their number of rows: neither those that don't balance nor those
    /// that state no total at all.
    pub fn proven(&self) -> impl Iterator<Item = (&String, u64)> {
        let is_proven = |sum: &Sum| matches!(sum.stated.as_slice(), [stated] if *stated == sum.total);
        self.0.iter().filter(move |(_, sum)| is_proven(sum)).map(|(unit, sum)| (unit, sum.rows))
    }

    /// The units that don't balance. A unit that states no total can't be checked and isn't listed.
    pub fn unbalanced(self, control: &ControlPlan) -> Vec<Unbalanced> {
        let text = |amount: i128| {
            let mut text = String::new();
            number::render(amount, control.scale, &mut text);
            text
        };
        let off = self.0.into_iter().filter(|(_, sum)| sum.stated.iter().any(|stated| *stated != sum.total));
        off.map(|(unit, sum)| Unbalanced {
            unit,
            sum: text(sum.total),
            expected: sum.stated.iter().map(|total| text(*total)).collect::<Vec<_>>().join(" and "),
        })
        .collect()
    }
}
