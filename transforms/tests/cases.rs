//! Every folder of `tests/cases/decode` is a test: `input.*` as it would arrive, `case.toml` with what was asked and
//! what is expected, `expected.csv` with the rows that come out. `UPDATE=1` rewrites the latter; review the diff.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sellerlake_schemas::Schemas;
use sellerlake_transforms::decode::Outcome;
use serde::Deserialize;

use crate::decoded::{Asked, Decoded, built_in, decode_bytes, first_difference, source};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the input is said to be.
    pub source: String,
    seller: String,
    scope: Option<String>,
    marketplace: Option<String>,
    window: Option<String>,
    as_of: Option<String>,
    fetched_at: Option<String>,
    charset: Option<String>,
    #[serde(default)]
    allow_personal_data: bool,
    expect_rows: u64,
    #[serde(default)]
    expect_rejected: u64,
    #[serde(default)]
    expect_drift: BTreeSet<String>,
    /// Undeclared headers or paths dropped as personal.
    #[serde(default)]
    expect_dropped: BTreeSet<String>,
    /// Texts of a list kept by hand that name nothing anybody knows, after their column.
    #[serde(default)]
    expect_strangers: BTreeSet<String>,
    /// `dmy` or `mdy`, where a person has said so.
    day_order: Option<String>,
    /// `comma` or `point`, where a person has said so.
    decimal: Option<String>,
    /// Which order dates are read in and what says so: `dmy by the currency EUR`. Compared where it is given.
    expect_day_order: Option<String>,
    /// Part of the sentence with which the delivery is refused.
    expect_refused: Option<String>,
    /// Default: UTF-8, not guessed.
    expect_charset: Option<String>,
    #[serde(default)]
    expect_decimal_comma: bool,
    #[serde(default)]
    expect_outside_window: u64,
    /// Days far from the window that rows were left out of.
    #[serde(default)]
    expect_strayed: usize,
    #[serde(default)]
    expect_held_back: usize,
    #[serde(default)]
    expect_incomplete: usize,
    #[serde(default)]
    expect_unbalanced: usize,
    /// Request units that came out empty and count as such. This and the next two are compared where they are given.
    expect_empty: Option<usize>,
    /// Request units that came out empty too soon to count.
    expect_too_early: Option<u64>,
    /// Numbers with more digits than their column holds.
    expect_rounded: Option<u64>,
    /// Records put together from several lines.
    #[serde(default)]
    expect_joined: u64,
    /// Rows whose last cells were left out.
    #[serde(default)]
    expect_padded: u64,
    /// Rows that came again, header lines among the rows.
    #[serde(default)]
    expect_repeated: u64,
    /// The last page names a next one.
    #[serde(default)]
    expect_more_follows: bool,
    /// The line in whose middle the file ends.
    expect_cut_off: Option<u64>,
}

impl Case {
    /// What was asked for.
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            seller: &self.seller,
            scope: self.scope.as_deref(),
            marketplace: self.marketplace.as_deref(),
            window: self.window.as_deref(),
            as_of: self.as_of.as_deref(),
            fetched_at: self.fetched_at.as_deref(),
            charset: self.charset.as_deref(),
            allow_personal_data: self.allow_personal_data,
            day_order: self.day_order.as_deref(),
            decimal: self.decimal.as_deref(),
        }
    }

    /// What of the outcome isn't as expected.
    fn complaints(&self, outcome: &Outcome) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, expected: String, got: String| {
            if expected != got {
                found.push(format!("{what}: expected {expected}, found {got}"));
            }
        };
        let drift: BTreeSet<&String> = outcome.drift.keys().collect();
        compare("rows", self.expect_rows.to_string(), outcome.rows.to_string());
        compare("rejected", self.expect_rejected.to_string(), outcome.rejected.to_string());
        compare("drift", format!("{:?}", self.expect_drift), format!("{drift:?}"));
        let dropped: BTreeSet<&String> = outcome.dropped.keys().collect();
        compare("dropped", format!("{:?}", self.expect_dropped), format!("{dropped:?}"));
        let strangers = outcome.strangers.iter();
        let strangers = strangers.flat_map(|(column, met)| met.keys().map(move |text| format!("{column} {text}")));
        let strangers: BTreeSet<String> = strangers.collect();
        compare("strangers", format!("{:?}", self.expect_strangers), format!("{strangers:?}"));
        compare("outside the window", self.expect_outside_window.to_string(), outcome.outside_window.to_string());
        compare("strayed", self.expect_strayed.to_string(), outcome.strayed.len().to_string());
        compare("held back", self.expect_held_back.to_string(), outcome.held_back.len().to_string());
        compare("incomplete", self.expect_incomplete.to_string(), outcome.incomplete.len().to_string());
        compare("unbalanced", self.expect_unbalanced.to_string(), outcome.unbalanced.len().to_string());
        if let Some(empty) = self.expect_empty {
            compare("empty", empty.to_string(), outcome.empty.len().to_string());
        }
        if let Some(too_early) = self.expect_too_early {
            compare("too early", too_early.to_string(), outcome.too_early.to_string());
        }
        if let Some(rounded) = self.expect_rounded {
            compare("rounded", rounded.to_string(), outcome.rounded.to_string());
        }
        if let Some(expected) = &self.expect_day_order {
            let settled = outcome.day_order.as_ref();
            let found = settled.map_or(String::new(), |settled| format!("{} by {}", settled.order.name(), settled.by));
            compare("day order", expected.clone(), found);
        }
        compare("joined", self.expect_joined.to_string(), outcome.joined.to_string());
        compare("padded", self.expect_padded.to_string(), outcome.padded.to_string());
        compare("cut off", format!("{:?}", self.expect_cut_off), format!("{:?}", outcome.cut_off));
        compare("more follows", self.expect_more_follows.to_string(), outcome.more_follows.to_string());
        compare("repeated", self.expect_repeated.to_string(), outcome.repeated.to_string());
        compare("decimal comma", self.expect_decimal_comma.to_string(), outcome.decimal_comma.to_string());
        let charset = self.expect_charset.as_deref().unwrap_or("UTF-8");
        compare("charset", charset.to_lowercase(), outcome.charset.to_lowercase());
        // Latin-1 and Shift-JIS can't be recognised with certainty: without a label they are a guess. UTF-16 has a mark.
        let is_marked = self.expect_charset.as_ref().is_some_and(|charset| charset.starts_with("utf-16"));
        let guessed = self.charset.is_none() && self.expect_charset.is_some() && !is_marked;
        compare("charset guessed", guessed.to_string(), outcome.charset_guessed.to_string());
        match (&self.expect_refused, &outcome.refused) {
            (Some(expected), Some(sentence)) if sentence.contains(expected.as_str()) => {}
            (None, None) => {}
            (expected, sentence) => compare("refused", format!("{expected:?}"), format!("{sentence:?}")),
        }
        if !found.is_empty() {
            found.extend(outcome.rejects.iter().map(|reject| format!("  {reject:?}")));
        }
        found
    }
}

/// The folder of every case.
pub fn folders() -> Vec<PathBuf> {
    let root = Path::new("../tests/cases/decode");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// A case and its input.
pub fn read(folder: &Path) -> (Case, Vec<u8>) {
    let name = folder.display();
    let case = fs::read_to_string(folder.join("case.toml")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let case = toml::from_str(&case).unwrap_or_else(|error| panic!("{name}: {error}"));
    let inputs = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_input = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("input.");
    let input = inputs.filter(is_input).min().unwrap_or_else(|| panic!("{name} has no input"));
    (case, fs::read(input).unwrap())
}

fn compare_rows(folder: &Path, decoded: &Decoded) -> Option<String> {
    let golden = folder.join("expected.csv");
    let found = decoded.to_csv();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(golden, found).unwrap();
        return None;
    }
    let expected = fs::read_to_string(golden).unwrap_or_default();
    first_difference(&expected, &found).map(|difference| format!("expected.csv, {difference}"))
}

fn run(schemas: &Schemas, folder: &Path) -> Vec<String> {
    let (case, bytes) = read(folder);
    let source = source(schemas, &case.source);
    let decoded = decode_bytes(&source, &case.asked(), &bytes, 1);
    let mut complaints = case.complaints(&decoded.outcome);
    complaints.extend(compare_rows(folder, &decoded));
    let threaded = decode_bytes(&source, &case.asked(), &bytes, 3);
    if threaded.outcome != decoded.outcome || threaded.to_csv() != decoded.to_csv() {
        complaints.push("three threads decode it differently from one".into());
    }
    for (name, _) in source.columns.iter().filter(|(_, column)| column.pii && !case.allow_personal_data) {
        if decoded.column(name).iter().any(Option::is_some) {
            complaints.push(format!("the personal column {name} was kept"));
        }
    }
    complaints
}

#[test]
fn inputs_come_out_as_recorded() {
    let schemas = built_in();
    let mut failures = Vec::new();
    for folder in folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let complaints = run(&schemas, &folder);
        if !complaints.is_empty() {
            failures.push(format!("{name}\n  {}", complaints.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn every_source_has_a_case() {
    let covered: BTreeSet<String> = folders().iter().map(|folder| read(folder).0.source).collect();
    let schemas = built_in();
    let missing: Vec<&String> = schemas.sources.keys().filter(|name| !covered.contains(*name)).collect();
    assert!(missing.is_empty(), "sources without a folder in tests/cases/decode: {missing:?}");
}

#[test]
fn personal_columns_are_kept_on_request_only() {
    let schemas = built_in();
    let folder = folders().into_iter().find(|folder| folder.ends_with("unshipped_orders")).unwrap();
    let (case, bytes) = read(&folder);
    let source = source(&schemas, &case.source);
    let asked = Asked { allow_personal_data: true, ..case.asked() };
    let kept = decode_bytes(&source, &asked, &bytes, 1);
    assert_eq!(kept.full("buyer_name"), ["Jo Fixture"; 3]);
    assert_eq!(kept.column("gift_message_text")[0].as_deref(), Some("Happy birthday!"));
}
