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
pub struct Files {
    files: Vec<File>,
    /// Files that can't be read as they should be, and why.
    unreadable: Vec<(String, String)>,
}

/// Folders a user's directory may have; the same as in the source tree.
const FOLDERS: [&str; 8] = [
    "schemas/sources",
    "schemas/tables",
    "schemas/reference",
    "transforms/tables",
    "transforms/rollups",
    "transforms/checks",
    "transforms/changes",
    "pipelines",
];

impl Files {
    /// Adds a folder that was embedded in the binary, its paths put under `prefix`.
    pub fn add_embedded(&mut self, dir: &Dir<'_>, prefix: &str) {
        for file in dir.files() {
            if let Some(text) = file.contents_utf8() {
                let path = format!("{prefix}/{}", file.path().display());
                self.files.push(File { path, text: text.to_owned(), user: false });
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
                self.add_user_file(&path, format!("{folder}/{name}"));
            }
        }
        Ok(())
    }

    /// One file. Text that isn't UTF-8 is read as far as it is, so that other mistakes are found beside this one.
    fn add_user_file(&mut self, file: &Path, path: String) {
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) => return self.unreadable.push((path, format!("can't be read: {error}"))),
        };
        if let Err(error) = std::str::from_utf8(&bytes) {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            self.unreadable.push((path.clone(), format!("line {line} isn't UTF-8; save the file as UTF-8")));
        }
        self.files.push(File { path, text: String::from_utf8_lossy(&bytes).into_owned(), user: true });
    }

    /// The files that can't be read as they should be, and why.
    pub fn unreadable(&self) -> impl Iterator<Item = (&str, &str)> {
        self.unreadable.iter().map(|(path, problem)| (path.as_str(), problem.as_str()))
    }

    /// The files of a user's directory.
    pub fn of_user(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.user)
    }

    /// The files directly in a folder that have this extension.
    pub fn within<'a>(&'a self, folder: &'a str, extension: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| {
            let rest = file.path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
            rest.is_some_and(|rest| !rest.contains('/') && rest.ends_with(&format!(".{extension}")))
        })
    }
}
