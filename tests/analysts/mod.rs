//! Two engines must agree on whatever analysts ask: seeded statements over a lake, answered by a session and by DuckDB
//! over the same files.
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
use std::path::Path;
use std::sync::Arc;

use sellerlake_config::Settings;
use sellerlake_contracts::SystemClock;
use sellerlake_pipelines::Workspace;

use crate::analysts::engines::{Here, Outcome, There};
use crate::analysts::explained::Explained;
use crate::analysts::rows::same;
use crate::analysts::statements::{Author, Statement};
use crate::desk::Desk;

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

async fn opened(folder: &Path) -> Workspace {
    let mut settings = Settings::read(&folder.join("sellerlake.toml")).unwrap();
    settings.query_timeout = Some(std::time::Duration::from_secs(SECONDS));
    settings.row_limit = None;
    Workspace::open_to_read(settings, Arc::new(SystemClock)).await.unwrap()
}

#[test]
fn two_engines_agree_on_what_analysts_ask() {
    let Some(python) = engines::python() else { return };
    // A lake of one's own, unless one is named.
    let desk = std::env::var_os("SELLERLAKE_LAKE").is_none().then(|| Desk::new(2));
    let folder = match &desk {
        Some(desk) => {
            desk.site.ok(&["sync"]);
            desk.site.path().to_owned()
        }
        None => std::env::var_os("SELLERLAKE_LAKE").unwrap_or_default().into(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(compare(&python, &folder));
}

async fn compare(python: &str, folder: &Path) {
    let scratch = tempfile::tempdir().unwrap();
    let workspace = opened(folder).await;
    let here = Here::new(&workspace);
    let mut tables = schema::tables(&here).await;
    let mut there = There::start(python, &workspace, &here, &tables, scratch.path(), SECONDS).await;
    schema::look_up_values(&mut tables, |sql| there.rows(sql));
    let explained = Explained::read();
    let (first, count) = (number("SELLERLAKE_SEED", 1), number("SELLERLAKE_STATEMENTS", STATEMENTS));
    let mut counts: BTreeMap<Verdict, u64> = BTreeMap::new();
    let (mut strange, mut by_reason) = (0, BTreeMap::<String, u64>::new());
    for seed in first..first + count {
        let asked = seed - first;
        if asked > 0 && asked % 500 == 0 {
            eprintln!(
                "{asked} of {count} statements: {counts:?}, {} of them explained",
                by_reason.values().sum::<u64>()
            );
        }
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
    // What has no rows compares little.
    let empty = counts.get(&Verdict::EmptyOnBoth).copied().unwrap_or_default();
    assert!(empty * 3 < count, "{empty} of {count} statements have no rows");
}
