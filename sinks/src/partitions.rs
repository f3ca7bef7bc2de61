//! Partitions as objects: what stands, replacing it, and what its footer says.

use std::ops::Range;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStoreExt};
use parquet::file::metadata::ParquetMetaData;
use sellerlake_contracts::{Area, Error, Kind, ObjectState, Partition, Result};
use sellerlake_seal::{FORMAT, Seal, damaged, footer_bytes, key as seal, pair};

use crate::failure::{self, blocking};
use crate::writer::{self, BuiltPartition};
use crate::{Lake, conditional};

/// How much is read of an object's end at first; most footers fit.
const FOOTER_BYTES: u64 = 64 << 10;

/// How many requests a listing keeps in flight.
const REQUESTS_IN_FLIGHT: usize = 16;

/// What a store says of an object without its bytes being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The tag of this version of the object; no other version of the same path has it.
    pub etag: String,
    /// Length in bytes.
    pub size_bytes: u64,
}

/// What [`PartitionWriter`](crate::PartitionWriter) left in a file's footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footer {
    /// Rows, markers included.
    pub rows: u64,
    /// Rows without markers.
    pub visible_rows: u64,
    /// [`RowHash`](crate::RowHash) of the visible rows.
    pub row_hash: String,
    /// Version of the dataset's declaration.
    pub schema_version: u32,
    /// Version of sellerlake that wrote the file.
    pub writer: String,
    /// As [`ObjectState::generation`].
    pub generation: u64,
    /// Whether its bytes can be checked, and its row hash covers all that the present one does: not so in objects of
    /// earlier versions.
    pub sealed: bool,
}

impl Lake {
    /// What stands under a partition's path; `None` where nothing does.
    pub async fn head(&self, partition: &Partition) -> Result<Option<Head>> {
        self.head_path(&partition.path()).await
    }

    pub(crate) async fn head_path(&self, path: &str) -> Result<Option<Head>> {
        match self.0.store.head(&object_store::path::Path::from(path)).await {
            Ok(meta) => tagged(path, meta).map(Some),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failure::store("partition.head", path, error)),
        }
    }

    /// Replaces a partition, provided it is still the version tagged `expected` (`None`: nothing stands yet).
    ///
    /// A [`Kind::Conflict`] means it isn't; a [`Kind::Timeout`] that nobody knows whether the new version stands.
    /// Both mean: look again and merge again. Any other error means that the earlier version stands unchanged.
    /// Rows that came to nothing are not written where nothing stands (the answer then has no tag), and replace
    /// what stands by a file without rows. `input_hash` of the answer is empty: only the caller knows it.
    pub async fn swap(&self, built: BuiltPartition, expected: Option<&str>) -> Result<ObjectState> {
        let (state, spool) = (built.state(), built.spool);
        let path = state.partition.path();
        if state.rows == 0 && expected.is_none() && self.head_path(&path).await?.is_none() {
            // Nothing is written: whoever writes something meanwhile writes the version this would have been.
            return Ok(ObjectState { size_bytes: 0, generation: state.generation.saturating_sub(1), ..state });
        }
        let head = match self.local_root() {
            Some(root) => {
                let (root, expected) = (root.to_owned(), expected.map(str::to_owned));
                blocking(move || conditional::swap_on_disk(&root, &path, spool, expected.as_deref())).await?
            }
            None => self.swap_on_store(&path, spool, expected).await?,
        };
        debug_assert_eq!(head.size_bytes, state.size_bytes, "what was built is what stands");
        Ok(ObjectState { etag: Some(head.etag), ..state })
    }

    /// Every partition there is, or those of one area, with what the store says of them. Lists the store: for
    /// verifying and repairing, never for a daily path. Sorted by path.
    pub async fn partitions(&self, area: Option<Area>) -> Result<Vec<(Partition, Head)>> {
        let areas = area.map_or(Area::ALL.to_vec(), |area| vec![area]);
        let mut found = Vec::new();
        for area in areas {
            let prefix = object_store::path::Path::from(area.as_str());
            let failed = |error| failure::store("partition.list", area, error);
            let listed = self.0.store.list(Some(&prefix)).map_err(failed);
            let heads = listed.map_ok(|meta| self.listed(meta)).try_buffered(REQUESTS_IN_FLIGHT);
            found.extend(heads.try_collect::<Vec<_>>().await?.into_iter().flatten());
        }
        found.sort_by_cached_key(|(partition, _)| partition.path());
        Ok(found)
    }

    /// One entry of a listing; `None` for files that are no partitions and for what has just gone.
    async fn listed(&self, meta: ObjectMeta) -> Result<Option<(Partition, Head)>> {
        let path = meta.location.to_string();
        let Some(partition) = Partition::parse(&path) else { return Ok(None) };
        // Some stores leave the tag out of listings.
        let head = if meta.e_tag.is_some() { Some(tagged(&path, meta)?) } else { self.head_path(&path).await? };
        Ok(head.map(|head| (partition, head)))
    }

    /// What the footer of one version of a partition says, once it and the page index are found whole; [`Kind::Conflict`]
    /// if another version stands by now.
    pub async fn footer(&self, partition: &Partition, head: &Head) -> Result<Footer> {
        let path = partition.path();
        let metadata = self.metadata(&path, head).await?;
        if let Some(index) = Seal::of(&metadata).map(|seal| seal.index()) {
            let bytes = self.range(&path, head, index.clone()).await?;
            if Seal::of(&metadata).is_none_or(|seal| !seal.is_whole(&index, &bytes)) {
                return Err(damaged(&path, "its page index isn't the one that was written"));
            }
        }
        described(&metadata, &path)
    }

    async fn metadata(&self, path: &str, head: &Head) -> Result<ParquetMetaData> {
        let guess = FOOTER_BYTES.min(head.size_bytes);
        let mut tail = self.range(path, head, head.size_bytes - guess..head.size_bytes).await?;
        let length = footer_bytes(&tail, head.size_bytes, path)?;
        if length > guess {
            tail = self.range(path, head, head.size_bytes - length..head.size_bytes).await?;
        }
        sellerlake_seal::open(&tail[tail.len() - length as usize..], path)
    }

    /// A range of one version of an object.
    async fn range(&self, path: &str, head: &Head, range: Range<u64>) -> Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            if_match: Some(head.etag.clone()),
            ..GetOptions::default()
        };
        let got = self.0.store.get_opts(&object_store::path::Path::from(path), options).await;
        let bytes = async { got?.bytes().await }.await;
        bytes.map_err(|error| failure::store("partition.footer", path, error))
    }
}

/// What a file says of itself; [`Kind::Data`] where it says nothing that makes sense.
pub(crate) fn described(metadata: &ParquetMetaData, path: &str) -> Result<Footer> {
    read_footer(metadata).ok_or_else(|| damaged(path, "its footer doesn't say what rows it holds"))
}

pub(crate) fn tagged(path: &str, meta: ObjectMeta) -> Result<Head> {
    let etag = meta.e_tag.ok_or_else(|| {
        Error::permanent(Kind::Storage, "the store gives its objects no ETag").at("partition.head").with("path", path)
    })?;
    Ok(Head { etag, size_bytes: meta.size })
}

fn read_footer(metadata: &ParquetMetaData) -> Option<Footer> {
    let value = |key: &str| pair(metadata, key);
    Some(Footer {
        rows: value(writer::key::ROWS)?.parse().ok()?,
        visible_rows: value(writer::key::VISIBLE_ROWS)?.parse().ok()?,
        row_hash: value(writer::key::ROW_HASH)?.to_owned(),
        schema_version: value(writer::key::SCHEMA_VERSION)?.parse().ok()?,
        writer: value(writer::key::WRITER)?.to_owned(),
        generation: value(seal::GENERATION).map_or(Some(0), |generation| generation.parse().ok())?,
        sealed: value(seal::FORMAT) == Some(FORMAT),
    })
}
