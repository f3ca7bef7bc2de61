//! Headers of SQL files.

use sellerlake_schemas::Findings;
use serde::Deserialize;

/// Splits a SQL file into its header, TOML in the leading block comment, and its one statement.
pub(crate) fn split_header<T: for<'de> Deserialize<'de>>(
    path: &str,
    text: &str,
    findings: &mut Findings,
) -> Option<(T, String)> {
    let parts = text.trim_start().strip_prefix("/*").and_then(|rest| rest.split_once("*/"));
    let Some((header, sql)) = parts else {
        findings.add(path, "", "must begin with a block comment that holds the header: /* doc = \"…\" [reads] … */");
        return None;
    };
    match toml::from_str(header) {
        Ok(head) => Some((head, sql.trim().trim_end_matches(';').to_owned())),
        Err(error) => {
            findings.unreadable(path, "header", &error.to_string());
            None
        }
    }
}
