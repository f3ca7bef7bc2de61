//! The file that holds the vault's key where no key is given: beside the state, for its owner's eyes alone.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sellerlake_contracts::{Error, Kind, Result, Secret};

use crate::vault::{LOST, VaultKey};
use sellerlake_contracts::wipe;

/// Reading and writing the key's file. A second file, `<name>.next`, exists while the key is being changed: which
/// of the two counts is what the database says.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The key at this path, whether or not it exists.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key; `None` if there is no file. One that others may read is refused.
    pub(crate) fn read(&self) -> Result<Option<VaultKey>> {
        read(&self.path)
    }

    /// The key that was to follow when a change was cut short.
    pub(crate) fn read_next(&self) -> Result<Option<VaultKey>> {
        read(&self.next())
    }

    /// Makes a key, unless another process was faster; answers the one that stands.
    pub(crate) fn create(&self) -> Result<VaultKey> {
        let key = VaultKey::generate()?;
        // Linked when it is complete, so that nobody reads half a key and none is replaced.
        let written = self.write(&key)?;
        let linked = fs::hard_link(&written, &self.path);
        fs::remove_file(&written).map_err(|error| self.failed("key.create", error))?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(self.failed("key.create", error)),
            Err(_) => {}
            Ok(()) => self.sync_folder()?,
        }
        self.read()?.ok_or_else(|| self.failed("key.create", ErrorKind::NotFound.into()))
    }

    /// Keeps the key that is to follow, before anything is encrypted with it.
    pub(crate) fn prepare_next(&self, key: &VaultKey) -> Result<()> {
        let written = self.write(key)?;
        fs::rename(&written, self.next()).map_err(|error| self.failed("key.rotate", error))?;
        self.sync_folder()
    }

    /// Makes the next key the key. Doing it twice is the same as once.
    pub(crate) fn promote_next(&self) -> Result<()> {
        match fs::rename(self.next(), &self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed("key.rotate", error)),
            _ => self.sync_folder(),
        }
    }

    fn next(&self) -> PathBuf {
        self.beside("next")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(suffix);
        name.into()
    }

    fn write(&self, key: &VaultKey) -> Result<PathBuf> {
        // Named by the key: others may be making theirs.
        let path = self.beside(&format!("{}.tmp", key.id()));
        let mut text = key.to_base64();
        let write = || -> std::io::Result<()> {
            // One that a crash left may have another mode.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(&text)?;
            file.write_all(b"\n")?;
            file.sync_all()
        };
        let written = write();
        wipe(&mut text);
        written.map(|()| path).map_err(|error| self.failed("key.write", error))
    }

    fn sync_folder(&self) -> Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| self.failed("key.write", error))
    }

    fn failed(&self, operation: &'static str, error: std::io::Error) -> Error {
        Error::permanent(Kind::Storage, "the key's file can't be written")
            .at(operation)
            .with("path", self.path.display())
            .hint("check the owner and mode of its folder, or give the key as SELLERLAKE_KEY")
            .source(error)
    }
}

fn read(path: &Path) -> Result<Option<VaultKey>> {
    let refused = |kind, message: &str| Error::permanent(kind, message).at("key.read").with("path", path.display());
    let unreadable = |error: std::io::Error| {
        refused(Kind::Storage, "the key's file can't be read").hint("check its owner and mode").source(error)
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(refused(Kind::Usage, "others may read the key's file")
            .with("mode", format!("{:o}", mode & 0o777))
            .hint(format!(
                "run chmod 600 {}; if others have read it, renew the secrets it opens: `sellerlake account add` again for \
                 each account",
                path.display()
            )));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    let key = VaultKey::from_base64(&Secret::new(text)).map_err(|error| {
        refused(Kind::Usage, "the key's file is damaged")
            .hint(format!("restore it from a backup: it opens the secrets in the state. {LOST}"))
            .source(error)
    })?;
    Ok(Some(key))
}
