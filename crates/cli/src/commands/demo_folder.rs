//! The directory of a demo: made anew by each, held by one at a time, and with nothing else of anybody's touched.

use std::fs::{File, TryLockError};
use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};

use sellerlake_config::FILE_NAME;
use sellerlake_contracts::{Error, Kind, Result};

/// What says that a directory was made by a demo, and is locked while one runs in it.
const MARK: &str = ".sellerlake-demo";

/// What a demo makes in its directory, by the default settings.
const MADE: [&str; 6] = [FILE_NAME, "lake", "sellerlake.key", "state.db", "state.db-shm", "state.db-wal"];

/// A demo's directory, without an earlier demo's lake. Nobody else can take it until it is dropped.
pub(super) struct DemoFolder {
    path: PathBuf,
    _lock: File,
}

impl DemoFolder {
    /// Takes this directory, or one for temporary files. One that isn't empty must be an earlier demo's: of that, what
    /// demos make is removed, and whatever else lies there stays.
    pub(super) fn take(named: Option<&Path>) -> Result<Self> {
        let path = named.map_or_else(|| std::env::temp_dir().join("sellerlake-demo"), Path::to_owned);
        let failed = |error: IoError| {
            Error::permanent(Kind::Storage, "can't make the demo's directory")
                .with("path", path.display())
                .source(error)
                .hint("name another directory: sellerlake demo DIRECTORY")
        };
        let is_empty = match std::fs::read_dir(&path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == ErrorKind::NotFound => true,
            Err(error) => return Err(failed(error)),
        };
        if !is_empty && !path.join(MARK).exists() {
            return Err(Error::permanent(Kind::Usage, "the directory isn't empty, and no demo made it")
                .with("path", path.display())
                .hint("name a new directory; nothing in this one was touched"));
        }
        std::fs::create_dir_all(&path).map_err(failed)?;
        let lock = File::options().create(true).append(true).open(path.join(MARK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::permanent(Kind::Usage, "another demo is running in this directory")
                    .with("path", path.display())
                    .hint("stop it, or name another directory: sellerlake demo DIRECTORY"));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        for name in MADE {
            remove(&path.join(name)).map_err(failed)?;
        }
        Ok(Self { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes a file or a directory with all it holds, where there is one. Of a link, the link alone.
fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
