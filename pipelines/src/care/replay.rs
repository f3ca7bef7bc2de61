//! Reading everything in `raw/` again.

use std::collections::{BTreeMap, BTreeSet};

use sellerlake_contracts::{Delivery, Kind, Result, SellerId};
use sellerlake_sinks::Standing;
use sellerlake_state::DeliveryFilter;

use crate::care::Care;
use crate::care::verify::told;
use crate::loading::groups::by_owner;
use crate::loading::loaded::LoadOptions;
use crate::loading::lost::Lost;
use crate::loading::novelty::drift;
use crate::progress::Progress;
use crate::rebuilding::rebuild::Rebuilt;

/// What a replay did.
#[derive(Debug, Default)]
pub struct Replayed {
    /// Deliveries read.
    pub deliveries: u64,
    /// Those refused.
    pub refused: u64,
    /// Those of which something can't be read, or doesn't add up.
    pub in_part: u64,
    /// Deliveries left unread, by the name of their source, which is no longer declared. Rows loaded of them stand.
    pub undeclared: BTreeMap<String, u64>,
    /// Deliveries left unread because `raw/` is damaged, by path, and in what way. Rows loaded of them stand.
    pub damaged: Vec<(String, String)>,
    /// What was rebuilt, per seller.
    pub rebuilt: Vec<Rebuilt>,
}

impl Care {
    /// Decodes and merges every delivery in `raw/` again, without a call to Amazon, and rebuilds what follows.
    ///
    /// Rows of deliveries that `raw/` no longer holds stay as they stand.
    pub async fn replay(
        &self,
        source: Option<&str>,
        seller: Option<&SellerId>,
        progress: &dyn Progress,
    ) -> Result<Replayed> {
        let source = source.map(|name| self.loading.source(name).map(|source| source.name.as_str())).transpose()?;
        let standing = self.shared.lake.standing(source, seller).await?;
        let mut replayed = Replayed::default();
        let known = DeliveryFilter { source: source.map(str::to_owned), seller: seller.cloned(), status: None };
        replayed.damaged.extend(self.loading.lost_deliveries(&known, &standing).await?.iter().map(Lost::told));
        let Standing { deliveries, unreadable, .. } = standing;
        replayed.damaged.extend(unreadable.into_iter().map(|(path, error)| (path, told(&error))));
        let mut sellers = BTreeSet::new();
        progress.begin("replaying", Some(deliveries.len() as u64));
        for owned in by_owner(deliveries) {
            let (source, seller) = (owned[0].source.clone(), owned[0].seller.clone());
            if self.shared.declarations.schemas.sources.contains_key(&source) {
                self.replay_owned(owned, &mut replayed, progress).await?;
                sellers.insert(seller);
            } else {
                progress.advance(owned.len() as u64);
                *replayed.undeclared.entry(source).or_default() += owned.len() as u64;
            }
        }
        progress.end();
        for seller in &sellers {
            replayed.rebuilt.push(self.rebuilding.rebuild(seller, None, progress).await?);
        }
        Ok(replayed)
    }

    /// Replays the deliveries of one source and seller.
    async fn replay_owned(&self, named: Vec<Delivery>, replayed: &mut Replayed, progress: &dyn Progress) -> Result<()> {
        let mut owned = Vec::new();
        for delivery in named {
            match self.loading.check_raw(delivery.clone()).await {
                Ok(()) => owned.push(delivery),
                Err(error) if matches!(error.kind(), Kind::Data | Kind::NotFound) => {
                    replayed.damaged.push((delivery.data_path(), told(&error)));
                    progress.advance(1);
                }
                Err(error) => return Err(error),
            }
        }
        if owned.is_empty() {
            return Ok(());
        }
        let replaying = owned.iter().map(|delivery| delivery.id.clone()).collect();
        let mut options = LoadOptions { replaying, ..LoadOptions::default() };
        self.shared.resolve(&drift(&owned[0].source, &owned[0].seller)).await?;
        for delivery in &owned {
            // The first group drops all their rows: cut short after it, the next run must know what is missing.
            self.shared.state.remove_delivery(&delivery.id).await?;
            self.loading.enter(delivery).await?;
        }
        let lacking = self.shared.state.lacking_deliveries().await?;
        for group in self.loading.groups(owned).await? {
            let count = group.len() as u64;
            let group = self.loading.load(&group[0].source.clone(), group, &options).await?;
            for loaded in group.loaded.iter().filter(|loaded| lacking.contains(&loaded.delivery.id)) {
                self.shared.state.tell_lack(&loaded.delivery.id, loaded.unread().as_deref()).await?;
            }
            // The others merge into what the first left.
            options = LoadOptions::default();
            let refused = group.loaded.iter().filter(|loaded| loaded.outcome.refused.is_some()).count() as u64;
            replayed.refused += refused;
            replayed.in_part += group.in_part() - refused;
            replayed.deliveries += count;
            progress.advance(count);
        }
        Ok(())
    }
}
