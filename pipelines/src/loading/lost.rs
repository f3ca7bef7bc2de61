//! Deliveries that the ledger knows and the lake no longer holds.

use std::collections::BTreeMap;

use sellerlake_contracts::{Delivery, Error, Kind, Result, SellerId};
use sellerlake_sinks::Standing;
use sellerlake_state::{DeliveryFilter, DeliveryRecord, DeliveryStatus, ObjectFilter};

use crate::declared::pipelines::Pipelines;
use crate::loading::Loading;

/// A delivery whose metadata, or all of it, is gone from `raw/`.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    pub(crate) record: DeliveryRecord,
    /// Whether its bytes stand.
    has_bytes: bool,
}

impl Lost {
    /// The file that is missing, and what to do about it.
    pub(crate) fn told(&self) -> (String, String) {
        let id = &self.record.id;
        let (path, what) = if self.has_bytes {
            (&self.record.meta_path, "its bytes stand, but this, without which nobody can read them, is gone")
        } else {
            (&self.record.data_path, "it was landed, but isn't in the lake")
        };
        let problem = format!(
            "{what}; restore the file from a backup or hand the document in again: until then its rows stay as they stand \
             (`sellerlake withdraw {id}` takes them back; `sellerlake verify --repair` forgets deliveries of which nothing is left)"
        );
        (path.clone(), problem)
    }
}

impl Loading {
    /// Deliveries that came to stand in `raw/`, and whose metadata isn't in this listing of it.
    pub(crate) async fn lost_deliveries(&self, filter: &DeliveryFilter, standing: &Standing) -> Result<Vec<Lost>> {
        let metas = standing.metas();
        let records = self.shared.state.deliveries(filter).await?.into_iter();
        let lost = records
            .filter(|record| record.status != DeliveryStatus::Landing && !metas.contains(&record.meta_path))
            .map(|record| Lost { has_bytes: standing.bare.contains(&record.data_path), record });
        Ok(lost.collect())
    }

    /// Forgets deliveries of which neither `raw/` holds anything, nor any row of their source and seller stands: their
    /// pipelines ask for all of it again, as far back as Amazon still answers. How many they are. What stands is left as it
    /// is, and the deliveries it is of stay known.
    pub async fn forget_lost(&self, pipelines: &Pipelines) -> Result<u64> {
        let standing = self.shared.lake.standing(None, None).await?;
        let mut rows: BTreeMap<(String, SellerId), bool> = BTreeMap::new();
        let mut forgotten = 0;
        for Lost { record, has_bytes } in self.lost_deliveries(&DeliveryFilter::default(), &standing).await? {
            let owner = (record.source.clone(), record.seller.clone());
            if !rows.contains_key(&owner) {
                let stand = self.any_object(&owner.0, &owner.1).await?;
                rows.insert(owner.clone(), stand);
            }
            if has_bytes || rows.get(&owner) == Some(&true) {
                continue;
            }
            for pipeline in pipelines.iter().filter(|pipeline| pipeline.source == record.source) {
                let (seller, scope) = (&record.seller, &record.scope);
                self.shared.state.forget_asked(seller, &pipeline.name, scope, record.window).await?;
            }
            self.shared.state.remove_delivery(&record.id).await?;
            forgotten += 1;
        }
        Ok(forgotten)
    }

    /// Whether any rows of a source and seller stand in the lake.
    async fn any_object(&self, source: &str, seller: &SellerId) -> Result<bool> {
        let filter = ObjectFilter::of_dataset(sellerlake_contracts::Area::Sources, source, seller.clone());
        for record in self.shared.state.objects(&filter).await? {
            if self.shared.lake.head(&record.object.partition).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the bytes of a delivery and compares them with the hash they were landed with.
    pub(crate) async fn check_raw(&self, delivery: Delivery) -> Result<()> {
        let raw = self.shared.lake.fetch(&delivery).await?;
        let checked = tokio::task::spawn_blocking(move || raw.verify_sha256(&delivery)).await;
        checked.map_err(|error| Error::permanent(Kind::Internal, "verifying was interrupted").source(error))?
    }
}
