//! Deliveries that count as loaded, and of which units stand nowhere, though nothing replaced them.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{AsArray, RecordBatch};
use sellerlake_contracts::{Area, Delivery, Kind, Partition, Result};
use sellerlake_state::{DeliveryFilter, DeliveryRecord, DeliveryStatus};

use crate::loading::Loading;
use crate::loading::groups::by_owner;
use crate::loading::loaded::LoadOptions;
use crate::loading::prepare::UnitCount;

/// What the entry of a delivery calls the number of its units.
pub(crate) const UNITS: &str = "units";

/// How many units stand of each delivery.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    by_delivery: HashMap<String, (u64, Partition)>,
    at: Option<(Partition, UnitCount)>,
}

impl Standings {
    /// Counts rows of a source's object, in the order they are stored.
    pub(crate) fn add(&mut self, partition: &Partition, batch: &RecordBatch) {
        if partition.area != Area::Sources {
            return;
        }
        if self.at.as_ref().is_none_or(|(at, _)| at != partition) {
            self.at = Some((partition.clone(), UnitCount::default()));
        }
        let deliveries = batch.column_by_name("_delivery_id").and_then(|column| column.as_string_opt::<i32>());
        let (Some(deliveries), Some((_, count))) = (deliveries, &mut self.at) else { return };
        let by_delivery = &mut self.by_delivery;
        count.add(batch, |row| match by_delivery.get_mut(deliveries.value(row)) {
            Some((units, _)) => *units += 1,
            None => drop(by_delivery.insert(deliveries.value(row).to_owned(), (1, partition.clone()))),
        });
    }

    /// Units that stand of a delivery.
    pub(crate) fn of(&self, delivery: &str) -> u64 {
        self.by_delivery.get(delivery).map_or(0, |(units, _)| *units)
    }

    /// The deliveries that have units and aren't among these, each with an object that has some.
    pub(crate) fn but_for(&self, known: &BTreeSet<&str>) -> Vec<(Partition, String)> {
        let others = self.by_delivery.iter().filter(|(delivery, _)| !known.contains(delivery.as_str()));
        let mut others: Vec<_> = others.map(|(delivery, (_, at))| (at.clone(), delivery.clone())).collect();
        others.sort();
        others
    }
}

impl Loading {
    /// The deliveries among these that are said to be loaded, and how many of their units should stand and don't.
    ///
    /// Of most deliveries as many units stand as they had. What has become of the others' only their bytes can tell: they
    /// are read as if they were to be loaded, and what would then change is what is absent.
    pub(crate) async fn absent(
        &self,
        deliveries: Vec<Delivery>,
        standings: &Standings,
    ) -> Result<Vec<(Delivery, u64)>> {
        let records = self.shared.state.deliveries(&DeliveryFilter::default()).await?;
        let loaded: HashMap<&str, &DeliveryRecord> = records
            .iter()
            .filter(|record| {
                matches!(record.status, DeliveryStatus::Loaded | DeliveryStatus::InPart | DeliveryStatus::HeldBack)
            })
            .map(|record| (record.id.as_str(), record))
            .collect();
        let is_short = |delivery: &Delivery| {
            let record = loaded.get(delivery.id.as_str());
            record.is_some_and(|record| units_of(record) != Some(standings.of(delivery.id.as_str())))
        };
        let mut doubtful = Vec::new();
        for delivery in deliveries.into_iter().filter(is_short) {
            let is_declared = self.shared.declarations.schemas.sources.contains_key(&delivery.source);
            // Damaged bytes are told elsewhere.
            if is_declared && self.check_raw(delivery.clone()).await.is_ok() {
                doubtful.push(delivery);
            }
        }
        let mut absent = Vec::new();
        for owned in by_owner(doubtful) {
            for group in self.groups(owned).await? {
                if self.would_change(group.clone()).await? == 0 {
                    continue;
                }
                for delivery in group {
                    let units = self.would_change(vec![delivery.clone()]).await?;
                    if units > 0 {
                        absent.push((delivery, units));
                    }
                }
            }
        }
        Ok(absent)
    }

    /// How many units loading these deliveries, of one source and seller, would add or replace. None, where what stands
    /// is damaged.
    async fn would_change(&self, group: Vec<Delivery>) -> Result<u64> {
        let source = group[0].source.clone();
        let options = LoadOptions { only_count: true, ..LoadOptions::default() };
        match self.load(&source, group, &options).await {
            Ok(group) => Ok(group.units_added + group.units_replaced),
            Err(error) if matches!(error.kind(), Kind::Data | Kind::NotFound) => Ok(0),
            Err(error) => Err(error),
        }
    }
}

/// How many units a delivery had when it was loaded, where its entry says.
fn units_of(record: &DeliveryRecord) -> Option<u64> {
    record.report.as_ref()?.details.get(UNITS)?.as_u64()
}
