//! `sellerlake verify`

use std::process::ExitCode;

use sellerlake_contracts::Result;
use sellerlake_pipelines::{Pipelines, Workspace};

use crate::bars::Bars;
use crate::commands::{IN_PART, rebuild};
use crate::printer::{self, count};

pub(crate) async fn run(workspace: &Workspace, repair: bool) -> Result<ExitCode> {
    if repair {
        let pipelines = Pipelines::load(workspace.settings.declarations.as_deref(), &workspace.declarations)?;
        let lost = workspace.forget_lost(&pipelines).await?;
        if lost > 0 {
            let lost = count(lost, "delivery");
            printer::note(format!(
                "{lost} forgotten that the lake no longer holds; sync asks again where no row is left"
            ));
        }
        let repaired = workspace.repair(&Bars::default()).await?;
        printer::note(format!(
            "{} entered into the catalogue, {} found",
            count(repaired.objects, "object"),
            count(repaired.deliveries, "delivery")
        ));
        if repaired.unreadable > 0 {
            printer::note(format!("{} of them can't be read; made again where possible", repaired.unreadable));
        }
        rebuild::print(&repaired.rebuilt);
    }
    let verified = workspace.verify(&Bars::default()).await?;
    for complaint in &verified.complaints {
        printer::line(format!("{}: {}", complaint.subject, complaint.problem));
    }
    if verified.unsealed > 0 {
        let unsealed = count(verified.unsealed, "object");
        printer::note(format!(
            "{unsealed} of earlier versions whose bytes can't be checked, only their rows: they get seals when they are next written"
        ));
    }
    printer::note(format!(
        "{}, {} read: {}",
        count(verified.objects, "object"),
        count(verified.rows, "row"),
        match verified.complaints.len() as u64 {
            0 => "everything is as it should be".to_owned(),
            many => count(many, "complaint"),
        }
    ));
    Ok(if verified.complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(IN_PART) })
}
