//! The lake as any tool sees it: files in folders, read by polars' own reader.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::panic::catch_unwind;

use polars_core::prelude::{Column as Cells, DataFrame, DataType, PolarsError};
use polars_io::prelude::{ParquetReader, SerReader};
use sellerlake_contracts::{Error, Kind, Month, Partition, Result, SellerId};

use crate::Objects;
use crate::declared::{Column, Table, wrong};
use crate::failure::{Outcome, unexpected};

/// The objects there are.
pub(crate) struct Shelf<'a> {
    objects: &'a dyn Objects,
    partitions: BTreeSet<Partition>,
}

impl<'a> Shelf<'a> {
    /// Lists them.
    pub(crate) async fn of(objects: &'a dyn Objects) -> Result<Self> {
        Ok(Self { objects, partitions: objects.list().await?.into_iter().collect() })
    }

    /// Whose rows there are.
    pub(crate) fn sellers(&self) -> BTreeSet<SellerId> {
        self.partitions.iter().map(|partition| partition.seller.clone()).collect()
    }

    /// The months a table has for a seller.
    pub(crate) fn months(&self, table: &str, seller: &SellerId) -> BTreeSet<Month> {
        self.of_table(table, seller).filter_map(|partition| partition.month).collect()
    }

    /// Rows of a table in some months; of all of it where `months` is `None`. Columns an object lacks are unknown there.
    pub(crate) async fn read(
        &self,
        table: &Table,
        seller: &SellerId,
        months: Option<&BTreeSet<Month>>,
        columns: &[&str],
    ) -> Result<DataFrame> {
        let kind = |name: &&str| {
            let kind = table.columns.get(*name).and_then(Column::kind);
            kind.map(|kind| ((*name).to_owned(), kind)).ok_or_else(|| wrong(table.name).with("column", name))
        };
        let kinds = columns.iter().map(kind).collect::<Result<BTreeMap<_, _>>>()?;
        let mut rows = empty(&kinds);
        let is_wanted = |partition: &&Partition| {
            months.is_none_or(|months| partition.month.is_some_and(|month| months.contains(&month)))
        };
        for partition in self.of_table(table.name, seller).filter(is_wanted) {
            let Some(file) = self.objects.open(partition).await? else { continue };
            let found = parse_or_say(file, &kinds).and_then(|found| rows.vstack_mut_owned(found).map(drop));
            found.map_err(|error| unreadable(partition, error))?;
        }
        Ok(rows)
    }

    fn of_table(&self, table: &str, seller: &SellerId) -> impl Iterator<Item = &Partition> {
        self.partitions.iter().filter(move |partition| partition.name == table && partition.seller == *seller)
    }
}

fn unreadable(partition: &Partition, error: PolarsError) -> Error {
    Error::permanent(Kind::Storage, "polars can't read an object")
        .at("second_opinion.read")
        .with("path", partition)
        .source(error)
        .hint("`sellerlake verify` says what is damaged, `sellerlake verify --repair` makes it again")
}

fn empty(kinds: &BTreeMap<String, DataType>) -> DataFrame {
    let columns = kinds.iter().map(|(name, kind)| Cells::new_empty(name.as_str().into(), kind));
    DataFrame::new(0, columns.collect()).unwrap_or_default()
}

/// Reading what can't be read may end in a panic, which is told as an error.
fn parse_or_say(file: File, kinds: &BTreeMap<String, DataType>) -> Outcome<DataFrame> {
    catch_unwind(|| parse(file, kinds))
        .unwrap_or_else(|_| Err(unexpected("it is no Parquet file polars knows".to_owned())))
}

/// The columns asked for, in the types declared.
fn parse(file: File, kinds: &BTreeMap<String, DataType>) -> Outcome<DataFrame> {
    let mut reader = ParquetReader::new(file);
    let stored = reader.schema()?;
    let there = kinds.keys().filter(|name| stored.contains(name.as_str())).cloned().collect();
    let found = reader.with_columns(Some(there)).finish()?;
    let height = found.height();
    let columns = kinds.iter().map(|(name, kind)| match found.column(name) {
        Ok(column) => column.cast(kind),
        Err(_) => Ok(Cells::full_null(name.as_str().into(), height, kind)),
    });
    DataFrame::new(height, columns.collect::<Outcome<_>>()?)
}
