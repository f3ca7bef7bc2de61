//! Reading a footer: checked before it is parsed, because what a parser makes of damage nobody knows.

use std::panic::catch_unwind;

use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use sellerlake_contracts::Result;
use xxhash_rust::xxh3::Xxh3;

use crate::blocks::{SEAL_DIGITS, SEAL_PART, Seal};
use crate::pairs::pair;
use crate::{FORMAT, UNSEALED, damaged, foreign, key, misplaced};

/// What ends a Parquet file: the length of its footer, and four letters.
pub const TRAILER_BYTES: usize = 8;

const MAGIC: &[u8] = b"PAR1";

/// How many bytes at the end of an object its footer takes, trailer included, by its last bytes.
pub fn footer_bytes(tail: &[u8], size_bytes: u64, path: &str) -> Result<u64> {
    let trailer = tail.len().checked_sub(TRAILER_BYTES).map(|start| &tail[start..]);
    let Some([a, b, c, d, magic @ ..]) = trailer else { return Err(damaged(path, "it is too short")) };
    let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d])) + TRAILER_BYTES as u64;
    if magic != MAGIC || length > size_bytes {
        return Err(damaged(path, "it doesn't end as a Parquet file does"));
    }
    Ok(length)
}

/// Parses the footer of an object, trailer included, whose path this is: [`Kind::Data`](sellerlake_contracts::Kind)
/// where it isn't as it was written, belongs to another path, or isn't sellerlake's.
pub fn open(footer: &[u8], path: &str) -> Result<ParquetMetaData> {
    let is_sealed = match place(footer) {
        Some(place) if hash(footer, place) == footer[place + 2 * SEAL_PART..place + SEAL_DIGITS] => true,
        Some(_) => return Err(damaged(path, "its footer isn't the one that was written")),
        None if !names_format(footer) => return Err(foreign(path)),
        None => false,
    };
    let thrift = &footer[..footer.len().saturating_sub(TRAILER_BYTES)];
    // Of an object without a seal nobody knows whether it is whole, and not every damage is an error to the parser.
    let metadata = catch_unwind(|| ParquetMetaDataReader::decode_metadata(thrift))
        .map_err(|_| damaged(path, "its footer can't be read"))?
        .map_err(|error| damaged(path, "its footer can't be read").source(error))?;
    match pair(&metadata, key::FORMAT) {
        Some(FORMAT) if is_sealed && Seal::of(&metadata).is_some() => match pair(&metadata, key::HOME) {
            Some(home) if home == path => Ok(metadata),
            home => Err(misplaced(path, home.unwrap_or_default())),
        },
        Some(UNSEALED) if !is_sealed => Ok(metadata),
        Some(FORMAT | UNSEALED) => Err(damaged(path, "its footer isn't the one that was written")),
        _ => Err(foreign(path)),
    }
}

/// Whether an object, or its footer, names its format: not so those of rejected rows that earlier versions wrote.
fn names_format(bytes: &[u8]) -> bool {
    holds(bytes, key::FORMAT)
}

/// Whether an object can be checked: it names its format or has a seal. One damage leaves one of them.
pub fn is_checkable(bytes: &[u8]) -> bool {
    names_format(bytes) || holds(bytes, key::SEAL)
}

fn holds(bytes: &[u8], key: &str) -> bool {
    bytes.windows(key.len()).any(|window| window == key.as_bytes())
}

/// Checks all of an object whose path this is, page index included.
pub fn check(object: &[u8], path: &str) -> Result<()> {
    let length = footer_bytes(object, object.len() as u64, path)? as usize;
    let metadata = open(&object[object.len() - length..], path)?;
    let whole = |seal: Seal<'_>| {
        seal.everything().iter().all(|part| {
            let bytes = object.get(part.start as usize..part.end as usize);
            bytes.is_some_and(|bytes| seal.is_whole(part, bytes))
        })
    };
    if Seal::of(&metadata).is_none_or(whole) {
        Ok(())
    } else {
        Err(damaged(path, "its rows aren't those that were written"))
    }
}

/// Where in a footer the digits of its seal are: after the last mention of its key, the length of the text and one
/// byte before that. Everything that comes from rows stands before the key-value metadata.
pub(crate) fn place(footer: &[u8]) -> Option<usize> {
    let key = key::SEAL.as_bytes();
    let found = footer.windows(key.len()).rposition(|window| window == key)?;
    let place = found + key.len() + 2;
    (place + SEAL_DIGITS <= footer.len()).then_some(place)
}

/// The hash of a footer as hex digits, without the digits that it becomes.
pub(crate) fn hash(footer: &[u8], place: usize) -> [u8; SEAL_PART] {
    let own = place + 2 * SEAL_PART;
    let mut hash = Xxh3::new();
    hash.update(&footer[..own]);
    hash.update(&footer[own + SEAL_PART..]);
    hex(hash.digest())
}

/// Sixteen digits.
pub(crate) fn hex(number: u64) -> [u8; SEAL_PART] {
    let mut digits = [0; SEAL_PART];
    for (index, digit) in digits.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(number >> (60 - 4 * index) & 0xf) as usize];
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_damage_leaves_something_to_check_by() {
        let whole = [key::FORMAT, "=2;", key::SEAL, "=0"].concat().into_bytes();
        assert!(is_checkable(&whole));
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << 4;
            assert!(is_checkable(&damaged), "{at}");
        }
        assert!(!is_checkable(b"rows that were rejected long ago"));
    }
}
