//! Taking up what an earlier run left between landing and loading.

use std::collections::BTreeSet;

use sellerlake_contracts::{Delivery, DeliveryId, Result, SellerId};
use sellerlake_state::{DeliveryFilter, DeliveryRecord, DeliveryStatus};

use crate::loading::Loading;
use crate::loading::groups::by_owner;
use crate::loading::loaded::Group;
use crate::loading::lost::Lost;
use crate::loading::together::Together;

/// What was taken up.
#[derive(Debug, Default)]
pub struct Resumed {
    /// Deliveries whose bytes stood, and which are loaded or refused now.
    pub loaded: u64,
    /// How many of those were refused, or lack something.
    pub in_part: u64,
    /// Entries of deliveries whose bytes never came to stand.
    pub forgotten: u64,
    /// Deliveries that are left as they are, and why; the next run tries again.
    pub left: Vec<(DeliveryId, String)>,
    /// Whose deliveries were loaded.
    pub sellers: BTreeSet<SellerId>,
}

impl Loading {
    /// Loads the deliveries that stand landed, and settles the entries of those whose landing broke off: with their
    /// metadata in place they are landed, without they never came. Asks the ledger alone where nothing is left over.
    ///
    /// A delivery that can't be loaded keeps nobody from their work: it is left, with an alert. Another process's
    /// work in progress may be done twice, which changes nothing. Where the disk is full or somebody else is at work, no
    /// delivery is to blame: those that are not loaded yet are left, and no alert tells of them.
    pub async fn resume(&self) -> Result<Resumed> {
        let mut resumed = Resumed::default();
        let mut landed = Vec::new();
        // In this order, so that what is settled as landed isn't found twice.
        for status in [DeliveryStatus::Landed, DeliveryStatus::Landing] {
            let filter = DeliveryFilter { status: Some(status), ..DeliveryFilter::default() };
            for record in self.shared.state.deliveries(&filter).await? {
                if let Some(lost) = self.lost_since(&record).await? {
                    let (path, problem) = lost.told();
                    resumed.left.push((record.id, format!("{path}: {problem}")));
                    continue;
                }
                match self.settle(&record).await {
                    Ok(Some(delivery)) => match self.check_raw(delivery.clone()).await {
                        Ok(()) => landed.push(delivery),
                        Err(error) => resumed.left.push(self.leave(&delivery, &error).await?),
                    },
                    Ok(None) => resumed.forgotten += 1,
                    Err(error) => resumed.left.push((record.id, format!("{error:#}"))),
                }
            }
        }
        let mut stopped = None;
        for owned in by_owner(landed) {
            let source = &owned[0].source;
            if !self.shared.declarations.schemas.sources.contains_key(source) {
                let reason = format!("{source:?} is no longer a declared source");
                resumed.left.extend(owned.into_iter().map(|delivery| (delivery.id, reason.clone())));
                continue;
            }
            for group in self.groups(owned).await? {
                match &stopped {
                    None => stopped = self.take_up(group, &mut resumed).await?,
                    Some(reason) => {
                        resumed.left.extend(group.into_iter().map(|delivery| (delivery.id, reason.clone())));
                    }
                }
            }
        }
        Ok(resumed)
    }

    /// A delivery whose landing was done, and that is gone from `raw/` though nobody took it back.
    async fn lost_since(&self, record: &DeliveryRecord) -> Result<Option<Lost>> {
        if record.status != DeliveryStatus::Landed || self.shared.lake.has_metadata(&record.meta_path).await? {
            return Ok(None);
        }
        let (withdrawn, _) = self.shared.lake.withdrawn(Some(&record.seller)).await?;
        if withdrawn.iter().any(|withdrawn| withdrawn.delivery.id == record.id) {
            return Ok(None);
        }
        let owned =
            DeliveryFilter { source: Some(record.source.clone()), seller: Some(record.seller.clone()), status: None };
        let standing = self.shared.lake.standing(Some(&record.source), Some(&record.seller)).await?;
        let lost = self.lost_deliveries(&owned, &standing).await?;
        Ok(lost.into_iter().find(|lost| lost.record.id == record.id))
    }

    /// A delivery of the ledger as it stands in `raw/`; an entry without one is forgotten.
    pub(crate) async fn settle(&self, record: &DeliveryRecord) -> Result<Option<Delivery>> {
        let mut found = self.shared.lake.delivery(&record.meta_path).await?;
        if found.is_none() {
            self.shared.state.remove_delivery(&record.id).await?;
            // Whoever was at work on it may have finished just now.
            found = self.shared.lake.delivery(&record.meta_path).await?;
        }
        if let Some(delivery) = &found {
            self.enter(delivery).await?;
        }
        Ok(found)
    }

    /// Enters a delivery that stands in `raw/` as landed, unless the ledger knows more of it.
    pub(crate) async fn enter(&self, delivery: &Delivery) -> Result<()> {
        self.shared.state.begin_landing(delivery, self.shared.clock.now()).await?;
        self.shared.state.set_landed(&delivery.id, self.shared.clock.now()).await?;
        Ok(())
    }

    /// Loads a group; what keeps all others from being loaded too, if something does.
    async fn take_up(&self, group: Vec<Delivery>, resumed: &mut Resumed) -> Result<Option<String>> {
        let ids: Vec<DeliveryId> = group.iter().map(|delivery| delivery.id.clone()).collect();
        let (source, seller) = (group[0].source.clone(), group[0].seller.clone());
        let Together { groups, left, stopped } = self.load_together(&source, group).await?;
        let loaded: BTreeSet<&DeliveryId> =
            groups.iter().flat_map(|group| &group.loaded).map(|loaded| &loaded.delivery.id).collect();
        if !loaded.is_empty() {
            resumed.sellers.insert(seller);
        }
        resumed.loaded += loaded.len() as u64;
        resumed.in_part += groups.iter().map(Group::in_part).sum::<u64>();
        let stopped = stopped.map(|error| format!("{error:#}"));
        if let Some(reason) = &stopped {
            let told = |id: &DeliveryId| loaded.contains(id) || left.iter().any(|(left, _)| left == id);
            resumed.left.extend(ids.iter().filter(|id| !told(id)).map(|id| (id.clone(), reason.clone())));
        }
        resumed.left.extend(left);
        Ok(stopped)
    }
}
