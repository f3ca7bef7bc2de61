//! `sellerlake withdraw`

use std::process::ExitCode;

use sellerlake_contracts::Result;
use sellerlake_pipelines::{Withdrawal, Workspace};

use crate::arguments::Withdraw;
use crate::bars::Bars;
use crate::commands::rebuild;
use crate::printer::{self, count};

pub(crate) async fn run(workspace: &Workspace, withdraw: &Withdraw) -> Result<ExitCode> {
    let is_whole = rebuild::resume(workspace).await?.is_whole;
    let record = workspace.care.named_delivery(&withdraw.delivery).await?;
    let Withdrawal { record, rows, others } = workspace.care.withdrawal(record).await?;
    let window = record.window.map_or(String::new(), |window| format!(", window {window}"));
    let as_of = record.as_of.map_or(String::new(), |as_of| format!(", as of {}", as_of.to_rfc3339()));
    printer::note(format!(
        "delivery {}: {} of {}, scope {}{window}{as_of}, fetched {}, {}",
        record.id,
        record.source,
        record.seller,
        record.scope,
        record.fetched_at.to_rfc3339(),
        record.status
    ));
    printer::note(format!(
        "{} of it in sources.{}; {} of the same source and seller to read again, so that what it replaced stands again",
        count(rows, "row"),
        record.source,
        count(others, "other delivery")
    ));
    if !withdraw.yes {
        printer::note("nothing is changed yet: add --yes to take it back, bytes and all");
        return Ok(ExitCode::SUCCESS);
    }
    let rebuilt = workspace.care.withdraw(&record, &Bars::default()).await?;
    printer::note(format!("delivery {} is taken back", record.id));
    rebuild::print(std::slice::from_ref(&rebuilt));
    Ok(rebuild::exit_code(&[rebuilt], is_whole))
}
