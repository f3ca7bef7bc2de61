//! From bytes to standing rows of `sources/`.

pub(crate) mod absent;
pub(crate) mod groups;
pub(crate) mod held;
pub(crate) mod land;
pub(crate) mod load;
pub(crate) mod loaded;
pub(crate) mod lost;
pub(crate) mod marketplaces;
pub(crate) mod moved;
pub(crate) mod novelty;
pub(crate) mod prepare;
pub(crate) mod refused;
pub(crate) mod resume;
pub(crate) mod scope;
pub(crate) mod together;

use std::sync::Arc;

use crate::objects::Objects;
use crate::shared::Shared;

/// Takes what arrives, from its bytes to its rows: lands, decodes, merges, and takes up what was left half done.
#[derive(Clone)]
pub struct Loading {
    pub(crate) shared: Arc<Shared>,
    pub(crate) objects: Objects,
}
