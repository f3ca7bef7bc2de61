//! Rows that could not be used, kept beside the lake's data with the reason.

use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use sellerlake_contracts::{Delivery, DeliveryId, Error, Result, SellerId, failpoint};
use sellerlake_seal::Sealing;

use crate::Lake;
use crate::failure::{self, blocking};
use crate::raw::location;
use crate::spool::Spool;

const OPERATION: &str = "rejects.write";

/// Path of a delivery's rejected rows: `rejects/<source>/seller_id=<id>/<delivery_id>.parquet`.
pub(crate) fn path(delivery: &Delivery) -> String {
    path_of(&delivery.source, &delivery.seller, &delivery.id)
}

fn path_of(source: &str, seller: &SellerId, id: &DeliveryId) -> String {
    format!("rejects/{source}/seller_id={seller}/{id}.parquet")
}

impl Lake {
    /// Files of rejected rows whose bytes aren't those that were written, and what is wrong. Reads them all.
    pub async fn damaged_rejects(&self) -> Result<Vec<(String, Error)>> {
        let failed = |error| failure::store("rejects.verify", "rejects", error);
        let mut damaged = Vec::new();
        let mut listed = self.0.store.list(Some(&location("rejects")?));
        while let Some(meta) = listed.try_next().await.map_err(failed)? {
            let path = meta.location.to_string();
            let got = async { self.0.store.get(&meta.location).await?.bytes().await }.await;
            let bytes = match got {
                Err(object_store::Error::NotFound { .. }) => continue,
                got => got.map_err(failed)?,
            };
            // Earlier versions wrote them without anything to check.
            if sellerlake_seal::is_checkable(&bytes)
                && let Err(error) = sellerlake_seal::check(&bytes, &path)
            {
                damaged.push((path, error));
            }
        }
        Ok(damaged)
    }

    /// The rows of a delivery that were rejected when it was last read; none where that wasn't written.
    pub async fn rejects(&self, source: &str, seller: &SellerId, id: &DeliveryId) -> Result<Vec<RecordBatch>> {
        const OPERATION: &str = "rejects.read";
        let path = path_of(source, seller, id);
        let place = location(&path)?;
        let got = async { self.0.store.get(&place).await?.bytes().await }.await;
        let bytes = match got {
            Err(object_store::Error::NotFound { .. }) => return Ok(Vec::new()),
            got => got.map_err(|error| failure::store(OPERATION, &path, error))?,
        };
        blocking(move || {
            // Earlier versions wrote them without anything to check.
            if sellerlake_seal::is_checkable(&bytes) {
                sellerlake_seal::check(&bytes, &path)?;
            }
            let reader =
                ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(ParquetRecordBatchReaderBuilder::build);
            let rows = reader.and_then(|reader| reader.map(|batch| Ok(batch?)).collect());
            rows.map_err(|error| failure::parquet(OPERATION, &path, error))
        })
        .await
    }

    /// Says which rows of a delivery were rejected, replacing what an earlier reading of it said; no rows remove it.
    pub async fn write_rejects(&self, delivery: &Delivery, rows: RecordBatch) -> Result<()> {
        let path = path(delivery);
        if rows.num_rows() == 0 {
            return match self.0.store.delete(&location(&path)?).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(failure::store(OPERATION, path, error)),
            };
        }
        let spool = self.spool()?;
        let home = path.clone();
        let spool = blocking(move || encode(spool, &rows, &home)).await?;
        if self.local_root().is_some() {
            let lake = self.clone();
            blocking(move || lake.publish_on_disk(OPERATION, &path, spool)).await?;
        } else {
            self.put_whole(OPERATION, &path, Bytes::from_owner(spool.map()?)).await?;
        }
        failpoint::reach("rejects.written")
    }
}

fn encode(spool: Spool, rows: &RecordBatch, home: &str) -> Result<Spool> {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let file = Sealing::new(spool.handle()?);
    let written = || {
        let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties))?;
        writer.write(rows)?;
        sellerlake_seal::finish(writer.into_serialized_writer()?.0, home, Vec::new())
    };
    written().map_err(|error| failure::parquet(OPERATION, spool.path().display(), error))?;
    Ok(spool)
}
