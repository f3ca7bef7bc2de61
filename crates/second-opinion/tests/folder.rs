//! Small lakes written by hand: what agrees, what doesn't, and what can't be read.
#![cfg(feature = "polars")]
#![allow(clippy::unwrap_used)] // a test that can't go on should stop

use std::fs::{self, File};
use std::path::PathBuf;

use async_trait::async_trait;
use polars_core::df;
use polars_core::prelude::DataFrame;
use polars_io::prelude::ParquetWriter;
use sellerlake_contracts::{Kind, Partition, Result};
use sellerlake_second_opinion::{Objects, second_opinion};

const GERMANY: &str = "A1PA6795UKMFR9";

/// 2026-03-01.
const DAY: i32 = 20_513;

const SALES: &str = "rollups/daily_sales/seller_id=A1/month=2026-03/data.parquet";

struct Folder(tempfile::TempDir);

#[async_trait]
impl Objects for Folder {
    async fn list(&self) -> Result<Vec<Partition>> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.extend(Partition::parse(&path.strip_prefix(self.0.path()).unwrap().display().to_string()));
                }
            }
        }
        Ok(found)
    }

    async fn open(&self, partition: &Partition) -> Result<Option<File>> {
        Ok(Some(File::open(self.file(&partition.path())).unwrap()))
    }
}

impl Folder {
    /// Three mugs for two euros and a lamp whose price isn't known yet, and a lamp that was cancelled.
    fn with_orders() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let items = df!(
            "amazon_order_id" => ["302-1", "302-2", "302-3"],
            "local_day" => [DAY; 3],
            "marketplace_id" => [GERMANY; 3],
            "currency" => [Some("EUR"), None, None],
            "sku" => ["MUG", "LAMP", "LAMP"],
            "units" => [3_i64, 1, 0],
            "is_cancelled" => [false, false, true],
            "is_mcf" => [false; 3],
            "item_price" => [Some(2_i64), None, None],
        );
        // A day of March where it was ordered, still February in UTC.
        folder.write("tables/order_items/seller_id=A1/month=2026-02/data.parquet", items.unwrap());
        folder
    }

    fn file(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, mut rows: DataFrame) {
        let file = self.file(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        ParquetWriter::new(File::create(file).unwrap()).finish(&mut rows).unwrap();
    }

    /// Their rollup, with these sales of the lamp.
    fn write_sales(&self, of_lamps: Option<i64>) -> DataFrame {
        let rows = df!(
            "local_day" => [DAY; 2],
            "marketplace_id" => [GERMANY; 2],
            "currency" => ["EUR"; 2],
            "sku" => ["LAMP", "MUG"],
            "orders" => [1_i64; 2],
            "order_items" => [1_i64; 2],
            "units" => [1_i64, 3],
            "unpriced_units" => [1_i64, 0],
            "mcf_units" => [0_i64; 2],
            "replacement_units" => [0_i64; 2],
            "gross_sales" => [of_lamps, Some(2)],
            "average_unit_price" => [None, Some("0.666666667")],
        );
        self.write(SALES, rows.clone().unwrap());
        rows.unwrap()
    }

    /// What is told of the rollup of sales, and how many rows it has.
    async fn told(&self) -> (u64, Vec<String>) {
        let opinions = second_opinion(self).await.unwrap();
        let sales = opinions.into_iter().find(|opinion| opinion.table == "daily_sales").unwrap();
        (sales.rows, sales.differences.iter().map(ToString::to_string).collect())
    }
}

fn key(sku: &str) -> String {
    format!("A1 daily_sales local_day=2026-03-01 marketplace_id={GERMANY} currency=EUR sku={sku} asin=NULL: ")
}

#[tokio::test]
async fn what_is_unknown_is_equal_to_unknown_and_to_nothing_else() {
    let lake = Folder::with_orders();
    lake.write_sales(None);
    assert_eq!(lake.told().await, (2, vec![]));
    lake.write_sales(Some(0));
    let told = format!("{}gross_sales is 0.0000 in the lake, NULL by polars", key("LAMP"));
    assert_eq!(lake.told().await, (2, vec![told]));
}

#[tokio::test]
async fn rows_that_lack_and_rows_that_are_too_many_are_told() {
    let lake = Folder::with_orders();
    let whole = lake.write_sales(None);
    lake.write(SALES, whole.head(Some(1)));
    assert_eq!(lake.told().await, (1, vec![key("MUG") + "isn't in the lake, 1 row by polars"]));
    lake.write(SALES, whole.vstack(&whole.head(Some(1))).unwrap());
    assert_eq!(lake.told().await, (3, vec![key("LAMP") + "2 rows in the lake, 1 row by polars"]));
    fs::remove_file(lake.file(SALES)).unwrap();
    assert_eq!(lake.told().await.1.len(), 2);
    lake.write_sales(None);
    fs::remove_dir_all(lake.file("tables")).unwrap();
    let expected = ["LAMP", "MUG"].map(|sku| key(sku) + "1 row in the lake, none by polars");
    assert_eq!(lake.told().await, (2, expected.to_vec()));
}

#[tokio::test]
async fn what_polars_cannot_read_is_an_error_with_a_path() {
    let lake = Folder::with_orders();
    lake.write_sales(None);
    let whole = fs::read(lake.file(SALES)).unwrap();
    for bytes in [&b""[..], b"PAR1", &whole[..whole.len() / 2]] {
        fs::write(lake.file(SALES), bytes).unwrap();
        let error = second_opinion(&lake).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Storage);
        assert!(error.to_string().contains(SALES) && error.remedy().is_some(), "{error:#}");
    }
}
