//! Replacing an object only if it is still the version that was read.

use std::fs::{File, Metadata, OpenOptions};
use std::path::Path;

use bytes::Bytes;
use object_store::{ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion};
use sellerlake_contracts::{Error, Kind, Result, failpoint};
use xxhash_rust::xxh3::xxh3_64;

use crate::place::PRIVATE;
use crate::spool::{Spool, hex};
use crate::{Head, Lake, durable, failure};

/// What a store takes in one PUT, with room to spare below S3's 5 GiB: only a single PUT can carry a condition.
const LARGEST_PUT_BYTES: u64 = 4 << 30;

/// Paths share this many lock files, so that a lake of a million objects doesn't keep a million locks.
const LOCKS: u64 = 4096;

const OPERATION: &str = "partition.swap";

fn changed(path: &str, found: Option<&str>, expected: Option<&str>) -> Error {
    Error::transient(Kind::Conflict, "somebody else replaced the object in the meantime")
        .at(OPERATION)
        .with("path", path)
        .with("expected", expected.unwrap_or("no object"))
        .with("found", found.unwrap_or("no object"))
}

/// Swaps on a disk: compare and rename under a lock that other processes honour too.
pub(crate) fn swap_on_disk(root: &Path, path: &str, spool: Spool, expected: Option<&str>) -> Result<Head> {
    let target = root.join(path);
    let failed = |error| failure::disk(OPERATION, target.display(), error);
    // The slow part, outside the lock.
    spool.file().sync_all().map_err(failed)?;
    failpoint::reach("partition.spooled")?;
    let _held = lock(root, path)?;
    refuse_links(root, &target, path)?;
    let standing = durable::stat(&target).map_err(failed)?;
    let found = standing.as_ref().map(durable::etag);
    if found.as_deref() != expected {
        return Err(changed(path, found.as_deref(), expected));
    }
    if let Some(standing) = &standing {
        durable::outdate(spool.file(), standing).and_then(|()| spool.file().sync_all()).map_err(failed)?;
    }
    let metadata = spool.file().metadata().map_err(failed)?;
    failpoint::reach("partition.before_publish")?;
    let renamed = durable::publish(OPERATION, spool.path(), &target);
    if renamed.as_ref().err().is_none_or(Error::is_look_again) {
        spool.published();
    }
    renamed?;
    failpoint::reach("partition.published")?;
    Ok(head_of(&metadata))
}

/// Whatever links a partition's folder to another one of the lake would have that one's object replaced.
fn refuse_links(root: &Path, target: &Path, path: &str) -> Result<()> {
    let failed = |error| failure::disk(OPERATION, target.display(), error);
    let folder = target.parent().unwrap_or(root);
    if !folder.exists() {
        return Ok(());
    }
    let (real_root, real) = (root.canonicalize().map_err(failed)?, folder.canonicalize().map_err(failed)?);
    // Areas may be links to other disks.
    if real.starts_with(&real_root) && real != real_root.join(folder.strip_prefix(root).unwrap_or(folder)) {
        return Err(Error::permanent(Kind::Data, "the folder is a link to another one of the lake")
            .at(OPERATION)
            .with("path", path)
            .with("leads_to", real.display())
            .hint("remove the link, then run `sellerlake verify --repair`"));
    }
    Ok(())
}

pub(crate) fn head_of(metadata: &Metadata) -> Head {
    Head { etag: durable::etag(metadata), size_bytes: metadata.len() }
}

/// Takes the lock of a path; letting go of the file lets go of the lock, a killed process's too.
fn lock(root: &Path, path: &str) -> Result<File> {
    let folder = root.join(PRIVATE).join("locks");
    let name = format!("{:03x}", xxh3_64(path.as_bytes()) % LOCKS);
    let take = || {
        durable::create_folder(&folder)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(&name))?;
        file.lock()?;
        Ok(file)
    };
    take().map_err(|error| failure::disk("partition.lock", folder.join(&name).display(), error))
}

impl Lake {
    /// Whether the store compares before it replaces. On a disk a file lock does that. On an object store it is
    /// tried out once, under `.sellerlake/`; where the answer is no, only one process may write to the lake.
    pub async fn conditional_writes(&self) -> Result<bool> {
        if self.local_root().is_some() {
            return Ok(true);
        }
        self.0.conditional.get_or_try_init(|| self.probe()).await.copied()
    }

    async fn probe(&self) -> Result<bool> {
        let name = format!("{PRIVATE}/probe-{}", random_name()?);
        let path = object_store::path::Path::from(name.as_str());
        let failed = |error| failure::store("lake.probe", &name, error);
        let put = async |mode: PutMode| {
            let content = PutPayload::from_static(b"which stores compare before they replace?");
            match self.0.store.put_opts(&path, content, PutOptions::from(mode)).await {
                Ok(_) => Ok(false),
                Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(true),
                // A store that knows no conditions may also refuse the header.
                Err(error) if failure::is_refused(&error) => Ok(false),
                Err(error) => Err(failed(error)),
            }
        };
        let stale = UpdateVersion { e_tag: Some("\"00000000000000000000000000000000\"".to_owned()), version: None };
        put(PutMode::Create).await?;
        let compares = put(PutMode::Create).await? && put(PutMode::Update(stale)).await?;
        match self.0.store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
        if !compares {
            tracing::warn!(url = %self.url(), "the store ignores conditions on writes: only one process may write");
        }
        Ok(compares)
    }

    /// Swaps on an object store: one PUT with a condition, or a guarded plain one where conditions don't work.
    pub(crate) async fn swap_on_store(&self, path: &str, spool: Spool, expected: Option<&str>) -> Result<Head> {
        let size_bytes = spool.size_bytes()?;
        if size_bytes > LARGEST_PUT_BYTES {
            return Err(Error::permanent(Kind::Limit, "the object is larger than one PUT can carry")
                .at(OPERATION)
                .with("path", path)
                .with("size_bytes", size_bytes)
                .with("limit_bytes", LARGEST_PUT_BYTES)
                .hint("declare a finer grain for this dataset (grain = \"month\"), or keep the lake on a disk"));
        }
        failpoint::reach("partition.spooled")?;
        let payload = PutPayload::from(Bytes::from_owner(spool.map()?));
        let conditional = self.conditional_writes().await?;
        failpoint::reach("partition.before_publish")?;
        let location = object_store::path::Path::from(path);
        let (mode, _alone) = if conditional {
            (condition(expected), None)
        } else {
            let alone = self.0.single_writer.lock().await;
            let standing = self.head_path(path).await?.map(|head| head.etag);
            if standing.as_deref() != expected {
                return Err(changed(path, standing.as_deref(), expected));
            }
            (PutMode::Overwrite, Some(alone))
        };
        let stored = self.0.store.put_opts(&location, payload, PutOptions::from(mode)).await;
        let stored = stored.map_err(|error| failure::conditional_put(OPERATION, path, error))?;
        failpoint::reach("partition.published")?;
        match stored.e_tag {
            Some(etag) => Ok(Head { etag, size_bytes }),
            None => Err(Error::permanent(Kind::Storage, "the store gives its objects no ETag")
                .at(OPERATION)
                .with("path", path)
                .hint("sellerlake needs a store that tags each version of an object, as S3 does")),
        }
    }
}

fn condition(expected: Option<&str>) -> PutMode {
    match expected {
        None => PutMode::Create,
        Some(etag) => PutMode::Update(UpdateVersion { e_tag: Some(etag.to_owned()), version: None }),
    }
}

/// A name no other process will choose.
fn random_name() -> Result<String> {
    use std::io::Read;
    let mut bytes = [0; 12];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .map_err(|error| failure::disk("lake.probe", "/dev/urandom", error))?;
    Ok(hex(&bytes))
}
