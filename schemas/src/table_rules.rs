//! What must hold inside one table declaration.

use crate::findings::Findings;
use crate::table::Table;

/// Names the lake keeps for itself.
pub(crate) const RESERVED: [&str; 2] = ["seller_id", "month"];

/// Column and dataset names are SQL identifiers that need no quotes.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

pub(crate) fn check_name(file: &str, key: String, name: &str, findings: &mut Findings) {
    if !is_plain_name(name) {
        findings.add(file, key, format!("{name:?} must be lowercase letters, digits and '_', starting with a letter"));
    } else if RESERVED.contains(&name) {
        findings.add(file, key, format!("{name:?} comes from the path and can't be a column"));
    }
}

pub(crate) fn check_doc(file: &str, key: String, doc: &str, findings: &mut Findings) {
    if doc.trim().is_empty() {
        findings.add(file, key, "doc is empty; say what it means, with unit, sign and origin");
    }
}

pub(crate) fn check_table(file: &str, table: &Table, findings: &mut Findings) {
    if !is_plain_name(&table.name) {
        findings.add(file, "", "the file's name must be lowercase letters, digits and '_'");
    }
    check_doc(file, "doc".into(), &table.doc, findings);
    if table.columns.is_empty() {
        findings.add(file, "columns", "a table needs columns");
    }
    for column in table.columns.values() {
        check_name(file, format!("columns.{}", column.name), &column.name, findings);
        check_doc(file, format!("columns.{}.doc", column.name), &column.doc, findings);
    }
    for name in &table.sort {
        if !table.columns.contains_key(name) {
            findings.unknown(file, "sort", "a column of this table", name, table.columns.keys().map(String::as_str));
        }
    }
    check_key(file, table, findings);
}

fn check_key(file: &str, table: &Table, findings: &mut Findings) {
    for (at, name) in table.key.iter().enumerate() {
        if !table.columns.contains_key(name) {
            findings.unknown(file, "key", "a column of this table", name, table.columns.keys().map(String::as_str));
        } else if table.key[..at].contains(name) {
            findings.add(file, "key", format!("{name:?} is named twice"));
        }
    }
    match &table.no_key {
        Some(_) if !table.key.is_empty() => {
            findings.add(file, "no_key", "the table has a key; `no_key` says why one has none");
        }
        Some(reason) if reason.trim().is_empty() => {
            findings.add(file, "no_key", "say why two rows that are equal in everything can both be real");
        }
        _ => {}
    }
}
