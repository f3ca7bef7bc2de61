//! Stretches of a document that end at line ends, and work spread over them.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes after which a chunk ends with the line it is in; about 32,000 order rows.
pub const CHUNK_BYTES: usize = 8 << 20;

/// Whole lines of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Where in the document.
    pub range: Range<usize>,
    /// Physical line it starts at, from 1; only known after [`number_lines`].
    pub first_line: u64,
}

/// Cuts the bytes from `start` into chunks. One line longer than a chunk makes one chunk with what precedes it.
pub fn split(bytes: &[u8], start: usize) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut from = start;
    while from < bytes.len() {
        let target = (from + CHUNK_BYTES).min(bytes.len());
        let end = memchr::memchr(b'\n', &bytes[target..]).map_or(bytes.len(), |at| target + at + 1);
        chunks.push(Chunk { range: from..end, first_line: 0 });
        from = end;
    }
    chunks
}

/// Numbers the lines of consecutive chunks, the first of which starts at `first_line`.
pub fn number_lines(bytes: &[u8], chunks: &mut [Chunk], first_line: u64, threads: usize) {
    let counts = map(chunks, threads, |chunk| count_newlines(&bytes[chunk.range.clone()]));
    let mut line = first_line;
    for (chunk, count) in chunks.iter_mut().zip(counts) {
        chunk.first_line = line;
        line += count;
    }
}

/// Newlines in the bytes.
pub fn count_newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Applies `work` to each item on up to `threads` threads; results in the order of the items.
pub fn map<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if threads <= 1 || items.len() <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                while let Some((index, item)) = claim(items, &next) {
                    let result = work(item);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn claim<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    items.get(index).map(|item| (index, item))
}
