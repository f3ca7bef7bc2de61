//! One file a command.

mod check;
mod demo;
mod ingest;
mod init;
mod rebuild;
mod sql;
mod tables;
mod verify;

use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;
use sellerlake_config::Settings;
use sellerlake_contracts::{Result, SystemClock};
use sellerlake_pipelines::Workspace;

use crate::arguments::{Arguments, Command};

/// Exit code of work that was done in part.
pub(crate) const IN_PART: u8 = 3;

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let open = async || Workspace::open(Settings::read(&arguments.config)?, Arc::new(SystemClock)).await;
    match &arguments.command {
        Command::Init(init) => init::run(init).await,
        Command::Demo { directory } => demo::run(directory.as_ref()).await,
        Command::Check => check::run(&arguments.config).await,
        Command::Sources { name } => tables::sources(&arguments.config, name.as_deref()),
        Command::Ingest(ingest) => ingest::run(&open().await?, ingest).await,
        Command::Replay(replay) => rebuild::replay(&open().await?, replay).await,
        Command::Rollup { seller, table } => rebuild::rollup(&open().await?, seller.as_ref(), table).await,
        Command::Sql(sql) => sql::run(&open().await?, sql).await,
        Command::Tables { name } => tables::run(&open().await?, name.as_deref()).await,
        Command::Verify { repair } => verify::run(&open().await?, *repair).await,
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Arguments::command(), "sellerlake", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A user's own declarations, where there are settings that name them; the built-in ones need no settings.
pub(crate) fn settings_or_default(path: &std::path::Path) -> Result<Settings> {
    if path.exists() { Settings::read(path) } else { Settings::below(std::path::Path::new(".")) }
}
