//! Landing: deliveries stored as they came, before anybody parses them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use sellerlake_contracts::{Delivery, Error, Kind, Result, SellerId, failpoint};
use sha2::{Digest, Sha256};

use crate::failure::{self, blocking};
use crate::spool::{Mapped, Spool, hex};
use crate::{Lake, durable, meta};

/// Bytes above this size are sent to a store in parts, which needs no condition: raw objects never change.
const SINGLE_PUT_BYTES: u64 = 64 << 20;

/// Size of a part; 10,000 of them are the most S3 takes, so 160 GiB of raw bytes.
const PART_BYTES: usize = 16 << 20;

/// How many parts, or metadata files, are in flight at a time.
pub(crate) const REQUESTS_IN_FLIGHT: usize = 8;

/// What every gzip file begins with.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

pub(crate) const META_SUFFIX: &str = ".meta.json";

/// How notes of deliveries that were taken back end.
pub(crate) const WITHDRAWN_SUFFIX: &str = ".withdrawn.json";

/// Whether a delivery was new to the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    /// It stands now.
    Landed,
    /// It stood already; nothing was written.
    AlreadyLanded,
}

/// What stands in `raw/`.
#[derive(Debug, Default)]
pub struct Standing {
    /// Deliveries, sorted by id.
    pub deliveries: Vec<Delivery>,
    /// Paths of metadata that can't be used, and why.
    pub unreadable: Vec<(String, Error)>,
    /// Paths of bytes without metadata: their landing broke off, or it was lost.
    pub bare: BTreeSet<String>,
}

impl Standing {
    /// Paths of all metadata there is, that which can't be used among it.
    pub fn metas(&self) -> BTreeSet<String> {
        let unreadable = self.unreadable.iter().map(|(path, _)| path.clone());
        self.deliveries.iter().map(Delivery::meta_path).chain(unreadable).collect()
    }
}

/// The stored bytes of a delivery as a local file.
#[derive(Debug)]
pub struct RawBytes {
    path: PathBuf,
    size_bytes: u64,
    /// Keeps a downloaded copy from being removed.
    _copy: Option<Spool>,
}

impl RawBytes {
    /// Where to read them; only as long as this value lives.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Length in bytes, as landed: compressed bytes stay compressed.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Opens the file.
    pub fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(|error| failure::disk("raw.open", self.path.display(), error))
    }

    /// Maps the file.
    pub fn map(&self) -> Result<Mapped> {
        Mapped::of(&self.open()?, &self.path)
    }

    /// Reads it all and compares it with the hash it was landed with. Blocks.
    pub fn verify_sha256(&self, delivery: &Delivery) -> Result<()> {
        let mut hash = Sha256::new();
        io::copy(&mut self.open()?, &mut hash)
            .map_err(|error| failure::disk("raw.verify", self.path.display(), error))?;
        let found = hex(&hash.finalize());
        if found == delivery.sha256 {
            return Ok(());
        }
        Err(damaged(delivery).with("sha256_landed", &delivery.sha256).with("sha256_found", found))
    }
}

/// What to do about bytes that are gone.
fn lost(error: Error) -> Error {
    if error.kind() != Kind::NotFound {
        return error;
    }
    error.hint("restore the file from a backup, or hand the document in again")
}

fn damaged(delivery: &Delivery) -> Error {
    Error::permanent(Kind::Data, "the stored bytes are not those that were landed")
        .at("raw.fetch")
        .with("path", delivery.data_path())
        .with("delivery", &delivery.id)
        .hint("restore the file from a backup, or remove its .meta.json and fetch the delivery again")
}

impl Lake {
    /// Stores a delivery: its bytes, then its metadata, whose presence says that it is landed.
    ///
    /// Doing it again with the same delivery changes nothing; cut short anywhere, doing it again completes it.
    /// Durable once it returns. The spool must hold exactly `delivery.size_bytes`.
    pub async fn land(&self, delivery: &Delivery, bytes: Spool) -> Result<Landed> {
        let size_bytes = bytes.size_bytes()?;
        if size_bytes != delivery.size_bytes {
            return Err(Error::permanent(Kind::Internal, "a delivery's size is not that of its bytes")
                .at("raw.land")
                .with("delivery", &delivery.id)
                .with("size_declared", delivery.size_bytes)
                .with("size_spooled", size_bytes));
        }
        let meta = meta::write(delivery)?;
        if self.is_landed(delivery).await? {
            return Ok(Landed::AlreadyLanded);
        }
        if self.local_root().is_some() {
            let (lake, delivery) = (self.clone(), delivery.clone());
            blocking(move || lake.land_on_disk(&delivery, bytes, &meta)).await?;
        } else {
            self.put_raw(&delivery.data_path(), bytes).await?;
            failpoint::reach("raw.bytes_written")?;
            self.put_whole("raw.land", &delivery.meta_path(), Bytes::from(meta)).await?;
        }
        failpoint::reach("raw.landed")?;
        Ok(Landed::Landed)
    }

    /// Lands a delivery that stands here in another lake as well, its bytes compared with the hash they were landed
    /// with: [`Kind::Data`] where they are others, [`Kind::NotFound`] where they are gone.
    pub async fn land_in(&self, other: &Self, delivery: &Delivery) -> Result<Landed> {
        let raw = self.fetch(delivery).await?;
        let mut copy = other.spool()?;
        let (copy, received) = blocking(move || {
            let received = copy.receive(&mut raw.open()?)?;
            Ok((copy, received))
        })
        .await?;
        if received.sha256 != delivery.sha256 {
            return Err(damaged(delivery)
                .with("sha256_landed", &delivery.sha256)
                .with("sha256_found", received.sha256));
        }
        other.land(delivery, copy).await
    }

    async fn is_landed(&self, delivery: &Delivery) -> Result<bool> {
        let size = async |path: String| match self.0.store.head(&location(&path)?).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failure::store("raw.land", path, error)),
        };
        // Metadata whose bytes went missing must not keep them from being landed again.
        Ok(size(delivery.meta_path()).await?.is_some()
            && size(delivery.data_path()).await? == Some(delivery.size_bytes))
    }

    fn land_on_disk(&self, delivery: &Delivery, bytes: Spool, meta: &[u8]) -> Result<()> {
        self.publish_on_disk("raw.land", &delivery.data_path(), bytes)?;
        failpoint::reach("raw.bytes_written")?;
        let mut spool = self.spool()?;
        spool.write_all(meta).map_err(|error| failure::disk("raw.land", spool.path().display(), error))?;
        self.publish_on_disk("raw.land", &delivery.meta_path(), spool)
    }

    /// Makes a spool an object of a lake on a disk, over whatever stood there.
    pub(crate) fn publish_on_disk(&self, operation: &'static str, path: &str, spool: Spool) -> Result<()> {
        location(path)?;
        let root = self.local_root().unwrap_or(Path::new("/"));
        spool.file().sync_all().map_err(|error| failure::disk(operation, spool.path().display(), error))?;
        durable::publish(operation, spool.path(), &root.join(path))?;
        spool.published();
        Ok(())
    }

    /// Makes bytes an object of a store, over whatever stood there.
    pub(crate) async fn put_whole(&self, operation: &'static str, path: &str, bytes: Bytes) -> Result<()> {
        let stored = self.0.store.put(&location(path)?, PutPayload::from(bytes)).await;
        stored.map(drop).map_err(|error| failure::store(operation, path, error))
    }

    async fn put_raw(&self, path: &str, spool: Spool) -> Result<()> {
        let size_bytes = spool.size_bytes()?;
        let bytes = Bytes::from_owner(spool.map()?);
        if size_bytes <= SINGLE_PUT_BYTES {
            return self.put_whole("raw.land", path, bytes).await;
        }
        let failed = |error| failure::store("raw.land", path, error);
        let mut upload: Box<dyn MultipartUpload> =
            self.0.store.put_multipart(&location(path)?).await.map_err(failed)?;
        let parts = (0..bytes.len()).step_by(PART_BYTES).map(|start| {
            let end = bytes.len().min(start + PART_BYTES);
            upload.put_part(PutPayload::from(bytes.slice(start..end)))
        });
        let parts: Vec<_> = parts.collect();
        let sent = futures::stream::iter(parts).buffered(REQUESTS_IN_FLIGHT).try_collect::<Vec<()>>().await;
        if let Err(error) = sent {
            // Left-over parts cost money; a failing clean-up must not hide why.
            if let Err(abandoned) = upload.abort().await {
                tracing::warn!(path, error = %abandoned, "parts of a broken upload stay behind");
            }
            return Err(failed(error));
        }
        upload.complete().await.map(drop).map_err(failed)
    }

    /// Every landed delivery, or those of one source or seller, sorted by id. Lists the store: for replays.
    ///
    /// Metadata that can't be read is an error naming it: a replay that leaves a delivery out would be wrong.
    pub async fn deliveries(&self, source: Option<&str>, seller: Option<&SellerId>) -> Result<Vec<Delivery>> {
        let Standing { deliveries, unreadable, .. } = self.standing(source, seller).await?;
        unreadable.into_iter().next().map_or(Ok(deliveries), |(_, error)| Err(error))
    }

    /// The same, with the paths of metadata that is damaged, and in what way.
    pub async fn standing(&self, source: Option<&str>, seller: Option<&SellerId>) -> Result<Standing> {
        let mut standing = Standing::default();
        for folder in self.raw_folders(source, seller).await? {
            let failed = |error| failure::store("raw.list", &folder, error);
            let listed: Vec<_> =
                self.0.store.list(Some(&folder)).map_ok(|meta| meta.location).try_collect().await.map_err(failed)?;
            let (metas, others): (Vec<_>, Vec<_>) =
                listed.into_iter().partition(|path| path.as_ref().ends_with(META_SUFFIX));
            standing.bare.extend(bare(&metas, &others));
            let read = metas.into_iter().map(|path| async move {
                let named = path.to_string();
                match self.read_meta(path).await {
                    Err(error) if error.kind() == Kind::Data => Ok(Err((named, error))),
                    read => read.map(Ok),
                }
            });
            let read = futures::stream::iter(read).buffered(REQUESTS_IN_FLIGHT).try_collect::<Vec<_>>().await?;
            for read in read {
                match read {
                    Ok(delivery) => standing.deliveries.push(delivery),
                    Err(damaged) => standing.unreadable.push(damaged),
                }
            }
        }
        standing.deliveries.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(standing)
    }

    /// The folders under `raw/` that can hold what is asked for.
    pub(crate) async fn raw_folders(
        &self,
        source: Option<&str>,
        seller: Option<&SellerId>,
    ) -> Result<Vec<object_store::path::Path>> {
        let sources = if let Some(source) = source {
            vec![location(&format!("raw/{source}"))?]
        } else {
            let raw = location("raw")?;
            let listed = self.0.store.list_with_delimiter(Some(&raw)).await;
            listed.map_err(|error| failure::store("raw.list", &raw, error))?.common_prefixes
        };
        let narrowed = |folder: object_store::path::Path| match seller {
            Some(seller) => folder.join(format!("seller_id={seller}")),
            None => folder,
        };
        Ok(sources.into_iter().map(narrowed).collect())
    }

    /// One landed delivery, by the path of its metadata; `None` where there is none, so that it isn't landed.
    pub async fn delivery(&self, meta_path: &str) -> Result<Option<Delivery>> {
        match self.read_meta(location(meta_path)?).await {
            Ok(delivery) => Ok(Some(delivery)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a delivery's metadata stands, readable or not.
    pub async fn has_metadata(&self, meta_path: &str) -> Result<bool> {
        match self.0.store.head(&location(meta_path)?).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failure::store("raw.list", meta_path, error)),
        }
    }

    /// The length gzip states for a delivery's content, modulo 4 GiB and for its last member alone; `None` where the
    /// bytes are no gzip, or can't be read, which whoever reads them will tell.
    pub async fn gzip_length(&self, delivery: &Delivery) -> Result<Option<u64>> {
        let Some(trailer) = delivery.size_bytes.checked_sub(4).filter(|start| *start >= 2) else { return Ok(None) };
        let ranges = [0..2, trailer..delivery.size_bytes];
        let Ok(found) = self.0.store.get_ranges(&location(&delivery.data_path())?, &ranges).await else {
            return Ok(None);
        };
        let [magic, length] = found.as_slice() else { return Ok(None) };
        let length = <[u8; 4]>::try_from(&**length).ok().filter(|_| **magic == GZIP_MAGIC);
        Ok(length.map(|length| u64::from(u32::from_le_bytes(length))))
    }

    async fn read_meta(&self, path: object_store::path::Path) -> Result<Delivery> {
        let got = async { self.0.store.get(&path).await?.bytes().await }.await;
        let bytes = got.map_err(|error| failure::store("raw.list", &path, error))?;
        meta::parse(&bytes)
            .and_then(|delivery| {
                if delivery.meta_path() == path.as_ref() {
                    return Ok(delivery);
                }
                Err(meta::unreadable("it belongs to another place").with("belongs_to", delivery.meta_path()))
            })
            .map_err(|error| error.with("path", &path))
    }

    /// A delivery's stored bytes as a local file: the object itself on a disk, a private copy from a store.
    ///
    /// Its size is compared with what was landed; [`RawBytes::verify_sha256`] compares the content.
    pub async fn fetch(&self, delivery: &Delivery) -> Result<RawBytes> {
        let path = delivery.data_path();
        let located = location(&path)?;
        let raw = if let Some(root) = self.local_root() {
            let file = root.join(&path);
            let metadata = std::fs::metadata(&file).map_err(|error| lost(failure::disk("raw.fetch", &path, error)))?;
            RawBytes { path: file, size_bytes: metadata.len(), _copy: None }
        } else {
            let failed = |error| lost(failure::store("raw.fetch", &path, error));
            let mut copy = self.spool()?;
            let mut chunks = self.0.store.get(&located).await.map_err(failed)?.into_stream();
            while let Some(chunk) = chunks.try_next().await.map_err(failed)? {
                copy.write_all(&chunk).map_err(|error| failure::disk("raw.fetch", copy.path().display(), error))?;
            }
            RawBytes { path: copy.path().to_owned(), size_bytes: copy.size_bytes()?, _copy: Some(copy) }
        };
        if raw.size_bytes == delivery.size_bytes {
            return Ok(raw);
        }
        Err(damaged(delivery).with("size_landed", delivery.size_bytes).with("size_found", raw.size_bytes))
    }
}

/// Those of the others that have no metadata: neither bytes beside it, nor notes of what was taken back.
fn bare(metas: &[object_store::path::Path], others: &[object_store::path::Path]) -> Vec<String> {
    let known: BTreeSet<&str> = metas.iter().filter_map(|path| path.as_ref().strip_suffix(META_SUFFIX)).collect();
    let paths = others.iter().map(AsRef::as_ref);
    let bare = paths.filter(|path: &&str| !path.ends_with(WITHDRAWN_SUFFIX) && !known.contains(stem(path)));
    bare.map(str::to_owned).collect()
}

/// A path without what follows the delivery's id.
fn stem(path: &str) -> &str {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    path[name..].find('.').map_or(path, |dot| &path[..name + dot])
}

/// A path in the lake, refused where it could lead out of it.
pub(crate) fn location(path: &str) -> Result<object_store::path::Path> {
    object_store::path::Path::parse(path).map_err(|error| {
        Error::permanent(Kind::Usage, "not a path in a lake").with("path", path.escape_debug()).source(error)
    })
}
