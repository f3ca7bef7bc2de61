//! One file a command.

mod account;
mod against;
mod check;
mod comparisons;
mod coverage;
mod demo;
mod demo_folder;
mod demo_summary;
mod history;
mod ingest;
mod init;
mod rebuild;
mod secrets;
mod sellers;
mod simulate;
mod sql;
mod sync;
mod tables;
mod verify;
mod withdraw;

use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use sellerlake_config::Settings;
use sellerlake_connectors::SteppedClock;
use sellerlake_contracts::{Error, Result};
use sellerlake_pipelines::Workspace;

use crate::amazon::{self, Gateway};
use crate::arguments::{AccountCommand, Arguments, Command};
use crate::printer;

/// Exit code of work that was done in part.
pub(crate) const IN_PART: u8 = 3;

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let config = arguments.config.as_path();
    let open = async || Ok::<_, Error>(opened(config).await?.0);
    match &arguments.command {
        Command::Init(init) => init::run(init).await,
        Command::Demo(demo) => Box::pin(demo::run(demo)).await,
        Command::Check => check::run(config).await,
        Command::Simulate(simulate) => simulate::run(simulate).await,
        Command::Account(command) => {
            let (workspace, stepped) = match command {
                AccountCommand::List | AccountCommand::Show { .. } => (to_read(config).await?, None),
                _ => opened(config).await?,
            };
            let gateway = Gateway::new(&workspace, stepped);
            account::run(&workspace, &gateway, command).await
        }
        Command::Sync(sync) => {
            let (workspace, gateway) = with_amazon(config).await?;
            Box::pin(sync::sync(workspace, gateway, sync)).await
        }
        Command::Backfill(backfill) => {
            let (workspace, gateway) = with_amazon(config).await?;
            Box::pin(sync::backfill(workspace, gateway, backfill)).await
        }
        Command::Coverage(coverage) => coverage::run(&to_read(config).await?, coverage).await,
        Command::Sources { name } => tables::sources(config, name.as_deref()),
        Command::Ingest(ingest) => ingest::run(&open().await?, ingest).await,
        Command::Replay(replay) => match (replay.until, replay.into.as_deref()) {
            (Some(until), Some(into)) => Box::pin(history::replay(config, until, into, replay.seller.as_ref())).await,
            _ => rebuild::replay(&open().await?, replay).await,
        },
        Command::Changed(changed) => Box::pin(history::changed(&to_read(config).await?, changed)).await,
        Command::Withdraw(withdraw) => withdraw::run(&open().await?, withdraw).await,
        Command::Rollup { seller, table } => rebuild::rollup(&open().await?, seller.as_ref(), table).await,
        Command::Sql(sql) => sql::run(&to_read(config).await?, sql).await,
        Command::Tables { name } => tables::run(&to_read(config).await?, name.as_deref()).await,
        Command::Verify(verify) => match &verify.against {
            Some(url) => against::run(&open().await?, url, verify.at).await,
            None => verify::run(&without_amazon(config).await?, verify.repair).await,
        },
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "sellerlake", &mut script);
            printer::raw(String::from_utf8_lossy(&script).trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The lake that settings name, on the clock they name.
async fn opened(config: &Path) -> Result<(Workspace, Option<SteppedClock>)> {
    let settings = Settings::read(config)?;
    let (clock, stepped) = amazon::clock(&settings).await?;
    Ok((Workspace::open(settings, clock).await?, stepped))
}

/// The same for who asks nothing of Amazon, whose simulator may have ended.
async fn without_amazon(config: &Path) -> Result<Workspace> {
    let settings = Settings::read(config)?;
    let clock = amazon::clock_to_read(&settings).await?;
    Workspace::open(settings, clock).await
}

/// The same for who only wants to look, and may not be allowed to do more.
async fn to_read(config: &Path) -> Result<Workspace> {
    let settings = Settings::read(config)?;
    let clock = amazon::clock_to_read(&settings).await?;
    Box::pin(Workspace::open_to_read(settings, clock)).await
}

/// The same with the way to Amazon.
async fn with_amazon(config: &Path) -> Result<(Workspace, Gateway)> {
    let (workspace, stepped) = opened(config).await?;
    let gateway = Gateway::new(&workspace, stepped);
    Ok((workspace, gateway))
}

/// A user's own declarations, where there are settings that name them; the built-in ones need no settings.
pub(crate) fn settings_or_default(path: &std::path::Path) -> Result<Settings> {
    if path.exists() { Settings::read(path) } else { Settings::below(std::path::Path::new(".")) }
}
