//! Minor units as text and as JSON, and the hash that stands in for chance where a projection needs some.

use serde_json::{Number, Value};

/// An amount in minor units as exact decimal text: `decimal(-1205, 2)` is `-12.05`.
pub fn decimal(minor: i64, digits: u32) -> String {
    if digits == 0 {
        return minor.to_string();
    }
    let scale = 10_u64.pow(digits);
    let size = minor.unsigned_abs();
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:0width$}", size / scale, size % scale, width = digits as usize)
}

/// The same as a JSON number that keeps every digit.
pub(crate) fn json_amount(minor: i64, digits: u32) -> Value {
    decimal(minor, digits).parse::<Number>().map_or(Value::Null, Value::Number)
}

/// Spreads numbers evenly and always alike (the finaliser of SplitMix64).
pub(crate) fn hashed(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        let mut mixed = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}
