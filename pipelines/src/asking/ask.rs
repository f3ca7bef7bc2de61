//! SQL over the lake: a session holds the objects of the sellers it was granted, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use datafusion::datasource::MemTable;
use sellerlake_contracts::{Area, Error, Kind, ObjectState, Partition, Result, SellerId};
use sellerlake_query::{
    Answer, Held, LAKE, LakeReader, LakeTable, LakeTableOptions, Replaced, Session, SessionBuilder, meta, replaced,
};
use sellerlake_schemas::{Grain, Source};
use sellerlake_sinks::Copied;
use sellerlake_state::{DeliveryFilter, DeliveryRecord, ObjectFilter};
use sellerlake_transforms::functions;
use sellerlake_transforms::merge::stored_schema;
use sellerlake_transforms::stage::table_schema;

use crate::asking::Asking;
use crate::objects::entry::{described, expect_successor, gone, is_damage};

/// Times a statement is planned again because an object was replaced under it.
const REPLANS: u32 = 3;

/// Who may be seen.
#[derive(Debug, Clone)]
pub enum Granted {
    /// Every seller in the lake.
    All,
    /// These.
    Sellers(BTreeSet<SellerId>),
}

impl Granted {
    /// One request per seller; `None` stands for everybody at once.
    pub(crate) fn sellers(&self) -> Vec<Option<SellerId>> {
        match self {
            Self::All => vec![None],
            Self::Sellers(sellers) => sellers.iter().cloned().map(Some).collect(),
        }
    }
}

impl Asking {
    /// Plans and starts a statement; objects replaced before the first row are looked at again. Where that happens
    /// again and again, the statement reads private copies of all its objects; a [`Kind::Conflict`] error is left for
    /// one that comes to read still others meanwhile.
    pub async fn ask(&self, statement: &str, granted: &Granted) -> Result<Answer> {
        Ok(self.answer(statement, granted).await?.0)
    }

    /// The same, and which of the tables that the statement names aren't made from all that is loaded.
    pub async fn ask_and_look_behind(&self, statement: &str, granted: &Granted) -> Result<(Answer, BTreeSet<String>)> {
        let (answer, objects) = self.answer(statement, granted).await?;
        let named = sellerlake_query::tables(statement)?;
        let makers = self.rebuilding.makers(&named);
        let mut behind = BTreeSet::new();
        if !makers.is_empty() {
            for catalogue in self.objects.catalogues(objects).await? {
                behind.extend(self.rebuilding.behind(&makers, &catalogue).into_iter().map(|partition| partition.name));
            }
        }
        behind.retain(|table| named.contains(table));
        Ok((answer, behind))
    }

    /// The answer, and the objects it was planned over.
    async fn answer(&self, statement: &str, granted: &Granted) -> Result<(Answer, Vec<ObjectState>)> {
        let mut replans = 0;
        loop {
            let objects = self.granted_objects(granted).await?;
            let session = self.session_over(&objects, &self.objects.reader, granted).await?;
            let error = match start(&session, statement).await {
                Ok(answer) => return Ok((answer, objects)),
                Err(error) => error,
            };
            let Some(path) = replaced(&error).map(|replaced| replaced.path.clone()) else { return Err(error) };
            if let Some(partition) = Partition::parse(&path) {
                match self.objects.look_again(&partition, None).await {
                    // It is being replaced at this very moment, too.
                    Err(error) if error.is_look_again() => {}
                    // Who may not write can't tell the catalogue.
                    Err(error) if !self.remembers && !is_damage(&error) => {}
                    looked => drop(looked?),
                }
            }
            replans += 1;
            if replans > REPLANS {
                return Ok((self.ask_copies(statement, granted).await?, objects));
            }
        }
    }

    /// What to say of an answer that broke off: an object that isn't the version it was may be damaged, or another one.
    pub async fn told_of_damage(&self, error: Error) -> Error {
        let Some(partition) = replaced(&error).and_then(|replaced| Partition::parse(&replaced.path)) else {
            return error;
        };
        match self.objects.look_again(&partition, None).await {
            Err(damaged) if is_damage(&damaged) => damaged,
            _ => error,
        }
    }

    /// Answers from copies that nobody can replace.
    async fn ask_copies(&self, statement: &str, granted: &Granted) -> Result<Answer> {
        let mut objects = self.granted_objects(granted).await?;
        let planned = self.session_over(&objects, &self.objects.reader, granted).await?;
        let read = planned.reads(statement).await?;
        let mut held = Held::new();
        for object in objects.iter_mut().filter(|object| read.contains(&object.partition.path())) {
            let partition = &object.partition;
            let Copied { head, footer, file } =
                self.shared.lake.copy(partition).await?.ok_or_else(|| gone(partition))?;
            held.insert(partition.path(), (head.etag.clone(), file));
            let copied = ObjectState { input_hash: object.input_hash.clone(), ..described(partition, head, footer) };
            expect_successor(&copied, Some(object))?;
            *object = copied;
        }
        let session = self.session_over(&objects, &self.objects.reader.holding(held), granted).await?;
        start(&session, statement).await.map_err(|error| match replaced(&error) {
            None => error,
            Some(Replaced { path }) => Error::transient(Kind::Conflict, "the lake changes faster than it can be read")
                .at("query.read")
                .with("path", path)
                .hint("ask again, or for fewer partitions at once"),
        })
    }

    pub(crate) async fn granted_objects(&self, granted: &Granted) -> Result<Vec<ObjectState>> {
        self.shared.state.expect_sound_catalogue().await?;
        let mut objects = Vec::new();
        for seller in granted.sellers() {
            let records = self.shared.state.objects(&ObjectFilter { seller, ..ObjectFilter::default() }).await?;
            objects.extend(records.into_iter().map(|record| record.object));
        }
        Ok(objects)
    }

    pub(crate) async fn granted_deliveries(&self, granted: &Granted) -> Result<Vec<DeliveryRecord>> {
        let mut deliveries = Vec::new();
        for seller in granted.sellers() {
            deliveries
                .extend(self.shared.state.deliveries(&DeliveryFilter { seller, ..DeliveryFilter::default() }).await?);
        }
        Ok(deliveries)
    }

    /// A session over the granted sellers' objects.
    pub async fn session(&self, granted: &Granted) -> Result<Session> {
        self.session_over(&self.granted_objects(granted).await?, &self.objects.reader, granted).await
    }

    /// A session's means, by the settings.
    pub(crate) fn session_builder(&self) -> SessionBuilder {
        SessionBuilder {
            memory_limit_bytes: self.shared.settings.memory_bytes,
            target_partitions: self.shared.settings.threads,
            row_limit: self.shared.settings.row_limit,
            timeout: self.shared.settings.query_timeout,
            spill_dir: Some(self.spill.path().to_owned()),
            functions: functions::all(),
            ..SessionBuilder::default()
        }
    }

    pub(crate) async fn session_over(
        &self,
        objects: &[ObjectState],
        reader: &LakeReader,
        granted: &Granted,
    ) -> Result<Session> {
        let session = self.session_builder().build()?;
        let mut by_dataset: BTreeMap<(Area, &str), Vec<ObjectState>> = BTreeMap::new();
        for object in objects {
            by_dataset.entry((object.partition.area, &object.partition.name)).or_default().push(object.clone());
        }
        for stage in self.shared.declarations.stages.values() {
            let owned = by_dataset.remove(&(stage.area, stage.table.name.as_str())).unwrap_or_default();
            let options = LakeTableOptions {
                expose_seller: true,
                expose_month: stage.table.grain == Grain::Month,
                text_views: true,
                ..LakeTableOptions::default()
            };
            let table = LakeTable::new(reader.clone(), &table_schema(&stage.table), owned, &options);
            session.register(LAKE, &stage.table.name, Arc::new(table))?;
        }
        for source in self.shared.declarations.schemas.sources.values() {
            let owned = by_dataset.remove(&(Area::Sources, source.name.as_str())).unwrap_or_default();
            session.register("sources", &source.name, Arc::new(source_table(reader, source, owned, true)))?;
        }
        for reference in self.shared.declarations.schemas.references.values() {
            let rows = reference.rows.clone();
            let table = MemTable::try_new(rows.schema(), vec![vec![rows]]);
            let table =
                table.map_err(|error| Error::permanent(Kind::Internal, "can't show reference data").source(error))?;
            session.register(LAKE, &reference.table.name, Arc::new(table))?;
        }
        session.register("meta", "objects", meta::objects(objects)?)?;
        let deliveries = delivery_rows(&self.granted_deliveries(granted).await?)?;
        session.register("meta", "deliveries", meta::rows(deliveries.schema(), vec![deliveries])?)?;
        let slices = self.slice_rows(granted).await?;
        session.register("meta", "slices", meta::rows(slices.schema(), vec![slices])?)?;
        let alerts = self.alert_rows(granted).await?;
        session.register("meta", "alerts", meta::rows(alerts.schema(), vec![alerts])?)?;
        Ok(session)
    }
}

/// A source's rows as sessions see them, with or without those that say of a unit that it is empty.
pub(crate) fn source_table(
    reader: &LakeReader,
    source: &Source,
    objects: Vec<ObjectState>,
    hide_markers: bool,
) -> LakeTable {
    let options = LakeTableOptions {
        expose_seller: true,
        expose_month: source.month.is_some(),
        hide_markers,
        text_views: true,
        ..LakeTableOptions::default()
    };
    LakeTable::new(reader.clone(), &stored_schema(source), objects, &options)
}

/// Starts a statement and waits for its first rows: what is replaced later was opened before.
async fn start(session: &Session, statement: &str) -> Result<Answer> {
    session.sql(statement).await?.ready().await
}

fn delivery_rows(records: &[DeliveryRecord]) -> Result<RecordBatch> {
    let text = |value: &dyn Fn(&DeliveryRecord) -> Option<String>| -> ArrayRef {
        Arc::new(records.iter().map(value).collect::<StringArray>())
    };
    let instant = |value: &dyn Fn(&DeliveryRecord) -> Option<chrono::DateTime<chrono::Utc>>| -> ArrayRef {
        let values = records.iter().map(|record| value(record).map(|instant| instant.timestamp_millis()));
        Arc::new(values.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
    };
    let count = |value: &dyn Fn(&DeliveryRecord) -> Option<u64>| -> ArrayRef {
        Arc::new(records.iter().map(|record| value(record).map(|count| count as i64)).collect::<Int64Array>())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("delivery_id", text(&|record| Some(record.id.to_string()))),
        ("source", text(&|record| Some(record.source.clone()))),
        ("seller_id", text(&|record| Some(record.seller.to_string()))),
        ("scope", text(&|record| Some(record.scope.to_string()))),
        ("marketplace_id", text(&|record| record.marketplace.as_ref().map(ToString::to_string))),
        ("window_from", instant(&|record| record.window.map(|window| window.from))),
        ("window_to", instant(&|record| record.window.map(|window| window.to))),
        ("as_of", instant(&|record| record.as_of)),
        ("fetched_at", instant(&|record| Some(record.fetched_at))),
        ("status", text(&|record| Some(record.status.to_string()))),
        ("reason", text(&|record| record.reason.clone())),
        ("rows", count(&|record| record.report.as_ref().map(|report| report.rows))),
        ("rejected", count(&|record| record.report.as_ref().map(|report| report.rejected))),
        ("report", text(&|record| record.report.as_ref().map(|report| report.details.to_string()))),
        ("size_bytes", count(&|record| Some(record.size_bytes))),
        ("data_path", text(&|record| Some(record.data_path.clone()))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true)))
        .map_err(|error| Error::permanent(Kind::Internal, "can't show the deliveries").source(error))
}
