//! Renames that survive a power cut, and the version tag of a file.

use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use sellerlake_contracts::{Error, Kind, Result};

use crate::failure;

/// Creates a folder and its missing parents, each synced into the one above it.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_folder(parent)?;
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            done => done?,
        }
        sync_folder(parent)?;
    }
    Ok(())
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Renames a synced file into place and makes the new name durable.
///
/// A failure before the rename changed nothing; one after it is [`Kind::Timeout`]: the name stands, but may not
/// survive a power cut.
pub(crate) fn publish(operation: &'static str, from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().unwrap_or(Path::new("/"));
    create_folder(folder).map_err(|error| failure::disk(operation, folder.display(), error))?;
    fs::rename(from, to).map_err(|error| failure::disk(operation, to.display(), error))?;
    sync_folder(folder).map_err(|error| {
        Error::transient(Kind::Timeout, "the disk didn't say whether the new name is durable")
            .at(operation)
            .with("path", to.display())
            .source(error)
    })
}

/// The tag of a file's version, in the form object_store gives its local files, so that readers of either agree.
pub fn etag(metadata: &Metadata) -> String {
    format!("{:x}-{:x}-{:x}", metadata.ino(), modified(metadata).as_micros(), metadata.len())
}

fn modified(metadata: &Metadata) -> Duration {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.unwrap_or_default()
}

/// Gives `file`, which is to replace `standing`, a tag that no earlier version of that path has had.
///
/// An inode is reused as soon as it is free, and on many kernels times tick only every few milliseconds: two
/// versions of equal size could share a tag, and a conditional swap or read would take the one for the other. So
/// the modification time is made to rise with each version, by the microsecond if need be, and by more where the
/// file system keeps coarser times.
pub(crate) fn outdate(file: &File, standing: &Metadata) -> io::Result<()> {
    let floor = modified(standing).as_micros();
    for step in [1, 1_000, 1_000_000, 2_000_000] {
        if modified(&file.metadata()?).as_micros() > floor {
            return Ok(());
        }
        let later = SystemTime::UNIX_EPOCH + modified(standing) + Duration::from_micros(step);
        file.set_times(FileTimes::new().set_modified(later))?;
    }
    if modified(&file.metadata()?).as_micros() > floor {
        return Ok(());
    }
    Err(io::Error::other("this file system keeps no usable modification times"))
}

/// Reads a file's metadata; `None` where there is no file.
pub(crate) fn stat(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_is_always_newer_than_what_it_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let create = |name: &str| File::create_new(folder.path().join(name)).unwrap();
        let (standing, replacement) = (create("standing"), create("replacement"));
        let day = Duration::from_hours(24);
        // What stands may have been written within the same tick, or by a clock that ran ahead.
        for ahead in [Duration::ZERO, Duration::from_nanos(400), Duration::from_micros(7), day] {
            let made = replacement.metadata().unwrap().modified().unwrap();
            standing.set_times(FileTimes::new().set_modified(made + ahead)).unwrap();
            let standing = standing.metadata().unwrap();
            outdate(&replacement, &standing).unwrap();
            let newer = replacement.metadata().unwrap();
            assert!(modified(&newer).as_micros() > modified(&standing).as_micros(), "{ahead:?}");
        }
    }
}
