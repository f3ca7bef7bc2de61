//! A second opinion: another engine works rollups out, and says where the lake says something else.
//!
//! polars reads the files of the tables with its own Parquet reader, as any BI tool could, and each rollup is worked out
//! from what `docs/TABLES.md` says of it. Nothing of how sellerlake reads or computes is used: no SQL, no stage, no
//! catalogue. What is shared is what is declared: names, types and keys of tables, and the list of marketplaces.
//!
//! Only polars' frames, groups and Parquet reader are built, without its lazy engine, and only with the feature `polars`.
//! Sums are made here, in whole numbers.
#![cfg(feature = "polars")]

mod ads;
mod books;
mod calendar;
mod cell;
mod compare;
mod daily_profit;
mod daily_sales;
mod declared;
mod exact;
mod failure;
mod groups;
mod inputs;
mod monthly_fees;
mod rollup;
mod settlement_reconciliation;
mod shelf;
mod taxes;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use async_trait::async_trait;
use sellerlake_contracts::{Error, Kind, Month, Partition, Result, SellerId};

pub use crate::compare::{About, Difference};
use crate::compare::{Compared, compare};
use crate::declared::{Places, Table};
use crate::inputs::Inputs;
use crate::rollup::{Reading, Rollup};
use crate::shelf::Shelf;

const ROLLUPS: [Rollup; 4] =
    [daily_sales::ROLLUP, daily_profit::ROLLUP, monthly_fees::ROLLUP, settlement_reconciliation::ROLLUP];

/// Names of the rollups that are worked out.
pub const COVERED: [&str; 4] = [ROLLUPS[0].name, ROLLUPS[1].name, ROLLUPS[2].name, ROLLUPS[3].name];

/// What the second opinion is of one seller's rollup.
#[derive(Debug)]
pub struct Opinion {
    /// Whose rollup.
    pub seller: SellerId,
    /// Its name.
    pub table: &'static str,
    /// Rows the lake has.
    pub rows: u64,
    /// Columns that were compared.
    pub columns: BTreeSet<String>,
    /// Where the lake says something else.
    pub differences: Vec<Difference>,
}

/// Where the objects are.
#[async_trait]
pub trait Objects: Sync {
    /// All objects of tables and rollups.
    async fn list(&self) -> Result<Vec<Partition>>;

    /// One of them as it stands now; `None` where it has gone since.
    async fn open(&self, partition: &Partition) -> Result<Option<File>>;
}

/// Works out every rollup it can of every seller, month by month, and compares it with what stands in the lake.
pub async fn second_opinion(objects: &dyn Objects) -> Result<Vec<Opinion>> {
    let shelf = Shelf::of(objects).await?;
    let (tables, places) = (declared::tables()?, Places::of_amazon()?);
    let mut opinions = Vec::new();
    for seller in shelf.sellers().into_iter().filter(|seller| !seller.is_shared()) {
        for rollup in &ROLLUPS {
            let work = Work { shelf: &shelf, tables: &tables, places: &places, seller: &seller, rollup };
            let mut opinion = Opinion {
                seller: seller.clone(),
                table: rollup.name,
                rows: 0,
                columns: BTreeSet::new(),
                differences: Vec::new(),
            };
            for month in work.months() {
                let found = work.compare(month).await?;
                opinion.rows += found.rows;
                opinion.columns.extend(found.columns);
                opinion.differences.extend(found.differences);
            }
            opinions.push(opinion);
        }
    }
    Ok(opinions)
}

/// One rollup of one seller.
struct Work<'a> {
    shelf: &'a Shelf<'a>,
    tables: &'a BTreeMap<&'static str, Table>,
    places: &'a Places,
    seller: &'a SellerId,
    rollup: &'a Rollup,
}

impl Work<'_> {
    /// Months that stand, or that rows of a table could belong to.
    fn months(&self) -> BTreeSet<Month> {
        let mut months = self.shelf.months(self.rollup.name, self.seller);
        for Reading { table, months: reach, .. } in self.rollup.reads {
            let Some((first, last)) = reach else { continue };
            let of_table = self.shelf.months(table, self.seller).into_iter();
            months.extend(of_table.flat_map(|month| (-last..=-first).filter_map(move |offset| month.plus(offset))));
        }
        months
    }

    async fn compare(&self, month: Month) -> Result<Compared> {
        let mut tables = BTreeMap::new();
        for Reading { table, months, columns } in self.rollup.reads {
            let months = months.map(|(first, last)| (first..=last).filter_map(|offset| month.plus(offset)).collect());
            let rows = self.shelf.read(self.declared(table)?, self.seller, months.as_ref(), columns).await?;
            tables.insert(*table, rows);
        }
        let table = self.declared(self.rollup.name)?;
        let columns: Vec<&str> = table.columns.keys().map(String::as_str).collect();
        let lake = self.shelf.read(table, self.seller, Some(&[month].into()), &columns).await?;
        let inputs = Inputs { month, places: self.places, tables };
        let worked_out = (self.rollup.work_out)(&inputs);
        let compared = worked_out.and_then(|worked_out| compare(self.seller, table, &lake, worked_out));
        compared.map_err(|error| failed(table.name, error).with("seller", self.seller).with("month", month))
    }

    fn declared(&self, name: &str) -> Result<&Table> {
        self.tables.get(name).ok_or_else(|| declared::wrong(name))
    }
}

fn failed(table: &str, error: polars_core::prelude::PolarsError) -> Error {
    Error::permanent(Kind::Data, "a rollup can't be worked out again")
        .at("second_opinion.compare")
        .with("table", table)
        .source(error)
}
