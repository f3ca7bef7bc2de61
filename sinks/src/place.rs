//! Where a lake is, and how one gets there.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use tokio::sync::{Mutex, OnceCell};
use url::Url;

/// The folder in a lake that holds no data: spool files and locks on a disk, probes on a store.
pub(crate) const PRIVATE: &str = ".sellerlake";

/// A lake on a disk or a store.
#[derive(Debug)]
pub(crate) struct LakePlace {
    pub(crate) url: Url,
    /// Rooted at the lake: paths are relative to it.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The folder, where the lake is on a disk.
    pub(crate) local_root: Option<PathBuf>,
    pub(crate) spool_dir: PathBuf,
    /// Whether the store honours conditions on a PUT; asked once.
    pub(crate) conditional: OnceCell<bool>,
    /// Held around a swap where the store doesn't.
    pub(crate) single_writer: Mutex<()>,
}
