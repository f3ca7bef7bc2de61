//! Where answers wait until they are whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{Clock, Error, Kind, Page, Result, SystemClock};

/// Files nobody has touched for so long belong to work that was given up.
const ABANDONED: TimeDelta = TimeDelta::hours(72);

/// A folder for files that are dropped when they have been handed on.
#[derive(Debug, Clone)]
pub(crate) struct Scratch {
    folder: Arc<Path>,
}

impl Scratch {
    /// Makes the folder if need be and clears away what was abandoned in it.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|error| failed("can't make the scratch folder", folder, error))?;
        let entries = fs::read_dir(folder).map_err(|error| failed("can't read the scratch folder", folder, error))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            // The machine's time and not the clock's: that is what file systems write.
            let changed = path.metadata().and_then(|found| found.modified()).ok();
            let age = changed.map(|at| SystemClock.now() - DateTime::<Utc>::from(at));
            if path.extension().is_some_and(|extension| extension == "pages") && age.is_some_and(|age| age > ABANDONED)
            {
                tracing::info!(path = %path.display(), "an abandoned answer is cleared away");
                let _ = fs::remove_file(path);
            }
        }
        Ok(Self { folder: folder.into() })
    }

    /// A new, empty spool. `hint` begins its name.
    pub(crate) fn spool(&self, hint: &str) -> Result<AnswerSpool> {
        let name = format!("{hint}-{:016x}.pages", fastrand::u64(..));
        let path = self.folder.join(&name);
        let opened = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = opened.map_err(|error| failed("can't make a scratch file", &path, error))?;
        Ok(AnswerSpool { name, path, file: Arc::new(file), ends: Vec::new(), kept: false })
    }

    /// The spool an earlier step left, cut back to the pages it knew of; `None` if it isn't whole any more.
    pub(crate) fn reopen(&self, name: &str, ends: &[u64]) -> Option<AnswerSpool> {
        let path = self.folder.join(Path::new(name).file_name()?);
        let file = OpenOptions::new().read(true).write(true).open(&path).ok()?;
        let end = ends.last().copied().unwrap_or_default();
        let whole = file.metadata().ok()?.len() >= end && file.set_len(end).is_ok();
        whole.then(|| AnswerSpool {
            name: name.to_owned(),
            path,
            file: Arc::new(file),
            ends: ends.to_vec(),
            kept: true,
        })
    }
}

/// Pages, one after the other in a file. It goes with this value, unless it was kept for a checkpoint.
#[derive(Debug)]
pub(crate) struct AnswerSpool {
    name: String,
    path: PathBuf,
    file: Arc<File>,
    ends: Vec<u64>,
    kept: bool,
}

impl Drop for AnswerSpool {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a scratch file can't be removed");
        }
    }
}

impl AnswerSpool {
    /// The name to reopen it by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where each page ends.
    pub(crate) fn ends(&self) -> &[u64] {
        &self.ends
    }

    fn end(&self) -> u64 {
        self.ends.last().copied().unwrap_or_default()
    }

    /// Appends a page.
    pub(crate) fn push(&mut self, page: &[u8]) -> Result<()> {
        let at = self.end();
        self.write(at, page)?;
        self.ends.push(at + page.len() as u64);
        Ok(())
    }

    /// Writes bytes of a page that isn't whole yet, `at` bytes after the last whole one.
    pub(crate) fn write(&self, at: u64, bytes: &[u8]) -> Result<()> {
        self.file.write_all_at(bytes, at).map_err(|error| failed("can't write a scratch file", &self.path, error))
    }

    /// Ends a page that was written piece by piece.
    pub(crate) fn close_page(&mut self, length: u64) {
        self.ends.push(self.end() + length);
    }

    /// Drops all pages but the first `keep`.
    pub(crate) fn cut(&mut self, keep: usize) -> Result<()> {
        self.ends.truncate(keep);
        self.file.set_len(self.end()).map_err(|error| failed("can't cut a scratch file", &self.path, error))
    }

    /// Makes it outlive this value, the process and a power cut.
    pub(crate) fn keep(&mut self) -> Result<()> {
        self.kept = true;
        self.file.sync_data().map_err(|error| failed("can't keep a scratch file", &self.path, error))
    }

    /// The bytes of one page.
    pub(crate) fn page(&self, index: usize) -> Section {
        let at = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Section { file: Arc::clone(&self.file), at, end: self.ends[index] }
    }

    /// Hands out the pages. The file's name is gone at once, its bytes with the last page.
    pub(crate) fn into_pages(mut self) -> Vec<Page> {
        self.kept = false;
        (0..self.ends.len()).map(|index| Box::new(self.page(index)) as Page).collect()
    }
}

/// A part of a scratch file that several readers may share.
#[derive(Debug)]
pub(crate) struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        let read = self.file.read_at(&mut buffer[..room], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

fn failed(message: &str, path: &Path, error: io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full or a quota is used up: free some space and run again; nothing was published"
        }
        _ => "the scratch folder needs to be writable and to have room for the largest report",
    };
    Error::transient(Kind::Storage, message)
        .at("connectors.scratch")
        .with("path", path.display())
        .with("cause", &error)
        .hint(hint)
        .source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(spool: AnswerSpool) -> Vec<String> {
        let read = |mut page: Page| {
            let mut text = String::new();
            page.read_to_string(&mut text).unwrap();
            text
        };
        spool.into_pages().into_iter().map(read).collect()
    }

    #[test]
    fn pages_come_back_in_order_and_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::open(folder.path()).unwrap();
        let mut spool = scratch.spool("a").unwrap();
        spool.push(b"one").unwrap();
        spool.push(b"").unwrap();
        spool.push(b"three").unwrap();
        assert_eq!(texts(spool), ["one", "", "three"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_spool_goes_on_where_its_checkpoint_says() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::open(folder.path()).unwrap();
        let mut spool = scratch.spool("a").unwrap();
        spool.push(b"kept").unwrap();
        spool.keep().unwrap();
        let (name, ends) = (spool.name().to_owned(), spool.ends().to_vec());
        spool.push(b"after the checkpoint").unwrap();
        drop(spool);
        assert!(scratch.reopen(&name, &[999]).is_none());
        let mut spool = scratch.reopen(&name, &ends).unwrap();
        spool.push(b"again").unwrap();
        assert_eq!(texts(spool), ["kept", "again"]);
        drop(scratch.spool("given up").unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
