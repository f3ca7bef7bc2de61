//! Looking after a lake that stands: verify, repair, replay, withdraw.

pub(crate) mod repair;
pub(crate) mod replay;
pub(crate) mod verify;
pub(crate) mod withdraw;

use std::sync::Arc;

use crate::loading::Loading;
use crate::objects::Objects;
use crate::rebuilding::Rebuilding;
use crate::shared::Shared;

/// Looks after a lake that stands.
#[derive(Clone)]
pub struct Care {
    pub(crate) shared: Arc<Shared>,
    pub(crate) objects: Objects,
    pub(crate) loading: Loading,
    pub(crate) rebuilding: Rebuilding,
}
