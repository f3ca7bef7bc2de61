//! `sellerlake sql`

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_pipelines::{Granted, Workspace};
use sellerlake_query::output::{OutputFormat, write};

use crate::arguments::Sql;
use crate::commands::sellers::known;
use crate::output::Output;
use crate::printer;

pub(crate) async fn run(workspace: &Workspace, sql: &Sql) -> Result<ExitCode> {
    let mut statement = sql.statement.clone();
    if statement == "-" {
        statement.clear();
        let read = std::io::stdin().read_to_string(&mut statement);
        read.map_err(|error| Error::permanent(Kind::Usage, "can't read the statement").source(error))?;
    }
    refuse_terminal(sql.format, sql.output.as_deref())?;
    known(workspace, &sql.seller).await?;
    let granted =
        if sql.seller.is_empty() { Granted::All } else { Granted::Sellers(sql.seller.iter().cloned().collect()) };
    let mut out = Output::open(sql.output.as_deref())?;
    let (answer, behind) = workspace.asking.ask_and_look_behind(&statement, &granted).await?;
    if let Err(error) = write(answer, sql.format, &mut out).await {
        return Err(workspace.asking.told_of_damage(error).await);
    }
    out.finish()?;
    if !behind.is_empty() {
        let tables = behind.into_iter().collect::<Vec<_>>().join(", ");
        printer::note(format!("not made from all that is loaded yet: {tables}; run `sellerlake rollup`"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses to fill a terminal with bytes.
pub(crate) fn refuse_terminal(format: OutputFormat, path: Option<&Path>) -> Result<()> {
    if format == OutputFormat::Parquet && path.is_none() && std::io::stdout().is_terminal() {
        return Err(Error::permanent(Kind::Usage, "Parquet isn't for terminals").hint("add --output FILE"));
    }
    Ok(())
}
