//! What is declared, and all that is shared with the engine whose rollups are looked at: names, types and keys of tables,
//! and the list of marketplaces.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use polars_core::prelude::{DataType, TimeUnit};
use sellerlake_contracts::{Error, Kind, Result};
use serde::Deserialize;

/// The declaration of a table, read as it stands in `schemas/`.
macro_rules! declared {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("../../../schemas/tables/", $name, ".toml")))),*]
    };
}

const TABLES: [(&str, &str); 14] = declared![
    "costs",
    "daily_profit",
    "daily_sales",
    "finance_lines",
    "fx",
    "ledger_accrual",
    "monthly_fees",
    "order_items",
    "ppc",
    "settlement_lines",
    "settlement_reconciliation",
    "settlements",
    "vat_rates",
    "vat_registrations"
];

const MARKETPLACES: &str = include_str!("../../../schemas/reference/marketplaces.csv");

/// A table: its columns and what tells its rows apart.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Table {
    #[serde(skip)]
    pub(crate) name: &'static str,
    #[serde(default)]
    pub(crate) key: Vec<String>,
    pub(crate) columns: IndexMap<String, Column>,
}

/// A column.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Column {
    #[serde(rename = "type")]
    kind: String,
}

impl Column {
    /// Its type, where polars has one of that name.
    pub(crate) fn kind(&self) -> Option<DataType> {
        Some(match self.kind.as_str() {
            "text" | "json" => DataType::String,
            "int" => DataType::Int64,
            // All are UTC, so polars needs to know no zone.
            "timestamp" => DataType::Datetime(TimeUnit::Microseconds, None),
            "date" => DataType::Date,
            "bool" => DataType::Boolean,
            decimal => {
                let digits = decimal.strip_prefix("decimal(")?.strip_suffix(')')?;
                let (precision, scale) = digits.split_once(',')?;
                DataType::Decimal(precision.trim().parse().ok()?, scale.trim().parse().ok()?)
            }
        })
    }
}

/// All tables needed, by name.
pub(crate) fn tables() -> Result<BTreeMap<&'static str, Table>> {
    let table = |(name, text): (&'static str, &str)| match toml::from_str::<Table>(text) {
        Ok(table) => Ok((name, Table { name, ..table })),
        Err(error) => Err(wrong(name).source(error)),
    };
    TABLES.into_iter().map(table).collect()
}

/// What is known of a marketplace.
#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    pub(crate) marketplace_id: String,
    pub(crate) currency: String,
    pub(crate) region: String,
    /// Whether prices there contain VAT.
    #[serde(rename = "vat_inclusive")]
    pub(crate) has_vat_in_prices: bool,
}

/// Marketplaces by their id.
pub(crate) struct Places(BTreeMap<String, Place>);

impl Places {
    /// Those Amazon has.
    pub(crate) fn of_amazon() -> Result<Self> {
        let rows = csv::Reader::from_reader(MARKETPLACES.as_bytes()).into_deserialize::<Place>();
        let places = rows.map(|place| place.map(|place| (place.marketplace_id.clone(), place)));
        places.collect::<Result<_, _>>().map(Self).map_err(|error| wrong("marketplaces").source(error))
    }

    /// The marketplace of an id.
    pub(crate) fn get(&self, id: Option<&str>) -> Option<&Place> {
        self.0.get(id?)
    }

    /// The region a currency is at home in.
    pub(crate) fn region_of(&self, currency: &str) -> Option<&str> {
        self.0.values().filter(|place| place.currency == currency).map(|place| place.region.as_str()).min()
    }
}

pub(crate) fn wrong(table: &str) -> Error {
    Error::permanent(Kind::Declaration, "what the second opinion needs isn't declared as it expects")
        .at("second_opinion.declared")
        .with("table", table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ROLLUPS;

    #[test]
    fn every_column_read_is_declared_with_a_type() {
        let tables = tables().unwrap();
        for rollup in &ROLLUPS {
            assert!(!tables[rollup.name].key.is_empty(), "{} has a key", rollup.name);
            for reading in rollup.reads {
                for column in reading.columns {
                    let declared = tables[reading.table].columns.get(*column);
                    let kind = declared.unwrap_or_else(|| panic!("{} has no {column}", reading.table)).kind();
                    assert!(kind.is_some(), "{}.{column} has no type", reading.table);
                }
            }
        }
        assert!(Places::of_amazon().unwrap().get(Some("ATVPDKIKX0DER")).is_some());
    }
}
