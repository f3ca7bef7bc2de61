//! `sellerlake replay --until` and `sellerlake changed`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use sellerlake_config::{FILE_NAME, Settings};
use sellerlake_contracts::{Error, Kind, Month, Result, SellerId};
use sellerlake_pipelines::{KnownLake, Show, Since, Withdrawn, Workspace, as_known};
use sellerlake_query::output::{OutputFormat, write};

use crate::arguments::ChangedSince;
use crate::bars::Bars;
use crate::commands::{IN_PART, rebuild, sellers, sql};
use crate::output::Output;
use crate::printer::{self, count};

/// Makes the lake as it was known in a directory of its own.
pub(crate) async fn replay(
    config: &Path,
    until: DateTime<Utc>,
    into: &Path,
    seller: Option<&SellerId>,
) -> Result<ExitCode> {
    let settings = Settings::read(config)?;
    let clock = sellerlake_accounts::clock_to_read(&settings).await?;
    let known = Box::pin(as_known(&settings, until, seller, into, clock, &Bars::default())).await?;
    let KnownLake { deliveries, later, damaged, withdrawn, replayed, .. } = &known;
    printer::note(format!(
        "the lake as known at {}: {} read, {} refused; {} came later",
        moment(until),
        count(replayed.deliveries, "delivery"),
        replayed.refused,
        later.len()
    ));
    for damage in damaged {
        printer::note(format!("  missing: {}: {}", damage.subject, damage.problem));
    }
    for Withdrawn { delivery, at } in withdrawn {
        printer::note(format!(
            "  missing: {} of {}, fetched {}: taken back on {}, and its bytes with it",
            delivery.id,
            delivery.source,
            moment(delivery.fetched_at),
            moment(*at)
        ));
    }
    for (source, deliveries) in &replayed.undeclared {
        printer::note(format!("{deliveries} deliveries of {source:?} left out: it is no longer declared"));
    }
    rebuild::print(&replayed.rebuilt);
    known.workspace.state().close().await;
    if deliveries.is_empty() {
        printer::note("nothing had come by then: the lake is empty");
    }
    let file = into.join(FILE_NAME);
    printer::note(format!("ask it with `sellerlake --config {} sql ...`", file.display()));
    let whole = damaged.is_empty() && withdrawn.is_empty() && replayed.undeclared.is_empty();
    Ok(if whole {
        rebuild::exit_code(&replayed.rebuilt, replayed.in_part == 0 && replayed.damaged.is_empty())
    } else {
        ExitCode::from(IN_PART)
    })
}

/// Says what moved since, and which documents moved it.
pub(crate) async fn changed(workspace: &Workspace, changed: &ChangedSince) -> Result<ExitCode> {
    sql::refuse_terminal(changed.format, changed.output.as_deref())?;
    sellers::known(workspace, changed.seller.as_slice()).await?;
    let ChangedSince { since, month, seller, .. } = changed;
    let since = Since { moment: *since, month: *month, seller: seller.clone() };
    let found = Box::pin(sellerlake_pipelines::changed(workspace, &since, &Bars::default())).await?;
    let shown = match (changed.show, changed.format) {
        (Some(show), _) => vec![show],
        (None, OutputFormat::Table) if found.lines == 0 => Vec::new(),
        (None, OutputFormat::Table) => vec![Show::Categories, Show::Lines, Show::Documents],
        (None, _) => vec![Show::Lines],
    };
    let mut out = Output::open(changed.output.as_deref())?;
    for (place, show) in shown.into_iter().enumerate() {
        if place > 0 {
            writeln!(out)
                .map_err(|error| Error::permanent(Kind::Storage, "the answer can't be written").source(error))?;
        }
        write(found.answer(show).await?, changed.format, &mut out).await?;
    }
    out.finish()?;
    let when = month.map_or_else(|| "months that had ended then".to_owned(), |month: Month| month.to_string());
    let came = count(found.later, "delivery");
    printer::note(match found.lines {
        0 => format!("nothing moved in {when} since {}; {came} came later", moment(since.moment)),
        lines => format!("{} moved in {when} since {}; {came} came later", count(lines, "line"), moment(since.moment)),
    });
    if let Some(month) = month.filter(|month| month.plus(1).is_some_and(|next| next > Month::of_instant(since.moment)))
    {
        printer::note(format!("{month} had not ended then: whatever came since counts"));
    }
    if found.undocumented > 0 {
        let lines = count(found.undocumented, "line");
        printer::note(format!(
            "{lines} moved without a document of their own: another view of the money was chosen, or what their \
             tables look up elsewhere came since"
        ));
    }
    for doubt in &found.doubts {
        printer::note(format!("warning: {doubt}"));
    }
    Ok(if found.doubts.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(IN_PART) })
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
