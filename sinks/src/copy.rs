//! One version of a partition, held privately however often the object is replaced meanwhile.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use sellerlake_contracts::{Partition, Result};
use sellerlake_seal::{TRAILER_BYTES, footer_bytes};

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
            let metadata = sellerlake_seal::open(&footer(&file, &head, &path)?, &path)?;
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

/// The footer's bytes, trailer included.
fn footer(file: &File, head: &Head, path: &str) -> Result<Vec<u8>> {
    let last = |length: u64| {
        let mut bytes = vec![0; length as usize];
        let read = file.read_exact_at(&mut bytes, head.size_bytes - length);
        read.map(|()| bytes).map_err(|error| failure::disk(OPERATION, path, error))
    };
    let trailer = last(head.size_bytes.min(TRAILER_BYTES as u64))?;
    last(footer_bytes(&trailer, head.size_bytes, path)?)
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
