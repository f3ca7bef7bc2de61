//! Every file of `tests/cases/handed_in` is a test: documents handed in one after the other, how each ends and what is
//! said of it, and what statements then answer.

use std::fs;

use serde::Deserialize;

use crate::site::{Site, tree};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[expect(dead_code, reason = "for those who read the case")]
    doc: String,
    steps: Vec<Step>,
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    source: String,
    /// Besides source and seller.
    #[serde(default)]
    arguments: Vec<String>,
    /// Pages, each a file; of a flat file the one it is.
    documents: Vec<String>,
    /// How the command ends; 0 where it isn't said.
    #[serde(default)]
    exit: i32,
    /// Part of what is said.
    says: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    sql: String,
    value: String,
}

fn run(name: &str, case: &Case) -> Vec<String> {
    let site = Site::new();
    let mut wrong = Vec::new();
    for (at, step) in case.steps.iter().enumerate() {
        let file = |(page, text): (usize, &String)| site.file(&format!("{at}-{page}.txt"), text).display().to_string();
        let files: Vec<String> = step.documents.iter().enumerate().map(file).collect();
        let mut arguments = vec!["ingest", "--source", &step.source, "--seller", "A1"];
        arguments.extend(step.arguments.iter().map(String::as_str));
        arguments.extend((files.len() > 1).then_some("--pages"));
        arguments.extend(files.iter().map(String::as_str));
        let output = site.run(&arguments);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() != Some(step.exit) {
            wrong.push(format!("{name}, step {at}: expected exit {}, found {:?}\n{words}", step.exit, output.status));
        }
        if let Some(says) = step.says.as_ref().filter(|says| !words.contains(says.as_str())) {
            wrong.push(format!("{name}, step {at}: it doesn't say {says:?}\n{words}"));
        }
    }
    for answer in &case.answers {
        let found = site.value(&answer.sql);
        if found != answer.value {
            wrong.push(format!("{name}, {}: expected {}, found {found}", answer.sql, answer.value));
        }
    }
    wrong
}

#[test]
fn what_is_handed_in_counts_once_and_whole_or_is_told() {
    let mut wrong = Vec::new();
    let mut files: Vec<_> = fs::read_dir(tree().join("tests/cases/handed_in")).unwrap().collect();
    files.sort_by_key(|file| file.as_ref().unwrap().path());
    assert!(!files.is_empty());
    for file in files {
        let path = file.unwrap().path();
        let case: Case = toml::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        wrong.extend(run(&path.file_stem().unwrap().to_string_lossy(), &case));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
