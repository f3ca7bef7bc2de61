//! Where answers go: standard output, or a file that is there whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sellerlake_contracts::{Error, Kind, Result};

use crate::closed;

/// A place for an answer.
pub(crate) struct Output {
    to: BufWriter<Box<dyn Write + Send>>,
    part: Option<Part>,
}

/// A file that isn't whole yet, and what it will be called. Without [`Output::finish`] it goes.
struct Part {
    path: PathBuf,
    whole: PathBuf,
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Output {
    /// A file, or standard output.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            closed::refuse()?;
            return Ok(Self { to: BufWriter::new(Box::new(io::stdout())), part: None });
        };
        let failed = |error| unwritable(path, error);
        // What is no file, such as a pipe or a terminal, is written to as it is; a link's target is what is meant.
        let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if whole.metadata().is_ok_and(|found| !found.is_file()) {
            return Ok(Self { to: BufWriter::new(Box::new(File::create(path).map_err(failed)?)), part: None });
        }
        let name = whole.file_name().ok_or_else(|| failed(io::ErrorKind::IsADirectory.into()))?;
        let part = whole.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        let file = File::create(&part).map_err(failed)?;
        Ok(Self { to: BufWriter::new(Box::new(file)), part: Some(Part { path: part, whole }) })
    }

    /// Says that all of it was written.
    pub(crate) fn finish(mut self) -> Result<()> {
        let flushed = self.to.flush();
        let named = flushed.and_then(|()| match &self.part {
            Some(part) => std::fs::rename(&part.path, &part.whole),
            None => Ok(()),
        });
        let place = self.part.as_ref().map_or(Path::new("standard output"), |part| part.whole.as_path());
        named.map_err(|error| unwritable(place, error))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    Error::permanent(Kind::Storage, "the answer can't be written").with("path", path.display()).source(error)
}
