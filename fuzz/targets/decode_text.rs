//! The first byte picks a flat-file source, the second a charset label, the rest is the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sellerlake_fuzz::{decode_and_check, pick};

const LABELS: [Option<&str>; 6] =
    [None, Some("UTF-8"), Some("windows-1252"), Some("Shift_JIS"), Some("UTF-16LE"), Some("nonsense")];

fuzz_target!(|bytes: &[u8]| {
    if let Some((source, rest)) = pick(bytes, false)
        && let Some((label, file)) = rest.split_first()
    {
        decode_and_check(source, LABELS[usize::from(*label) % LABELS.len()], file);
    }
});
