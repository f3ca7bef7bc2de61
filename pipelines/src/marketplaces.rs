//! The marketplaces there are, and whose region they are of.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use sellerlake_contracts::{MarketplaceId, Region};

use crate::Workspace;

impl Workspace {
    /// Every marketplace of the reference table `marketplaces`, by id.
    pub fn marketplaces(&self) -> BTreeMap<MarketplaceId, Region> {
        let Some(reference) = self.declarations.schemas.references.get("marketplaces") else { return BTreeMap::new() };
        let column = |name: &str| reference.rows.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let (Some(ids), Some(regions)) = (column("marketplace_id"), column("region")) else { return BTreeMap::new() };
        let pairs = (0..ids.len()).filter_map(|row| {
            Some((ids.value(row).parse().ok()?, regions.value(row).to_ascii_lowercase().parse().ok()?))
        });
        pairs.collect()
    }
}
