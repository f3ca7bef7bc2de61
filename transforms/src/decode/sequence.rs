//! Days of a row that follow one another: where one precedes the one before it, cells have changed places.

use sellerlake_contracts::Result;
use sellerlake_schemas::Source;

use super::cell::Value;
use super::units::{day_of, index_of};

/// Columns in the order of their days.
pub struct Sequence(Vec<Vec<usize>>);

impl Sequence {
    /// What the source declares.
    pub fn of(source: &Source) -> Result<Self> {
        let positions = |names: &Vec<String>| names.iter().map(|name| index_of(source, name)).collect::<Result<_>>();
        source.in_order.iter().map(positions).collect::<Result<_>>().map(Self)
    }

    /// The first column whose day precedes that of another one, and why that can't be.
    pub fn broken(&self, source: &Source, values: &[Value<'_>]) -> Option<(usize, String)> {
        self.0.iter().find_map(|columns| {
            let days = columns.iter().filter_map(|column| Some((*column, day_of(&values[*column])?)));
            let days: Vec<(usize, i32)> = days.collect();
            let wrong = days.windows(2).find(|pair| pair[1].1 < pair[0].1)?;
            let before = &source.columns[wrong[0].0].name;
            Some((wrong[1].0, format!("precedes {before}: have they changed places?")))
        })
    }
}
