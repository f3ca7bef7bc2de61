//! The first byte picks a JSON source, the rest is the document.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sellerlake_fuzz::{decode_and_check, pick};

fuzz_target!(|bytes: &[u8]| {
    if let Some((source, document)) = pick(bytes, true) {
        decode_and_check(source, None, document);
    }
});
