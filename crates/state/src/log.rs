//! Whether what SQLite's write-ahead log was told stands in it. A process that was killed leaves its log behind, and who
//! opens it next reads it up to the first frame that isn't what its checksum says. SQLite takes the rest for work that was
//! never finished and says nothing: were it damage, commits that were reported would be gone.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use sellerlake_contracts::{Clock, Error, Kind, Result, SystemClock};

use crate::failure::RESTORE;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// With a last bit for the byte order in which checksums were computed.
const MAGIC: u32 = 0x377f_0682;

/// How often damage is looked at again: another process may be writing just now.
const LOOKS: usize = 5;
const PAUSE: TimeDelta = TimeDelta::milliseconds(40);

/// The log that belongs to a database file.
pub(crate) fn beside(database: &Path) -> PathBuf {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Insists that nothing which was committed is missing in the log beside a database. To be asked before the database is
/// opened, because that lets go of what can't be read.
pub(crate) async fn insist_on(database: &Path) -> Result<()> {
    let log = beside(database);
    for _ in 0..LOOKS {
        // Where there is none all is well, and where it can't be read opening it says more.
        if fs::read(&log).map_or(true, |bytes| is_whole(&bytes)) {
            return Ok(());
        }
        SystemClock.sleep_until(SystemClock.now() + PAUSE).await;
    }
    Err(Error::permanent(
        Kind::Storage,
        "the log of the state database is damaged: what was committed last can't be read",
    )
    .at("state.open")
    .with("path", log.display())
    .hint(RESTORE))
}

/// Whether no commit follows on, or stands in, a frame that can't be read.
fn is_whole(log: &[u8]) -> bool {
    if log.len() < HEADER + FRAME_HEADER {
        return true;
    }
    let header = &log[..HEADER];
    let page = word(header, 8) as usize;
    let order = word(header, 0) ^ MAGIC;
    if order > 1 || !(512..=65_536).contains(&page) || !page.is_power_of_two() {
        return false;
    }
    let is_big = order == 1;
    let mut sum = checksum((0, 0), &header[..24], is_big);
    if sum != (word(header, 24), word(header, 28)) {
        return false;
    }
    let mut frames = log[HEADER..].chunks_exact(FRAME_HEADER + page);
    let salts = (word(header, 16), word(header, 20));
    for frame in frames.by_ref() {
        let stated = (word(frame, 16), word(frame, 20));
        let next = checksum(checksum(sum, &frame[..8], is_big), &frame[FRAME_HEADER..], is_big);
        if (word(frame, 8), word(frame, 12)) != salts || next != stated {
            // What a transaction that was never committed left behind has no commit in it.
            return !std::iter::once(frame).chain(frames).any(|frame| is_commit(frame, salts));
        }
        sum = next;
    }
    true
}

/// Whether a frame ends a transaction, and isn't left over from before the log began anew.
fn is_commit(frame: &[u8], salts: (u32, u32)) -> bool {
    word(frame, 4) != 0 && (word(frame, 8) == salts.0 || word(frame, 12) == salts.1)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// SQLite's own, over pairs of words.
fn checksum(seed: (u32, u32), bytes: &[u8], is_big: bool) -> (u32, u32) {
    let read = |part: &[u8]| {
        let bytes = [part[0], part[1], part[2], part[3]];
        if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    bytes.chunks_exact(8).fold(seed, |(first, second), pair| {
        let first = first.wrapping_add(read(&pair[..4])).wrapping_add(second);
        (first, second.wrapping_add(read(&pair[4..])).wrapping_add(first))
    })
}
