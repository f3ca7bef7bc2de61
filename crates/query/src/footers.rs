//! Footers already read, by path and tag, within a bound.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::file::metadata::ParquetMetaData;

/// A bounded cache of footers. One version per path: a newer tag replaces the older entry.
pub struct Footers {
    limit_bytes: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: HashMap<String, Entry>,
    bytes: usize,
    tick: u64,
}

struct Entry {
    etag: String,
    footer: Arc<ParquetMetaData>,
    bytes: usize,
    used: u64,
}

impl Footers {
    /// An empty cache that holds at most `limit_bytes` of decoded footers.
    pub fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes, state: Mutex::default() }
    }

    /// The footer of this version of the object.
    pub fn get(&self, path: &str, etag: &str) -> Option<Arc<ParquetMetaData>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tick += 1;
        let tick = state.tick;
        let entry = state.entries.get_mut(path).filter(|entry| entry.etag == etag)?;
        entry.used = tick;
        Some(Arc::clone(&entry.footer))
    }

    /// Keeps a footer, dropping those used longest ago. One larger than the bound isn't kept.
    pub fn put(&self, path: &str, etag: &str, footer: &Arc<ParquetMetaData>) {
        let bytes = footer.memory_size();
        if bytes > self.limit_bytes {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tick += 1;
        let entry = Entry { etag: etag.to_owned(), footer: Arc::clone(footer), bytes, used: state.tick };
        state.bytes += bytes;
        if let Some(old) = state.entries.insert(path.to_owned(), entry) {
            state.bytes -= old.bytes;
        }
        if state.bytes > self.limit_bytes {
            state.shrink_to(self.limit_bytes / 4 * 3);
        }
    }
}

impl State {
    /// Drops the entries used longest ago; a quarter at a time, so that sorting is rare.
    fn shrink_to(&mut self, limit_bytes: usize) {
        let mut ages: Vec<(u64, String)> =
            self.entries.iter().map(|(path, entry)| (entry.used, path.clone())).collect();
        ages.sort_unstable();
        for (_, path) in ages {
            if self.bytes <= limit_bytes {
                return;
            }
            if let Some(old) = self.entries.remove(&path) {
                self.bytes -= old.bytes;
            }
        }
    }
}
