//! A delivery's metadata as it is written beside its bytes: JSON that ends with a hash of itself.

use sellerlake_contracts::{Delivery, Error, Kind, META_VERSION, Result};
use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3;

/// The first version that says whether it is whole.
const SEALED: u32 = 2;

/// What stands before the digits of the hash.
const SEAL: &str = ",\n  \"seal\": \"";

/// What stands after them.
const END: &str = "\"\n}";

const DIGITS: usize = 32;

/// The hash of everything but its own digits.
fn hash(before: &[u8], after: &[u8]) -> String {
    let mut hash = Xxh3::new();
    hash.update(before);
    hash.update(after);
    format!("{:032x}", hash.digest128())
}

/// The metadata's file.
pub(crate) fn write(delivery: &Delivery) -> Result<Vec<u8>> {
    let text = serde_json::to_string_pretty(delivery).map_err(|error| {
        Error::permanent(Kind::Internal, "a delivery can't be written as JSON").at("raw.land").source(error)
    })?;
    let mut text = text.strip_suffix("\n}").unwrap_or(&text).to_owned();
    text.push_str(SEAL);
    let digits = hash(text.as_bytes(), END.as_bytes());
    text.push_str(&digits);
    text.push_str(END);
    Ok(text.into_bytes())
}

/// Whether the bytes are those that [`write`] made.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(start) = bytes.len().checked_sub(DIGITS + END.len()) else { return false };
    let (before, rest) = bytes.split_at(start);
    let (digits, after) = rest.split_at(DIGITS);
    before.ends_with(SEAL.as_bytes()) && hash(before, after).as_bytes() == digits
}

/// Reads metadata of any version up to ours.
pub(crate) fn parse(bytes: &[u8]) -> Result<Delivery> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let broken = |error| unreadable("it is damaged").source(error);
    let Versioned { version } = serde_json::from_slice(bytes).map_err(broken)?;
    if version > META_VERSION {
        return Err(unreadable("a newer sellerlake wrote it, or it is damaged")
            .with("version", version)
            .with("readable_up_to", META_VERSION)
            .hint("run the newer sellerlake; if there is none, restore the file from a backup"));
    }
    if version == 0 || (version >= SEALED && !is_whole(bytes)) {
        return Err(unreadable("it isn't what was written"));
    }
    serde_json::from_slice(bytes).map_err(broken)
}

pub(crate) fn unreadable(why: &str) -> Error {
    Error::permanent(Kind::Data, format!("a delivery's metadata can't be used: {why}"))
        .at("raw.list")
        .hint("restore the file from a backup, or move it out of the lake together with its bytes")
}
