//! Decisions that look random and replay exactly: a hash of who asks for what.

use sha2::{Digest, Sha256};

/// Sixty-four bits that follow from `seed` and the parts; parts are told apart whatever they contain.
pub fn draw(seed: u64, parts: &[&str]) -> u64 {
    let digest = hash(seed, parts);
    u64::from_le_bytes([digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]])
}

/// A number in `[0, 1)`.
pub fn share(seed: u64, parts: &[&str]) -> f64 {
    (draw(seed, parts) >> 11) as f64 / (1u64 << 53) as f64
}

/// `length` characters out of `alphabet`, for ids and tokens. The alphabet is ASCII and not empty.
pub fn letters(seed: u64, parts: &[&str], alphabet: &str, length: usize) -> String {
    let alphabet = alphabet.as_bytes();
    let mut text = String::with_capacity(length);
    let mut round = 0u32;
    while text.len() < length {
        let turn = round.to_string();
        let digest = hash(seed, &[parts, &[turn.as_str()]].concat());
        text.extend(
            digest.iter().take(length - text.len()).map(|byte| char::from(alphabet[*byte as usize % alphabet.len()])),
        );
        round += 1;
    }
    text
}

/// Lower-case hexadecimal of `length` digits.
pub fn hex(seed: u64, parts: &[&str], length: usize) -> String {
    letters(seed, parts, "0123456789abcdef", length)
}

/// In the shape of a UUID.
pub fn uuid(seed: u64, parts: &[&str]) -> String {
    let digits = hex(seed, parts, 32);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

fn hash(seed: u64, parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_le_bytes());
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}
