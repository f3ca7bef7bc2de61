//! Deliveries that could not be loaded whole: an alert says so until what they lack stands from elsewhere.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use sellerlake_contracts::{DeliveryId, Partition, Result, SellerId, Window};
use sellerlake_query::{LakeTable, LakeTableOptions};
use sellerlake_schemas::Source;
use sellerlake_state::{AlertKind, Condition, DeliveryRecord, DeliveryStatus};
use sellerlake_transforms::decode::Outcome;
use sellerlake_transforms::merge::stored_schema;

use crate::loading::Loading;
use crate::loading::loaded::{Group, Loaded, source_folder};
use crate::objects::inputs::unknown_object;

/// Units that a delivery's entry lists; one that lacks more is mended only by being read again, or asked for again.
pub(crate) const LISTED: usize = 1000;

/// What the entry's list is called.
pub(crate) const LACKING: &str = "lacking";

/// Whether a delivery may be taken for done.
pub(crate) fn status_of(outcome: &Outcome) -> DeliveryStatus {
    if outcome.refused.is_some() {
        DeliveryStatus::Refused
    } else if outcome.hold_back_all || !outcome.held_back.is_empty() {
        DeliveryStatus::HeldBack
    } else if outcome.is_whole() {
        DeliveryStatus::Loaded
    } else {
        DeliveryStatus::InPart
    }
}

/// A delivery that lacks units, and which of them.
struct Lack {
    delivery: DeliveryId,
    as_of_micros: Option<i64>,
    /// `None`: nobody knows.
    units: Option<BTreeSet<String>>,
}

impl Lack {
    fn is_mended(&self) -> bool {
        self.units.as_ref().is_some_and(BTreeSet::is_empty)
    }
}

impl Loading {
    /// Raises an alert for each delivery of a group that isn't whole, unless what it lacks stands already, and clears
    /// those of earlier ones that the group mends.
    pub(crate) async fn tell_held(&self, source: &Source, seller: &SellerId, group: &Group) -> Result<()> {
        let mut standing = self.shared.state.firing(AlertKind::HeldBack, seller).await?;
        let prefix = format!("{}:", source.name);
        standing.retain(|condition| condition.about.starts_with(&prefix));
        let lacking: Vec<&Loaded> = group.loaded.iter().filter(|loaded| is_lacking(loaded)).collect();
        if standing.is_empty() && lacking.is_empty() {
            return Ok(());
        }
        let (mut earlier, mut now) = (Vec::new(), Vec::new());
        for condition in &standing {
            let id = condition.about.strip_prefix(&prefix).unwrap_or_default();
            let Ok(id) = DeliveryId::try_from(id.to_owned()) else { continue };
            if group.loaded.iter().any(|loaded| loaded.delivery.id == id) {
                continue;
            }
            match self.shared.state.delivery(&id).await? {
                Some(record) if !answered_again(&record, group) => earlier.push(lack_of(&record)),
                _ => self.mended(source, seller, &id).await?,
            }
        }
        for loaded in &lacking {
            let units = loaded.outcome.lacking_units().into_iter().map(str::to_owned).collect();
            let is_known = !loaded.outcome.hold_back_all;
            now.push(Lack {
                delivery: loaded.delivery.id.clone(),
                as_of_micros: loaded.outcome.as_of.map(|at| at.timestamp_micros()),
                units: is_known.then_some(units).filter(|units: &BTreeSet<String>| !units.is_empty()),
            });
        }
        // What was lacking before can be mended by what changed alone; what is lacking now, by anything.
        self.strike(source, &group.touched, &mut earlier).await?;
        if !now.is_empty() {
            let all = self.partitions_of(source, seller).await?;
            self.strike(source, &all, &mut now).await?;
        }
        for lack in earlier.iter().filter(|lack| lack.is_mended()) {
            self.mended(source, seller, &lack.delivery).await?;
        }
        for loaded in group.loaded.iter().filter(|loaded| !is_lacking(loaded)) {
            self.shared.resolve(&held_back(source, seller, &loaded.delivery.id)).await?;
        }
        for (lack, loaded) in now.iter().zip(lacking) {
            let condition = held_back(source, seller, &lack.delivery);
            if lack.is_mended() {
                self.shared.resolve(&condition).await?;
                continue;
            }
            let (subject, message) = (source_folder(&source.name, seller), loaded.lack().unwrap_or_default());
            self.shared.state.raise_alert(&condition, &subject, &message, self.shared.clock.now()).await?;
        }
        Ok(())
    }

    async fn mended(&self, source: &Source, seller: &SellerId, id: &DeliveryId) -> Result<()> {
        self.shared.resolve(&held_back(source, seller, id)).await?;
        self.shared.state.tell_lack(id, None).await
    }

    /// Strikes off the units that stand whole from another delivery that was true no earlier.
    async fn strike(&self, source: &Source, partitions: &[Partition], lacks: &mut [Lack]) -> Result<()> {
        if lacks.iter().all(|lack| lack.units.is_none()) {
            return Ok(());
        }
        let has_controls = !source.controls.is_empty();
        self.each_batch(source, partitions, &mut |batch| strike_rows(batch, has_controls, lacks)).await
    }

    /// Shows a source's stored rows, partition by partition.
    pub(crate) async fn each_batch(
        &self,
        source: &Source,
        partitions: &[Partition],
        look: &mut (dyn FnMut(&RecordBatch) + Send),
    ) -> Result<()> {
        for partition in partitions {
            let Some(head) = self.shared.lake.head(partition).await? else { continue };
            let object = unknown_object(partition, &head);
            let schema = stored_schema(source);
            let table =
                LakeTable::new(self.objects.reader.clone(), &schema, vec![object], &LakeTableOptions::default());
            let mut rows = self.objects.scan(&table, partition).await?;
            while let Some(batch) = rows.next().await {
                let batch = batch.map_err(|error| crate::objects::swap::row_error(error, partition))?;
                look(&batch);
            }
        }
        Ok(())
    }
}

fn strike_rows(batch: &RecordBatch, has_controls: bool, lacks: &mut [Lack]) {
    let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let as_of = batch.column_by_name("_as_of").and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    let (Some(units), Some(deliveries), Some(as_of)) = (text("_unit"), text("_delivery_id"), as_of) else { return };
    let incomplete = batch.column_by_name("_incomplete").and_then(|column| column.as_boolean_opt());
    let proven = batch.column_by_name("_proven_rows").filter(|_| has_controls);
    let mut last = "";
    for row in 0..batch.num_rows() {
        let (unit, delivery) = (units.value(row), deliveries.value(row));
        let is_incomplete = incomplete.is_some_and(|flags| flags.is_valid(row) && flags.value(row));
        if unit == last || is_incomplete || proven.is_some_and(|proven| proven.is_null(row)) {
            continue;
        }
        last = unit;
        let at = as_of.is_valid(row).then(|| as_of.value(row));
        for lack in lacks.iter_mut().filter(|lack| lack.delivery.as_str() != delivery && at >= lack.as_of_micros) {
            if let Some(lacking) = &mut lack.units {
                lacking.remove(unit);
            }
        }
    }
}

/// Whether something of a delivery isn't loaded or doesn't add up. A refused one holds nothing anybody could miss.
fn is_lacking(loaded: &Loaded) -> bool {
    loaded.outcome.refused.is_none() && !loaded.outcome.is_whole()
}

/// Whether the same was asked for again, and the answer is whole.
fn answered_again(record: &DeliveryRecord, group: &Group) -> bool {
    group.loaded.iter().any(|Loaded { delivery, outcome, .. }| {
        let window = |window: Option<Window>| {
            window.map(|window| (window.from.timestamp_millis(), window.to.timestamp_millis()))
        };
        let is_same = delivery.scope == record.scope
            && delivery.marketplace == record.marketplace
            && delivery.window.is_some()
            && window(delivery.window) == window(record.window);
        let millis = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
        is_same && outcome.is_whole() && millis(delivery.as_of) >= millis(record.as_of)
    })
}

/// What a delivery lacks by its entry in the ledger.
fn lack_of(record: &DeliveryRecord) -> Lack {
    let details = record.report.as_ref().map(|report| &report.details);
    let listed = details.and_then(|details| details.get(LACKING)).and_then(serde_json::Value::as_array);
    // The document may have said it itself.
    let told = details.and_then(|details| details.get("as_of")).and_then(serde_json::Value::as_str);
    let as_of = told.and_then(|at| at.parse::<DateTime<Utc>>().ok()).or(record.as_of);
    let units = listed.map(|units| units.iter().filter_map(|unit| unit.as_str().map(str::to_owned)).collect());
    Lack {
        delivery: record.id.clone(),
        as_of_micros: as_of.map(|at| at.timestamp_micros()),
        units: units.filter(|units: &BTreeSet<String>| !units.is_empty()),
    }
}

/// That units of a delivery are held back.
pub(crate) fn held_back(source: &Source, seller: &SellerId, delivery: &DeliveryId) -> Condition {
    Condition::of_seller(AlertKind::HeldBack, seller, format!("{}:{delivery}", source.name))
}
