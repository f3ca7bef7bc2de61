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
mod second_opinion;
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
use sellerlake_accounts::{to_read, with_amazon, without_amazon};
use sellerlake_config::Settings;
use sellerlake_contracts::Result;
use sellerlake_pipelines::Workspace;
use sellerlake_state::State;

use crate::arguments::{AccountCommand, Arguments, Command};
use crate::printer;

/// Exit code of work that was done in part.
pub(crate) const IN_PART: u8 = 3;

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let config = arguments.config.as_path();
    match &arguments.command {
        Command::Init(init) => init::run(init).await,
        Command::Demo(demo) => Box::pin(demo::run(demo)).await,
        Command::Check => check::run(config).await,
        Command::Simulate(simulate) => simulate::run(simulate).await,
        Command::Account(command @ (AccountCommand::List | AccountCommand::Show { .. })) => {
            look(config, async |lake| account::look(lake, command).await).await
        }
        Command::Account(command) => {
            let (workspace, gateway) = with_amazon(Settings::read(config)?).await?;
            closing(workspace.state().clone(), account::run(&workspace, &gateway, command)).await
        }
        Command::Sync(sync) => {
            let (workspace, gateway) = with_amazon(Settings::read(config)?).await?;
            closing(workspace.state().clone(), Box::pin(sync::sync(workspace, gateway, sync))).await
        }
        Command::Backfill(backfill) => {
            let (workspace, gateway) = with_amazon(Settings::read(config)?).await?;
            closing(workspace.state().clone(), Box::pin(sync::backfill(workspace, gateway, backfill))).await
        }
        Command::Coverage(coverage) => look(config, async |lake| coverage::run(lake, coverage).await).await,
        Command::Sources { name } => tables::sources(config, name.as_deref()),
        Command::Ingest(ingest) => work(config, async |lake| Box::pin(ingest::run(lake, ingest)).await).await,
        Command::Replay(replay) => match (replay.until, replay.into.as_deref()) {
            (Some(until), Some(into)) => Box::pin(history::replay(config, until, into, replay.seller.as_ref())).await,
            _ => work(config, async |lake| Box::pin(rebuild::replay(lake, replay)).await).await,
        },
        Command::Changed(changed) => look(config, async |lake| Box::pin(history::changed(lake, changed)).await).await,
        Command::Withdraw(withdraw) => work(config, async |lake| Box::pin(withdraw::run(lake, withdraw)).await).await,
        Command::Rollup { seller, table } => {
            work(config, async |lake| Box::pin(rebuild::rollup(lake, seller.as_ref(), table)).await).await
        }
        Command::Sql(sql) => look(config, async |lake| Box::pin(sql::run(lake, sql)).await).await,
        Command::Tables { name } => look(config, async |lake| tables::run(lake, name.as_deref()).await).await,
        Command::Verify(verify) => match &verify.against {
            Some(url) => work(config, async |lake| Box::pin(against::run(lake, url, verify.at)).await).await,
            None if verify.second_opinion => look(config, async |lake| second_opinion::run(lake).await).await,
            None => {
                let lake = without_amazon(Settings::read(config)?).await?;
                closing(lake.state().clone(), Box::pin(verify::run(&lake, verify.repair))).await
            }
        },
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "sellerlake", &mut script);
            printer::raw(String::from_utf8_lossy(&script).trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Does something with the lake.
async fn work(config: &Path, command: impl AsyncFnOnce(&Workspace) -> Result<ExitCode>) -> Result<ExitCode> {
    let workspace = with_amazon(Settings::read(config)?).await?.0;
    closing(workspace.state().clone(), command(&workspace)).await
}

/// The same for who only wants to look.
async fn look(config: &Path, command: impl AsyncFnOnce(&Workspace) -> Result<ExitCode>) -> Result<ExitCode> {
    let workspace = to_read(Settings::read(config)?).await?;
    closing(workspace.state().clone(), command(&workspace)).await
}

/// Ends a command: what it told the state stands in the database's own file then, whatever came of it.
pub(crate) async fn closing(state: State, command: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    let done = command.await;
    state.close().await;
    done
}

/// A user's own declarations, where there are settings that name them; the built-in ones need no settings.
pub(crate) fn settings_or_default(path: &std::path::Path) -> Result<Settings> {
    if path.exists() { Settings::read(path) } else { Settings::below(std::path::Path::new(".")) }
}
