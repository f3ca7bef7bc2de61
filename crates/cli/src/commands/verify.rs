//! `sellerlake verify`

use std::process::ExitCode;

use sellerlake_accounts::offered;
use sellerlake_contracts::{Result, printable};
use sellerlake_pipelines::{Pipelines, Workspace};

use crate::bars::Bars;
use crate::commands::{IN_PART, rebuild};
use crate::printer::{self, count};

pub(crate) async fn run(workspace: &Workspace, repair: bool) -> Result<ExitCode> {
    let mut is_whole = true;
    if repair {
        let pipelines =
            Pipelines::load(workspace.settings().declarations.as_deref(), workspace.declarations(), &offered())?;
        let lost = workspace.loading.forget_lost(&pipelines).await?;
        if lost > 0 {
            let lost = count(lost, "delivery");
            printer::note(format!("{lost} forgotten of which the lake holds nothing any more; sync asks again"));
        }
        let repaired = workspace.care.repair(&Bars::default()).await?;
        printer::note(format!(
            "{} entered into the catalogue, {} found",
            count(repaired.objects, "object"),
            count(repaired.deliveries, "delivery")
        ));
        if repaired.unreadable > 0 {
            printer::note(format!("{} of them can't be read; made again where possible", repaired.unreadable));
        }
        rebuild::print(&repaired.rebuilt);
        is_whole = repaired.rebuilt.iter().all(|rebuilt| rebuilt.failed.is_empty());
    }
    let verified = workspace.care.verify(&Bars::default()).await?;
    for alert in &verified.alerts {
        printer::note(format!("alert: {}: {}", alert.subject, alert.message));
    }
    for complaint in &verified.complaints {
        printer::line(printable(&format!("{}: {}", complaint.subject, complaint.problem)));
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
        match (verified.complaints.len() as u64, verified.alerts.len() as u64) {
            (0, 0) if is_whole => "everything is as it should be".to_owned(),
            (0, 0) => "as it was written, but not all of it could be made again".to_owned(),
            (0, alerts) => format!("as it was written, but {} stand", count(alerts, "alert")),
            (many, _) => count(many, "complaint"),
        }
    ));
    let is_whole = is_whole && verified.complaints.is_empty() && verified.alerts.is_empty();
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(IN_PART) })
}
