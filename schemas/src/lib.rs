//! What documents and tables mean: the declared sources, tables and reference data, and the loader
//! that reads them from the binary and from a user's own directory.

mod column;
mod files;
mod findings;
mod header;
mod id;
mod knowledge;
mod language;
mod load;
mod path;
mod reference;
mod shape;
mod source;
mod source_rules;
mod table;
mod table_rules;

pub use column::{Column, ColumnType, Context, Named};
pub use files::{File, Files};
pub use findings::{Finding, Findings, nearest, resemble};
pub use header::normalise;
pub use id::Id;
pub use knowledge::{DayOrder, DecimalMark, Knowledge, Place};
pub use language::Language;
pub use load::{Schemas, add_built_in};
pub use path::{ColumnPath, RowPath, Segment};
pub use reference::Reference;
pub use shape::Shape;
pub use source::{Apart, Control, Format, OneOf, Quotient, RowSet, Source, Unit, Within};
pub use table::{Grain, Table, TableColumn};
