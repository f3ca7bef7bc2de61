//! Removing what processes left behind that are no more.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::spill;
use crate::spool::{SUFFIX, gate};

/// Removes the spool files and spill folders that no living process holds, and says how many there were.
pub(crate) fn sweep(folder: &Path) -> io::Result<u64> {
    if !folder.is_dir() {
        return Ok(0);
    }
    let gate = gate(folder)?;
    gate.lock()?;
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if spill::remove_left_over(&path) {
            removed += 1;
            continue;
        }
        let ours = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(SUFFIX));
        // A file published or dropped since the folder was read is no longer there to be opened.
        let Some(file) = ours.then(|| File::open(&path).ok()).flatten() else { continue };
        if file.try_lock().is_ok() && fs::remove_file(&path).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}
