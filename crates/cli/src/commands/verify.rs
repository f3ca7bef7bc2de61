//! `sellerlake verify`

use std::process::ExitCode;

use sellerlake_contracts::Result;
use sellerlake_pipelines::Workspace;

use crate::bars::Bars;
use crate::commands::{IN_PART, rebuild};
use crate::printer;

pub(crate) async fn run(workspace: &Workspace, repair: bool) -> Result<ExitCode> {
    if repair {
        let repaired = workspace.repair(&Bars::default()).await?;
        printer::note(format!(
            "{} objects entered into the catalogue, {} deliveries found",
            repaired.objects, repaired.deliveries
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
    printer::note(format!(
        "{} objects, {} rows read: {}",
        verified.objects,
        verified.rows,
        match verified.complaints.len() {
            0 => "everything is as it should be".to_owned(),
            1 => "1 complaint".to_owned(),
            many => format!("{many} complaints"),
        }
    ));
    Ok(if verified.complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(IN_PART) })
}
