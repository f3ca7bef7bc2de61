//! HTTP: from a connection to a [`Call`], from an [`Answer`] back to bytes.

pub mod amazon;
pub mod answer;
pub mod call;
pub mod calls;
pub mod chance;
pub mod gateway;
pub mod line;
pub mod operation;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use amazon::Amazon;
pub use answer::{Answer, Reply};
pub use call::{Call, Query};
pub use operation::{Grant, Operation, Role};

/// The lock of a ledger. A handler that panicked has failed its own request; the ledger stays usable.
pub(crate) fn held<T>(ledger: &Mutex<T>) -> MutexGuard<'_, T> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}
