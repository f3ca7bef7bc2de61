//! The keys a pipeline asks for, read from the seller's lake.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use sellerlake_contracts::{Error, Kind, MarketplaceId, Result, SellerId};

use crate::Granted;
use crate::declared::pipeline::{Keys, Pipeline};
use crate::planning::Planning;

/// Keys by marketplace; those of no marketplace belong to all.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeysByMarket(BTreeMap<Option<String>, Vec<String>>);

impl KeysByMarket {
    /// The keys to ask for where these marketplaces are named, sorted, each once.
    pub(crate) fn of(&self, marketplaces: &[MarketplaceId]) -> Vec<String> {
        let places = std::iter::once(None).chain(marketplaces.iter().map(|id| Some(id.to_string())));
        let mut keys: Vec<String> = places.filter_map(|place| self.0.get(&place)).flatten().cloned().collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl Planning {
    /// Runs a pipeline's SELECT for keys over what stands of a seller.
    pub(crate) async fn keys(&self, pipeline: &Pipeline, keys: &Keys, seller: &SellerId) -> Result<KeysByMarket> {
        let granted = Granted::Sellers([seller.clone()].into());
        let failed = |error: Error| {
            Error::permanent(Kind::Declaration, "the SELECT for keys can't be run")
                .at("pipeline.keys")
                .with("file", &pipeline.file)
                .source(error)
                .hint(
                    "`keys.sql` must be one SELECT with a column `key`, and `marketplace_id` where keys belong to one",
                )
        };
        let batches = self.asking.ask(&keys.sql, &granted).await.map_err(failed)?.collect().await?;
        let mut found = KeysByMarket::default();
        for batch in &batches {
            let values =
                text(batch, "key").ok_or_else(|| failed(Error::permanent(Kind::Data, "there is no column `key`")))?;
            let markets = text(batch, "marketplace_id").unwrap_or_else(|| vec![None; batch.num_rows()]);
            for (value, market) in values.into_iter().zip(markets) {
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    found.0.entry(market).or_default().push(value);
                }
            }
        }
        Ok(found)
    }
}

fn text(batch: &RecordBatch, name: &str) -> Option<Vec<Option<String>>> {
    let column = cast(batch.column_by_name(name)?, &DataType::Utf8).ok()?;
    let values = column.as_string_opt::<i32>()?;
    Some((0..values.len()).map(|row| values.is_valid(row).then(|| values.value(row).to_owned())).collect())
}
