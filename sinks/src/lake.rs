//! The lake as a place: its address, its store and its private folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use sellerlake_contracts::Result;
use url::Url;

use crate::place::LakePlace;
use crate::spool::{FileAccess, Spool};
use crate::sweep::sweep;
use crate::{SpillFolder, failure, open};

/// A lake on a disk or an object store. Cheap to clone; every clone is the same lake.
#[derive(Debug, Clone)]
pub struct Lake(pub(crate) Arc<LakePlace>);

impl Lake {
    /// Opens `file:///folder` (created if missing) or `s3://bucket/prefix`.
    ///
    /// For `s3://`, `options` are object_store's configuration keys (`aws_endpoint`, `aws_region`,
    /// `aws_access_key_id`, ...) and win over `AWS_*` environment variables; a plain-HTTP endpoint is accepted as
    /// it stands. `spool_dir` is where objects are built before they are sent; the system's temporary folder
    /// otherwise, which should then not be a memory file system. A lake on a disk spools in itself, so that
    /// publishing is a rename.
    ///
    /// Nothing is written to a store here, so read-only credentials suffice for reading. Unknown options and
    /// schemes are [`Kind::Usage`](sellerlake_contracts::Kind::Usage) errors.
    #[expect(clippy::unused_async, reason = "opening a store may come to ask it something")]
    pub async fn open(url: &Url, options: &BTreeMap<String, String>, spool_dir: Option<PathBuf>) -> Result<Self> {
        open::place(url, options, spool_dir).map(|place| Self(Arc::new(place)))
    }

    /// Opens a lake that this user may not write to: private files, of which reading needs few, are kept elsewhere.
    /// [`Kind::NotFound`](sellerlake_contracts::Kind::NotFound) where there is none.
    pub fn open_to_read(url: &Url, options: &BTreeMap<String, String>) -> Result<Self> {
        open::place_to_read(url, options).map(|place| Self(Arc::new(place)))
    }

    /// The address it was opened with.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// The object store, rooted at the lake: `tables/...` is a path in it. For reading; writes go through the
    /// other methods.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.0.store)
    }

    /// The lake's folder, where it is on a disk.
    pub fn local_root(&self) -> Option<&Path> {
        self.0.local_root.as_deref()
    }

    /// The folder for private files: spools, and the folders for what sorting spills.
    pub fn spool_dir(&self) -> &Path {
        &self.0.spool_dir
    }

    /// A new private file.
    pub fn spool(&self) -> Result<Spool> {
        Spool::create(&self.0.spool_dir, self.access())
    }

    fn access(&self) -> FileAccess {
        let in_lake = self.0.local_root.as_ref().is_some_and(|root| self.0.spool_dir.starts_with(root));
        if in_lake { FileAccess::Published } else { FileAccess::Private }
    }

    /// A new private folder for what sorting spills.
    pub fn spill_folder(&self) -> Result<SpillFolder> {
        SpillFolder::create(&self.0.spool_dir, self.access())
    }

    /// Removes the spool files and spill folders of processes that are gone, and says how many there were. For a
    /// start-up.
    pub fn sweep_spool(&self) -> Result<u64> {
        let folder = &self.0.spool_dir;
        sweep(folder).map_err(|error| failure::disk("spool.sweep", folder.display(), error))
    }
}
