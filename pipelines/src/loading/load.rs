//! Loading: landed deliveries become the standing rows of `sources/`.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sellerlake_contracts::{Area, Delivery, DeliveryId, Error, Kind, Partition, Result, SellerId, failpoint};
use sellerlake_schemas::Source;
use sellerlake_sinks::Mapped;
use sellerlake_state::LoadReport;
use sellerlake_transforms::decode::Outcome;
use sellerlake_transforms::merge::{MonthRows, StandingTally, as_input, merge, split_months, standing};
use serde_json::json;
use tracing::Instrument;

use crate::loading::Loading;
use crate::loading::absent::UNITS;
use crate::loading::held::{LACKING, LISTED, status_of};
use crate::loading::loaded::{Damaged, Group, LoadOptions, Loaded, source_partition};
use crate::loading::prepare::Prepared;
use crate::objects::entry::Committed;
use crate::objects::swap::{ATTEMPTS, ObjectLayout, row_error};
use crate::objects::working::Working;

/// What became of one partition.
pub(crate) struct Swapped {
    partition: Partition,
    touched: bool,
    tally: Arc<StandingTally>,
}

/// Months merged at once: their rows come one after the other.
const MONTHS_AT_ONCE: usize = 2;

impl Loading {
    /// Decodes and merges landed deliveries of one source and seller, each partition swapped once.
    ///
    /// A delivery that is named twice is read once: its rows would be taken for twins.
    pub async fn load(&self, source: &str, mut deliveries: Vec<Delivery>, options: &LoadOptions) -> Result<Group> {
        let source = Arc::clone(self.source(source)?);
        let mut known = BTreeSet::new();
        deliveries.retain(|delivery| known.insert(delivery.id.clone()));
        let (mut attempt, mut bytes) = (0, self.loading_bytes(&deliveries));
        loop {
            let working = self.objects.working(bytes).await;
            match self.try_load(&source, deliveries.clone(), options, &working).await {
                Err(error) if error.is_look_again() && attempt < ATTEMPTS => {
                    attempt += 1;
                    drop(working);
                    self.objects.back_off(attempt).await;
                }
                Err(error) if error.kind() == Kind::Limit && working.was_crowded() && bytes < usize::MAX => {
                    bytes = usize::MAX;
                }
                done => return done,
            }
        }
    }

    async fn try_load(
        &self,
        source: &Arc<Source>,
        deliveries: Vec<Delivery>,
        options: &LoadOptions,
        working: &Working,
    ) -> Result<Group> {
        let Some(seller) = deliveries.first().map(|delivery| delivery.seller.clone()) else {
            return Ok(Group::default());
        };
        let (mut group, mut streams, mut counts) = (Group::default(), Vec::new(), Vec::new());
        for delivery in deliveries {
            let span = tracing::info_span!("delivery", id = %delivery.id, source = source.name, seller = %seller);
            let clash = self.covered_already(source, &delivery, &group.loaded, options.leaving.as_ref()).await?;
            let Prepared { delivery, outcome, rows, units } = match clash {
                Some(clash) => Prepared::refused(delivery, clash),
                None => self.prepare(source, delivery, working).instrument(span).await?,
            };
            if !options.only_count {
                self.shared.lake.write_rejects(&delivery, rejects(&outcome)?).await?;
            }
            streams.extend(rows);
            counts.push(units);
            group.loaded.push(Loaded { delivery, outcome, set_aside: 0, units: 0 });
        }
        if !streams.is_empty() || !options.replaying.is_empty() {
            self.merge_months(source, &seller, streams, options, &mut group, working).await?;
        }
        if options.only_count {
            return Ok(group);
        }
        for (loaded, units) in group.loaded.iter_mut().zip(counts) {
            loaded.units = units.load(Ordering::Relaxed);
        }
        failpoint::reach("load.merged")?;
        for loaded in &group.loaded {
            self.record(loaded).await?;
        }
        self.tell_held(source, &seller, &group).await?;
        self.tell_moved(source, &seller, &mut group).await?;
        let rows: u64 = group.loaded.iter().map(|loaded| loaded.outcome.rows).sum();
        tracing::debug!(source = source.name, deliveries = group.loaded.len(), rows, "loaded");
        Ok(group)
    }

    pub(crate) async fn merge_months(
        &self,
        source: &Arc<Source>,
        seller: &SellerId,
        streams: Vec<SendableRecordBatchStream>,
        options: &LoadOptions,
        group: &mut Group,
        working: &Working,
    ) -> Result<()> {
        let merged = merge(source, streams, &working.task())?;
        let (sender, months) = futures::channel::mpsc::channel(0);
        let splitting = tokio::spawn(split_months(merged, sender));
        let swap = |MonthRows { month, rows }| {
            self.swap_source(source, source_partition(source, seller, month), Some(rows), options, working)
        };
        // The rows of a month flow while the file of the one before is synced and published.
        let mut swapped: Vec<Swapped> = months.map(swap).buffered(MONTHS_AT_ONCE).try_collect().await?;
        splitting.await.map_err(|error| Error::permanent(Kind::Internal, "a merge was interrupted").source(error))?;
        if !options.replaying.is_empty() {
            let seen: BTreeSet<Partition> = swapped.iter().map(|swapped| swapped.partition.clone()).collect();
            for partition in self.partitions_of(source, seller).await? {
                if !seen.contains(&partition) {
                    swapped.push(self.swap_source(source, partition, None, options, working).await?);
                }
            }
        }
        for Swapped { partition, touched, tally } in swapped {
            group.units_added += tally.added.load(Ordering::Relaxed);
            group.units_replaced += tally.replaced.load(Ordering::Relaxed);
            group.units_superseded += tally.superseded.load(Ordering::Relaxed);
            group.touched.extend(touched.then_some(partition));
            group.ties.extend(&tally.ties.lock().unwrap_or_else(PoisonError::into_inner));
            let set_aside = tally.set_aside.lock().unwrap_or_else(PoisonError::into_inner);
            for loaded in &mut group.loaded {
                loaded.set_aside += set_aside.get(loaded.delivery.id.as_str()).copied().unwrap_or(0);
            }
        }
        Ok(())
    }

    /// Merges new rows into one partition until nobody interferes.
    pub(crate) async fn swap_source(
        &self,
        source: &Arc<Source>,
        partition: Partition,
        rows: Option<SendableRecordBatchStream>,
        options: &LoadOptions,
        working: &Working,
    ) -> Result<Swapped> {
        let tally = Arc::new(StandingTally::default());
        let touched = self.merge_into(source, &partition, rows, options, &tally, working).await?;
        Ok(Swapped { partition, touched, tally })
    }

    /// False where nothing had to change.
    async fn merge_into(
        &self,
        source: &Arc<Source>,
        partition: &Partition,
        rows: Option<SendableRecordBatchStream>,
        options: &LoadOptions,
        tally: &Arc<StandingTally>,
        working: &Working,
    ) -> Result<bool> {
        let mut pending = rows;
        let mut attempt = 0;
        loop {
            let (committed, is_damaged) = self.committed_unless(partition, &options.damaged).await?;
            let replaces = committed.generation();
            let Committed { known, head, is_news } = committed;
            let mut streams: Vec<_> = pending.take().into_iter().collect();
            if let Some(head) = head.as_ref().filter(|_| !is_damaged) {
                let stored = self.objects.scan_source(source, partition, head, replaces).await?;
                streams.push(as_input(source, without(stored, &options.replaying), partition.month, 1));
            }
            let merged = merge(source, streams, &working.task())?;
            let before = tally.added.load(Ordering::Relaxed) + tally.replaced.load(Ordering::Relaxed);
            let mut rows = standing(source, merged, Arc::clone(tally));
            if options.only_count {
                while let Some(batch) = rows.next().await {
                    batch.map_err(|error| row_error(error, partition))?;
                }
                return Ok(false);
            }
            let layout = ObjectLayout {
                partition: partition.clone(),
                schema_version: source.version,
                sorted_by: vec!["_unit".to_owned()],
                replaces,
            };
            let built = self.objects.build(layout, rows, working).await?;
            let after = tally.added.load(Ordering::Relaxed) + tally.replaced.load(Ordering::Relaxed);
            if before == after && head.is_some() && !is_damaged && options.replaying.is_empty() {
                return Ok(is_news);
            }
            let copy = built.spool.map()?;
            match self.shared.lake.swap(built, head.as_ref().map(|head| head.etag.as_str())).await {
                Ok(state) => {
                    failpoint::reach("partition.swapped")?;
                    if !self.objects.tell(&state, known).await? {
                        self.objects.look_again(partition, None).await?;
                    }
                    return Ok(true);
                }
                // What was merged may be merged again with what somebody else wrote meanwhile.
                Err(error) if error.is_look_again() && attempt < ATTEMPTS => {
                    attempt += 1;
                    self.objects.back_off(attempt).await;
                    pending = Some(as_input(source, reread(source, copy)?, partition.month, 0));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The version of a partition to merge with, and whether it is one of these that are to be made again.
    async fn committed_unless(&self, partition: &Partition, damaged: &Damaged) -> Result<(Committed, bool)> {
        if let Some(tag) = damaged.get(partition) {
            let head = self.shared.lake.head(partition).await?;
            if head.as_ref().map(|head| &head.etag) == tag.as_ref() {
                let known = self.shared.state.object(partition).await?;
                return Ok((Committed { known, head, is_news: false }, true));
            }
        }
        Ok((self.objects.committed(partition).await?, false))
    }

    pub(crate) async fn partitions_of(&self, source: &Source, seller: &SellerId) -> Result<Vec<Partition>> {
        let filter = sellerlake_state::ObjectFilter::of_dataset(Area::Sources, &source.name, seller.clone());
        let objects = self.shared.state.objects(&filter).await?;
        Ok(objects.into_iter().map(|record| record.object.partition).collect())
    }

    async fn record(&self, loaded: &Loaded) -> Result<()> {
        let Loaded { delivery, outcome, .. } = loaded;
        let reason = outcome.refused.clone().or_else(|| loaded.lack());
        let (now, status, report) = (self.shared.clock.now(), status_of(outcome), report(loaded));
        self.shared.state.conclude(&delivery.id, status, reason.as_deref(), &report, now).await?;
        self.tell_refused(loaded).await?;
        self.tell_novelties(loaded).await
    }
}

/// Rows of a file that was built but not published.
fn reread(source: &Source, copy: Mapped) -> Result<SendableRecordBatchStream> {
    let failed = |error| Error::permanent(Kind::Storage, "can't read back a partition just built").source(error);
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from_owner(copy)).map_err(failed)?;
    let batches = reader.build().map_err(failed)?.map(|batch| batch.map_err(DataFusionError::from));
    let schema = sellerlake_transforms::merge::stored_schema(source);
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches))))
}

/// Leaves out the rows of deliveries that are read again.
fn without(rows: SendableRecordBatchStream, deliveries: &BTreeSet<DeliveryId>) -> SendableRecordBatchStream {
    if deliveries.is_empty() {
        return rows;
    }
    let deliveries: BTreeSet<String> = deliveries.iter().map(ToString::to_string).collect();
    let schema = rows.schema();
    let kept = rows.map(move |batch| {
        let batch = batch?;
        let index = batch.schema().index_of("_delivery_id")?;
        let ids = batch.column(index).as_any().downcast_ref::<StringArray>();
        let keep = ids.into_iter().flatten().map(|id| Some(id.is_none_or(|id| !deliveries.contains(id))));
        Ok(arrow::compute::filter_record_batch(&batch, &keep.collect())?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, kept))
}

fn rejects(outcome: &Outcome) -> Result<RecordBatch> {
    let rows = &outcome.rejects;
    let text = |value: fn(&sellerlake_transforms::decode::Reject) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(value).collect::<StringArray>())
    };
    let columns: [(&str, ArrayRef); 4] = [
        ("line", Arc::new(rows.iter().map(|reject| reject.line as i64).collect::<Int64Array>())),
        ("column_name", text(|reject| reject.column.as_deref())),
        ("reason", text(|reject| Some(&reject.reason))),
        ("value", text(|reject| reject.value.as_deref())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true)))
        .map_err(|error| Error::permanent(Kind::Internal, "can't build the rejects").source(error))
}

fn report(loaded: &Loaded) -> LoadReport {
    let outcome = &loaded.outcome;
    let lacking = outcome.lacking_units();
    let listed: Vec<&str> = if lacking.len() > LISTED { Vec::new() } else { lacking.into_iter().collect() };
    let held_back: Vec<&String> = outcome.held_back.iter().take(100).collect();
    let details = json!({
        "charset": outcome.charset,
        "charset_guessed": outcome.charset_guessed,
        "decimal_comma": outcome.decimal_comma,
        "day_order": outcome.day_order.as_ref().map(|settled| settled.order.name()),
        "day_order_by": outcome.day_order.as_ref().map(|settled| &settled.by),
        "rounded": outcome.rounded,
        "repeated": outcome.repeated,
        "drift": outcome.drift,
        "set_aside": loaded.set_aside,
        UNITS: loaded.units,
        LACKING: listed,
        "as_of": outcome.as_of,
        "dropped": outcome.dropped,
        "strangers": outcome.strangers,
        "held_back": held_back,
        "held_back_count": outcome.held_back.len(),
        "incomplete": outcome.incomplete.len(),
        "empty_units": outcome.empty.len(),
        "too_early": outcome.too_early,
        "outside_window": outcome.outside_window,
        "unbalanced": outcome.unbalanced.iter().map(|unit| (&unit.unit, &unit.sum, &unit.expected)).collect::<Vec<_>>(),
    });
    LoadReport { rows: outcome.rows, rejected: outcome.rejected, details }
}
