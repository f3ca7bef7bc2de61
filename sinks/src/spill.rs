//! Private folders for what sorting spills, which a killed process leaves behind full.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sellerlake_contracts::Result;

use crate::failure;
use crate::spool::{FileAccess, gate};

/// Suffix of spill folders.
const SUFFIX: &str = ".spill";

/// The file in it that its process keeps locked.
const LOCK: &str = "lock";

/// A private folder; removed with all that is in it when dropped.
///
/// Its process holds a lock in it as long as it lives, so that [`Lake::sweep_spool`](crate::Lake::sweep_spool) can
/// tell left-overs from work in progress.
#[derive(Debug)]
pub struct SpillFolder {
    path: PathBuf,
    _lock: File,
}

impl SpillFolder {
    pub(crate) fn create(parent: &Path, access: FileAccess) -> Result<Self> {
        let create = || {
            access.make_folder(parent)?;
            let gate = gate(parent)?;
            gate.lock_shared()?;
            let prefix = format!("{}-", std::process::id());
            let path = tempfile::Builder::new().prefix(&prefix).suffix(SUFFIX).tempdir_in(parent)?.keep();
            let lock = File::create(path.join(LOCK))?;
            lock.lock()?;
            Ok(Self { path, _lock: lock })
        };
        create().map_err(|error| failure::disk("spill.create", parent.display(), error))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SpillFolder {
    fn drop(&mut self) {
        // What can't be removed now is swept at the next start.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes a folder whose process is gone; false if it is none of ours, or still in use.
pub(crate) fn remove_left_over(path: &Path) -> bool {
    let ours = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(SUFFIX)) && path.is_dir();
    // Killed between making the folder and the lock: nobody has it, since the sweeper holds the gate.
    let abandoned = || match File::open(path.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    ours && abandoned() && fs::remove_dir_all(path).is_ok()
}
