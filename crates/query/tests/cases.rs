//! Statements that DataFusion alone answers wrongly. The stages' side of the same cases is in `pipelines`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use datafusion::prelude::SessionContext;
use sellerlake_query::SessionBuilder;
use serde::Deserialize;

use crate::fixture::ask;

/// `tests/cases/sql/NAME.toml`.
#[derive(Deserialize)]
struct Case {
    sql: String,
    /// The right answer: rows in the statement's order where it has one, else in their own.
    #[serde(default)]
    rows: Vec<String>,
    /// What is said instead, where no answer is right.
    error: Option<String>,
    #[serde(default)]
    ordered: bool,
    /// The version of DataFusion that answers wrongly when left alone; none where it is the stages that did.
    wrong_in: Option<String>,
}

fn root() -> PathBuf {
    PathBuf::from("../..")
}

fn cases() -> BTreeMap<String, Case> {
    let files = fs::read_dir(root().join("tests/cases/sql")).unwrap().map(|entry| entry.unwrap().path());
    let case = |path: PathBuf| {
        let case = toml::from_str(&fs::read_to_string(&path).unwrap());
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, case.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    files.map(case).collect()
}

fn in_order(case: &Case, answer: &str) -> Vec<String> {
    let mut rows: Vec<String> = answer.lines().map(str::to_owned).collect();
    if !case.ordered {
        rows.sort_unstable();
    }
    rows
}

#[tokio::test]
async fn a_session_answers_rightly() {
    for (name, case) in cases() {
        for threads in [1, 4] {
            let session = SessionBuilder { target_partitions: threads, ..SessionBuilder::default() }.build().unwrap();
            if let Some(error) = &case.error {
                let answer = async { session.sql(&case.sql).await?.collect().await };
                assert_eq!(answer.await.expect_err(&name).to_string(), *error, "{name} on {threads} threads");
                continue;
            }
            assert_eq!(in_order(&case, &ask(&session, &case.sql).await), case.rows, "{name} on {threads} threads");
        }
    }
}

/// The remedies are for one version. Whoever raises it learns here which of them are still needed.
#[tokio::test]
async fn the_remedies_are_still_needed() {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let engine = packages.iter().find(|package| package["name"].as_str() == Some("datafusion")).unwrap();
    let version = engine["version"].as_str().unwrap();
    for (name, case) in cases() {
        let Some(wrong_in) = &case.wrong_in else { continue };
        // It may panic, too.
        let right = match tokio::spawn(bare(case.sql.clone())).await {
            Ok(Ok(answer)) => case.error.is_none() && in_order(&case, &answer) == case.rows,
            Ok(Err(_)) => case.error.is_some(),
            Err(_) => false,
        };
        if version == wrong_in {
            assert!(!right, "{name}: DataFusion {version} answers rightly by itself; drop `wrong_in`");
        } else {
            assert!(
                right,
                "{name}: DataFusion {version} still answers wrongly by itself. See that the remedies in \
                 crates/query/src/engine still reach every place, then write the version into `wrong_in`"
            );
        }
    }
}

/// What DataFusion says when nobody mends it.
async fn bare(sql: String) -> datafusion::error::Result<String> {
    let batches = SessionContext::new().sql(&sql).await?.collect().await?;
    let mut out = Vec::new();
    let mut writer = arrow::csv::WriterBuilder::new().with_header(false).build(&mut out);
    batches.iter().try_for_each(|batch| writer.write(batch))?;
    drop(writer);
    Ok(String::from_utf8(out).unwrap())
}
