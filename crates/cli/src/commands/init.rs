//! `sellerlake init`

use std::process::ExitCode;
use std::sync::Arc;

use sellerlake_config::{DEFAULT, FILE_NAME, Settings};
use sellerlake_contracts::{Error, Kind, Result, SystemClock};
use sellerlake_pipelines::Workspace;

use crate::arguments::Init;
use crate::printer;

pub(crate) async fn run(init: &Init) -> Result<ExitCode> {
    if init.print {
        printer::raw(DEFAULT.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let path = init.directory.join(FILE_NAME);
    let failed = |error: std::io::Error| {
        Error::permanent(Kind::Storage, "can't write the settings").with("path", path.display()).source(error)
    };
    std::fs::create_dir_all(&init.directory).map_err(failed)?;
    let exists = path.exists();
    if !exists {
        std::fs::write(&path, DEFAULT).map_err(failed)?;
    }
    let workspace = Box::pin(Workspace::open(Settings::read(&path)?, Arc::new(SystemClock))).await?;
    workspace.state().close().await;
    let verb = if exists { "found" } else { "wrote" };
    printer::note(format!("{verb} {}; the lake is at {}", path.display(), workspace.lake().url()));
    printer::note("next: sellerlake ingest --source all_orders --seller SELLER_ID report.txt");
    Ok(ExitCode::SUCCESS)
}
