//! From an address to a store.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::ClientConfigKey;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use sellerlake_contracts::{Error, Kind, Result};
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use crate::place::{LakePlace, PRIVATE};
use crate::{durable, failure};

/// How long one request may take: a PUT of 4 GiB at 7 MiB/s. object_store's own 30 s suits small objects only.
const REQUEST_TIMEOUT: &str = "600s";

/// The place as it is, with private files in a folder of this user's own.
pub(crate) fn place_to_read(url: &Url, options: &BTreeMap<String, String>) -> Result<LakePlace> {
    let folder = url.to_file_path().ok().filter(|_| url.scheme() == "file");
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Error::permanent(Kind::NotFound, "there is no lake")
            .at("lake.open")
            .with("path", folder.display()));
    }
    let user = std::fs::metadata("/proc/self").map_or(0, |own| own.uid());
    let spool_dir = std::env::temp_dir().join(format!("sellerlake-of-{user}"));
    Ok(LakePlace { spool_dir, ..place(url, options, None)? })
}

pub(crate) fn place(url: &Url, options: &BTreeMap<String, String>, spool_dir: Option<PathBuf>) -> Result<LakePlace> {
    match url.scheme() {
        "file" => on_disk(url, options),
        "s3" => on_s3(url, options, spool_dir),
        scheme => Err(Error::permanent(Kind::Usage, format!("a lake can't be at {scheme:?} addresses"))
            .at("lake.open")
            .with("url", url)
            .hint("use file:///path/to/folder or s3://bucket/prefix")),
    }
}

fn on_disk(url: &Url, options: &BTreeMap<String, String>) -> Result<LakePlace> {
    if let Some(option) = options.keys().next() {
        return Err(Error::permanent(Kind::Usage, "a lake on a disk takes no store options")
            .at("lake.open")
            .with("url", url)
            .with("option", option)
            .hint("remove the option, or use an s3:// address"));
    }
    let folder = url.to_file_path().map_err(|()| {
        Error::permanent(Kind::Usage, "the address names no folder of this machine")
            .at("lake.open")
            .with("url", url)
            .hint("write three slashes: file:///path/to/folder")
    })?;
    let failed = |error: std::io::Error| {
        let hint = failure::disk_hint(error.kind()).unwrap_or("choose another place for the lake in sellerlake.toml");
        Error::permanent(Kind::Storage, "can't make or open the lake's folder")
            .at("lake.open")
            .with("path", folder.display())
            .hint(hint)
            .source(error)
    };
    durable::create_folder(&folder).map_err(failed)?;
    let root = folder.canonicalize().map_err(failed)?;
    let store =
        LocalFileSystem::new_with_prefix(&root).map_err(|error| failure::store("lake.open", root.display(), error))?;
    Ok(LakePlace {
        url: url.clone(),
        store: Arc::new(store),
        spool_dir: root.join(PRIVATE).join("tmp"),
        local_root: Some(root),
        conditional: OnceCell::new(),
        single_writer: Mutex::default(),
    })
}

fn on_s3(url: &Url, options: &BTreeMap<String, String>, spool_dir: Option<PathBuf>) -> Result<LakePlace> {
    let failed = |error| failure::store("lake.open", url, error);
    let Some(bucket) = url.host_str() else {
        return Err(Error::permanent(Kind::Usage, "the address names no bucket")
            .at("lake.open")
            .with("url", url)
            .hint("write s3://bucket/prefix"));
    };
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), REQUEST_TIMEOUT);
    for (name, value) in options {
        let key = AmazonS3ConfigKey::from_str(&name.to_ascii_lowercase()).map_err(|error| {
            Error::permanent(Kind::Usage, "not a setting of an S3 store")
                .at("lake.open")
                .with("option", name)
                .hint("for instance aws_endpoint, aws_region, aws_access_key_id, aws_secret_access_key")
                .source(error)
        })?;
        builder = builder.with_config(key, value);
    }
    let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = builder.with_allow_http(true);
    }
    let bucket_store = builder.build().map_err(failed)?;
    let prefix = url.path().trim_matches('/');
    let store: Arc<dyn ObjectStore> = if prefix.is_empty() {
        Arc::new(bucket_store)
    } else {
        let prefix = object_store::path::Path::from_url_path(prefix)
            .map_err(|error| failed(object_store::Error::from(error)))?;
        Arc::new(PrefixStore::new(bucket_store, prefix))
    };
    Ok(LakePlace {
        url: url.clone(),
        store,
        local_root: None,
        spool_dir: spool_dir.unwrap_or_else(|| std::env::temp_dir().join("sellerlake")),
        conditional: OnceCell::new(),
        single_writer: Mutex::default(),
    })
}
