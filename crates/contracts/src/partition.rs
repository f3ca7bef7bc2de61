//! A partition is one object; its path says what it holds.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Month, SellerId};

/// The three areas above `raw/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// Decoded rows, the standing version of every unit.
    Sources,
    /// Normalised tables.
    Tables,
    /// Aggregates.
    Rollups,
}

impl Area {
    /// The folder's name, which is also the SQL schema's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sources => "sources",
            Self::Tables => "tables",
            Self::Rollups => "rollups",
        }
    }

    /// All areas, in the order data flows.
    pub const ALL: [Self; 3] = [Self::Sources, Self::Tables, Self::Rollups];
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names one object of the lake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// `sources`, `tables` or `rollups`.
    pub area: Area,
    /// The dataset's declared name.
    pub name: String,
    /// Whose rows.
    pub seller: SellerId,
    /// The month, where the dataset has months.
    pub month: Option<Month>,
}

impl Partition {
    /// Path relative to the lake: `<area>/<name>/seller_id=<id>/[month=<yyyy-mm>/]data.parquet`.
    pub fn path(&self) -> String {
        let Self { area, name, seller, month } = self;
        match month {
            Some(month) => format!("{area}/{name}/seller_id={seller}/month={month}/data.parquet"),
            None => format!("{area}/{name}/seller_id={seller}/data.parquet"),
        }
    }

    /// The partition a path names, or `None` where the path is nobody's.
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let (head, month) = match parts.as_slice() {
            [head @ .., month, "data.parquet"] if month.starts_with("month=") => {
                (head, Some(month.strip_prefix("month=")?.parse().ok()?))
            }
            [head @ .., "data.parquet"] => (head, None),
            _ => return None,
        };
        let [area, name, seller] = head else { return None };
        let area = Area::ALL.into_iter().find(|known| known.as_str() == *area)?;
        let seller = seller.strip_prefix("seller_id=")?.parse().ok()?;
        Some(Self { area, name: (*name).to_owned(), seller, month })
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// What the catalogue knows of one object. The footer holds `row_hash`, `rows` and `schema_version` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectState {
    /// Which object.
    pub partition: Partition,
    /// The store's tag of the bytes; `None` where the partition was built and came out without rows.
    pub etag: Option<String>,
    /// Length in bytes.
    pub size_bytes: u64,
    /// Rows, markers included.
    pub rows: u64,
    /// Rows that stages see: without markers.
    pub visible_rows: u64,
    /// Hash of the content stages see, independent of row order.
    pub row_hash: String,
    /// Hash of everything the object was made from; empty in `sources/`, and after a repair: unknown, so stale.
    pub input_hash: String,
    /// Version of the dataset's declaration.
    pub schema_version: u32,
    /// How many versions of this object have been written, this one among them; 0 where an earlier sellerlake wrote it.
    /// None that is written later has a lower one: an object with a lower one than is known here was put back.
    pub generation: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_partition_both_ways() {
        for path in
            ["sources/all_orders/seller_id=A1/month=2026-03/data.parquet", "tables/costs/seller_id=A1/data.parquet"]
        {
            assert_eq!(Partition::parse(path).unwrap().path(), path);
        }
        for path in ["raw/x/seller_id=A1/data.parquet", "tables/x/data.parquet", "tables/x/seller_id=A1/other.parquet"]
        {
            assert_eq!(Partition::parse(path), None, "{path}");
        }
    }
}
