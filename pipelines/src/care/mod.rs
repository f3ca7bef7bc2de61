//! Looking after a lake that stands: verify, repair, replay, withdraw, and what changed.

pub(crate) mod changed;
pub(crate) mod history;
pub(crate) mod moved;
pub(crate) mod movers;
pub(crate) mod repair;
pub(crate) mod replay;
pub(crate) mod verify;
pub(crate) mod withdraw;
