//! Positions of delimiters and newlines in a text.
//!
//! A search from hit to hit costs more than the few bytes a cell has; here 64 bytes are compared at once and the
//! hits read off a bit mask.

const BLOCK: usize = 64;
const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// Yields the position of every delimiter and newline, in order.
pub struct Cuts<'b> {
    bytes: &'b [u8],
    patterns: [u64; 2],
    /// Hits of the block at `start` that were not yet yielded.
    mask: u64,
    start: usize,
}

impl<'b> Cuts<'b> {
    /// The cuts of the bytes.
    pub fn new(bytes: &'b [u8], delimiter: u8) -> Self {
        let patterns = [delimiter, b'\n'].map(|byte| u64::from_ne_bytes([byte; 8]));
        let mut cuts = Self { bytes, patterns, mask: 0, start: 0 };
        cuts.mask = cuts.block();
        cuts
    }

    /// A bit for each hit in the block at `start`.
    fn block(&self) -> u64 {
        let rest = self.bytes.get(self.start..).unwrap_or_default();
        if let Some(block) = rest.first_chunk::<BLOCK>() {
            return self.hits(block);
        }
        // Zeros match neither: tab, comma and newline are all there is.
        let mut block = [0; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        self.hits(&block)
    }

    fn hits(&self, block: &[u8; BLOCK]) -> u64 {
        let mut mask = 0;
        for (index, word) in block.as_chunks::<8>().0.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let found = zero_bytes(word ^ self.patterns[0]) | zero_bytes(word ^ self.patterns[1]);
            // Gathers the top bit of each byte in the lowest byte's order.
            let bits = (found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            mask |= bits << (index * 8);
        }
        mask
    }
}

/// The top bit of every byte that is zero, exactly.
fn zero_bytes(word: u64) -> u64 {
    !(((word & LOW_BITS) + LOW_BITS) | word | LOW_BITS)
}

impl Iterator for Cuts<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.mask == 0 {
            self.start += BLOCK;
            if self.start >= self.bytes.len() {
                return None;
            }
            self.mask = self.block();
        }
        let bit = self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(self.start + bit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Cuts;

    proptest! {
        #[test]
        fn every_cut_is_found(bytes in prop::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(b'\t'), 1 => Just(b'\n')], 0..300)) {
            let expected: Vec<usize> = memchr::memchr2_iter(b'\t', b'\n', &bytes).collect();
            prop_assert_eq!(Cuts::new(&bytes, b'\t').collect::<Vec<_>>(), expected);
        }
    }
}
