//! A drop folder: files somebody puts there are answers like any other.

use std::fs::{self, File};
use std::path::Path;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use sellerlake_contracts::{AmazonAnswer, Connector, Error, Kind, Request, Result, Step};
use serde_json::Value;

use crate::parameters;

/// Files of the folder in the parameter `folder`. A request without `origin` lists them as [`Step::Found`]; a found request's
/// `origin` is the file's name, `changed` the moment of its last change, so that a file that was written anew is found
/// anew, and its answer is the file, as of its last change. Hidden and unfinished files
/// (`.name`, `name.tmp`, `name.part`) are left alone; nothing is removed.
pub(crate) struct FilesConnector;

#[async_trait]
impl Connector for FilesConnector {
    async fn step(&self, request: &Request, _checkpoint: Option<&Value>) -> Result<Step> {
        let folder = Path::new(parameters::required(request, "folder")?);
        match parameters::optional(request, "origin") {
            Some(name) => open(folder, name).map(Step::Answer),
            None => list(request, folder).map(Step::Found),
        }
    }
}

fn list(request: &Request, folder: &Path) -> Result<Vec<Request>> {
    let entries = fs::read_dir(folder).map_err(|error| failed("can't read the drop folder", folder, error))?;
    let unfinished = |name: &str| {
        let extension = Path::new(name).extension().unwrap_or_default();
        name.starts_with('.') || extension == "tmp" || extension == "part"
    };
    let mut found = Vec::new();
    for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
        let Some(name) = entry.file_name().into_string().ok().filter(|name| !unfinished(name)) else { continue };
        let changed = entry.metadata().and_then(|known| changed(&known));
        let changed = changed.map_err(|error| failed("can't read the file", &entry.path(), error))?;
        let mut one = request.clone();
        let changed = changed.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        one.parameters.extend([("origin".to_owned(), name), ("changed".to_owned(), changed)]);
        found.push(one);
    }
    found.sort_by(|a, b| a.parameters.cmp(&b.parameters));
    Ok(found)
}

fn changed(known: &fs::Metadata) -> std::io::Result<DateTime<Utc>> {
    known.modified().map(DateTime::from)
}

fn open(folder: &Path, name: &str) -> Result<AmazonAnswer> {
    // A name and no path: what was listed can't lead out of the folder.
    let name = Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let path = folder.join(name);
    let file = File::open(&path).map_err(|error| failed("can't open the file", &path, error))?;
    let as_of = file.metadata().and_then(|known| changed(&known));
    let as_of = as_of.map_err(|error| failed("can't read the file", &path, error))?;
    let origin = Some(name.to_owned());
    Ok(AmazonAnswer { pages: vec![Box::new(file)], extension: extension(name), charset: None, as_of, origin })
}

fn extension(name: &str) -> &'static str {
    const KNOWN: [&str; 10] = ["json.gz", "csv.gz", "tsv.gz", "xml.gz", "txt.gz", "jsonl", "json", "csv", "tsv", "xml"];
    let name = name.to_lowercase();
    let ends_in = |extension: &str| name.strip_suffix(extension).is_some_and(|stem| stem.ends_with('.'));
    let known = KNOWN.into_iter().find(|known| ends_in(known));
    known.unwrap_or(if ends_in("gz") { "txt.gz" } else { "txt" })
}

fn failed(message: &str, path: &Path, error: std::io::Error) -> Error {
    let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Storage };
    Error::permanent(kind, message).at("files.read").with("path", path.display()).with("cause", &error).source(error)
}
