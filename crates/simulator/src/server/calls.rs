//! What was called how often, and how it ended.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::held;

/// Counts of calls.
#[derive(Default)]
pub struct Calls {
    ended: Mutex<BTreeMap<&'static str, BTreeMap<u16, u64>>>,
    begun: Mutex<BTreeMap<(&'static str, String), u64>>,
    all: std::sync::atomic::AtomicU64,
}

impl Calls {
    /// The number of this call among those of `who` for `operation`, from 0.
    pub fn begin(&self, operation: &'static str, who: &str) -> u64 {
        let mut begun = held(&self.begun);
        let count = begun.entry((operation, who.to_owned())).or_default();
        *count += 1;
        *count - 1
    }

    /// Counts an answer; returns how many there were before it.
    pub fn end(&self, operation: &'static str, status: u16) -> u64 {
        *held(&self.ended).entry(operation).or_default().entry(status).or_default() += 1;
        self.all.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    /// Answers per operation and status.
    pub fn counts(&self) -> BTreeMap<&'static str, BTreeMap<u16, u64>> {
        held(&self.ended).clone()
    }
}
