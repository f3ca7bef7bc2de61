//! `sellerlake check`

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use sellerlake_contracts::Result;
use sellerlake_pipelines::Pipelines;
use sellerlake_schemas::Findings;
use sellerlake_transforms::Declarations;
use sellerlake_transforms::stage::StageEngine;

use crate::commands::settings_or_default;
use crate::printer;

pub(crate) async fn run(config: &Path) -> Result<ExitCode> {
    let settings = settings_or_default(config)?;
    let files = Declarations::files(settings.declarations.as_deref())?;
    let mut findings = Findings::default();
    let declarations = Arc::new(Declarations::from_files(&files, &mut findings));
    let engine = StageEngine::new(Arc::clone(&declarations), &Arc::default(), 1, sellerlake_query::config)?;
    engine.check(&mut findings).await;
    let pipelines = Pipelines::from_files(&files, &declarations, &mut findings);
    findings.into_result()?;
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
