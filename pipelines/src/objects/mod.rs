//! One object of the lake: reading it, writing it, and its entry in the catalogue.

pub(crate) mod catalogue;
pub(crate) mod entry;
pub(crate) mod inputs;
pub(crate) mod swap;
