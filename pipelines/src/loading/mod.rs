//! From bytes to standing rows of `sources/`.

pub(crate) mod absent;
pub(crate) mod groups;
pub(crate) mod held;
pub(crate) mod land;
pub(crate) mod load;
pub(crate) mod loaded;
pub(crate) mod lost;
pub(crate) mod marketplaces;
pub(crate) mod novelty;
pub(crate) mod prepare;
pub(crate) mod resume;
pub(crate) mod scope;
