//! Rows of deliveries that nobody knows: an object of another lake, put in the place of this one's, says that it is whole and
//! at home, and may have the higher generation.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Schema};
use futures::StreamExt;
use sellerlake_contracts::{DeliveryId, Error, Kind, Partition, Result};
use sellerlake_query::{LakeTable, LakeTableOptions};
use sellerlake_sinks::{Head, Standing};

use crate::objects::Objects;
use crate::objects::inputs::unknown_object;

impl Objects {
    /// Insists that all rows of a source's object are of deliveries of this lake. The rows of a delivery that is known are
    /// what its bytes say, whoever wrote them.
    pub(crate) async fn expect_own_rows(&self, partition: &Partition, head: &Head) -> Result<()> {
        let found = self.deliveries_in(partition, head).await?;
        match self.strangers(partition, found).await?.first() {
            Some(stranger) => Err(foreign_rows(partition, stranger)),
            None => Ok(()),
        }
    }

    /// The deliveries that an object has rows of.
    async fn deliveries_in(&self, partition: &Partition, head: &Head) -> Result<BTreeSet<String>> {
        let schema = Arc::new(Schema::new(vec![Field::new("_delivery_id", DataType::Utf8, false)]));
        let object = unknown_object(partition, head);
        let table = LakeTable::new(self.reader.clone(), &schema, vec![object], &LakeTableOptions::default());
        let mut rows = self.scan(&table, partition).await?;
        let mut found = BTreeSet::new();
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(|error| crate::objects::swap::row_error(error, partition))?;
            let mut last = None;
            for id in batch.column(0).as_string::<i32>().iter().flatten() {
                if last.replace(id) != Some(id) && !found.contains(id) {
                    found.insert(id.to_owned());
                }
            }
        }
        Ok(found)
    }

    /// Those of these deliveries that neither the ledger nor `raw/` knows.
    pub(crate) async fn strangers(
        &self,
        partition: &Partition,
        deliveries: BTreeSet<String>,
    ) -> Result<BTreeSet<String>> {
        let mut strangers = BTreeSet::new();
        for text in deliveries {
            let id = DeliveryId::try_from(text.clone()).ok();
            let is_known = match &id {
                Some(id) => self.shared.state.delivery(id).await?.is_some(),
                None => false,
            };
            if !is_known {
                strangers.insert(text);
            }
        }
        if strangers.is_empty() {
            return Ok(strangers);
        }
        // The ledger may be that of the day before.
        let standing = self.shared.lake.standing(Some(&partition.name), Some(&partition.seller)).await?;
        let landed = landed(&standing);
        strangers.retain(|id| !landed.contains(id.as_str()));
        Ok(strangers)
    }
}

/// The deliveries of which `raw/` holds anything.
pub(crate) fn landed(standing: &Standing) -> BTreeSet<&str> {
    let named = |path| std::path::Path::new(path).file_name()?.to_str()?.split('.').next();
    let bare = standing.bare.iter().filter_map(|path| named(path.as_str()));
    let unreadable = standing.unreadable.iter().filter_map(|(path, _)| named(path.as_str()));
    standing.deliveries.iter().map(|delivery| delivery.id.as_str()).chain(bare).chain(unreadable).collect()
}

/// That an object has rows which came from nowhere.
pub(crate) fn foreign_rows(partition: &Partition, delivery: &str) -> Error {
    Error::permanent(Kind::Data, format!("it has rows of delivery {delivery}, which neither raw/ nor the ledger knows"))
        .at("object.read")
        .with("path", partition)
        .hint("it is another lake's: `sellerlake verify --repair` makes it again from raw/, without them")
}
