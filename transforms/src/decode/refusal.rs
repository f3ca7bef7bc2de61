//! Why a document whose rows were read must not be loaded.

use sellerlake_schemas::Source;

use super::outcome::Outcome;

/// Rows of the days that were asked for are missing, and nothing tells how many.
pub fn cut_off(line: u64) -> String {
    format!("the file ends in the middle of line {line}: it was cut off on its way, so get it again")
}

/// Too many rows that can't be read make another file of it. Pieces of rows only do so where most rows are in pieces:
/// they are lines of this source that something happened to.
pub fn refusal(source: &Source, outcome: &Outcome, pieces: u64) -> Option<String> {
    let total = outcome.rows + outcome.rejected;
    let unreadable = (outcome.rejected - pieces) as f64 > source.max_rejected_share * total as f64;
    let in_pieces = outcome.rejected > total / 2 && outcome.rejected as f64 > source.max_rejected_share * total as f64;
    if !unreadable && !in_pieces {
        return None;
    }
    let first = outcome.rejects.first()?;
    let column = first.column.as_deref().map_or(String::new(), |column| format!("{column} "));
    Some(format!(
        "{} of {total} rows could not be read as {}, more than the {} % allowed; the first, line {}: {column}{}",
        outcome.rejected,
        source.name,
        source.max_rejected_share * 100.0,
        first.line,
        first.reason,
    ))
}
