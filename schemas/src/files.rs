//! Declaration files, from the binary and from a user's own directory.

use std::path::Path;

use include_dir::Dir;
use sellerlake_contracts::{Error, Kind, Result};

/// One declaration file.
#[derive(Debug, Clone)]
pub struct File {
    /// Path as in the source tree: `schemas/sources/all_orders.toml`, `transforms/tables/orders.sql`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether it comes from a user's directory.
    pub user: bool,
}

impl File {
    /// File name without extension: the name of what it declares.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

/// A set of declaration files.
#[derive(Debug, Clone, Default)]
pub struct Files(Vec<File>);

/// Folders a user's directory may have; the same as in the source tree.
const FOLDERS: [&str; 7] = [
    "schemas/sources",
    "schemas/tables",
    "schemas/reference",
    "transforms/tables",
    "transforms/rollups",
    "transforms/checks",
    "pipelines",
];

impl Files {
    /// Adds a folder that was embedded in the binary, its paths put under `prefix`.
    pub fn add_embedded(&mut self, dir: &Dir<'_>, prefix: &str) {
        for file in dir.files() {
            if let Some(text) = file.contents_utf8() {
                let path = format!("{prefix}/{}", file.path().display());
                self.0.push(File { path, text: text.to_owned(), user: false });
            }
        }
        for dir in dir.dirs() {
            self.add_embedded(dir, prefix);
        }
    }

    /// Adds a user's directory, which mirrors the source tree.
    pub fn add_user_directory(&mut self, root: &Path) -> Result<()> {
        let failed = |path: &Path, error: std::io::Error| {
            Error::permanent(Kind::Declaration, "can't read the directory of declarations")
                .with("path", path.display())
                .source(error)
                .hint("set `declarations` in sellerlake.toml to a directory with schemas/ and transforms/ in it")
        };
        std::fs::read_dir(root).map_err(|error| failed(root, error))?;
        for folder in FOLDERS {
            let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
            for entry in entries {
                let path = entry.map_err(|error| failed(root, error))?.path();
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
                if name.starts_with('.') || !path.is_file() {
                    continue;
                }
                let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
                self.0.push(File { path: format!("{folder}/{name}"), text, user: true });
            }
        }
        Ok(())
    }

    /// The files directly in a folder that have this extension.
    pub fn within<'a>(&'a self, folder: &'a str, extension: &'a str) -> impl Iterator<Item = &'a File> {
        self.0.iter().filter(move |file| {
            let rest = file.path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
            rest.is_some_and(|rest| !rest.contains('/') && rest.ends_with(&format!(".{extension}")))
        })
    }
}
