//! One version of a partition, held privately however often the object is replaced meanwhile.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use sellerlake_contracts::{Partition, Result};

use crate::failure::{self, blocking};
use crate::partitions::{Footer, Head, described};
use crate::{Lake, durable};

const OPERATION: &str = "partition.copy";

/// A whole version of a partition that nobody can replace.
#[derive(Debug, Clone)]
pub struct Copied {
    /// Which version it is.
    pub head: Head,
    /// What its footer says.
    pub footer: Footer,
    /// Its bytes: the object's own file on a disk, which stays until it is closed; from a store a copy without a name.
    pub file: Arc<File>,
}

impl Lake {
    /// Takes hold of the version of a partition that stands now; `None` where nothing does.
    ///
    /// Needs room for the object in the spool folder where the lake is on a store.
    pub async fn copy(&self, partition: &Partition) -> Result<Option<Copied>> {
        let path = partition.path();
        let found = match self.local_root() {
            Some(root) => {
                let (file, named) = (root.join(&path), path.clone());
                blocking(move || open(&file).map_err(|error| failure::disk(OPERATION, named, error))).await?
            }
            None => self.download(&path).await?,
        };
        let Some((head, file)) = found else { return Ok(None) };
        blocking(move || {
            let parsed = match head.size_bytes {
                0 => Err(ParquetError::EOF("the file is empty".into())),
                _ => ParquetMetaDataReader::new().parse_and_finish(&file),
            };
            let metadata = parsed.map_err(|error| failure::parquet(OPERATION, &path, error))?;
            let footer = described(&metadata, &path)?;
            Ok(Some(Copied { head, footer, file: Arc::new(file) }))
        })
        .await
    }

    /// One GET is one version: its answer carries the tag.
    async fn download(&self, path: &str) -> Result<Option<(Head, File)>> {
        let failed = |error| failure::store(OPERATION, path, error);
        let answer = match self.0.store.get(&object_store::path::Path::from(path)).await {
            Ok(answer) => answer,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let head = crate::partitions::tagged(path, answer.meta.clone())?;
        let mut spool = self.spool()?;
        let mut chunks = answer.into_stream();
        while let Some(chunk) = chunks.try_next().await.map_err(failed)? {
            spool.write_all(&chunk).map_err(|error| failure::disk(OPERATION, spool.path().display(), error))?;
        }
        // The name goes with the spool; the handle keeps the bytes.
        Ok(Some((head, spool.handle()?)))
    }
}

fn open(path: &std::path::Path) -> std::io::Result<Option<(Head, File)>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    Ok(Some((Head { etag: durable::etag(&metadata), size_bytes: metadata.len() }, file)))
}
