//! Lakes to test with.

use std::collections::BTreeMap;
use std::path::Path;

use sellerlake_sinks::Lake;
use sellerlake_testing::S3Server;
use tempfile::TempDir;
use url::Url;

/// A lake with what it needs to live.
pub(crate) struct Place {
    pub(crate) lake: Lake,
    pub(crate) server: Option<S3Server>,
    pub(crate) folder: TempDir,
}

pub(crate) async fn on_disk() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let lake = open_folder(&folder.path().join("lake")).await;
    Place { lake, server: None, folder }
}

pub(crate) async fn open_folder(path: &Path) -> Lake {
    Lake::open(&Url::from_directory_path(path).unwrap(), &BTreeMap::new(), None).await.unwrap()
}

pub(crate) async fn on_s3() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let server = S3Server::start(&folder.path().join("server")).await.unwrap();
    let lake = open_server(&server, folder.path(), &[]).await;
    Place { lake, server: Some(server), folder }
}

pub(crate) async fn open_server(server: &S3Server, folder: &Path, more: &[(&str, &str)]) -> Lake {
    let mut options = server.options();
    options.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let url = Url::parse(&server.lake_url("some/where")).unwrap();
    Lake::open(&url, &options, Some(folder.join("spool"))).await.unwrap()
}

impl Place {
    /// The spool files there are.
    pub(crate) fn spools(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.lake.spool_dir()) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| std::path::Path::new(name).extension().is_some_and(|kind| kind == "spool")).collect()
    }
}
