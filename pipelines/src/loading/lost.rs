//! Deliveries that the ledger knows and the lake no longer holds.

use std::collections::{BTreeMap, BTreeSet};

use sellerlake_contracts::{Delivery, Result, SellerId};
use sellerlake_sinks::Standing;
use sellerlake_state::{DeliveryFilter, DeliveryStatus, ObjectFilter};

use crate::Workspace;
use crate::declared::pipelines::Pipelines;

impl Workspace {
    /// Forgets deliveries that are no longer in `raw/`; how many they are. Where no row of their source and seller stands
    /// either, their pipelines ask for all of it again, as far back as Amazon still answers; rows that stand are kept, and
    /// count as loaded.
    pub async fn forget_lost(&self, pipelines: &Pipelines) -> Result<u64> {
        let Standing { deliveries, unreadable } = self.lake.standing(None, None).await?;
        // What can't be read isn't lost.
        let standing: BTreeSet<String> =
            deliveries.iter().map(Delivery::meta_path).chain(unreadable.into_iter().map(|(path, _)| path)).collect();
        let mut rows: BTreeMap<(String, SellerId), bool> = BTreeMap::new();
        let mut forgotten = 0;
        for record in self.state.deliveries(&DeliveryFilter::default()).await? {
            if record.status == DeliveryStatus::Landing || standing.contains(&record.meta_path) {
                continue;
            }
            let owner = (record.source.clone(), record.seller.clone());
            if !rows.contains_key(&owner) {
                let stand = self.any_object(&owner.0, &owner.1).await?;
                rows.insert(owner.clone(), stand);
            }
            if rows.get(&owner) == Some(&false) {
                for pipeline in pipelines.iter().filter(|pipeline| pipeline.source == record.source) {
                    let (seller, scope) = (&record.seller, &record.scope);
                    self.state.forget_asked(seller, &pipeline.name, scope, record.window).await?;
                }
            }
            self.state.remove_delivery(&record.id).await?;
            forgotten += 1;
        }
        Ok(forgotten)
    }

    /// Whether any rows of a source and seller stand in the lake.
    async fn any_object(&self, source: &str, seller: &SellerId) -> Result<bool> {
        let filter = ObjectFilter::of_dataset(sellerlake_contracts::Area::Sources, source, seller.clone());
        for record in self.state.objects(&filter).await? {
            if self.lake.head(&record.object.partition).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
