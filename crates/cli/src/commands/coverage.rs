//! `sellerlake coverage`

use std::process::ExitCode;

use sellerlake_accounts::holders::{holder, since};
use sellerlake_accounts::offered;
use sellerlake_contracts::Result;
use sellerlake_pipelines::{CoverageLine, Covered, Pipelines, Workspace};
use sellerlake_query::output::OutputFormat;
use sellerlake_state::AccountFilter;
use serde_json::json;

use crate::arguments::Coverage;
use crate::printer;

pub(crate) async fn run(workspace: &Workspace, coverage: &Coverage) -> Result<ExitCode> {
    let pipelines =
        Pipelines::load(workspace.settings().declarations.as_deref(), workspace.declarations(), &offered())?;
    for name in &coverage.pipeline {
        pipelines.get(name)?;
    }
    let since = since(workspace, coverage.days);
    let mut lines = Vec::new();
    for account in workspace.state().accounts(&AccountFilter::default()).await? {
        let holder = holder(workspace, &account).await?;
        if coverage.account.is_empty() || coverage.account.contains(&holder.id) {
            lines.extend(workspace.planning.coverage(&pipelines, &holder, since).await?);
        }
    }
    lines.retain(|line| coverage.pipeline.is_empty() || coverage.pipeline.contains(&line.pipeline));
    if coverage.gaps {
        lines.retain(|line| !matches!(line.covered, Covered::Loaded | Covered::NoData));
    }
    match coverage.format {
        OutputFormat::Json => lines.iter().for_each(|line| printer::raw(object(line).to_string())),
        OutputFormat::Csv => {
            printer::raw(COLUMNS.join(","));
            lines.iter().for_each(|line| printer::raw(cells(line).map(|cell| quoted(&cell)).join(",")));
        }
        OutputFormat::Table | OutputFormat::Parquet => {
            let head = COLUMNS.map(str::to_owned).to_vec();
            printer::grid(
                &std::iter::once(head).chain(lines.iter().map(|line| cells(line).to_vec())).collect::<Vec<_>>(),
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: [&str; 8] = ["account", "pipeline", "scope", "from", "to", "status", "again_at", "reason"];

fn cells(line: &CoverageLine) -> [String; 8] {
    // Midnights are days; other moments show their minute.
    let wall = |at: chrono::DateTime<chrono::Utc>| {
        let text = at.format("%Y-%m-%d %H:%M").to_string();
        text.strip_suffix(" 00:00").map_or(text.clone(), str::to_owned)
    };
    [
        line.account.to_string(),
        line.pipeline.clone(),
        line.scope.to_string(),
        wall(line.window.from),
        wall(line.window.to),
        line.covered.as_str().to_owned(),
        line.again_at.map_or(String::new(), |at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        line.reason.clone().unwrap_or_default(),
    ]
}

fn object(line: &CoverageLine) -> serde_json::Value {
    let cells = cells(line);
    let pairs = COLUMNS.iter().zip(cells).map(|(name, cell)| {
        let value = if cell.is_empty() { json!(null) } else { json!(cell) };
        ((*name).to_owned(), value)
    });
    serde_json::Value::Object(pairs.collect())
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}
