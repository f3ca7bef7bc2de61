//! Where connectors come from: the command line composes them, pipelines only ask.

use std::sync::Arc;

use async_trait::async_trait;
use sellerlake_contracts::{AccountId, Connector, Error, Result};
use sellerlake_state::Lease;

/// Hands out connectors.
#[async_trait]
pub trait Connectors: Send + Sync {
    /// The operation of this name for an account. Called once for each job that is worked on, so it should be cheap;
    /// connectors of one account share its tokens and its buckets.
    async fn connector(&self, account: &AccountId, operation: &str) -> Result<Arc<dyn Connector>>;

    /// Says that this process holds an account: what is kept of its token buckets is kept under this lease.
    async fn hold(&self, account: &AccountId, lease: &Lease);

    /// Says that this process is about to give an account back: what is left in its token buckets is kept, so that the
    /// next holder doesn't burst again.
    async fn release(&self, account: &AccountId) -> Result<()>;

    /// Why nothing an account answers now can be dated, if so: a clock that is wrong.
    async fn misled(&self, _account: &AccountId) -> Option<Error> {
        None
    }
}
