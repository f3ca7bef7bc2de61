//! `sellerlake ingest`

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use sellerlake_contracts::{Delivery, Error, Kind, Result};
use sellerlake_pipelines::{
    Arrival, DeliveryFacts, GROUP, GROUP_BYTES, Group, LoadOptions, Loaded, Progress, Rebuilt, Workspace,
};

use crate::arguments::Ingest;
use crate::bars::Bars;
use crate::commands::IN_PART;
use crate::commands::rebuild::{self, resume};
use crate::printer;

/// Rejected rows shown of one file; all of them are in `rejects/`.
const SHOWN: usize = 5;

pub(crate) async fn run(workspace: &Workspace, ingest: &Ingest) -> Result<ExitCode> {
    let source = workspace.source(&ingest.source)?.name.clone();
    let arrivals = arrivals(ingest)?;
    if let Some(doubt) = ingest.marketplace.as_ref().and_then(|marketplace| workspace.doubt(marketplace)) {
        printer::note(format!("warning: {doubt}"));
    }
    let mut sellers = resume(workspace).await?;
    sellers.insert(ingest.seller.clone());
    let bars = Bars::default();
    let mut touched = Vec::new();
    let mut refused = false;
    bars.begin("ingesting", Some(arrivals.len() as u64));
    let mut arrivals = arrivals.into_iter().peekable();
    while arrivals.peek().is_some() {
        let (mut landed, mut bytes): (Vec<Delivery>, u64) = (Vec::new(), 0);
        for arrival in arrivals.by_ref().take(GROUP) {
            let facts = facts(ingest, &source, &arrival.name);
            let delivery = workspace.land(&facts, arrival).await?;
            if landed.iter().all(|known| known.id != delivery.id) {
                bytes += workspace.plain_size(&delivery).await?;
                landed.push(delivery);
            }
            bars.advance(1);
            if bytes >= GROUP_BYTES {
                break;
            }
        }
        let group = workspace.load(&source, landed, &LoadOptions::default()).await?;
        refused |= group
            .loaded
            .iter()
            .any(|Loaded { outcome, .. }| outcome.refused.is_some() || outcome.hold_back_all || outcome.is_elsewhere());
        bars.end();
        summarise(&group);
        touched.extend(group.touched);
    }
    bars.end();
    let mut stale = false;
    if !ingest.no_rollup {
        // The first comparison of a run is of everything: an earlier run may have been cut short.
        let mut rebuilt = Vec::new();
        for seller in &sellers {
            rebuilt.push(workspace.rebuild(seller, None, &bars).await?);
        }
        stale = report(&rebuilt);
    }
    Ok(if refused || stale { ExitCode::from(IN_PART) } else { ExitCode::SUCCESS })
}

fn report(rebuilt: &[Rebuilt]) -> bool {
    rebuild::print(rebuilt);
    rebuilt.iter().any(|rebuilt| !rebuilt.failed.is_empty())
}

fn facts(ingest: &Ingest, source: &str, name: &str) -> DeliveryFacts {
    DeliveryFacts {
        source: source.to_owned(),
        seller: ingest.seller.clone(),
        scope: ingest.scope.clone(),
        marketplace: ingest.marketplace.clone(),
        window: ingest.window,
        as_of: ingest.as_of,
        charset: ingest.charset.clone(),
        // The same bytes in another charset are another delivery.
        options: ingest.charset.iter().map(|label| ("charset".to_owned(), label.trim().to_lowercase())).collect(),
        allow_personal_data: ingest.allow_personal_data,
        origin: Some(name.to_owned()),
    }
}

fn arrivals(ingest: &Ingest) -> Result<Vec<Arrival>> {
    let name = |path: &Path| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let open = |path: &Path| -> Result<Box<dyn Read + Send>> {
        let unreadable = |error: std::io::Error| {
            Error::permanent(Kind::Usage, "can't read the file").with("path", path.display()).source(error)
        };
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(Error::permanent(Kind::Usage, "this is a directory")
                .with("path", path.display())
                .hint("name the files in it"));
        }
        Ok(Box::new(file))
    };
    // Opened one by one as they are read, but checked before anything is landed.
    for path in &ingest.files {
        open(path)?;
    }
    if ingest.pages {
        let pages = ingest.files.iter().map(|path| open(path)).collect::<Result<Vec<_>>>()?;
        return Ok(vec![Arrival { name: name(&ingest.files[0]), pages }]);
    }
    ingest.files.iter().map(|path| Ok(Arrival { name: name(path), pages: vec![open(path)?] })).collect()
}

fn summarise(group: &Group) {
    for Loaded { delivery, outcome } in &group.loaded {
        let name = delivery.origin.as_deref().unwrap_or(delivery.id.as_str());
        let charset =
            if outcome.charset_guessed { format!("{} (guessed)", outcome.charset) } else { outcome.charset.clone() };
        printer::note(format!(
            "{name}: {} rows, {} rejected, {} units held back, {} incomplete, {} outside the window, charset {charset}",
            outcome.rows,
            outcome.rejected,
            outcome.held_back.len(),
            outcome.incomplete.len(),
            outcome.outside_window,
        ));
        for reject in outcome.rejects.iter().take(SHOWN) {
            let column = reject.column.as_deref().map_or_else(String::new, |column| format!(", {column}"));
            printer::note(format!("  line {}{column}: {}", reject.line, reject.reason));
        }
        if outcome.rejects.len() > SHOWN {
            printer::note(format!("  … and {} more, in rejects/{}", outcome.rejected - SHOWN as u64, delivery.source));
        }
        if !outcome.drift.is_empty() {
            let names: Vec<String> = outcome.drift.iter().map(|(name, cells)| format!("{name} ({cells})")).collect();
            printer::note(format!("  undeclared, kept in _extra: {}", names.join(", ")));
        }
        for unit in &outcome.unbalanced {
            printer::note(format!("  unit {} doesn't balance: {} instead of {}", unit.unit, unit.sum, unit.expected));
        }
        if outcome.too_early > 0 {
            printer::note(format!("  {} empty units came too early to count as empty", outcome.too_early));
        }
        if outcome.is_elsewhere() {
            printer::note(
                "  nothing changed: every row lies outside the window; --window must be the one the file was made for",
            );
        }
        if outcome.hold_back_all {
            printer::note("  nothing loaded: a rejected row belongs to a unit that can't be told");
        }
        if let Some(reason) = &outcome.refused {
            printer::note(format!("  refused: {reason}"));
        }
    }
    printer::note(format!(
        "units: {} added, {} replaced, {} older than what stands; partitions touched: {}",
        group.units_added,
        group.units_replaced,
        group.units_superseded,
        group.touched.len(),
    ));
}
