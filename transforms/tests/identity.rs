//! Every source says what makes it itself: a document of one is refused as any other.

use std::fs;
use std::path::Path;

use sellerlake_schemas::{Schemas, Source};

use crate::cases::{Case, folders, read};
use crate::decoded::{Asked, built_in, decode_bytes, source};

/// The case's own request, with everything that another source could want to know added.
fn asked(case: &Case) -> Asked<'_> {
    let own = case.asked();
    Asked {
        scope: own.scope.or(Some("A1FIXTURE")),
        marketplace: own.marketplace.or(Some("ATVPDKIKX0DER")),
        window: own.window.or(Some("2026-01-01..2026-12-31")),
        as_of: own.as_of.or(Some("2026-12-31T00:00:00Z")),
        ..own
    }
}

/// What isn't refused of `bytes` as a document of each other source.
fn taken_for(schemas: &Schemas, name: &str, asked: &Asked<'_>, bytes: &[u8]) -> Vec<String> {
    let others = schemas.sources.values().filter(|source| source.name != name);
    let takes = |source: &&std::sync::Arc<Source>| decode_bytes(source, asked, bytes, 1).outcome.refused.is_none();
    others.filter(takes).map(|source| source.name.clone()).collect()
}

#[test]
fn no_source_takes_the_documents_of_another() {
    let schemas = built_in();
    let mut wrong = Vec::new();
    for folder in folders() {
        let (case, bytes) = read(&folder);
        let own = source(&schemas, &case.source);
        if decode_bytes(&own, &case.asked(), &bytes, 1).outcome.refused.is_some() {
            continue;
        }
        for other in taken_for(&schemas, &case.source, &asked(&case), &bytes) {
            wrong.push(format!("{} is taken for {other}", folder.file_name().unwrap().display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Documents that no declared source is for, though they have much in common with one.
#[test]
fn siblings_that_nobody_declares_are_refused_too() {
    let schemas = built_in();
    let root = Path::new("../tests/cases/foreign");
    let mut documents: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    documents.sort();
    assert!(documents.len() >= 10);
    let asked = Asked {
        scope: Some("9000000001"),
        marketplace: Some("ATVPDKIKX0DER"),
        window: Some("2026-03-01..2026-03-31"),
        as_of: Some("2026-04-01T00:00:00Z"),
        ..Asked::default()
    };
    let mut wrong = Vec::new();
    for document in documents {
        let taken = taken_for(&schemas, "", &asked, &fs::read(&document).unwrap());
        wrong.extend(taken.iter().map(|other| format!("{} is taken for {other}", document.display())));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
