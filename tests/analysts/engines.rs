//! The two engines: a session here, DuckDB in a process of its own.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use sellerlake_contracts::{Error, Kind};
use sellerlake_pipelines::{Granted, Workspace};
use sellerlake_query::Session;
use sellerlake_query::output::{OutputFormat, write};
use serde_json::{Map, Value, json};

use crate::analysts::rows::{Row, Rows, rows};
use crate::analysts::schema::Table;
use crate::site::tree;

/// What an engine makes of a statement.
#[derive(Debug)]
pub enum Outcome {
    Rows(Rows),
    Failed(String),
    Panicked(String),
    TooSlow,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(rows) => {
                let cells = |row: &Row| row.iter().map(|cell| cell.clone().unwrap_or_default()).collect::<Vec<_>>();
                let shown: Vec<String> = rows.iter().take(8).map(|row| cells(row).join("|")).collect();
                write!(f, "{} rows: {}", rows.len(), shown.join("; "))
            }
            Self::Failed(said) => write!(f, "{said}"),
            Self::Panicked(said) => write!(f, "panic: {said}"),
            Self::TooSlow => write!(f, "too slow"),
        }
    }
}

pub struct Here(Session);

impl Here {
    pub fn new(workspace: &Workspace) -> Self {
        Self(workspace.asking.session(&Granted::All).unwrap())
    }

    /// The rows of a statement that has to be answered.
    pub async fn rows(&self, sql: &str) -> Rows {
        match self.answer(sql).await {
            Outcome::Rows(rows) => rows,
            failed => panic!("{sql}: {failed}"),
        }
    }

    /// A reference, which lies in no file of the lake.
    async fn exported(&self, table: &Table, scratch: &Path) -> PathBuf {
        let path = scratch.join(format!("{}.parquet", table.name));
        let answer = self.0.sql(&format!("SELECT * FROM {}", table.reference())).await.unwrap();
        write(answer, OutputFormat::Parquet, &mut std::fs::File::create(&path).unwrap()).await.unwrap();
        path
    }

    pub async fn answer(&self, sql: &str) -> Outcome {
        let found = match self.0.sql(sql).await {
            Ok(answer) => answer.collect().await,
            Err(error) => Err(error),
        };
        match found {
            Ok(batches) => Outcome::Rows(rows(&batches)),
            Err(error) if error.to_string().contains("took too long") => Outcome::TooSlow,
            Err(error) if panicked(&error) => Outcome::Panicked(format!("{error:?}")),
            Err(error) => Outcome::Failed(format!("{:?}: {error} {}", error.kind(), cause(&error))),
        }
    }
}

/// What is behind an error whose sentence says little.
fn cause(error: &Error) -> String {
    if error.kind() == Kind::Query { String::new() } else { format!("{error:?}").replace('\n', " ") }
}

fn panicked(error: &Error) -> bool {
    error.kind() == Kind::Internal && format!("{error:#}").contains("met a fault of the query engine")
}

/// DuckDB over the lake's files.
pub struct There {
    process: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    seconds: u64,
}

impl There {
    pub async fn start(
        python: &str,
        workspace: &Workspace,
        here: &Here,
        tables: &[Table],
        scratch: &Path,
        seconds: u64,
    ) -> Self {
        let mut loaded = Map::new();
        for table in tables {
            let mut files = objects(workspace, table);
            if files.is_empty() {
                files.push(here.exported(table, scratch).await);
            }
            let columns: Map<String, Value> =
                table.columns.iter().map(|column| (column.name.clone(), json!(column.other_type))).collect();
            loaded.insert(table.reference(), json!({ "files": files, "columns": columns }));
        }
        let mut process = Command::new(python)
            .arg(tree().join("tests/analysts/other_engine.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut asks, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        writeln!(asks, "{}", json!({ "tables": loaded })).unwrap();
        Self { process, asks, answers: BufReader::new(answers), seconds }
    }

    /// The rows of a statement that has to be answered.
    pub fn rows(&mut self, sql: &str) -> Rows {
        match self.answer(sql) {
            Outcome::Rows(rows) => rows,
            failed => panic!("{sql}: {failed}"),
        }
    }

    pub fn answer(&mut self, sql: &str) -> Outcome {
        writeln!(self.asks, "{}", json!({ "sql": sql, "seconds": self.seconds })).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{sql}: {line}: {error}"));
        match answer["error"].as_str() {
            Some(error) if error.starts_with("INTERRUPT") => Outcome::TooSlow,
            Some(error) => Outcome::Failed(error.to_owned()),
            None => Outcome::Rows(serde_json::from_value(answer["rows"].take()).unwrap()),
        }
    }
}

impl Drop for There {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The files of a table, as anybody would find them.
fn objects(workspace: &Workspace, table: &Table) -> Vec<PathBuf> {
    let root = workspace.lake().local_root().unwrap().to_owned();
    let mut found = Vec::new();
    let areas: &[&str] = if table.schema == "sources" { &["sources"] } else { &["tables", "rollups"] };
    let mut folders: Vec<PathBuf> = areas.iter().map(|area| root.join(area).join(&table.name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A Python that has DuckDB: the one named by `SELLERLAKE_PYTHON`, or the machine's own.
///
/// Without one the test is skipped, unless `SELLERLAKE_INSIST` says that nothing may be.
pub fn python() -> Option<String> {
    let python = std::env::var("SELLERLAKE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import duckdb"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    assert!(
        std::env::var_os("SELLERLAKE_INSIST").is_none(),
        "{python} can't import duckdb; name one in SELLERLAKE_PYTHON"
    );
    eprintln!("SKIPPED: {python} can't import duckdb");
    None
}
