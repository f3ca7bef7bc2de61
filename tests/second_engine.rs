//! Two engines must agree: DuckDB runs every stage's SQL again, over the inputs each object was made from.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sellerlake_transforms::Declarations;
use serde::Deserialize;

use crate::books::load_small_seller;
use crate::desk::{Desk, words};
use crate::site::{Site, python, tree};

/// How a fixture of a decoder came to be, as far as `ingest` takes it.
#[derive(Deserialize)]
struct Fixture {
    source: String,
    scope: Option<String>,
    marketplace: Option<String>,
    window: Option<String>,
    as_of: Option<String>,
    charset: Option<String>,
}

/// Loads the decoders' fixtures: every source has one, and every oddity a row. What is refused stays out.
fn load_fixtures(site: &Site) {
    let folders = fs::read_dir(tree().join("tests/cases/decode")).unwrap().map(|entry| entry.unwrap().path());
    for folder in folders {
        let fixture: Fixture = toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap()).unwrap();
        let input = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let is_input = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == "input");
        let input = input.into_iter().find(is_input).unwrap();
        let mut arguments = vec!["ingest", "--source", &fixture.source, "--seller", "A1FIXTURE", "--no-rollup"];
        for (option, value) in [
            ("--scope", &fixture.scope),
            ("--marketplace", &fixture.marketplace),
            ("--window", &fixture.window),
            ("--as-of", &fixture.as_of),
            ("--charset", &fixture.charset),
        ] {
            arguments.extend(value.iter().flat_map(|value| [option, value.as_str()]));
        }
        let input = input.display().to_string();
        arguments.push(&input);
        site.run(&arguments);
    }
}

#[test]
fn every_stage_gives_the_same_rows_in_duckdb() {
    let Some(python) = python("duckdb") else { return };
    let desk = Desk::new(2);
    desk.site.ok(&["sync"]);
    let papers = Site::new();
    load_small_seller(&papers, false);
    load_fixtures(&papers);
    // Fixtures leave something out of the books, which is told.
    let rollup = papers.run(&["rollup"]);
    assert_eq!(rollup.status.code(), Some(3), "{}", words(&rollup));

    let output = Command::new(python)
        .arg(tree().join("tests/second_engine.py"))
        .arg(tree())
        .args([desk.site.path().join("lake"), papers.path().join("lake")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for stage in Declarations::load(None).unwrap().stages.keys() {
        let line = said.lines().find(|line| line.starts_with(&format!("{stage}: ")));
        let line = line.unwrap_or_else(|| panic!("{stage} didn't run\n{said}"));
        assert!(!line.ends_with(" 0 rows"), "{line}");
    }
}
