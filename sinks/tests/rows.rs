//! Rows, partitions and deliveries to test with.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Schema, SchemaRef};
use chrono::{DateTime, Utc};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sellerlake_contracts::{Delivery, DeliveryId, Partition, Scope};
use sellerlake_sinks::{BuiltPartition, Lake, PartitionWriter, WriteOptions};
use sha2::{Digest, Sha256};

pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// Rows as `sources/` holds them, the last one a marker.
pub(crate) fn sample(orders: &[&str]) -> RecordBatch {
    let count = orders.len() as i64;
    let marker = (0..count).map(|row| Some(row + 1 == count && count > 2));
    batch(vec![
        ("amazon_order_id", Arc::new(StringArray::from(orders.to_vec()))),
        ("quantity", Arc::new(Int64Array::from_iter_values(0..count))),
        (
            "item_price",
            Arc::new(
                Decimal128Array::from_iter((0..count).map(|row| (row > 0).then_some(i128::from(row) * 10_000)))
                    .with_precision_and_scale(18, 4)
                    .unwrap(),
            ),
        ),
        (
            "purchase_date",
            Arc::new(
                TimestampMicrosecondArray::from_iter_values((0..count).map(|row| row * 1_000)).with_timezone("UTC"),
            ),
        ),
        ("day", Arc::new(Date32Array::from_iter_values((0..count as i32).map(|row| 20_000 + row)))),
        ("_marker", Arc::new(BooleanArray::from_iter(marker))),
    ])
}

pub(crate) fn partition(name: &str) -> Partition {
    Partition::parse(&format!("sources/{name}/seller_id=A1/month=2026-03/data.parquet")).unwrap()
}

pub(crate) fn write(lake: &Lake, partition: &Partition, batches: &[RecordBatch], threads: usize) -> BuiltPartition {
    let schema: SchemaRef = batches[0].schema();
    let sorted_by = vec![schema.field(0).name().clone()];
    let options = WriteOptions { sorted_by, nulls_first: false, group_bytes: 0, threads, generation: 0 };
    let mut writer = PartitionWriter::new(lake.spool().unwrap(), partition.clone(), schema, 3, &options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap()
}

pub(crate) fn built(lake: &Lake, partition: &Partition, orders: &[&str]) -> BuiltPartition {
    write(lake, partition, &[sample(orders)], 2)
}

/// The rows that stand under a partition's path.
pub(crate) async fn standing(lake: &Lake, partition: &Partition) -> RecordBatch {
    use object_store::ObjectStoreExt;
    let path = object_store::path::Path::from(partition.path());
    let bytes = lake.store().get(&path).await.unwrap().bytes().await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    // Without what the footer says about the file.
    let schema: SchemaRef = Arc::new(Schema::new(reader.schema().fields().clone()));
    let batches = reader.build().unwrap().map(|batch| batch.unwrap().with_schema(SchemaRef::clone(&schema)).unwrap());
    let batches: Vec<_> = batches.collect();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}

pub(crate) fn delivery(source: &str, content: &[u8]) -> Delivery {
    let at: DateTime<Utc> = "2026-03-05T08:00:00Z".parse().unwrap();
    let sha256 = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut delivery = Delivery {
        version: 1,
        id: DeliveryId::try_from("0".repeat(32)).unwrap(),
        source: source.to_owned(),
        seller: "A1".parse().unwrap(),
        scope: Scope("A1".to_owned()),
        marketplace: None,
        window: None,
        options: [("k".to_owned(), "v".to_owned())].into(),
        as_of: Some(at),
        fetched_at: at,
        charset: None,
        sha256,
        size_bytes: content.len() as u64,
        extension: "txt".to_owned(),
        page_offsets: vec![0],
        origin: Some("report 1".to_owned()),
        personal_data_until: None,
    };
    delivery.id = delivery.identify();
    delivery
}
