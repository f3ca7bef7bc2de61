//! The lake as it was known on a day, and what has moved since.

pub(crate) mod changed;
pub(crate) mod known;
pub(crate) mod moved;
pub(crate) mod movers;
