//! Lines whose amounts or units differ between two moments.

use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use chrono::NaiveDate;
use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_query::{LAKE, Session, meta};
use sellerlake_transforms::{Change, LINE};

/// Stands between the parts of a line's key.
pub(crate) const BETWEEN: char = '\u{1f}';
/// Stands for a part that is NULL.
const NOTHING: char = '\u{1e}';

/// The days compared: those before one, and not before another where that is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Days {
    pub(crate) from: Option<NaiveDate>,
    pub(crate) before: NaiveDate,
}

/// A session in which tables of two moments stand side by side, and answers can be kept as tables.
pub(crate) struct Bench {
    session: Session,
    kept: AtomicU64,
}

impl Bench {
    pub(crate) fn new(session: Session) -> Self {
        Self { session, kept: AtomicU64::default() }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// All rows of an answer known to be small.
    pub(crate) async fn rows(&self, statement: &str) -> Result<Vec<RecordBatch>> {
        self.session.sql(statement).await?.collect().await
    }

    /// Keeps an answer known to be small; the table's name, and how many rows it has.
    pub(crate) async fn keep(&self, statement: &str) -> Result<(String, usize)> {
        let name = format!("kept_{}", self.kept.fetch_add(1, Ordering::Relaxed));
        let rows = self.keep_as(&name, statement).await?;
        Ok((name, rows))
    }

    /// The same under a name of one's own.
    pub(crate) async fn keep_as(&self, name: &str, statement: &str) -> Result<usize> {
        let answer = self.session.sql(statement).await?;
        let schema = answer.schema();
        let batches = answer.collect().await?;
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        self.session.register(LAKE, name, meta::rows(schema, batches)?)?;
        Ok(rows)
    }
}

/// The lines of a change in these days, each with its key.
pub(crate) fn lines(change: &Change, days: Days) -> String {
    let key = LINE.map(|name| format!("coalesce(CAST({} AS VARCHAR), '{NOTHING}')", quoted(name)));
    let from = days.from.map_or(String::new(), |from| format!("AND day >= DATE '{from}'"));
    format!(
        "SELECT *, concat_ws('{BETWEEN}', {}) AS line_key FROM ({}) WHERE day < DATE '{}' {from}",
        key.join(", "),
        change.sql,
        days.before,
    )
}

/// The table with a change's lines at one of the moments.
pub(crate) fn lines_of(change: &Change, moment: &str) -> String {
    format!("lines_{moment}_{}", change.name)
}

/// Rows of both moments, told apart by `is_now`.
fn both(change: &Change) -> String {
    let side = |moment: &str, is_now: bool| {
        format!(
            "SELECT line_key, {}, CAST(amount AS DECIMAL(28, 4)) AS amount, CAST(units AS BIGINT) AS units,
                 {is_now} AS is_now FROM {}",
            LINE.join(", "),
            lines_of(change, moment)
        )
    };
    format!("({} UNION ALL {})", side("then", false), side("now", true))
}

/// Sums at both moments: an amount of which any part is unknown is unknown, and nothing is 0 only where there are amounts.
const SUMS: &str = "
    CASE
        WHEN count(amount) = 0 OR count(*) FILTER (WHERE amount IS NULL AND NOT is_now) > 0 THEN NULL
        ELSE coalesce(sum(amount) FILTER (WHERE NOT is_now), 0)
    END AS amount_then,
    CASE
        WHEN count(amount) = 0 OR count(*) FILTER (WHERE amount IS NULL AND is_now) > 0 THEN NULL
        ELSE coalesce(sum(amount) FILTER (WHERE is_now), 0)
    END AS amount_now,
    CASE WHEN count(units) > 0 THEN coalesce(sum(units) FILTER (WHERE NOT is_now), 0) END AS units_then,
    CASE WHEN count(units) > 0 THEN coalesce(sum(units) FILTER (WHERE is_now), 0) END AS units_now";

/// The lines that moved, with what they were and are.
pub(crate) fn moved(change: &Change) -> String {
    let parts = LINE.map(|name| format!("min({name}) AS {name}"));
    format!(
        "SELECT '{}' AS what, *, amount_now - amount_then AS amount_moved, units_now - units_then AS units_moved FROM (
             SELECT line_key, {}, {SUMS}
             FROM {}
             GROUP BY line_key
             HAVING coalesce(sum(amount) FILTER (WHERE is_now), 0) <> coalesce(sum(amount) FILTER (WHERE NOT is_now), 0)
                 OR coalesce(sum(units) FILTER (WHERE is_now), 0) <> coalesce(sum(units) FILTER (WHERE NOT is_now), 0)
                 OR count(*) FILTER (WHERE is_now AND amount IS NULL)
                     <> count(*) FILTER (WHERE NOT is_now AND amount IS NULL)
         )",
        change.name,
        parts.join(", "),
        both(change)
    )
}

/// What all lines of a month add up to, moved or not.
pub(crate) fn totals(change: &Change) -> String {
    format!(
        "SELECT '{}' AS what, seller_id, substr(CAST(day AS VARCHAR), 1, 7) AS month, category, marketplace_id, currency,
             {SUMS}
         FROM {}
         GROUP BY seller_id, substr(CAST(day AS VARCHAR), 1, 7), category, marketplace_id, currency",
        change.name,
        both(change)
    )
}

/// The parts of a line's key that stand in these columns.
pub(crate) fn parts<'a>(key: &'a str, columns: &[String]) -> Vec<&'a str> {
    let of = |column: &String| LINE.iter().position(|name| name == column).and_then(|at| key.split(BETWEEN).nth(at));
    columns.iter().filter_map(of).collect()
}

/// The first column of batches, which holds text and no NULL.
pub(crate) fn texts(batches: &[RecordBatch]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for batch in batches {
        found.extend(column_of_text(batch, 0)?.into_iter().flatten());
    }
    Ok(found)
}

/// A column of text.
pub(crate) fn column_of_text(batch: &RecordBatch, column: usize) -> Result<Vec<Option<String>>> {
    let text = cast(batch.column(column), &DataType::Utf8);
    let text = text.map_err(|error| Error::permanent(Kind::Internal, "a key isn't text").source(error))?;
    Ok(text.as_string::<i32>().iter().map(|value| value.map(str::to_owned)).collect())
}

/// A name as SQL takes it, whatever it is.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keys_parts_are_found_by_the_columns_names() {
        let key = ["A1", "referral_fee", "2026-03-01", "\u{1e}", "USD", "111-1", "MUG"].join("\u{1f}");
        let columns = ["sku", "day", "marketplace_id"].map(str::to_owned);
        assert_eq!(parts(&key, &columns), ["MUG", "2026-03-01", "\u{1e}"]);
    }
}
