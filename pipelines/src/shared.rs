//! What every part of a workspace stands on.

use std::sync::Arc;

use sellerlake_config::Settings;
use sellerlake_contracts::{Clock, Result};
use sellerlake_query::Budget;
use sellerlake_sinks::Lake;
use sellerlake_state::{Condition, State};
use sellerlake_transforms::Declarations;

/// A lake, its state, what is declared, and the time.
pub(crate) struct Shared {
    /// Settings as resolved.
    pub(crate) settings: Settings,
    /// Everything declared.
    pub(crate) declarations: Arc<Declarations>,
    /// Where objects and documents lie.
    pub(crate) lake: Lake,
    /// Deliveries, the object catalogue, accounts, jobs, alerts.
    pub(crate) state: State,
    /// The memory of all that this process does at once.
    pub(crate) budget: Budget,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

impl Shared {
    /// Says that something is no longer wrong.
    pub(crate) async fn resolve(&self, condition: &Condition) -> Result<()> {
        self.state.resolve_alert(condition, self.clock.now()).await.map(drop)
    }
}
