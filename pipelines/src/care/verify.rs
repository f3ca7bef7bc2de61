//! Reading the lake again and saying where it isn't what it claims to be.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
use futures::StreamExt;
use sellerlake_contracts::{Area, Error, Kind, Partition, Result};
use sellerlake_query::{LakeTable, LakeTableOptions};
use sellerlake_schemas::Source;
use sellerlake_sinks::{Footer, Head, RowHash, Standing};
use sellerlake_state::{Alert, AlertKind, AlertState, DeliveryFilter};
use sellerlake_transforms::merge::stored_schema;
use sellerlake_transforms::stage::{table_schema, unique};
use sellerlake_transforms::{Dataset, Stage};
use xxhash_rust::xxh3::xxh3_128;

use crate::care::Care;
use crate::loading::absent::Standings;
use crate::loading::lost::Lost;
use crate::objects::entry::{described, expect_successor, is_same};
use crate::objects::inputs::unknown_object;
use crate::objects::strangers::{foreign_rows, landed};
use crate::progress::Progress;
use crate::rebuilding::behind::told_behind;

/// One thing that is not as it should be.
#[derive(Debug, Clone)]
pub struct Complaint {
    /// Path of the object, or what else it is about.
    pub subject: String,
    /// What is wrong.
    pub problem: String,
}

/// What verifying found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Objects read.
    pub objects: u64,
    /// Rows read.
    pub rows: u64,
    /// Objects of earlier versions, whose bytes say nothing of themselves.
    pub unsealed: u64,
    /// What is wrong.
    pub complaints: Vec<Complaint>,
    /// What the lake is known to lack: alerts about its objects that fire, warnings not among them.
    pub alerts: Vec<Alert>,
}

impl Verified {
    fn complain(&mut self, subject: &Partition, problem: impl Into<String>) {
        self.complaints.push(Complaint { subject: subject.path(), problem: problem.into() });
    }
}

/// An error with what to do about it, in one line.
pub(crate) fn told(error: &Error) -> String {
    error.remedy().map_or_else(|| format!("{error:#}"), |hint| format!("{error:#}; {hint}"))
}

/// Where a unit was found: by hash of source, seller and unit.
type Homes = HashMap<u128, Partition>;

/// What was met on the way through all objects.
#[derive(Default)]
struct Met {
    homes: Homes,
    standings: Standings,
}

impl Care {
    /// Reads every object: row hash against footer and catalogue, schema, order, one row a key, one home and one stamp a
    /// unit.
    pub async fn verify(&self, progress: &dyn Progress) -> Result<Verified> {
        let mut verified = Verified::default();
        let mut met = Met::default();
        let found = self.shared.lake.partitions(None).await?;
        progress.begin("verifying", Some(found.len() as u64));
        for (partition, head) in found {
            if let Err(error) = self.verify_object(&partition, &head, &mut met, &mut verified).await {
                verified.complain(&partition, told(&error));
            }
            verified.objects += 1;
            progress.advance(1);
        }
        progress.end();
        self.verify_missing(&mut verified).await?;
        self.verify_made(&mut verified).await?;
        self.verify_rejects(&mut verified).await?;
        self.verify_raw(&met.standings, &mut verified, progress).await?;
        self.verify_state(&mut verified).await;
        let is_of_lake = |alert: &Alert| {
            let kind = alert.condition.kind;
            alert.state == AlertState::Firing
                && matches!(kind, AlertKind::Load | AlertKind::HeldBack | AlertKind::Stage | AlertKind::LeftOut)
        };
        verified.alerts = self.shared.state.alerts(None).await?.into_iter().filter(is_of_lake).collect();
        Ok(verified)
    }

    async fn verify_object(
        &self,
        partition: &Partition,
        head: &Head,
        met: &mut Met,
        verified: &mut Verified,
    ) -> Result<()> {
        let Some(dataset) = self.shared.declarations.dataset(&partition.name) else {
            verified.complain(partition, "nothing declared has this name");
            return Ok(());
        };
        let footer = self.shared.lake.footer(partition, head).await?;
        verified.unsealed += u64::from(!footer.sealed);
        self.verify_catalogue(partition, head, &footer, verified).await?;
        let (schema, order): (SchemaRef, Vec<String>) = match &dataset {
            Dataset::Source(source) => (stored_schema(source), vec!["_unit".to_owned()]),
            Dataset::Table(table) => (table_schema(table), table.sort.clone()),
            Dataset::Reference(_) => return Ok(()),
        };
        let object = unknown_object(partition, head);
        let table = LakeTable::new(self.objects.reader.clone(), &schema, vec![object], &LakeTableOptions::default());
        let mut rows = self.objects.scan(&table, partition).await?;
        if let Dataset::Table(table) = &dataset {
            let unique = unique(rows, table, &self.objects.runtime.memory_pool);
            rows = unique.map_err(|error| crate::objects::swap::row_error(error, partition))?;
        }
        let mut hash = if footer.sealed { RowHash::default() } else { RowHash::first_version() };
        let mut sorted = Order::new(&schema, &order)?;
        let mut units = Units::default();
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(|error| crate::objects::swap::row_error(error, partition))?;
            hash.update(&batch)?;
            sorted.check(&batch)?;
            if let Dataset::Source(source) = &dataset {
                units.check(source, partition, &batch, &mut met.homes);
                met.standings.add(partition, &batch);
            }
        }
        verified.rows += hash.rows();
        if hash.finish() != footer.row_hash || hash.rows() != footer.rows {
            verified.complain(partition, "its rows are not those its footer was written for");
        }
        if sorted.broken {
            verified.complain(partition, format!("its rows are not sorted by {}", order.join(", ")));
        }
        units.complaints.into_iter().for_each(|problem| verified.complain(partition, problem));
        Ok(())
    }

    async fn verify_catalogue(
        &self,
        partition: &Partition,
        head: &Head,
        footer: &Footer,
        verified: &mut Verified,
    ) -> Result<()> {
        match self.shared.state.object(partition).await? {
            None => verified.complain(partition, "the catalogue doesn't know it; run `sellerlake verify --repair`"),
            Some(known) => {
                let object = described(partition, head.clone(), footer.clone());
                let has_tag = known.etag.as_ref() == Some(&head.etag);
                match expect_successor(&object, Some(&known)) {
                    Err(error) => verified.complain(partition, told(&error)),
                    // The lake was copied: the entry says so from now on.
                    Ok(()) if !has_tag && is_same(&object, &known) => {
                        drop(self.objects.look_again(partition, None).await?);
                    }
                    Ok(()) if !has_tag || known.row_hash != footer.row_hash => verified
                        .complain(partition, "the catalogue knows another version; run `sellerlake verify --repair`"),
                    Ok(()) => {}
                }
            }
        }
        Ok(())
    }

    /// Objects the catalogue believes in that aren't there.
    async fn verify_missing(&self, verified: &mut Verified) -> Result<()> {
        // A catalogue that can't be read is told with the rest of the state.
        let Ok(records) = self.shared.state.objects(&sellerlake_state::ObjectFilter::default()).await else {
            return Ok(());
        };
        for record in records {
            let partition = record.object.partition;
            if record.object.etag.is_some() && self.shared.lake.head(&partition).await?.is_none() {
                verified.complain(
                    &partition,
                    "the catalogue knows it, but it isn't in the lake; run `sellerlake verify --repair`",
                );
            }
        }
        Ok(())
    }

    /// Tables that aren't made from what stands by now.
    async fn verify_made(&self, verified: &mut Verified) -> Result<()> {
        // A catalogue that can't be read is told with the rest of the state.
        let Ok(sellers) = self.objects.sellers().await else { return Ok(()) };
        let stages: Vec<&Stage> = self.shared.declarations.stages.values().map(AsRef::as_ref).collect();
        for seller in sellers {
            let behind = self.rebuilding.behind(&stages, &self.objects.catalogue(&seller).await?);
            let told = told_behind(&behind).into_iter().map(|(subject, problem)| Complaint { subject, problem });
            verified.complaints.extend(told);
        }
        Ok(())
    }

    /// Rejected rows, which nothing else reads.
    async fn verify_rejects(&self, verified: &mut Verified) -> Result<()> {
        for (path, error) in self.shared.lake.damaged_rejects().await? {
            verified.complaints.push(Complaint { subject: path, problem: told(&error) });
        }
        Ok(())
    }

    /// The database's own pages.
    async fn verify_state(&self, verified: &mut Verified) {
        // A database that can't be asked is no reason to keep what else was found.
        let found = self.shared.state.check().await.unwrap_or_else(|error| vec![told(&error)]);
        let problem = |problem| Complaint { subject: self.shared.state.address().to_owned(), problem };
        verified.complaints.extend(found.into_iter().map(problem));
    }

    /// Raw bytes against the hash they were landed with.
    async fn verify_raw(&self, standings: &Standings, verified: &mut Verified, progress: &dyn Progress) -> Result<()> {
        let standing = self.shared.lake.standing(None, None).await?;
        let lost = self.loading.lost_deliveries(&DeliveryFilter::default(), &standing).await?;
        let complaint = |(subject, problem)| Complaint { subject, problem };
        let ledger = self.shared.state.deliveries(&DeliveryFilter::default()).await?;
        let mut known = landed(&standing);
        known.extend(ledger.iter().map(|record| record.id.as_str()));
        let strangers = standings.but_for(&known);
        verified.complaints.extend(lost.iter().map(Lost::told).map(complaint));
        let Standing { deliveries, unreadable, bare } = standing;
        verify_bare(bare, &lost, standings, verified);
        for (partition, delivery) in strangers {
            verified.complain(&partition, told(&foreign_rows(&partition, &delivery)));
        }
        for (subject, error) in unreadable {
            verified.complaints.push(Complaint { subject, problem: told(&error) });
        }
        progress.begin("verifying raw", Some(deliveries.len() as u64));
        for delivery in deliveries.clone() {
            let subject = delivery.data_path();
            if let Err(error) = self.loading.check_raw(delivery).await {
                verified.complaints.push(Complaint { subject, problem: told(&error) });
            }
            progress.advance(1);
        }
        progress.end();
        for (delivery, units) in self.loading.absent(deliveries, standings).await? {
            let problem = format!(
                "it counts as loaded, but {units} of its units stand nowhere, nor anything newer in their place; run \
                 `sellerlake verify --repair`"
            );
            verified.complaints.push(Complaint { subject: delivery.data_path(), problem });
        }
        Ok(())
    }
}

/// Whether rows ascend, NULLs first.
struct Order {
    converter: RowConverter,
    columns: Vec<usize>,
    last: Option<OwnedRow>,
    broken: bool,
}

impl Order {
    fn new(schema: &Schema, names: &[String]) -> Result<Self> {
        let failed = |error| Error::permanent(Kind::Internal, "can't compare rows").source(error);
        let columns: Vec<usize> = names.iter().filter_map(|name| schema.index_of(name).ok()).collect();
        let fields = columns.iter().map(|index| SortField::new(schema.field(*index).data_type().clone())).collect();
        Ok(Self { converter: RowConverter::new(fields).map_err(failed)?, columns, last: None, broken: false })
    }

    fn check(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.columns.is_empty() || batch.num_rows() == 0 {
            return Ok(());
        }
        let columns: Vec<_> = self.columns.iter().map(|index| batch.column(*index).clone()).collect();
        let rows = self.converter.convert_columns(&columns);
        let rows = rows.map_err(|error| Error::permanent(Kind::Internal, "can't compare rows").source(error))?;
        self.broken |= self.last.as_ref().is_some_and(|last| last.row() > rows.row(0));
        self.broken |= (1..rows.num_rows()).any(|row| rows.row(row - 1) > rows.row(row));
        self.last = Some(rows.row(rows.num_rows() - 1).owned());
        Ok(())
    }
}

/// One home and one delivery a unit.
#[derive(Default)]
struct Units {
    unit: String,
    delivery: String,
    complaints: Vec<String>,
}

impl Units {
    fn check(&mut self, source: &Source, partition: &Partition, batch: &RecordBatch, homes: &mut Homes) {
        let strings = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let (Some(units), Some(deliveries)) = (strings("_unit"), strings("_delivery_id")) else { return };
        debug_assert_eq!(partition.area, Area::Sources);
        for row in 0..units.len() {
            let (unit, delivery) = (units.value(row), deliveries.value(row));
            if unit == self.unit && !self.delivery.is_empty() {
                if delivery != self.delivery {
                    self.complaints.push(format!("unit {unit:?} has rows of two deliveries"));
                }
                continue;
            }
            unit.clone_into(&mut self.unit);
            delivery.clone_into(&mut self.delivery);
            let key = xxh3_128(format!("{}\u{1f}{}\u{1f}{unit}", source.name, partition.seller).as_bytes());
            if let Some(other) = homes.insert(key, partition.clone())
                && other != *partition
            {
                self.complaints.push(format!("unit {unit:?} is also in {other}"));
            }
        }
    }
}

/// Bytes without metadata, of which rows stand though the ledger doesn't know them: what else has no metadata is of a
/// landing that broke off.
fn verify_bare(bare: BTreeSet<String>, lost: &[Lost], standings: &Standings, verified: &mut Verified) {
    let is_lost = |path: &String| lost.iter().any(|lost| lost.record.data_path == *path);
    for path in bare.into_iter().filter(|path| !is_lost(path)) {
        let name = path.rsplit('/').next().unwrap_or_default();
        if standings.of(name.split('.').next().unwrap_or_default()) > 0 {
            let problem = "rows of it stand, but its metadata is gone; restore the file from a backup or hand the document \
                           in again";
            verified.complaints.push(Complaint { subject: path, problem: problem.to_owned() });
        }
    }
}
