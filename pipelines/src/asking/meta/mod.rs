//! The tables of `meta`. Each is a file: its name, what it means, its columns, and what its rows are read from.

mod alerts;
mod declared;
mod deliveries;
mod drift;
mod jobs;
mod objects;
mod rejects;
mod runs;
mod slices;

pub use declared::{MetaColumn, MetaDoc};
pub(crate) use declared::{MetaTable, Seen};

/// Every table of `meta`.
pub(crate) fn all() -> [&'static dyn MetaTable; 8] {
    [
        &objects::TABLE,
        &deliveries::TABLE,
        &rejects::TABLE,
        &drift::TABLE,
        &slices::TABLE,
        &jobs::TABLE,
        &runs::TABLE,
        &alerts::TABLE,
    ]
}

/// What every table of `meta` is called and means, for documentation.
pub fn meta_tables() -> Vec<MetaDoc> {
    all().iter().map(|table| table.doc()).collect()
}
