//! Reading everything in `raw/` again.

use std::collections::BTreeSet;

use sellerlake_contracts::{Result, SellerId};

use crate::Workspace;
use crate::load::{LoadOptions, by_owner, groups};
use crate::progress::Progress;
use crate::rebuild::Rebuilt;

/// Deliveries merged at once.
pub(crate) const GROUP: usize = 32;

/// What a replay did.
#[derive(Debug, Default)]
pub struct Replayed {
    /// Deliveries read.
    pub deliveries: u64,
    /// Those refused.
    pub refused: u64,
    /// What was rebuilt, per seller.
    pub rebuilt: Vec<Rebuilt>,
}

impl Workspace {
    /// Decodes and merges every delivery in `raw/` again, without a call to Amazon, and rebuilds what follows.
    ///
    /// Rows of deliveries that `raw/` no longer holds stay as they stand.
    pub async fn replay(
        &self,
        source: Option<&str>,
        seller: Option<&SellerId>,
        progress: &dyn Progress,
    ) -> Result<Replayed> {
        let source = source.map(|name| self.source(name).map(|source| source.name.as_str())).transpose()?;
        let deliveries = self.lake.deliveries(source, seller).await?;
        let mut replayed = Replayed::default();
        let mut sellers = BTreeSet::new();
        progress.begin("replaying", Some(deliveries.len() as u64));
        for owned in by_owner(deliveries) {
            let mut options = LoadOptions {
                replaying: owned.iter().map(|delivery| delivery.id.clone()).collect(),
                ..LoadOptions::default()
            };
            for chunk in groups(&owned, GROUP) {
                for delivery in chunk {
                    sellers.insert(delivery.seller.clone());
                    self.state.begin_landing(delivery, self.clock.now()).await?;
                    self.state.set_landed(&delivery.id, self.clock.now()).await?;
                }
                let group = self.load(&chunk[0].source, chunk.to_vec(), &options).await?;
                // The first chunk has dropped what stood; the others merge into what the first left.
                options = LoadOptions::default();
                replayed.refused +=
                    group.loaded.iter().filter(|loaded| loaded.outcome.refused.is_some()).count() as u64;
                replayed.deliveries += chunk.len() as u64;
                progress.advance(chunk.len() as u64);
            }
        }
        progress.end();
        for seller in &sellers {
            replayed.rebuilt.push(self.rebuild(seller, None, progress).await?);
        }
        Ok(replayed)
    }
}
