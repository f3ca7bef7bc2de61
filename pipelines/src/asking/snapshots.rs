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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use sellerlake_contracts::{ObjectState, Partition};

    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn object(seller: &str, hash: &str) -> ObjectState {
        ObjectState {
            partition: Partition::parse(&format!("tables/costs/seller_id={seller}/data.parquet")).unwrap(),
            etag: Some("1".to_owned()),
            size_bytes: 1,
            rows: 1,
            visible_rows: 1,
            row_hash: hash.to_owned(),
            input_hash: String::new(),
            schema_version: 1,
            generation: 1,
        }
    }

    fn granted(seller: &str) -> Granted {
        Granted::Sellers([seller.parse().unwrap()].into())
    }

    #[tokio::test]
    async fn what_has_not_moved_is_not_read_again() {
        let state = State::open_in_memory(NOW).await.unwrap();
        let (snapshots, own) = (Snapshots::default(), granted("A1"));
        let read = async |granted: &Granted| snapshots.of(granted, &state).await.unwrap();
        assert_eq!(read(&own).await[0].objects, []);
        assert!(read(&Granted::All).await.is_empty());
        state.put_objects(&[object("A1", "h1"), object("B2", "h2")], NOW).await.unwrap();
        let first = read(&own).await.remove(0);
        assert_eq!(first.objects, [object("A1", "h1")]);
        assert!(Arc::ptr_eq(&first, &read(&own).await[0]));
        let all = read(&Granted::All).await;
        assert!(all.len() == 2 && Arc::ptr_eq(&first, &all[0]), "what one asked for is there for the other");
        state.put_object(&object("B2", "h3"), NOW).await.unwrap();
        let again = read(&Granted::All).await;
        assert!(again.iter().any(|known| Arc::ptr_eq(&first, known)), "only the other one's has moved");
        assert!(again.iter().any(|known| known.objects == [object("B2", "h3")]));
        state.put_object(&object("A1", "h4"), NOW).await.unwrap();
        assert_eq!(read(&own).await[0].objects, [object("A1", "h4")]);
    }

    #[tokio::test]
    async fn more_sellers_than_are_remembered_are_still_all_there() {
        let state = State::open_in_memory(NOW).await.unwrap();
        let sellers: Vec<String> = (10..40).map(|number| format!("S{number}")).collect();
        let objects: Vec<ObjectState> = sellers.iter().map(|seller| object(seller, "h")).collect();
        state.put_objects(&objects, NOW).await.unwrap();
        let snapshots = Snapshots::of_at_most(3);
        let all = snapshots.of(&Granted::All, &state).await.unwrap();
        let mut found: Vec<ObjectState> = all.iter().flat_map(|known| known.objects.clone()).collect();
        found.sort_by_key(|object| object.partition.path());
        assert_eq!(found, objects);
        let of = async |seller: &str| snapshots.of(&granted(seller), &state).await.unwrap().remove(0);
        let kept = of("S10").await;
        for seller in ["S11", "S12"] {
            of(seller).await;
        }
        assert!(Arc::ptr_eq(&kept, &of("S10").await));
        of("S13").await;
        assert!(Arc::ptr_eq(&kept, &of("S10").await), "whom somebody asked for lately is remembered");
        let remembered =
            snapshots.remembered.lock().unwrap().sellers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(remembered, ["S10", "S12", "S13"]);
    }
}
