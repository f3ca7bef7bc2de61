//! What is compared between two moments: `transforms/changes/<name>.sql`.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use sellerlake_schemas::{File, Findings, Source};
use serde::Deserialize;

use crate::header::split_header;

/// Columns that every such SELECT has and that, together, say which line a row belongs to.
pub const LINE: [&str; 7] = ["seller_id", "category", "day", "marketplace_id", "currency", "order_id", "sku"];

/// Which rows of a source a line came from: the source's columns, and those of the line they are equal to.
pub type Match = IndexMap<String, String>;

/// Lines whose amounts and units are compared between two moments: one SELECT over tables, with the columns of [`LINE`],
/// `amount` and `units`; what else it has leads to the documents.
#[derive(Debug, Clone)]
pub struct Change {
    /// File name without extension.
    pub name: String,
    /// Its file, for messages.
    pub file: String,
    /// What a line is.
    pub doc: String,
    /// Sources whose rows make lines, and how to find them: the first way that finds a difference counts.
    pub documents: BTreeMap<String, Vec<Match>>,
    /// Other changes whose documents move these lines too.
    pub through: BTreeMap<String, Through>,
    /// One SELECT.
    pub sql: String,
}

/// Which lines of another change move a line of this one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Through {
    /// Columns of [`LINE`] in which the two are equal.
    pub on: Vec<String>,
    /// Only lines of these categories; of all where there are none.
    #[serde(default)]
    pub categories: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    doc: String,
    #[serde(default)]
    documents: BTreeMap<String, Vec<Match>>,
    #[serde(default)]
    through: BTreeMap<String, Through>,
}

/// Reads a file among the changes, recording mistakes.
pub(crate) fn add(file: &File, changes: &mut BTreeMap<String, Arc<Change>>, findings: &mut Findings) {
    let (path, name) = (file.path.as_str(), file.stem());
    if changes.contains_key(name) {
        findings.add(path, "", format!("another change is already called {name:?}; choose another name"));
        return;
    }
    let Some((head, sql)) = split_header::<Head>(path, &file.text, findings) else { return };
    let Head { doc, documents, through } = head;
    let change = Change { name: name.to_owned(), file: path.to_owned(), doc, documents, through, sql };
    changes.insert(name.to_owned(), Arc::new(change));
}

/// Whether what changes name exists.
pub(crate) fn check(
    changes: &BTreeMap<String, Arc<Change>>,
    sources: &BTreeMap<String, Arc<Source>>,
    findings: &mut Findings,
) {
    for change in changes.values() {
        for (name, ways) in &change.documents {
            let key = format!("documents.{name}");
            let Some(source) = sources.get(name) else {
                let known = sources.keys().map(String::as_str);
                findings.unknown(&change.file, key, "a declared source", name, known);
                continue;
            };
            if ways.is_empty() || ways.iter().any(Match::is_empty) {
                findings.add(&change.file, &key, "expected ways to find rows, such as [{ order_id = \"order_id\" }]");
            }
            for column in ways.iter().flat_map(Match::keys).filter(|name| !source.columns.contains_key(*name)) {
                let known = source.columns.keys().map(String::as_str);
                findings.unknown(&change.file, &key, &format!("a column of {name}"), column, known);
            }
        }
        for (name, through) in &change.through {
            let key = format!("through.{name}");
            if !changes.contains_key(name) || *name == change.name {
                let known = changes.keys().map(String::as_str);
                findings.unknown(&change.file, &key, "another change", name, known);
            }
            for column in through.on.iter().filter(|column| !LINE.contains(&column.as_str())) {
                findings.unknown(&change.file, &key, "a column of every change's lines", column, LINE);
            }
        }
    }
}
