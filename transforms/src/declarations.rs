//! Sources, tables, stages and checks, loaded and cross-checked as one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use indexmap::IndexMap;
use sellerlake_contracts::{Area, MonthReach, Result};
use sellerlake_schemas::{File, Files, Findings, Grain, Schemas, Source, Table, add_built_in, nearest};
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_128;

use crate::changes::{self, Change};
use crate::header::split_header;

static TABLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tables");
static ROLLUPS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rollups");
static CHECKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/checks");
static CHANGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/changes");

/// A declared SQL transformer: `transforms/tables/<name>.sql` or `transforms/rollups/<name>.sql`.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The table it makes.
    pub table: Arc<Table>,
    /// `tables` or `rollups`, from the folder it lies in.
    pub area: Area,
    /// Its file, for messages.
    pub file: String,
    /// What it means.
    pub doc: String,
    /// Inputs, with the months of each that one month of output reads.
    pub reads: IndexMap<String, MonthReach>,
    /// Months of output that rows of an input month may land in, relative to it.
    pub emits: (i32, i32),
    /// One SELECT.
    pub sql: String,
    /// Hash of everything but the inputs that decides what comes out.
    pub hash: String,
}

/// What a failed check does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Raises an alert.
    Warn,
    /// Raises an alert, and while it stands what is made counts as done in part: rows or money are left out of it.
    #[serde(rename = "left_out")]
    LeftOut,
    /// Raises an alert and keeps the earlier object.
    Block,
}

/// A SELECT over rebuilt rows that must return nothing: `transforms/checks/<name>.sql`.
#[derive(Debug, Clone)]
pub struct Check {
    /// File name without extension.
    pub name: String,
    /// Table whose rebuilt rows it sees.
    pub into: String,
    /// What a row of it means.
    pub doc: String,
    /// What it does when it finds something.
    pub severity: Severity,
    /// One SELECT.
    pub sql: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageHead {
    doc: String,
    reads: IndexMap<String, String>,
    #[serde(default)]
    emits: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckHead {
    doc: String,
    into: String,
    severity: Severity,
}

/// Everything declared.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    /// Sources, tables, references.
    pub schemas: Schemas,
    /// Stages by the table they make, inputs before what reads them.
    pub stages: IndexMap<String, Arc<Stage>>,
    /// Checks by the table they look at.
    pub checks: BTreeMap<String, Vec<Arc<Check>>>,
    /// What is compared between two moments, by name.
    pub changes: BTreeMap<String, Arc<Change>>,
}

/// Something a stage can read.
#[derive(Debug, Clone)]
pub enum Dataset {
    /// Rows of a source.
    Source(Arc<Source>),
    /// Rows of a table or rollup.
    Table(Arc<Table>),
    /// Rows that come with the product.
    Reference(Arc<sellerlake_schemas::Reference>),
}

impl Dataset {
    /// Whether it has one object per month.
    pub fn has_months(&self) -> bool {
        match self {
            Self::Source(source) => source.month.is_some(),
            Self::Table(table) => table.grain == Grain::Month,
            Self::Reference(_) => false,
        }
    }
}

impl Declarations {
    /// Loads what is built in and, where given, a user's directory; fails listing every mistake.
    pub fn load(user: Option<&Path>) -> Result<Self> {
        let mut findings = Findings::default();
        let declarations = Self::from_files(&Self::files(user)?, &mut findings);
        findings.into_result()?;
        Ok(declarations)
    }

    /// The files declarations are read from: those in the binary and, where given, a user's directory.
    pub fn files(user: Option<&Path>) -> Result<Files> {
        let mut files = Files::default();
        add_built_in(&mut files);
        files.add_embedded(&TABLES, "transforms/tables");
        files.add_embedded(&ROLLUPS, "transforms/rollups");
        files.add_embedded(&CHECKS, "transforms/checks");
        files.add_embedded(&CHANGES, "transforms/changes");
        if let Some(user) = user {
            files.add_user_directory(user)?;
        }
        Ok(files)
    }

    /// Builds from files, recording mistakes.
    pub fn from_files(files: &Files, findings: &mut Findings) -> Self {
        let mut declarations = Self { schemas: Schemas::load(files, findings), ..Self::default() };
        for area in [Area::Tables, Area::Rollups] {
            for file in files.within(&format!("transforms/{area}"), "sql") {
                declarations.add_stage(area, file, findings);
            }
        }
        for file in files.within("transforms/checks", "sql") {
            declarations.add_check(&file.path, file.stem(), &file.text, findings);
        }
        for file in files.within("transforms/changes", "sql") {
            changes::add(file, &mut declarations.changes, findings);
        }
        changes::check(&declarations.changes, &declarations.schemas.sources, findings);
        for name in declarations.schemas.tables.keys().filter(|name| !declarations.stages.contains_key(*name)) {
            let problem = format!("nothing makes this table; expected transforms/tables/{name}.sql");
            findings.add(&format!("schemas/tables/{name}.toml"), "", problem);
        }
        declarations.check_reads(findings);
        declarations.order(findings);
        declarations
    }

    fn add_stage(&mut self, area: Area, file: &File, findings: &mut Findings) {
        let (path, name, text) = (file.path.as_str(), file.stem(), file.text.as_str());
        let Some((head, sql)) = split_header::<StageHead>(path, text, findings) else { return };
        let Some(table) = self.schemas.tables.get(name).cloned() else {
            let known = self.schemas.tables.keys().map(String::as_str);
            findings.unknown(path, "", "a declared table (the file's name is the table's)", name, known);
            return;
        };
        if self.stages.contains_key(name) {
            let built_in = if file.user { "; what is built in can't be replaced, choose another name" } else { "" };
            findings.add(path, "", format!("another stage already makes {name:?}{built_in}"));
            return;
        }
        let mut reads = IndexMap::new();
        for (input, reach) in head.reads {
            match reach.parse::<MonthReach>() {
                Ok(reach) => {
                    reads.insert(input, reach);
                }
                Err(error) => findings.add(path, format!("reads.{input}"), error.message()),
            }
        }
        let emits = match head.emits.as_deref().unwrap_or("0").parse::<MonthReach>() {
            Ok(MonthReach::Offsets(from, to)) => Some((from, to)),
            _ => None,
        };
        if emits.is_none() {
            findings.add(path, "emits", "expected offsets in months such as \"-1..1\"");
        }
        let emits = emits.unwrap_or_default();
        let identity =
            format!("{sql}\u{1f}{reads:?}\u{1f}{emits:?}\u{1f}{table:?}\u{1f}{}", crate::functions::version());
        let hash = format!("{:032x}", xxh3_128(identity.as_bytes()));
        let stage = Stage { table, area, file: path.to_owned(), doc: head.doc, reads, emits, sql, hash };
        self.stages.insert(name.to_owned(), Arc::new(stage));
    }

    fn add_check(&mut self, path: &str, name: &str, text: &str, findings: &mut Findings) {
        if self.checks.values().flatten().any(|check| check.name == name) {
            findings.add(path, "", format!("another check is already called {name:?}; choose another name"));
            return;
        }
        let Some((head, sql)) = split_header::<CheckHead>(path, text, findings) else { return };
        if !self.schemas.tables.contains_key(&head.into) {
            let known = self.schemas.tables.keys().map(String::as_str);
            findings.unknown(path, "into", "a declared table", &head.into, known);
        }
        let CheckHead { doc, into, severity } = head;
        let check = Check { name: name.to_owned(), into: into.clone(), doc, severity, sql };
        self.checks.entry(into).or_default().push(Arc::new(check));
    }

    /// The dataset of this name, as stages see it.
    pub fn dataset(&self, name: &str) -> Option<Dataset> {
        let Schemas { sources, shared, tables, references } = &self.schemas;
        None.or_else(|| sources.get(name).cloned().map(Dataset::Source))
            .or_else(|| tables.get(name).cloned().map(Dataset::Table))
            .or_else(|| references.get(name).cloned().map(Dataset::Reference))
            .or_else(|| shared.get(name).cloned().map(Dataset::Source))
    }

    /// Every name a stage could read.
    pub fn dataset_names(&self) -> impl Iterator<Item = &str> {
        let Schemas { sources, shared, tables, references } = &self.schemas;
        sources.keys().chain(shared.keys()).chain(tables.keys()).chain(references.keys()).map(String::as_str)
    }

    fn check_reads(&self, findings: &mut Findings) {
        for stage in self.stages.values() {
            for (input, reach) in &stage.reads {
                let key = format!("reads.{input}");
                let Some(dataset) = self.dataset(input) else {
                    findings.unknown(&stage.file, key, "a source, table or reference", input, self.dataset_names());
                    continue;
                };
                let offsets = matches!(reach, MonthReach::Offsets(..));
                if offsets && !dataset.has_months() {
                    findings.add(&stage.file, key, format!("{input} has no months; its reach must be \"all\""));
                } else if offsets && stage.table.grain == Grain::None {
                    findings.add(&stage.file, key, "a table without months reads all months: \"all\"");
                }
            }
            let monthly = |input: &String| self.dataset(input).is_some_and(|dataset| dataset.has_months());
            if stage.table.grain == Grain::Month && !stage.reads.keys().any(monthly) {
                findings.add(&stage.file, "reads", "a table by month must read at least one input that has months");
            }
        }
    }

    /// Puts inputs before what reads them; what is left over goes in a circle.
    fn order(&mut self, findings: &mut Findings) {
        let mut waiting = std::mem::take(&mut self.stages);
        while !waiting.is_empty() {
            let ready: Vec<String> = waiting
                .iter()
                .filter(|(_, stage)| !stage.reads.keys().any(|input| waiting.contains_key(input)))
                .map(|(name, _)| name.clone())
                .collect();
            if ready.is_empty() {
                let names: Vec<&str> = waiting.keys().map(String::as_str).collect();
                let file = waiting.values().next().map_or("", |stage| stage.file.as_str()).to_owned();
                findings.add(&file, "reads", format!("these stages read each other in a circle: {}", names.join(", ")));
                self.stages.extend(waiting);
                return;
            }
            for name in ready {
                if let Some(stage) = waiting.shift_remove(&name) {
                    self.stages.insert(name, stage);
                }
            }
        }
    }

    /// The declared name nearest to one that means nothing.
    pub fn nearest_name(&self, name: &str) -> Option<&str> {
        nearest(name, self.dataset_names())
    }
}
