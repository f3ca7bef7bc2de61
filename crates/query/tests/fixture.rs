//! A lake in a temporary folder.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::catalog::TableProvider;
use object_store::local::LocalFileSystem;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use sellerlake_contracts::{ObjectState, Partition};
use sellerlake_query::{LakeReader, LakeTable, LakeTableOptions, Session, SessionBuilder};
use sellerlake_seal::{Sealing, key};
use tempfile::TempDir;

pub struct Lake {
    pub dir: TempDir,
    pub reader: LakeReader,
}

/// The formula of object_store's local files.
pub fn tag(meta: &Metadata) -> String {
    let micros = meta.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    format!("{:x}-{:x}-{:x}", meta.ino(), micros, meta.size())
}

fn reader(dir: &TempDir) -> LakeReader {
    let store = Arc::new(LocalFileSystem::new_with_prefix(dir.path()).unwrap());
    LakeReader::on_disk(store, dir.path(), tag)
}

impl Lake {
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        Self { reader: reader(&dir), dir }
    }

    /// Forgets the footers it has read.
    pub fn forget(&mut self) {
        self.reader = reader(&self.dir);
    }

    pub fn file(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Writes an object as sinks do, beside it and renamed over it, and returns what the catalogue would know.
    pub fn put(&self, path: &str, batch: &RecordBatch) -> ObjectState {
        self.put_version(path, batch, 0)
    }

    /// The same, as the version of this generation.
    pub fn put_version(&self, path: &str, batch: &RecordBatch, generation: u64) -> ObjectState {
        let file = self.file(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let spool = file.with_extension("spool");
        let pairs = vec![(key::GENERATION, generation.to_string())];
        fs::write(&spool, parquet_with(path, batch, pairs)).unwrap();
        fs::rename(&spool, &file).unwrap();
        let meta = fs::metadata(&file).unwrap();
        ObjectState { generation, ..state(path, batch, Some(tag(&meta)), meta.len()) }
    }
}

/// Row groups of 1000 rows, so that reading takes more than one step.
pub fn parquet(path: &str, batch: &RecordBatch) -> Vec<u8> {
    parquet_with(path, batch, Vec::new())
}

fn parquet_with(path: &str, batch: &RecordBatch, pairs: Vec<(&'static str, String)>) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(1000))
        .set_statistics_enabled(EnabledStatistics::Page)
        .build();
    let file = tempfile::NamedTempFile::new().unwrap();
    let sealing = Sealing::new(file.reopen().unwrap());
    let mut writer = ArrowWriter::try_new(sealing, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    sellerlake_seal::finish(writer.into_serialized_writer().unwrap().0, path, pairs).unwrap();
    fs::read(file.path()).unwrap()
}

pub fn state(path: &str, batch: &RecordBatch, etag: Option<String>, size_bytes: u64) -> ObjectState {
    let markers = batch.column_by_name("_marker").map_or(0, |column| {
        column.as_any().downcast_ref::<BooleanArray>().unwrap().iter().filter(|marker| *marker == Some(true)).count()
    });
    let rows = batch.num_rows() as u64;
    ObjectState {
        partition: Partition::parse(path).unwrap(),
        etag,
        size_bytes,
        rows,
        visible_rows: rows - markers as u64,
        row_hash: "cafe".into(),
        input_hash: String::new(),
        schema_version: 1,
        generation: 0,
    }
}

pub fn schema() -> Schema {
    Schema::new(vec![
        Field::new("order_id", DataType::Utf8, false),
        Field::new("item_price", DataType::Decimal128(18, 4), true),
        Field::new("quantity", DataType::Int64, true),
        Field::new("purchase_date", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("local_day", DataType::Date32, true),
    ])
}

/// Orders `from..to`, each worth its number and a half.
pub fn orders(from: i64, to: i64) -> RecordBatch {
    let numbers = from..to;
    let ids = StringArray::from_iter_values(numbers.clone().map(|n| format!("114-0000000-{n:07}")));
    let prices = Decimal128Array::from_iter_values(numbers.clone().map(|n| i128::from(n) * 10_000 + 5_000));
    let times = TimestampMicrosecondArray::from_iter_values(numbers.clone().map(|n| n * 3_600_000_000));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids),
        Arc::new(prices.with_precision_and_scale(18, 4).unwrap()),
        Arc::new(numbers.clone().map(|n| (n % 7 != 0).then_some(n)).collect::<Int64Array>()),
        Arc::new(times.with_timezone("UTC")),
        Arc::new(Date32Array::from_iter_values(numbers.map(|n| (n / 24) as i32))),
    ];
    RecordBatch::try_new(Arc::new(schema()), columns).unwrap()
}

pub fn path(seller: &str, month: &str) -> String {
    format!("tables/orders/seller_id={seller}/month={month}/data.parquet")
}

pub fn shown() -> LakeTableOptions {
    LakeTableOptions { expose_seller: true, expose_month: true, text_views: true, ..LakeTableOptions::default() }
}

pub fn table(lake: &Lake, objects: Vec<ObjectState>) -> Arc<dyn TableProvider> {
    Arc::new(LakeTable::new(lake.reader.clone(), &schema(), objects, &shown()))
}

/// A session whose `orders` are these objects.
pub fn session(lake: &Lake, objects: Vec<ObjectState>) -> Session {
    let session = SessionBuilder { target_partitions: 2, ..SessionBuilder::default() }.build().unwrap();
    session.register("lake", "orders", table(lake, objects)).unwrap();
    session
}

/// The answer as CSV without its header.
pub async fn ask(session: &Session, sql: &str) -> String {
    let text = csv(session, sql).await;
    text.split_once('\n').unwrap().1.trim_end().to_owned()
}

pub async fn csv(session: &Session, sql: &str) -> String {
    let answer = session.sql(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let mut out = Vec::new();
    let format = sellerlake_query::output::OutputFormat::Csv;
    sellerlake_query::output::write(answer, format, &mut out).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    String::from_utf8(out).unwrap()
}
