//! Taking a delivery back: afterwards everything is as if it had never come.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::AsArray;
use sellerlake_contracts::{Delivery, Error, Kind, Result, failpoint};
use sellerlake_schemas::Source;
use sellerlake_state::{DeliveryFilter, DeliveryRecord};

use crate::care::Care;
use crate::loading::held::held_back;
use crate::loading::loaded::not_loaded;
use crate::loading::loaded::{Group, LoadOptions};
use crate::loading::novelty::{drift, unknown_marketplace};
use crate::progress::Progress;
use crate::rebuilding::rebuild::Rebuilt;

/// What taking a delivery back concerns.
#[derive(Debug)]
pub struct Withdrawal {
    /// The delivery.
    pub record: DeliveryRecord,
    /// Its rows that stand in `sources/`.
    pub rows: u64,
    /// Other deliveries of its source and seller, which are read again: what it had replaced stands again.
    pub others: u64,
}

impl Care {
    /// The delivery with this id, or the only one whose id begins so.
    pub async fn named_delivery(&self, id: &str) -> Result<DeliveryRecord> {
        let all = self.shared.state.deliveries(&DeliveryFilter::default()).await?;
        let mut found = all.into_iter().filter(|record| !id.is_empty() && record.id.as_str().starts_with(id));
        let problem = match (found.next(), found.next()) {
            (Some(record), None) => return Ok(record),
            (Some(_), Some(_)) => format!("several deliveries' ids begin with {id:?}"),
            (None, _) => format!("no delivery's id is, or begins with, {id:?}"),
        };
        Err(Error::permanent(Kind::Usage, problem).hint(
            "`sellerlake sql \"SELECT delivery_id, source, seller_id, as_of, status FROM meta.deliveries\"` lists them",
        ))
    }

    /// What would become of it, without doing it.
    pub async fn withdrawal(&self, record: DeliveryRecord) -> Result<Withdrawal> {
        let source = Arc::clone(self.loading.source(&record.source)?);
        let mut rows = 0;
        let partitions = self.loading.partitions_of(&source, &record.seller).await?;
        self.loading
            .each_batch(&source, &partitions, &mut |batch| {
                let deliveries = batch.column_by_name("_delivery_id").and_then(|column| column.as_string_opt::<i32>());
                let ids = deliveries.into_iter().flatten().flatten();
                rows += ids.filter(|id| *id == record.id.as_str()).count() as u64;
            })
            .await?;
        let others = self.others(&record).await?.len() as u64;
        Ok(Withdrawal { record, rows, others })
    }

    /// Takes a delivery back, and rebuilds what follows. Cut short, it was never taken back, or doing it again goes on.
    pub async fn withdraw(&self, record: &DeliveryRecord, progress: &dyn Progress) -> Result<Rebuilt> {
        let source = Arc::clone(self.loading.source(&record.source)?);
        let others = self.others(record).await?;
        progress.begin("reading the others again", Some(others.len() as u64));
        let standing = self.shared.lake.delivery(&record.meta_path).await?;
        // Until its bytes are gone it counts as not yet loaded, so that whoever comes next makes all of it whole.
        for delivery in standing.iter().chain(&others) {
            self.forget_and_enter(delivery).await?;
        }
        self.shared.resolve(&drift(&source.name, &record.seller)).await?;
        self.drop_rows(&source, record).await?;
        failpoint::reach("withdraw.dropped")?;
        for group in self.loading.groups(others).await? {
            let count = group.len() as u64;
            let options = LoadOptions { leaving: Some(record.id.clone()), ..LoadOptions::default() };
            self.loading.load(&source.name, group, &options).await?;
            progress.advance(count);
        }
        // Its bytes go last: what is left where this is cut short is a delivery that isn't loaded yet, or none.
        self.shared.state.forget_loaded(&record.id).await?;
        self.resolve_all_of(&source, record).await?;
        if let Some(delivery) = standing {
            self.shared.lake.withdraw(&delivery, self.shared.clock.now()).await?;
        }
        progress.end();
        self.shared.state.remove_delivery(&record.id).await?;
        self.resolve_all_of(&source, record).await?;
        self.loading.tell_moved(&source, &record.seller, &mut Group::default()).await?;
        self.rebuilding.rebuild(&record.seller, None, progress).await
    }

    async fn forget_and_enter(&self, delivery: &Delivery) -> Result<()> {
        self.shared.state.remove_delivery(&delivery.id).await?;
        self.loading.enter(delivery).await
    }

    /// The other deliveries of a delivery's source and seller that `raw/` holds.
    async fn others(&self, record: &DeliveryRecord) -> Result<Vec<Delivery>> {
        let mut others = self.shared.lake.deliveries(Some(&record.source), Some(&record.seller)).await?;
        others.retain(|other| other.id != record.id);
        Ok(others)
    }

    /// Drops the rows of a delivery, wherever they stand.
    async fn drop_rows(&self, source: &Arc<Source>, record: &DeliveryRecord) -> Result<()> {
        let options = LoadOptions { replaying: BTreeSet::from([record.id.clone()]), ..LoadOptions::default() };
        let mut group = Group::default();
        let working = self.objects.working(self.loading.loading_bytes(&[])).await;
        self.loading.merge_months(source, &record.seller, Vec::new(), &options, &mut group, &working).await
    }

    async fn resolve_all_of(&self, source: &Source, record: &DeliveryRecord) -> Result<()> {
        self.shared.resolve(&not_loaded(&record.seller, &record.id)).await?;
        self.shared.resolve(&held_back(source, &record.seller, &record.id)).await?;
        let Some(marketplace) = &record.marketplace else { return Ok(()) };
        let of_seller = DeliveryFilter { seller: Some(record.seller.clone()), ..DeliveryFilter::default() };
        let others = self.shared.state.deliveries(&of_seller).await?;
        if others.iter().all(|other| other.marketplace.as_ref() != Some(marketplace)) {
            self.shared.resolve(&unknown_marketplace(&record.seller, marketplace)).await?;
        }
        Ok(())
    }
}
