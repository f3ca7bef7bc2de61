//! `sellerlake sql`

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_pipelines::{Granted, Workspace};
use sellerlake_query::output::{OutputFormat, write};

use crate::arguments::Sql;
use crate::commands::sellers::known;

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
    let answer = workspace.ask(&statement, &granted).await?;
    match write(answer, sql.format, &mut output(sql.output.as_deref())?).await {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(workspace.told_of_damage(error).await),
    }
}

/// Where answers go: a file, or standard output.
pub(crate) fn output(path: Option<&Path>) -> Result<BufWriter<Box<dyn Write + Send>>> {
    Ok(BufWriter::new(match path {
        Some(path) => Box::new(File::create(path).map_err(|error| {
            Error::permanent(Kind::Storage, "can't write the answer").with("path", path.display()).source(error)
        })?),
        None => Box::new(std::io::stdout()),
    }))
}

/// Refuses to fill a terminal with bytes.
pub(crate) fn refuse_terminal(format: OutputFormat, path: Option<&Path>) -> Result<()> {
    if format == OutputFormat::Parquet && path.is_none() && std::io::stdout().is_terminal() {
        return Err(Error::permanent(Kind::Usage, "Parquet isn't for terminals").hint("add --output FILE"));
    }
    Ok(())
}
