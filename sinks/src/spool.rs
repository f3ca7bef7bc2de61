//! Private files in which objects are built before they are published.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::ops::Deref;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use sellerlake_contracts::{Error, Kind, Result};
use sha2::{Digest, Sha256};

use crate::failure;

/// Suffix of spool files; anything else in the folder is nobody's and is left alone.
pub(crate) const SUFFIX: &str = ".spool";

/// Held shared while a spool file is created and locked, exclusively while left-overs are swept.
const GATE: &str = "gate.lock";

/// How much is read and hashed at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Chunks that may wait to be hashed.
const CHUNKS_AHEAD: usize = 4;

/// A private file; removed when dropped, unless it was published.
///
/// Its process holds a lock on it as long as it lives, so [`Lake::sweep_spool`](crate::Lake::sweep_spool) can tell
/// left-overs from work in progress, in other containers too.
#[derive(Debug)]
pub struct Spool {
    file: File,
    path: PathBuf,
    published: bool,
}

/// What [`Spool::receive`] took in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// SHA-256 of the bytes, in hex.
    pub sha256: String,
    /// How many bytes came.
    pub size_bytes: u64,
}

/// Whom spool files are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileAccess {
    /// They become objects by a rename, so they are as readable as the umask lets any new file be.
    Published,
    /// They are sent or read and then removed, and lie outside the lake: nobody else may look at buyers' data.
    Private,
}

impl FileAccess {
    /// Makes the folder for private files, where there is none yet.
    pub(crate) fn make_folder(self, path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(self.modes().0).create(path)
    }

    fn modes(self) -> (u32, u32) {
        match self {
            Self::Published => (0o777, 0o666),
            Self::Private => (0o700, 0o600),
        }
    }
}

impl Spool {
    pub(crate) fn create(folder: &Path, access: FileAccess) -> Result<Self> {
        let create = || {
            access.make_folder(folder)?;
            let gate = gate(folder)?;
            gate.lock_shared()?;
            let prefix = format!("{}-", std::process::id());
            let mode = Permissions::from_mode(access.modes().1);
            let named =
                tempfile::Builder::new().prefix(&prefix).suffix(SUFFIX).permissions(mode).tempfile_in(folder)?;
            named.as_file().lock()?;
            named.keep().map_err(|error| error.error)
        };
        let (file, path) = create().map_err(|error| failure::disk("spool.create", folder.display(), error))?;
        Ok(Self { file, path, published: false })
    }

    /// Where the file lies; it is gone once this value is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Length so far, in bytes.
    pub fn size_bytes(&self) -> Result<u64> {
        let metadata = self.file.metadata().map_err(|error| self.failed(error))?;
        Ok(metadata.len())
    }

    /// Appends everything `input` has, and says what it was. Hashes beside reading and writing, on another thread.
    pub fn receive(&mut self, input: &mut dyn Read) -> Result<Received> {
        let (sender, chunks) = sync_channel::<Vec<u8>>(CHUNKS_AHEAD);
        std::thread::scope(|scope| {
            let hashing = scope.spawn(move || {
                let mut hash = Sha256::new();
                chunks.iter().for_each(|chunk| hash.update(&chunk));
                hex(&hash.finalize())
            });
            let mut size_bytes = 0;
            loop {
                let mut chunk = Vec::with_capacity(CHUNK_BYTES);
                // `take` reads until the chunk is full, or the input has ended.
                Read::take(&mut *input, CHUNK_BYTES as u64).read_to_end(&mut chunk).map_err(|error| {
                    Error::transient(Kind::Storage, "the document can't be read to its end")
                        .at("spool.receive")
                        .source(error)
                })?;
                if chunk.is_empty() {
                    break;
                }
                self.file.write_all(&chunk).map_err(|error| self.failed(error))?;
                size_bytes += chunk.len() as u64;
                // The thread listens until there is nothing more to hear.
                let _ = sender.send(chunk);
            }
            drop(sender);
            let sha256 = hashing.join().map_err(|_| Error::permanent(Kind::Internal, "a hashing thread panicked"))?;
            Ok(Received { sha256, size_bytes })
        })
    }

    /// Maps what has been written, for reading.
    pub fn map(&self) -> Result<Mapped> {
        Mapped::of(&self.file, &self.path)
    }

    /// Another handle on the file, positioned where this one is.
    pub fn handle(&self) -> Result<File> {
        self.file.try_clone().map_err(|error| self.failed(error))
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives up the file: it is somebody else's now, under another name.
    pub(crate) fn published(mut self) {
        self.published = true;
    }

    fn failed(&self, error: io::Error) -> Error {
        failure::disk("spool.write", self.path.display(), error)
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if !self.published {
            // What can't be removed now is swept at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A file's bytes, mapped into memory.
#[derive(Debug)]
pub struct Mapped(memmap2::Mmap);

impl Mapped {
    #[expect(unsafe_code, reason = "a mapping is only as constant as its file; see the comment inside")]
    pub(crate) fn of(file: &File, path: &Path) -> Result<Self> {
        // Safety: the file is either a spool of ours, which nobody else opens for writing, or a landed delivery,
        // which is never written again: a delivery's replacement is another file under the same name.
        let mapped = unsafe { memmap2::Mmap::map(file) };
        mapped.map(Self).map_err(|error| failure::disk("spool.map", path.display(), error))
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The file whose lock keeps making private files and sweeping them apart.
pub(crate) fn gate(folder: &Path) -> io::Result<File> {
    File::create(folder.join(GATE))
}

#[cfg(test)]
impl Spool {
    /// A spool on a disk that is full.
    pub(crate) fn on_full_disk(folder: &Path) -> Self {
        let path = folder.join("full.spool");
        fs::write(&path, "").unwrap();
        Self { file: File::options().write(true).open("/dev/full").unwrap(), path, published: false }
    }
}

/// Prints bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
