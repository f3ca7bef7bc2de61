//! What catalogue and schemas are called.

/// The catalogue all schemas stand in.
pub(crate) const CATALOG: &str = "sellerlake";
/// The schema of tables, rollups and references, which are named without it.
pub const LAKE: &str = "lake";

/// A table's name without catalogue and default schema.
pub(crate) fn short_name(name: &str) -> &str {
    let name = name.strip_prefix(CATALOG).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
    name.strip_prefix(LAKE).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name)
}
