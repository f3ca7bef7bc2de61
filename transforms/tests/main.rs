//! Decoding and merging at their boundary: data-driven cases, and real report files where they are at hand.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::type_complexity)] // tests

mod asked_windows;
#[path = "../../tests/beside.rs"]
mod beside;
mod cases;
mod decode_arbitrary;
mod decode_json;
mod decode_lines;
mod decode_text;
mod decoded;
mod identity;
mod lossless;
mod mutations;
mod samples;
