//! The same on an object store: a real S3 protocol server that compares before it writes.

use std::path::Path;

use sellerlake_testing::S3Server;
use tokio::runtime::Runtime;

use crate::books;
use crate::scenarios::STORIES;
use crate::site::Site;

/// A lake in a bucket of its own server; the state is on disk as ever.
pub struct Bucket {
    pub site: Site,
    folder: tempfile::TempDir,
    // Dropped in this order: what is served before who serves.
    pub server: S3Server,
    _runtime: Runtime,
}

impl Bucket {
    /// An empty lake.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = runtime.block_on(S3Server::start(folder.path())).unwrap();
        let site = Site::with_settings(&settings(&server));
        Self { site, folder, server, _runtime: runtime }
    }

    /// Settings of a lake in it.
    pub fn settings(&self) -> String {
        settings(&self.server)
    }

    /// Names of the objects in the bucket, the server's own files left out.
    pub fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        walk(self.folder.path(), self.folder.path(), &mut keys);
        keys.retain(|key| !key.split('/').any(|part| part.starts_with('.')));
        keys
    }
}

fn settings(server: &S3Server) -> String {
    let options = server.options();
    let options = options.iter().map(|(key, value)| format!("{key} = {value:?}\n"));
    format!("lake = {:?}\nspool = \"spool\"\n[store]\n{}", server.lake_url("seller/lake"), options.collect::<String>())
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            walk(root, &entry.path(), found);
        } else {
            found.push(entry.path().strip_prefix(root).unwrap().display().to_string());
        }
    }
}

#[test]
fn a_small_sellers_books_on_a_store() {
    let bucket = Bucket::new();
    books::load_small_seller(&bucket.site, false);
    books::assert_small_sellers_books(&bucket.site);
    let keys = bucket.keys();
    assert!(keys.iter().all(|key| key.starts_with("lake/seller/lake/")), "{keys:?}");
    assert!(keys.iter().any(|key| key.contains("/rollups/daily_profit/seller_id=A1/month=")), "{keys:?}");
    assert!(bucket.server.requests().puts > 0 && !bucket.site.path().join("lake").exists());
}

#[test]
fn stories_on_a_store() {
    for (title, story) in STORIES {
        eprintln!("{title}");
        story(&Bucket::new().site);
    }
}

#[test]
fn a_lost_state_is_read_back_from_a_store() {
    let bucket = Bucket::new();
    books::load_small_seller(&bucket.site, true);
    let before = bucket.site.sql("SELECT path, etag FROM meta.objects WHERE etag IS NOT NULL ORDER BY path");
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(bucket.site.path().join(name));
    }
    bucket.site.ok(&["verify", "--repair"]);
    let after = bucket.site.sql("SELECT path, etag FROM meta.objects WHERE etag IS NOT NULL ORDER BY path");
    assert_eq!(after, before, "a repair rewrites nothing");
    books::assert_small_sellers_books(&bucket.site);
}
