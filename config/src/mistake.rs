//! What is wrong with a settings file, told without what it says: any value may be a secret.

use std::ops::Range;

/// The place of a mistake in the file, and its kind: `line 7, column 25 (aws_secret_access_key): ...`.
pub(crate) fn describe(text: &str, error: &toml::de::Error) -> String {
    let place = error.span().map(|span| place(text, &span)).unwrap_or_default();
    format!("{place}{}", without_values(error.message()))
}

fn place(text: &str, span: &Range<usize>) -> String {
    let mut at = span.start.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let (line, column) = (before.matches('\n').count() + 1, before[start..].chars().count() + 1);
    let key = text[start..].lines().next().and_then(key_of).map_or_else(String::new, |key| format!(" ({key})"));
    format!("line {line}, column {column}{key}: ")
}

/// What stands before the sign of equality, where it is a name.
fn key_of(line: &str) -> Option<&str> {
    let key = line.split_once('=')?.0.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!key.is_empty() && key.chars().all(is_name)).then_some(key)
}

/// Of `invalid type: string "hush", expected u64` what is expected. An unknown field is named: it is no value.
fn without_values(message: &str) -> String {
    let message = message.trim_end();
    let cites = ["invalid type", "invalid value", "unknown variant", "invalid length"];
    match message.split_once(", expected ") {
        Some((found, expected)) if cites.iter().any(|kind| found.starts_with(kind)) => format!("expected {expected}"),
        None if cites.iter().any(|kind| message.starts_with(kind)) => "the value doesn't fit".to_owned(),
        _ => message.to_owned(),
    }
}
