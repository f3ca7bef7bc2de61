//! Two engines must agree on whatever analysts ask: seeded statements over a demo's lake, answered by a session and by
//! DuckDB over the same files.
//!
//! `SELLERLAKE_STATEMENTS=20000` asks for more than the usual, `SELLERLAKE_SEED` for others, `SELLERLAKE_LAKE` names
//! the folder of a demo that is there already. A seed that differs is one statement again.

mod engines;
mod explained;
mod expressions;
mod rows;
mod schema;
mod statements;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use sellerlake_config::Settings;
use sellerlake_contracts::SystemClock;
use sellerlake_pipelines::Workspace;

use crate::analysts::engines::{Here, Outcome, There};
use crate::analysts::explained::Explained;
use crate::analysts::rows::same;
use crate::analysts::statements::{Author, Statement};
use crate::site::BINARY;

/// Statements of one run, where nobody asks for more.
const STATEMENTS: u64 = 500;

/// Seconds a statement may take on either engine.
const SECONDS: u64 = 20;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// What became of a statement on two engines.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
pub enum Verdict {
    Equal,
    EmptyOnBoth,
    Differs,
    FailsHere,
    FailsThere,
    FailsOnBoth,
    Panics,
    TooSlow,
}

fn verdict(statement: &Statement, here: &mut Outcome, there: &mut Outcome) -> Verdict {
    match (here, there) {
        (Outcome::Panicked(_), _) | (_, Outcome::Panicked(_)) => Verdict::Panics,
        (Outcome::TooSlow, _) | (_, Outcome::TooSlow) => Verdict::TooSlow,
        (Outcome::Failed(_), Outcome::Failed(_)) => Verdict::FailsOnBoth,
        (Outcome::Failed(_), _) => Verdict::FailsHere,
        (_, Outcome::Failed(_)) => Verdict::FailsThere,
        (Outcome::Rows(ours), Outcome::Rows(theirs)) if ours.is_empty() && theirs.is_empty() => Verdict::EmptyOnBoth,
        (Outcome::Rows(ours), Outcome::Rows(theirs)) => {
            let equal = same(ours, theirs, &statement.kinds, statement.ordered);
            if equal { Verdict::Equal } else { Verdict::Differs }
        }
    }
}

/// The folder of a demo, made now where none is named.
fn demo(made: &tempfile::TempDir) -> PathBuf {
    if let Some(lake) = std::env::var_os("SELLERLAKE_LAKE") {
        return lake.into();
    }
    let output = Command::new(BINARY).arg("demo").arg(made.path()).arg("--exit").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    made.path().to_owned()
}

async fn opened(folder: &std::path::Path) -> Workspace {
    let mut settings = Settings::read(&folder.join("sellerlake.toml")).unwrap();
    settings.query_timeout = Some(std::time::Duration::from_secs(SECONDS));
    settings.row_limit = None;
    Workspace::open_to_read(settings, Arc::new(SystemClock)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes a demo and asks it for minutes: `just analysts`"]
async fn two_engines_agree_on_what_analysts_ask() {
    let Some(python) = engines::python() else { return };
    let made = tempfile::tempdir().unwrap();
    let folder = demo(&made);
    let workspace = opened(&folder).await;
    let tables = schema::tables(&workspace).await;
    let here = Here::new(&workspace).await;
    let mut there = There::start(&python, &workspace, &tables, made.path(), SECONDS).await;
    let explained = Explained::read();
    let (first, count) = (number("SELLERLAKE_SEED", 1), number("SELLERLAKE_STATEMENTS", STATEMENTS));
    let mut counts: BTreeMap<Verdict, u64> = BTreeMap::new();
    let (mut strange, mut by_reason) = (0, BTreeMap::<String, u64>::new());
    for seed in first..first + count {
        let statement = Author::new(&tables, seed).statement();
        let (mut ours, mut theirs) = (here.answer(&statement.sql).await, there.answer(&statement.sql));
        let verdict = verdict(&statement, &mut ours, &mut theirs);
        *counts.entry(verdict).or_default() += 1;
        if matches!(verdict, Verdict::Equal | Verdict::EmptyOnBoth | Verdict::TooSlow) {
            continue;
        }
        if let Some(why) = explained.why(verdict, &statement.sql, &ours, &theirs) {
            *by_reason.entry(why.to_owned()).or_default() += 1;
            continue;
        }
        strange += 1;
        eprintln!("seed {seed} {verdict:?}\n{}\nhere:  {ours}\nthere: {theirs}\n", statement.sql);
    }
    eprintln!("{count} statements from seed {first}: {counts:?}");
    by_reason.iter().for_each(|(why, count)| eprintln!("explained, {count} times: {why}"));
    assert_eq!(strange, 0, "{strange} statements differ and nothing in explained.toml says why");
}
