//! Deliveries that an earlier run left between `raw/` and `sources/`.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use sellerlake_contracts::{Delivery, DeliveryId, Result, SellerId};
use sellerlake_state::{DeliveryFilter, DeliveryStatus};

use crate::Workspace;
use crate::load::{Group, LoadOptions, by_owner, groups};
use crate::replay::GROUP;

/// After this long without its bytes, a delivery is nobody's work any more.
const ABANDONED: TimeDelta = TimeDelta::hours(1);

impl Workspace {
    /// Loads what stands in `raw/` but was never loaded, and forgets what never came to stand there. Others may be
    /// landing at the same time: what is new is left to them, and loading twice is the same as once.
    pub async fn finish_deliveries(&self, seller: &SellerId) -> Result<Vec<Group>> {
        let mut begun = Vec::new();
        for status in [DeliveryStatus::Landing, DeliveryStatus::Landed] {
            let filter =
                DeliveryFilter { seller: Some(seller.clone()), status: Some(status), ..DeliveryFilter::default() };
            begun.extend(self.state.deliveries(&filter).await?);
        }
        let sources: BTreeSet<&str> = begun.iter().map(|record| record.source.as_str()).collect();
        let mut standing: Vec<Delivery> = Vec::new();
        for source in sources.into_iter().filter(|source| self.declarations.schemas.sources.contains_key(*source)) {
            let wanted: BTreeSet<&DeliveryId> =
                begun.iter().filter(|record| record.source == source).map(|record| &record.id).collect();
            let found = self.lake.deliveries(Some(source), Some(seller)).await?;
            standing.extend(found.into_iter().filter(|delivery| wanted.contains(&delivery.id)));
        }
        for record in &begun {
            let stands = standing.iter().any(|delivery| delivery.id == record.id);
            match record.status {
                DeliveryStatus::Landing if stands => {
                    self.state.set_landed(&record.id, self.clock.now()).await?;
                }
                DeliveryStatus::Landing if self.clock.now() - record.updated_at >= ABANDONED => {
                    self.state.remove_delivery(&record.id).await?;
                }
                _ => {}
            }
        }
        let mut finished = Vec::new();
        for owned in by_owner(standing) {
            for group in groups(&owned, GROUP) {
                finished.push(self.load(&group[0].source, group.to_vec(), &LoadOptions::default()).await?);
            }
        }
        Ok(finished)
    }
}
