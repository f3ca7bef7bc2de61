//! Rows that could not be used, kept beside the lake's data with the reason.

use arrow::array::RecordBatch;
use bytes::Bytes;
use object_store::ObjectStoreExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use sellerlake_contracts::{Delivery, Result, failpoint};

use crate::Lake;
use crate::failure::{self, blocking};
use crate::raw::location;
use crate::spool::Spool;

const OPERATION: &str = "rejects.write";

/// Path of a delivery's rejected rows: `rejects/<source>/seller_id=<id>/<delivery_id>.parquet`.
fn path(delivery: &Delivery) -> String {
    format!("rejects/{}/seller_id={}/{}.parquet", delivery.source, delivery.seller, delivery.id)
}

impl Lake {
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
        let spool = blocking(move || encode(spool, &rows)).await?;
        if self.local_root().is_some() {
            let lake = self.clone();
            blocking(move || lake.publish_on_disk(OPERATION, &path, spool)).await?;
        } else {
            self.put_whole(OPERATION, &path, Bytes::from_owner(spool.map()?)).await?;
        }
        failpoint::reach("rejects.written")
    }
}

fn encode(spool: Spool, rows: &RecordBatch) -> Result<Spool> {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let file = spool.handle()?;
    let written = || {
        let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties))?;
        writer.write(rows)?;
        writer.close()
    };
    written().map_err(|error| failure::parquet(OPERATION, spool.path().display(), error))?;
    Ok(spool)
}
