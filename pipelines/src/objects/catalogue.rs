//! One seller's objects as the catalogue knows them, and what follows from them: what a stage would read.

use std::collections::{BTreeMap, BTreeSet};

use sellerlake_contracts::{Area, Month, MonthReach, ObjectState, Partition, Result, SellerId};
use sellerlake_schemas::{Grain, Source};
use sellerlake_state::{AccountFilter, DeliveryFilter, ObjectFilter};
use sellerlake_transforms::{Dataset, Declarations, Stage};
use xxhash_rust::xxh3::Xxh3;

use crate::objects::Objects;

/// The objects of one seller, by partition, and those of the lists that hold for all sellers, as stages name them.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    pub(crate) seller: SellerId,
    objects: BTreeMap<(String, Option<Month>), ObjectState>,
}

impl Objects {
    /// The catalogues of the sellers that some objects are of.
    pub(crate) async fn catalogues(&self, objects: Vec<ObjectState>) -> Result<Vec<Catalogue>> {
        let shared = self.shared.state.objects(&ObjectFilter::of_seller(SellerId::shared())).await?;
        let mut catalogues: BTreeMap<SellerId, Catalogue> = BTreeMap::new();
        for object in objects.into_iter().filter(|object| !object.partition.seller.is_shared()) {
            let seller = object.partition.seller.clone();
            let empty = || Catalogue { seller: seller.clone(), objects: BTreeMap::new() };
            catalogues.entry(seller.clone()).or_insert_with(empty).put(object);
        }
        for catalogue in catalogues.values_mut() {
            shared.iter().for_each(|record| catalogue.put(record.object.clone()));
        }
        Ok(catalogues.into_values().collect())
    }

    pub(crate) async fn catalogue(&self, seller: &SellerId) -> Result<Catalogue> {
        let mut catalogue = Catalogue { seller: seller.clone(), objects: BTreeMap::new() };
        for owner in [seller.clone(), SellerId::shared()] {
            let records = self.shared.state.objects(&ObjectFilter::of_seller(owner)).await?;
            records.into_iter().for_each(|record| catalogue.put(record.object));
        }
        Ok(catalogue)
    }

    /// Whose tables follow from what a seller, or the owner of shared lists, has.
    pub(crate) async fn dependants(&self, owner: &SellerId) -> Result<BTreeSet<SellerId>> {
        if owner.is_shared() { self.known_sellers().await } else { Ok([owner.clone()].into()) }
    }

    /// Every seller the catalogue knows.
    pub async fn sellers(&self) -> Result<BTreeSet<SellerId>> {
        let records = self.shared.state.objects(&ObjectFilter::default()).await?;
        let sellers = records.into_iter().map(|record| record.object.partition.seller);
        Ok(sellers.filter(|seller| !seller.is_shared()).collect())
    }

    /// Whether there is anything of a seller. The owner of shared lists is none.
    pub async fn knows(&self, seller: &SellerId) -> Result<bool> {
        Ok(!seller.is_shared() && self.shared.state.knows_seller(seller).await?)
    }

    /// Every seller there is anything of: objects, deliveries, accounts.
    pub async fn known_sellers(&self) -> Result<BTreeSet<SellerId>> {
        let mut sellers = self.sellers().await?;
        sellers.extend(
            self.shared.state.deliveries(&DeliveryFilter::default()).await?.into_iter().map(|record| record.seller),
        );
        sellers.extend(
            self.shared.state.accounts(&AccountFilter::default()).await?.into_iter().map(|account| account.seller),
        );
        sellers.remove(&SellerId::shared());
        Ok(sellers)
    }
}

/// Where an object stands in a catalogue.
fn place(partition: &Partition) -> (String, Option<Month>) {
    let name = &partition.name;
    (if partition.seller.is_shared() { Source::shared_name(name) } else { name.clone() }, partition.month)
}

impl Catalogue {
    pub(crate) fn put(&mut self, object: ObjectState) {
        self.objects.insert(place(&object.partition), object);
    }

    pub(crate) fn get(&self, partition: &Partition) -> Option<&ObjectState> {
        self.objects.get(&place(partition))
    }

    pub(crate) fn partition(&self, area: Area, name: &str, month: Option<Month>) -> Partition {
        Partition { area, name: name.to_owned(), seller: self.seller.clone(), month }
    }

    fn dataset<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ObjectState> {
        let first = (name.to_owned(), None);
        self.objects.range(first..).take_while(move |((known, _), _)| known == name).map(|(_, object)| object)
    }

    /// The objects of an input that one month of output reads.
    pub(crate) fn read(&self, name: &str, reach: MonthReach, month: Option<Month>) -> Vec<ObjectState> {
        self.within(name, reach, month).cloned().collect()
    }

    fn within<'a>(
        &'a self,
        name: &'a str,
        reach: MonthReach,
        month: Option<Month>,
    ) -> impl Iterator<Item = &'a ObjectState> {
        self.dataset(name).filter(move |object| match (reach, month, object.partition.month) {
            (MonthReach::Offsets(from, to), Some(built), Some(read)) => {
                built.plus(from).is_some_and(|first| first <= read) && built.plus(to).is_some_and(|last| read <= last)
            }
            _ => true,
        })
    }

    /// The months a stage could have rows in: those its inputs may emit to, and those that stand already.
    pub(crate) fn months(&self, stage: &Stage, declarations: &Declarations) -> Vec<Option<Month>> {
        if stage.table.grain == Grain::None {
            let any = stage.reads.keys().any(|input| self.dataset(input).next().is_some())
                || self.dataset(&stage.table.name).next().is_some();
            return if any { vec![None] } else { Vec::new() };
        }
        let monthly = stage.reads.iter().filter(|(input, reach)| {
            let months = declarations.dataset(input).is_some_and(|dataset| dataset.has_months());
            months && matches!(reach, MonthReach::Offsets(..))
        });
        let monthly: Vec<_> = monthly.collect();
        let reads_any = |month: &Month| {
            let mut read = monthly.iter().flat_map(|(input, reach)| self.within(input, **reach, Some(*month)));
            read.any(|object| object.rows > 0)
        };
        let mut months: BTreeSet<Month> = monthly
            .iter()
            .flat_map(|(input, _)| self.dataset(input).filter(|object| object.rows > 0))
            .filter_map(|object| object.partition.month)
            .flat_map(|month| (stage.emits.0..=stage.emits.1).filter_map(move |offset| month.plus(offset)))
            // What one input emits further than another, a month need not read of both.
            .filter(reads_any)
            .collect();
        months.extend(self.dataset(&stage.table.name).filter_map(|object| object.partition.month));
        months.into_iter().map(Some).collect()
    }

    /// Hash of everything one partition of a stage is made from.
    pub(crate) fn input_hash(&self, stage: &Stage, month: Option<Month>, declarations: &Declarations) -> String {
        let mut hash = Xxh3::new();
        hash.update(stage.hash.as_bytes());
        for (input, reach) in &stage.reads {
            hash.update(format!("\u{1e}{input}").as_bytes());
            if let Some(Dataset::Reference(reference)) = declarations.dataset(input) {
                hash.update(reference.hash.as_bytes());
            }
            for object in self.within(input, *reach, month).filter(|object| object.visible_rows > 0) {
                let month = object.partition.month.map_or(String::new(), |month| month.to_string());
                hash.update(format!("\u{1f}{month}\u{1f}{}", object.row_hash).as_bytes());
            }
        }
        format!("{:032x}", hash.digest128())
    }
}
