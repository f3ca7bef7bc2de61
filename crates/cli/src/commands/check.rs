//! `sellerlake check`

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use sellerlake_accounts::offered;
use sellerlake_contracts::Result;
use sellerlake_pipelines::Pipelines;
use sellerlake_schemas::Findings;
use sellerlake_transforms::Declarations;
use sellerlake_transforms::stage::StageEngine;

use crate::commands::settings_or_default;
use crate::printer;

/// Where a user's declarations are read from: folder and extension.
const READ: [(&str, &str); 8] = [
    ("pipelines", "toml"),
    ("schemas/reference", "csv"),
    ("schemas/sources", "toml"),
    ("schemas/tables", "toml"),
    ("transforms/changes", "sql"),
    ("transforms/checks", "sql"),
    ("transforms/rollups", "sql"),
    ("transforms/tables", "sql"),
];

const PLACES: &str = "declarations are pipelines/*.toml, schemas/sources/*.toml, schemas/tables/*.toml and \
    transforms/{tables,rollups,checks,changes}/*.sql";

/// Files of a user's directory that nobody reads, such as one in the wrong folder.
fn strays(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let within = folder.strip_prefix(root).unwrap_or(&folder);
            let is_read = READ.iter().any(|(place, extension)| {
                within == Path::new(place) && path.extension().is_some_and(|found| found == *extension)
            });
            if name.starts_with('.') || is_read {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(within.join(&*name).display().to_string());
            }
        }
    }
    found.sort();
    found
}

pub(crate) async fn run(config: &Path) -> Result<ExitCode> {
    let settings = settings_or_default(config)?;
    let files = Declarations::files(settings.declarations.as_deref())?;
    if let Some(user) = &settings.declarations {
        for stray in strays(user) {
            printer::note(format!("warning: {stray} is not read: {PLACES}"));
        }
    }
    let mut findings = Findings::default();
    let declarations = Arc::new(Declarations::from_files(&files, &mut findings));
    let (engine, plans) = (sellerlake_query::engine, sellerlake_query::planned);
    let engine = StageEngine::new(Arc::clone(&declarations), &Arc::default(), 1, engine, plans)?;
    engine.check(&mut findings).await;
    let pipelines = Pipelines::from_files(&files, &declarations, &offered(), &mut findings);
    findings.into_result()?;
    for table in declarations.schemas.tables.values().filter(|table| table.leaves_key_open()) {
        printer::note(format!(
            "warning: schemas/tables/{}.toml declares no `key`: a row that is there twice would be counted twice, unseen; \
             name the columns that tell rows apart, or say with `no_key` why two equal rows can both be real",
            table.name
        ));
    }
    let schemas = &declarations.schemas;
    printer::line(format!(
        "{} pipelines, {} sources, {} tables and rollups, {} reference tables, {} checks: no mistakes",
        pipelines.len(),
        schemas.sources.len(),
        declarations.stages.len(),
        schemas.references.len(),
        declarations.checks.values().map(Vec::len).sum::<usize>(),
    ));
    Ok(ExitCode::SUCCESS)
}
