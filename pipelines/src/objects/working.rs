//! What a piece of work has of the process's memory.

use std::sync::Arc;

use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionConfig;
use sellerlake_query::{Given, Portion, Share};

use crate::objects::Objects;

/// Rows per batch between operators.
const BATCH_ROWS: usize = 8192;

/// A load, or a month of a table, under way: its memory is given back when this is dropped.
pub(crate) struct Working {
    runtime: Arc<RuntimeEnv>,
    portion: Portion,
    _given: Given,
}

impl Working {
    /// Its memory, and the spill directory it shares with everything else that runs.
    pub(crate) fn runtime(&self) -> &Arc<RuntimeEnv> {
        &self.runtime
    }

    /// A context for one operator tree.
    pub(crate) fn task(&self) -> Arc<TaskContext> {
        let config = SessionConfig::new().with_batch_size(BATCH_ROWS);
        Arc::new(TaskContext::default().with_session_config(config).with_runtime(Arc::clone(&self.runtime)))
    }

    /// Counts what no operator counts; nothing yet.
    pub(crate) fn holds(&self, what: &str) -> MemoryReservation {
        MemoryConsumer::new(what).register(&self.runtime.memory_pool)
    }

    /// Whether it was refused memory that others had: done again with all that is for work, it may come to its end.
    pub(crate) fn was_crowded(&self) -> bool {
        self.portion.was_crowded()
    }
}

impl Objects {
    /// Waits until there is so much memory for a piece of work, or all that is for work where that is less. Nobody may
    /// wait here who is working already.
    pub(crate) async fn working(&self, bytes: usize) -> Working {
        let portion = self.shared.budget.portion();
        let given = portion.take(Share::Work, bytes).await;
        let runtime = RuntimeEnv { memory_pool: Arc::new(portion.clone()), ..RuntimeEnv::clone(&self.runtime) };
        Working { runtime: Arc::new(runtime), portion, _given: given }
    }
}
