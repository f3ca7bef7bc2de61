//! Units that stand in two months: the date that tells their month has changed, and both versions count. That can't be
//! mended by what is newer alone, since a month is replaced by itself; so it is told until one of the two is taken back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Schema};
use futures::StreamExt;
use sellerlake_contracts::{Area, Month, Partition, Result, SellerId};
use sellerlake_query::{LakeTable, LakeTableOptions};
use sellerlake_schemas::{Source, Unit};
use sellerlake_state::{AlertKind, Condition, ObjectFilter};
use xxhash_rust::xxh3::xxh3_64;

use crate::loading::Loading;
use crate::loading::loaded::{Group, Moved, source_folder};
use crate::objects::inputs::unknown_object;

/// Rows of a source up to which all its months are looked at; of longer ones those beside what changed.
const FEW_ROWS: u64 = 500_000;

impl Loading {
    /// Looks for units that stand in two months, where a group may have brought some or took one away, and tells them.
    pub(crate) async fn tell_moved(&self, source: &Source, seller: &SellerId, group: &mut Group) -> Result<()> {
        let is_of_columns = matches!(source.unit, Unit::Columns(_));
        let column = source.month.as_deref().filter(|month| is_of_columns && source.columns.contains_key(*month));
        let Some(column) = column else { return Ok(()) };
        let condition = moved(source, seller);
        let is_firing = self.shared.state.firing(AlertKind::Load, seller).await?.contains(&condition);
        if group.units_added == 0 && !is_firing {
            return Ok(());
        }
        let filter = ObjectFilter::of_dataset(Area::Sources, &source.name, seller.clone());
        let objects = self.shared.state.objects(&filter).await?;
        let rows: u64 = objects.iter().map(|record| record.object.rows).sum();
        let months: BTreeMap<Month, Partition> = objects
            .into_iter()
            .filter_map(|record| Some((record.object.partition.month?, record.object.partition)))
            .collect();
        let touched: BTreeSet<Month> = group.touched.iter().filter_map(|partition| partition.month).collect();
        let all = rows <= FEW_ROWS || is_firing;
        let is_beside = |month: Month| (-1..=1).any(|count| month.plus(count).is_some_and(|m| touched.contains(&m)));
        let mut homes: HashMap<u64, Month> = HashMap::new();
        let mut found = Moved::default();
        for (month, partition) in months.iter().filter(|(month, _)| all || is_beside(**month)) {
            if rows > FEW_ROWS {
                homes.retain(|_, home| home.plus(1) == Some(*month));
            }
            self.each_unit(partition, &mut |unit| {
                let other = homes.insert(xxh3_64(unit.as_bytes()), *month);
                if let Some(other) = other.filter(|other| other != month) {
                    found.units += 1;
                    found.example.get_or_insert_with(|| (unit.to_owned(), other, *month));
                }
            })
            .await?;
        }
        match found.told(column) {
            Some(problem) => {
                let message = format!(
                    "{problem}: it counts in both; `sellerlake withdraw` the delivery that had it wrong (meta.deliveries \
                     lists them)"
                );
                let subject = source_folder(&source.name, seller);
                self.shared.state.raise_alert(&condition, &subject, &message, self.shared.clock.now()).await?;
            }
            None if is_firing => self.shared.resolve(&condition).await?,
            None => {}
        }
        group.moved = found;
        Ok(())
    }

    /// Shows the key of each unit of a partition.
    async fn each_unit(&self, partition: &Partition, look: &mut (dyn FnMut(&str) + Send)) -> Result<()> {
        let Some(head) = self.shared.lake.head(partition).await? else { return Ok(()) };
        let schema = Arc::new(Schema::new(vec![Field::new("_unit", DataType::Utf8, false)]));
        let objects = vec![unknown_object(partition, &head)];
        let table = LakeTable::new(self.objects.reader.clone(), &schema, objects, &LakeTableOptions::default());
        let mut rows = self.objects.scan(&table, partition).await?;
        let mut last = String::new();
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(|error| crate::objects::swap::row_error(error, partition))?;
            let Some(units) = batch.column_by_name("_unit").and_then(|column| column.as_string_opt::<i32>()) else {
                continue;
            };
            for unit in units.iter().flatten() {
                if unit != last {
                    unit.clone_into(&mut last);
                    look(unit);
                }
            }
        }
        Ok(())
    }
}

/// That units of a source stand in two months.
pub(crate) fn moved(source: &Source, seller: &SellerId) -> Condition {
    Condition::of_seller(AlertKind::Load, seller, format!("moved:{}", source.name))
}
