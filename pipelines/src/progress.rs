//! Telling whoever watches how far long work has come.

/// Receives progress; called often, so cheap.
pub trait Progress: Send + Sync {
    /// A piece of work begins: what it is, and how many steps it has, where known.
    fn begin(&self, what: &str, steps: Option<u64>);
    /// Steps were made.
    fn advance(&self, steps: u64);
    /// The piece of work at hand is done.
    fn end(&self);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}
