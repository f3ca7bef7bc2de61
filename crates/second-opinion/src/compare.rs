//! Rows of the lake beside rows worked out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use polars_core::prelude::DataFrame;
use sellerlake_contracts::SellerId;

use crate::cell::{Cell, Row, cells};
use crate::declared::Table;
use crate::failure::Outcome;

/// A value the lake and polars don't agree in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Whose row it is.
    pub seller: SellerId,
    /// In which rollup.
    pub table: String,
    /// The row's key, as `column=value` pairs.
    pub key: String,
    /// What they don't agree in.
    pub about: About,
}

/// What two rows can differ in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// One column's value: its name, what the lake says, what polars says.
    Column(String, String, String),
    /// How many rows have the key: in the lake, and by polars.
    Rows(usize, usize),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seller, table, key, about } = self;
        write!(f, "{seller} {table} {key}: ")?;
        match about {
            About::Column(column, ours, theirs) => write!(f, "{column} is {ours} in the lake, {theirs} by polars"),
            About::Rows(0, theirs) => write!(f, "isn't in the lake, {} by polars", rows(*theirs)),
            About::Rows(ours, 0) => write!(f, "{} in the lake, none by polars", rows(*ours)),
            About::Rows(ours, theirs) => write!(f, "{} in the lake, {} by polars", rows(*ours), rows(*theirs)),
        }
    }
}

fn rows(number: usize) -> String {
    if number == 1 { "1 row".to_owned() } else { format!("{number} rows") }
}

/// What comparing found.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) rows: u64,
    pub(crate) columns: BTreeSet<String>,
    pub(crate) differences: Vec<Difference>,
}

type Keyed = BTreeMap<Vec<Cell>, Vec<BTreeMap<String, Cell>>>;

/// Compares the rows of one month, each column that was worked out.
pub(crate) fn compare(seller: &SellerId, table: &Table, lake: &DataFrame, worked_out: Vec<Row>) -> Outcome<Compared> {
    let columns =
        table.columns.keys().map(|name| Ok((name.clone(), cells(lake, name)?))).collect::<Outcome<Vec<_>>>()?;
    let ours =
        (0..lake.height()).map(|at| columns.iter().map(|(name, cells)| (name.clone(), cells[at].clone())).collect());
    let theirs =
        worked_out.into_iter().map(|row| row.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect());
    let (ours, mut theirs) = (keyed(table, ours), keyed(table, theirs));
    let mut found = Compared { rows: lake.height() as u64, ..Compared::default() };
    for (key, our_rows) in ours {
        let their_rows = theirs.remove(&key).unwrap_or_default();
        let difference = |about| difference(seller, table, &key, about);
        let ([ours], [theirs]) = (our_rows.as_slice(), their_rows.as_slice()) else {
            found.differences.push(difference(About::Rows(our_rows.len(), their_rows.len())));
            continue;
        };
        for (column, their_cell) in theirs {
            let our_cell = ours.get(column).unwrap_or(&Cell::Unknown);
            if our_cell != their_cell {
                let about = About::Column(column.clone(), our_cell.to_string(), their_cell.to_string());
                found.differences.push(difference(about));
            }
            found.columns.insert(column.clone());
        }
    }
    let missing = theirs.iter().map(|(key, rows)| difference(seller, table, key, About::Rows(0, rows.len())));
    found.differences.extend(missing);
    Ok(found)
}

fn keyed(table: &Table, rows: impl Iterator<Item = BTreeMap<String, Cell>>) -> Keyed {
    let mut keyed = Keyed::new();
    for row in rows {
        let key = table.key.iter().map(|name| row.get(name).cloned().unwrap_or(Cell::Unknown)).collect();
        keyed.entry(key).or_default().push(row);
    }
    keyed
}

fn difference(seller: &SellerId, table: &Table, key: &[Cell], about: About) -> Difference {
    let pairs = table.key.iter().zip(key).map(|(name, cell)| format!("{name}={cell}"));
    Difference { seller: seller.clone(), table: table.name.to_owned(), key: pairs.collect::<Vec<_>>().join(" "), about }
}
