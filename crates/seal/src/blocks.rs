//! Hashes of blocks: made while a file is written, checked when parts of it are read.

use std::ops::Range;

use parquet::file::metadata::ParquetMetaData;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::key;
use crate::pairs::pair;

/// Length of a block. Small enough that a reader of one page reads little besides, large enough that the hashes of an
/// object of 100 MB take 25 kB.
pub const BLOCK_BYTES: u64 = 32 << 10;

/// Hex digits of a block's hash.
const DIGITS: usize = 8;

/// Hex digits of each of the three numbers of a seal.
pub(crate) const SEAL_PART: usize = 16;

/// Hex digits of a whole seal.
pub(crate) const SEAL_DIGITS: usize = 3 * SEAL_PART;

fn digits(hash: u64) -> String {
    format!("{:08x}", hash as u32)
}

/// Hashes bytes as they come, block by block.
#[derive(Default)]
pub(crate) struct Blocks {
    block: Xxh3,
    filled: u64,
    covered: u64,
    digits: String,
}

impl Blocks {
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        self.covered += bytes.len() as u64;
        while !bytes.is_empty() {
            let length = bytes.len().min((BLOCK_BYTES - self.filled) as usize);
            let (part, rest) = bytes.split_at(length);
            self.block.update(part);
            self.filled += length as u64;
            bytes = rest;
            if self.filled == BLOCK_BYTES {
                self.end_block();
            }
        }
    }

    fn end_block(&mut self) {
        self.digits.push_str(&digits(self.block.digest()));
        self.block.reset();
        self.filled = 0;
    }

    /// How many bytes came, and the value of [`key::BLOCKS`].
    pub(crate) fn finish(mut self) -> (u64, String) {
        if self.filled > 0 {
            self.end_block();
        }
        (self.covered, format!("{}:{}", self.covered, self.digits))
    }
}

/// What an object's footer says of the bytes before it.
#[derive(Debug, Clone, Copy)]
pub struct Seal<'a> {
    /// Bytes that blocks cover, from the start of the file.
    covered: u64,
    /// Hashes of the blocks.
    digits: &'a str,
    /// Where the page index ends, and the footer begins.
    index_end: u64,
    index_hash: u64,
}

impl<'a> Seal<'a> {
    /// The seal of an object; `None` where it was written without one, or says nothing that makes sense.
    pub fn of(metadata: &'a ParquetMetaData) -> Option<Self> {
        let (covered, digits) = pair(metadata, key::BLOCKS)?.split_once(':')?;
        let seal = pair(metadata, key::SEAL).filter(|seal| seal.len() == SEAL_DIGITS && seal.is_ascii())?;
        let number = |part: usize| u64::from_str_radix(&seal[part * SEAL_PART..(part + 1) * SEAL_PART], 16).ok();
        let covered: u64 = covered.parse().ok()?;
        let is_complete = covered.div_ceil(BLOCK_BYTES).checked_mul(DIGITS as u64) == Some(digits.len() as u64);
        let index_end = covered.checked_add(number(0)?)?;
        (is_complete && digits.is_ascii()).then_some(Self { covered, digits, index_end, index_hash: number(1)? })
    }

    /// The page index: everything between the last row group and the footer.
    pub fn index(&self) -> Range<u64> {
        self.covered..self.index_end
    }

    /// All that comes before the footer, in parts that can be checked.
    pub fn everything(&self) -> [Range<u64>; 2] {
        [0..self.covered, self.index()]
    }

    /// The parts that hold these ranges and can be checked, in order and apart from each other. A range that reaches
    /// beyond what is sealed isn't in any.
    pub fn parts(&self, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
        let widened = ranges.iter().filter(|range| !range.is_empty()).map(|range| {
            if range.start >= self.covered {
                return self.index();
            }
            let end = range.end.next_multiple_of(BLOCK_BYTES).min(self.covered);
            range.start / BLOCK_BYTES * BLOCK_BYTES..end
        });
        let mut widened: Vec<Range<u64>> = widened.collect();
        widened.sort_unstable_by_key(|part| part.start);
        let mut parts: Vec<Range<u64>> = Vec::new();
        for part in widened {
            match parts.last_mut() {
                // Blocks that touch are read at once; the page index is a part of its own.
                Some(last) if part.start < last.end || (part.start == last.end && part.start < self.covered) => {
                    last.end = last.end.max(part.end);
                }
                _ => parts.push(part),
            }
        }
        parts
    }

    /// Whether the bytes of a part are those that were written.
    pub fn is_whole(&self, part: &Range<u64>, bytes: &[u8]) -> bool {
        if part.end - part.start != bytes.len() as u64 {
            return false;
        }
        if *part == self.index() {
            return xxh3_64(bytes) == self.index_hash;
        }
        let first = (part.start / BLOCK_BYTES) as usize * DIGITS;
        let known = self.digits.get(first..).unwrap_or_default().as_bytes().chunks(DIGITS);
        let blocks = bytes.chunks(BLOCK_BYTES as usize);
        known.len() >= blocks.len()
            && blocks.zip(known).all(|(block, known)| digits(xxh3_64(block)).as_bytes() == known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(covered: u64, digits: &str) -> Seal<'_> {
        Seal { covered, digits, index_end: covered + 100, index_hash: xxh3_64(&[7; 100]) }
    }

    #[test]
    fn blocks_are_the_same_however_the_bytes_come() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|at| (at ^ (at >> 7)) as u8).collect();
        for step in [1, 7, 8192, 32 << 10, 40_000, 100_000] {
            let mut blocks = Blocks::default();
            bytes.chunks(step).for_each(|chunk| blocks.update(chunk));
            let (covered, text) = blocks.finish();
            let (length, digits) = text.split_once(':').unwrap();
            assert_eq!((covered, length), (100_000, "100000"));
            let seal = seal(covered, digits);
            assert!(seal.is_whole(&(0..covered), &bytes), "{step}");
            let second = BLOCK_BYTES..2 * BLOCK_BYTES;
            assert!(seal.is_whole(&second, &bytes[second.start as usize..second.end as usize]));
            let mut flipped = bytes.clone();
            flipped[99_999] ^= 1;
            assert!(!seal.is_whole(&(0..covered), &flipped));
            assert!(!seal.is_whole(&(0..covered), &bytes[..99_999]), "a part of a part");
        }
        assert!(seal(0, "").is_whole(&(0..100), &[7; 100]), "the page index has a hash of its own");
    }

    #[test]
    fn ranges_are_widened_to_what_can_be_checked_and_read_once() {
        let block = BLOCK_BYTES;
        let seal = seal(3 * block + 10, "");
        let end = 3 * block + 10;
        let parts = |ranges: &[Range<u64>]| seal.parts(ranges);
        assert_eq!(parts(&[2 * block..2 * block + 1, 5..6]), [0..block, 2 * block..3 * block]);
        let touching = parts(&[0..1, 7..block + 1, 2 * block..end]);
        assert!(touching.len() == 1 && touching[0] == (0..end), "{touching:?}");
        assert_eq!(parts(&[end - 1..end, end..end + 3, end + 50..end + 60]), [3 * block..end, end..end + 100]);
        assert!(seal.parts(&[9..9, 4..4]).is_empty(), "nothing is in no part");
    }
}
