//! `sellerlake tables` and `sellerlake sources`

use std::path::Path;
use std::process::ExitCode;

use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_pipelines::Workspace;
use sellerlake_schemas::{Source, Table};
use sellerlake_transforms::{Dataset, Declarations};

use crate::commands::settings_or_default;
use crate::printer;

pub(crate) async fn run(workspace: &Workspace, name: Option<&str>) -> Result<ExitCode> {
    match name {
        Some(name) => show(workspace.declarations(), name.trim_start_matches("sources.")),
        None => list(workspace).await,
    }
}

pub(crate) fn sources(config: &Path, name: Option<&str>) -> Result<ExitCode> {
    let settings = settings_or_default(config)?;
    let declarations = Declarations::load(settings.declarations.as_deref())?;
    if let Some(name) = name {
        return show(&declarations, declarations.schemas.source(name).map_or(name, |source| source.name.as_str()));
    }
    let mut rows = vec![vec!["source".to_owned(), "report type".to_owned(), "what it holds".to_owned()]];
    for source in declarations.schemas.sources.values() {
        rows.push(vec![source.name.clone(), source.report_types.join(" "), first_sentence(&source.doc)]);
    }
    printer::grid(&rows);
    Ok(ExitCode::SUCCESS)
}

async fn list(workspace: &Workspace) -> Result<ExitCode> {
    let records = workspace.state().objects(&sellerlake_state::ObjectFilter::default()).await?;
    let mut rows = vec![["table", "rows", "objects", "what a row is"].map(str::to_owned).to_vec()];
    for stage in workspace.declarations().stages.values() {
        let owned = records.iter().filter(|record| record.object.partition.name == stage.table.name);
        let (objects, count) =
            owned.fold((0_u64, 0), |(objects, count), record| (objects + 1, count + record.object.rows));
        rows.push(vec![
            stage.table.name.clone(),
            count.to_string(),
            objects.to_string(),
            first_sentence(&stage.table.doc),
        ]);
    }
    for reference in workspace.declarations().schemas.references.values() {
        let count = reference.rows.num_rows().to_string();
        rows.push(vec![reference.table.name.clone(), count, "built in".into(), first_sentence(&reference.table.doc)]);
    }
    printer::grid(&rows);
    Ok(ExitCode::SUCCESS)
}

fn show(declarations: &Declarations, name: &str) -> Result<ExitCode> {
    match declarations.dataset(name) {
        Some(Dataset::Table(table)) => show_table(&table),
        Some(Dataset::Reference(reference)) => show_table(&reference.table),
        Some(Dataset::Source(source)) => show_source(&source),
        None => {
            let hint = match declarations.nearest_name(name) {
                Some(nearest) => format!("did you mean {nearest:?}?"),
                None => "`sellerlake tables` lists them all".to_owned(),
            };
            return Err(Error::permanent(Kind::Usage, format!("{name:?} is not a table")).hint(hint));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show_table(table: &Table) {
    printer::line(format!("{}: {}", table.name, one_line(&table.doc)));
    printer::line(match &table.no_key {
        Some(reason) => format!("key: none. {}", one_line(reason)),
        None if table.key.is_empty() => "key: none declared".to_owned(),
        None => format!("key: {}", table.key.join(", ")),
    });
    printer::line("");
    let rows = table
        .columns
        .values()
        .map(|column| vec![column.name.clone(), column.column_type.to_string(), column.doc.clone()]);
    printer::grid(&rows.collect::<Vec<_>>());
}

fn show_source(source: &Source) {
    printer::line(format!("{}: {}", source.name, one_line(&source.doc)));
    printer::line(format!("report types: {}", source.report_types.join(", ")));
    printer::line("");
    let rows = source.columns.values().map(|column| {
        let personal = if column.pii { " (personal: dropped by default)" } else { "" };
        vec![column.name.clone(), column.column_type.to_string(), format!("{}{personal}", column.doc)]
    });
    printer::grid(&rows.collect::<Vec<_>>());
}

fn one_line(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn first_sentence(doc: &str) -> String {
    let doc = one_line(doc);
    doc.split_once(". ").map_or(doc.clone(), |(first, _)| format!("{first}."))
}
