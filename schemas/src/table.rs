//! A declared table: its columns, grain and sort order.

use indexmap::IndexMap;
use serde::Deserialize;

use crate::column::ColumnType;

/// Whether a table has one object per seller, or one per seller and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grain {
    /// One object per seller.
    None,
    /// One object per seller and month.
    Month,
}

/// One column of a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableColumn {
    /// Filled by the loader from the table's key.
    #[serde(skip)]
    pub name: String,
    /// Type of the values.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// What it means; unit, sign and origin included.
    pub doc: String,
    /// Never NULL; the engine checks it.
    #[serde(default)]
    pub required: bool,
}

/// One declared table or rollup; `schemas/tables/<name>.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Filled by the loader from the file's name.
    #[serde(skip)]
    pub name: String,
    /// Raised on every change that isn't just another column.
    pub version: u32,
    /// What one row is.
    pub doc: String,
    /// One object per seller, or per seller and month.
    pub grain: Grain,
    /// Columns rows are sorted by.
    pub sort: Vec<String>,
    /// Columns that tell the rows of one object apart; NULLs are equal to each other. Empty where nothing does.
    #[serde(default)]
    pub key: Vec<String>,
    /// Why two rows that are equal in everything can both be real, in a table without a key.
    #[serde(default)]
    pub no_key: Option<String>,
    /// Columns, in the order they are stored.
    pub columns: IndexMap<String, TableColumn>,
}

impl Table {
    /// Whether the declaration leaves open what tells rows apart: nobody sees there that a row is told twice.
    pub fn leaves_key_open(&self) -> bool {
        self.key.is_empty() && self.no_key.is_none()
    }
}
