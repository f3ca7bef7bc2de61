//! A statement is answered although its objects are replaced all the time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sellerlake_contracts::Partition;
use sellerlake_sinks::{Lake, PartitionWriter, WriteOptions};

use crate::site::Site;

const OBJECT: &str = "tables/orders/seller_id=A1/month=2026-03/data.parquet";

fn orders(last: u32) -> String {
    let rows = (1..=last).map(|number| {
        format!("111-{number:07}-{number:07}\t2026-03-01T12:00:00Z\t2026-03-0{last}T00:00:00Z\tShipped\tAmazon.com\tMUG\t1\tUSD\t9.99\n")
    });
    let header = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\t\
                  currency\titem-price\n";
    header.to_owned() + &rows.collect::<String>()
}

/// The rows that stand.
fn rows(site: &Site) -> RecordBatch {
    let file = File::open(site.path().join("lake").join(OBJECT)).unwrap();
    let mut batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    batches.next().unwrap().unwrap()
}

/// Publishes these rows as the version of this generation, as whoever writes does it, if not as often.
fn publish(lake: &Lake, rows: &RecordBatch, generation: u64) {
    let options = WriteOptions { generation, ..WriteOptions::default() };
    let partition = Partition::parse(OBJECT).unwrap();
    let mut writer = PartitionWriter::new(lake.spool().unwrap(), partition, rows.schema(), 1, &options).unwrap();
    writer.write(rows).unwrap();
    let built = writer.finish().unwrap();
    fs::rename(built.spool.path(), lake.local_root().unwrap().join(OBJECT)).unwrap();
}

#[test]
fn an_object_that_never_rests_is_answered_from_a_copy() {
    let site = Site::new();
    let versions = [2, 3].map(|last| {
        site.ingest("all_orders", &site.file("orders.txt", orders(last)), &[]);
        rows(&site)
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = format!("file://{}", site.path().join("lake").display()).parse().unwrap();
    let lake = runtime.block_on(Lake::open(&address, &BTreeMap::new(), None)).unwrap();
    let (done, replaced) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (version, generation) in versions.iter().cycle().zip(10..) {
                publish(&lake, version, generation);
                replaced.fetch_add(1, Ordering::Relaxed);
                if done.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        for _ in 0..10 {
            let output =
                site.run(&["sql", "--format", "csv", "SELECT count(DISTINCT amazon_order_id) AS n FROM orders"]);
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            if !output.status.success() {
                done.store(true, Ordering::Relaxed);
            }
            assert!(output.status.success(), "{words}");
            let answer = String::from_utf8(output.stdout).unwrap();
            assert!(["n\n2\n", "n\n3\n"].contains(&answer.as_str()), "one version or the other: {answer}");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(replaced.into_inner() > 100, "it was replaced all the time");
}
