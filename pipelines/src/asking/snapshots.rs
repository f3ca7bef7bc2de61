//! Sellers' catalogues as they were last read. A statement asks only whether they are still of the version that stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use sellerlake_contracts::{Result, SellerId};
use sellerlake_state::{CatalogueVersion, SellerCatalogue, State};

use crate::asking::granted::Granted;

/// Objects that are remembered, some 400 bytes each; those of sellers nobody asked for lately are forgotten first.
const KEPT_OBJECTS: usize = 100_000;

/// Sellers whose catalogues are read one by one; more are read at once, with all others.
const ONE_BY_ONE: usize = 16;

/// What this process remembers of the catalogue.
#[derive(Debug)]
pub(crate) struct Snapshots {
    remembered: Mutex<Remembered>,
    most: usize,
}

#[derive(Debug, Default)]
struct Remembered {
    /// By seller, with the turn in which somebody last asked for it.
    sellers: BTreeMap<SellerId, (Arc<SellerCatalogue>, u64)>,
    turn: u64,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self::of_at_most(KEPT_OBJECTS)
    }
}

impl Snapshots {
    fn of_at_most(most: usize) -> Self {
        Self { remembered: Mutex::default(), most }
    }

    /// What the catalogue knows of each granted seller now.
    pub(crate) async fn of(&self, granted: &Granted, state: &State) -> Result<Vec<Arc<SellerCatalogue>>> {
        let mut snapshots = Vec::new();
        for seller in granted.sellers() {
            match seller {
                Some(seller) => snapshots.push(self.of_seller(seller, state).await?),
                None => snapshots.extend(self.of_all(state).await?),
            }
        }
        Ok(snapshots)
    }

    async fn of_seller(&self, seller: SellerId, state: &State) -> Result<Arc<SellerCatalogue>> {
        let version = state.catalogue_versions(Some(&seller)).await?.remove(&seller);
        if let Some(known) = self.remembered(&seller, version) {
            return Ok(known);
        }
        self.read(&seller, state).await
    }

    async fn of_all(&self, state: &State) -> Result<Vec<Arc<SellerCatalogue>>> {
        let versions = state.catalogue_versions(None).await?;
        let (mut snapshots, mut moved) = (Vec::new(), BTreeSet::new());
        for (seller, version) in versions {
            match self.remembered(&seller, Some(version)) {
                Some(known) => snapshots.push(known),
                None => drop(moved.insert(seller)),
            }
        }
        if moved.len() > ONE_BY_ONE {
            let all = state.catalogues(None).await?.into_iter();
            return Ok(all.map(|(seller, read)| self.remember(&seller, read)).collect());
        }
        for seller in &moved {
            snapshots.push(self.read(seller, state).await?);
        }
        Ok(snapshots)
    }

    async fn read(&self, seller: &SellerId, state: &State) -> Result<Arc<SellerCatalogue>> {
        let read = state.catalogues(Some(seller)).await?.remove(seller);
        Ok(self.remember(seller, read.unwrap_or(SellerCatalogue { version: None, objects: Vec::new() })))
    }

    /// What is remembered of a seller, if it is of this version.
    fn remembered(&self, seller: &SellerId, version: Option<CatalogueVersion>) -> Option<Arc<SellerCatalogue>> {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.turn += 1;
        let turn = remembered.turn;
        let (known, last) = remembered.sellers.get_mut(seller)?;
        *last = turn;
        (version.is_some() && known.version == version).then(|| Arc::clone(known))
    }

    fn remember(&self, seller: &SellerId, read: SellerCatalogue) -> Arc<SellerCatalogue> {
        let read = Arc::new(read);
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.turn += 1;
        let turn = remembered.turn;
        remembered.sellers.insert(seller.clone(), (Arc::clone(&read), turn));
        remembered.keep_within(self.most);
        read
    }
}

impl Remembered {
    fn keep_within(&mut self, most: usize) {
        let mut objects: usize = self.sellers.values().map(|(known, _)| known.objects.len()).sum();
        if objects <= most {
            return;
        }
        let mut oldest: Vec<(u64, SellerId)> =
            self.sellers.iter().map(|(seller, (_, turn))| (*turn, seller.clone())).collect();
        oldest.sort_unstable_by_key(|(turn, _)| *turn);
        for (_, seller) in oldest {
            if objects <= most {
                break;
            }
            let gone = self.sellers.remove(&seller);
            objects -= gone.map_or(0, |(known, _)| known.objects.len());
        }
    }
}
