//! Memory of a session's operators: whoever needs it, while there is plenty; even shares, when it runs short.

use std::fmt;

use datafusion::common::resources_datafusion_err;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// Shares that are even from the start make one large aggregation spill while most of the memory is free; without
/// shares, the first operator to grow leaves nothing for the merge of what others have spilled.
#[derive(Debug)]
pub(crate) struct SessionPool {
    shares: FairSpillPool,
    size: usize,
}

impl SessionPool {
    /// A pool of so many bytes.
    pub(crate) fn new(size: usize) -> Self {
        Self { shares: FairSpillPool::new(size), size }
    }
}

impl fmt::Display for SessionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(used: {}, size: {})", self.name(), self.reserved(), self.size)
    }
}

impl MemoryPool for SessionPool {
    fn name(&self) -> &'static str {
        "session"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.shares.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.shares.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.shares.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.shares.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let used = self.reserved();
        if used + additional <= self.size / 4 * 3 {
            self.shares.grow(reservation, additional);
            return Ok(());
        }
        if used + additional > self.size {
            let (consumer, held) = (reservation.consumer().name(), reservation.size());
            return Err(resources_datafusion_err!(
                "{consumer} holds {held} bytes and can't have {additional} more: {used} of {} are in use",
                self.size
            ));
        }
        self.shares.try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.shares.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.size)
    }
}
