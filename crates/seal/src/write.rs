//! Sealing a file while and after it is written.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::writer::SerializedFileWriter;
use xxhash_rust::xxh3::xxh3_64;

use crate::blocks::{Blocks, SEAL_DIGITS, SEAL_PART};
use crate::footer::{self, TRAILER_BYTES, hex};
use crate::{FORMAT, key};

/// A file whose blocks are hashed as they are written.
pub struct Sealing {
    file: File,
    blocks: Option<Blocks>,
}

impl Sealing {
    /// Writes to this file, which is empty.
    pub fn new(file: File) -> Self {
        Self { file, blocks: Some(Blocks::default()) }
    }
}

impl Write for Sealing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        if let Some(blocks) = &mut self.blocks {
            blocks.update(&bytes[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Ends a file, all of whose row groups are written: `home` is the path it is for, `pairs` are what else its footer says.
pub fn finish(mut writer: SerializedFileWriter<Sealing>, home: &str, pairs: Vec<(&str, String)>) -> Result<()> {
    writer.flush()?;
    let (covered, blocks) = writer.inner_mut().blocks.take().unwrap_or_default().finish();
    let ours = [
        (key::FORMAT, FORMAT.to_owned()),
        (key::HOME, home.to_owned()),
        (key::BLOCKS, blocks),
        // The last, so that it is found from the end.
        (key::SEAL, "0".repeat(SEAL_DIGITS)),
    ];
    for (key, value) in pairs.into_iter().chain(ours) {
        writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
    }
    writer.finish()?;
    sign(&writer.inner().file, covered)
}

/// Puts the seal's digits where they were left out.
fn sign(file: &File, covered: u64) -> Result<()> {
    let broken = || ParquetError::General("the file just written can't be sealed".to_owned());
    let size_bytes = file.metadata()?.len();
    let mut trailer = [0; TRAILER_BYTES];
    file.read_exact_at(&mut trailer, size_bytes.checked_sub(TRAILER_BYTES as u64).ok_or_else(broken)?)?;
    let length = footer::footer_bytes(&trailer, size_bytes, "").map_err(|_| broken())?;
    let begin = size_bytes - length;
    let mut index = vec![0; begin.checked_sub(covered).ok_or_else(broken)? as usize];
    file.read_exact_at(&mut index, covered)?;
    let mut footer = vec![0; length as usize];
    file.read_exact_at(&mut footer, begin)?;
    let place = footer::place(&footer).ok_or_else(broken)?;
    footer[place..place + SEAL_PART].copy_from_slice(&hex(index.len() as u64));
    footer[place + SEAL_PART..place + 2 * SEAL_PART].copy_from_slice(&hex(xxh3_64(&index)));
    let hash = footer::hash(&footer, place);
    footer[place + 2 * SEAL_PART..place + SEAL_DIGITS].copy_from_slice(&hash);
    file.write_all_at(&footer[place..place + SEAL_DIGITS], begin + place as u64)?;
    Ok(())
}
