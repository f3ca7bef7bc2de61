//! `sellerlake ingest`

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sellerlake_contracts::{Delivery, Error, Kind, Result, SellerId};
use sellerlake_pipelines::{
    Arrival, DeliveryFacts, Group, GroupSize, LoadOptions, Loaded, Moved, Progress, Rebuilt, Tie, Ties, Unknown,
    Workspace,
};

use crate::arguments::Ingest;
use crate::bars::Bars;
use crate::commands::IN_PART;
use crate::commands::rebuild::{self, TakenUp, resume};
use crate::printer::{self, count};

/// Rejected rows shown of one file; all of them are in `rejects/`.
const SHOWN: usize = 5;

pub(crate) async fn run(workspace: &Workspace, ingest: &Ingest) -> Result<ExitCode> {
    let declared = workspace.loading.source(&ingest.source)?;
    let source = declared.name.clone();
    let marketplace =
        ingest.marketplace.as_deref().map(|name| workspace.loading.named_marketplace(name)).transpose()?;
    let scope = ingest.scope.as_deref().map(|name| workspace.loading.named_scope(declared, name)).transpose()?;
    workspace.loading.check_times(ingest.window, ingest.as_of)?;
    let arrivals = arrivals(ingest)?;
    if let Some(doubt) = marketplace.as_ref().and_then(|marketplace| workspace.loading.doubt(marketplace)) {
        printer::note(format!("warning: {doubt}"));
    }
    let TakenUp { mut sellers, is_whole } = resume(workspace).await?;
    sellers.insert(ingest.seller.clone());
    let bars = Bars::default();
    let mut touched = Vec::new();
    let mut in_part = !is_whole;
    bars.begin("ingesting", Some(arrivals.len() as u64));
    let mut arrivals = arrivals.into_iter().peekable();
    while arrivals.peek().is_some() {
        let (mut landed, mut size): (Vec<Delivery>, GroupSize) = Default::default();
        for arrival in arrivals.by_ref() {
            let facts = DeliveryFacts {
                scope: scope.clone(),
                marketplace: marketplace.clone(),
                ..facts(ingest, &source, &arrival.name)
            };
            let delivery = workspace.loading.land(&facts, arrival).await?;
            if facts.scope.is_none() && facts.marketplace.is_none() && delivery.scope.is_told() {
                let (name, scope) = (delivery.origin.as_deref().unwrap_or_default(), &delivery.scope);
                printer::note(format!("{name}: taken for {scope}, by the seller's accounts; --scope says otherwise"));
            }
            if landed.iter().all(|known| known.id != delivery.id) {
                size.add(workspace.loading.plain_size(&delivery).await?);
                landed.push(delivery);
            }
            bars.advance(1);
            if size.is_full() {
                break;
            }
        }
        let group = workspace.loading.load(&source, landed, &LoadOptions::default()).await?;
        in_part |= group.in_part() > 0 || group.ties.are_doubtful() || group.moved.units > 0;
        bars.end();
        summarise(&group);
        tell_ties(workspace, &group.ties).await?;
        touched.extend(group.touched);
    }
    bars.end();
    let mut stale = false;
    if !ingest.no_rollup {
        // The first comparison of a run is of everything: an earlier run may have been cut short.
        let mut rebuilt = Vec::new();
        for seller in &sellers {
            rebuilt.push(workspace.rebuilding.rebuild(seller, None, &bars).await?);
        }
        stale = report(&rebuilt);
        if !ingest.seller.is_shared() {
            tell_unknown(workspace, &source, &ingest.seller).await?;
        }
    }
    Ok(if in_part || stale { ExitCode::from(IN_PART) } else { ExitCode::SUCCESS })
}

/// Says which names in a list kept by hand nothing else in the lake knows.
async fn tell_unknown(workspace: &Workspace, source: &str, seller: &SellerId) -> Result<()> {
    for unknown in workspace.asking.unknown_in_list(workspace.loading.source(source)?, seller).await? {
        let Unknown { column, count, shown, nobody_known } = unknown;
        let more = if count > shown.len() as i64 { ", …" } else { "" };
        let shown = format!("{}{more}", shown.join(", "));
        printer::note(if nobody_known {
            format!("warning: no {column} of seller {seller} is known yet, so none in the list: {shown}")
        } else {
            format!("warning: {count} {column} in the list that nothing else of the seller's has: {shown}")
        });
    }
    Ok(())
}

fn report(rebuilt: &[Rebuilt]) -> bool {
    rebuild::print(rebuilt);
    !rebuilt.iter().all(Rebuilt::is_whole)
}

fn facts(ingest: &Ingest, source: &str, name: &str) -> DeliveryFacts {
    DeliveryFacts {
        source: source.to_owned(),
        seller: ingest.seller.clone(),
        scope: None,
        marketplace: None,
        window: ingest.window,
        as_of: ingest.as_of,
        charset: ingest.charset.clone(),
        // The same bytes in another charset, with days for months or decimals for thousands, are another delivery.
        options: [("charset", &ingest.charset), ("day_order", &ingest.day_order), ("decimal", &ingest.decimal)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value.as_ref()?.trim().to_lowercase())))
            .collect(),
        allow_personal_data: ingest.allow_personal_data,
        origin: Some(name.to_owned()),
    }
}

fn arrivals(ingest: &Ingest) -> Result<Vec<Arrival>> {
    let name = |path: &Path| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let page = |path: &PathBuf| -> Box<dyn Read + Send> { Box::new(Lazy { path: path.clone(), file: None }) };
    // Opened one by one as they are read, but checked before anything is landed.
    ingest.files.iter().try_for_each(|path| check_file(path))?;
    if ingest.pages {
        let pages = ingest.files.iter().map(page).collect();
        return Ok(vec![Arrival { name: name(&ingest.files[0]), pages }]);
    }
    Ok(ingest.files.iter().map(|path| Arrival { name: name(path), pages: vec![page(path)] }).collect())
}

/// A file that is opened when it is read and closed at its end: there may be more of them than may be open.
struct Lazy {
    path: PathBuf,
    file: Option<File>,
}

impl Read for Lazy {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            file @ None => file.insert(File::open(&self.path)?),
        };
        file.read(buffer)
    }
}

/// Only a file has an end, and is there again when it is looked at twice.
fn check_file(path: &Path) -> Result<()> {
    let refused = |problem: &str| Error::permanent(Kind::Usage, problem.to_owned()).with("path", path.display());
    if path == Path::new("-") {
        return Err(
            refused("standard input isn't read").hint("write it to a file, whose name is kept with the delivery")
        );
    }
    // Looked at before it is opened: a pipe would wait for somebody to write.
    let metadata = std::fs::metadata(path).map_err(|error| refused("can't read the file").source(error))?;
    if metadata.is_dir() {
        return Err(refused("this is a directory").hint("name the files in it"));
    }
    if !metadata.is_file() {
        return Err(refused("this is a pipe or a device, not a file").hint("write what it gives to a file first"));
    }
    File::open(path).map(drop).map_err(|error| refused("can't read the file").source(error))
}

fn summarise(group: &Group) {
    for loaded in &group.loaded {
        let Loaded { delivery, outcome, set_aside, .. } = loaded;
        let name = delivery.origin.as_deref().unwrap_or(delivery.id.as_str());
        let charset =
            if outcome.charset_guessed { format!("{} (guessed)", outcome.charset) } else { outcome.charset.clone() };
        printer::note(format!(
            "{name}: {}, {} rejected, {} held back, {} incomplete, {} outside the window, charset {charset}",
            count(outcome.rows, "row"),
            outcome.rejected,
            count(outcome.held_back.len() as u64, "unit"),
            outcome.incomplete.len(),
            outcome.outside_window,
        ));
        if let Some(settled) = &outcome.day_order {
            printer::note(format!("  dates read as {}, by {}", settled.order.name(), settled.by));
        }
        for reject in outcome.rejects.iter().take(SHOWN) {
            let column = reject.column.as_deref().map_or_else(String::new, |column| format!(", {column}"));
            printer::note(format!("  line {}{column}: {}", reject.line, reject.reason));
        }
        if outcome.rejects.len() > SHOWN {
            printer::note(format!("  … and {} more, in rejects/{}", outcome.rejected - SHOWN as u64, delivery.source));
        }
        tell_undeclared(loaded);
        if outcome.more_follows {
            printer::note("  cut short: the last page names a next one, which isn't there");
        }
        if outcome.repeated > 0 {
            let rows = count(outcome.repeated, "row");
            printer::note(format!("  {rows} left out: headers among the rows, and what the file had said before"));
        }
        for (column, strangers) in &outcome.strangers {
            let names: Vec<String> = strangers.iter().map(|(name, rows)| format!("{name:?} ({rows})")).collect();
            printer::note(format!("  unknown {column}: {}", names.join(", ")));
        }
        for unit in &outcome.unbalanced {
            printer::note(format!("  unit {} doesn't balance: {} instead of {}", unit.unit, unit.sum, unit.expected));
        }
        if !outcome.strayed.is_empty() {
            let days = count(outcome.strayed.len() as u64, "day");
            printer::note(format!("  rows of {days} beyond the window are left out"));
            printer::note("  hint: --window must be the one the file was made for");
        }
        if outcome.too_early > 0 {
            printer::note(format!("  {} came too early to count as empty", count(outcome.too_early, "empty unit")));
        }
        if *set_aside > 0 {
            let rows = count(*set_aside, "row");
            printer::note(format!("  {rows} set aside: of what the file has in several versions, the newest stands"));
        }
        if outcome.hold_back_all {
            printer::note("  nothing loaded: a rejected row belongs to a unit that can't be told");
        }
        if let Some(reason) = &outcome.refused {
            tell_refused(reason);
        }
    }
    printer::note(format!(
        "units: {} added, {} replaced, {} older than what stands; partitions touched: {}",
        group.units_added,
        group.units_replaced,
        group.units_superseded,
        group.touched.len(),
    ));
    tell_moved(&group.moved);
}

/// Columns that the source doesn't declare.
fn tell_undeclared(loaded: &Loaded) {
    let outcome = &loaded.outcome;
    if !outcome.drift.is_empty() {
        let names: Vec<String> = outcome.drift.iter().map(|(name, cells)| format!("{name} ({cells})")).collect();
        printer::note(format!("  undeclared, kept in _extra: {}", names.join(", ")));
    }
    if !outcome.dropped.is_empty() {
        let names: Vec<String> = outcome.dropped.iter().map(|(name, cells)| format!("{name} ({cells})")).collect();
        printer::note(format!("  undeclared, dropped as personal: {}", names.join(", ")));
    }
}

fn tell_refused(reason: &str) {
    let (reason, remedy) = reason.split_once("; say ").unwrap_or((reason, ""));
    printer::note(format!("  refused: {reason}"));
    if !remedy.is_empty() {
        printer::note(format!("  hint: say {remedy}"));
    }
}

fn tell_moved(moved: &Moved) {
    let Some(problem) = moved.told("its date") else { return };
    printer::note(format!("counted twice: {problem}"));
    printer::note("  hint: `sellerlake withdraw` the delivery that had it wrong");
}

/// Deliveries that say different things although none was true earlier.
async fn tell_ties(workspace: &Workspace, ties: &Ties) -> Result<()> {
    let Some(Tie { unit, stands, other, by_rows }) = &ties.example else { return Ok(()) };
    let fetched = async |id: &str| -> Result<_> {
        Ok(workspace.state().delivery(&id.parse()?).await?.map(|record| record.fetched_at))
    };
    let (what, why) = if *by_rows {
        ("fewer rows, and yet it balances", "has more rows")
    } else if fetched(stands).await? > fetched(other).await? {
        ("same as-of, different content", "was fetched later")
    } else {
        ("same as-of, different content", "came at the same moment and has the greater id")
    };
    let units = count(ties.won + ties.lost, "unit");
    printer::note(format!("{what}: {units}; of {unit}, delivery {stands} stands, which {why} than {other}"));
    if ties.lost > 0 && !by_rows {
        printer::note("  hint: a later --as-of makes what comes again stand");
    }
    Ok(())
}
