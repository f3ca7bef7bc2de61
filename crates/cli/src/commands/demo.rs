//! `sellerlake demo`: three invented sellers at a simulated Amazon, from first call to books.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_accounts::holders::{holders, since};
use sellerlake_accounts::secrets::{Secrets, field};
use sellerlake_accounts::{Gateway, Syncing, enrol, offered, with_amazon};
use sellerlake_config::{DEFAULT, FILE_NAME, Settings};
use sellerlake_contracts::{AccountId, Clock, Error, Kind, Result, Secret, SellerId, SystemClock};
use sellerlake_pipelines::{Arrival, Cancel, DeliveryFacts, LoadOptions, Pipelines, SyncOptions, Watch, Workspace};
use sellerlake_simulator::world::Profile;
use sellerlake_simulator::{Account, Running, lists};

use crate::arguments::Demo;
use crate::bars::{Bars, PullBars};
use crate::commands::demo_folder::DemoFolder;
use crate::commands::demo_summary::summarise;
use crate::commands::{rebuild, simulate, sync};
use crate::printer;

/// Days of history, without `--full`.
const DAYS: u32 = 90;

/// As far as any source reaches.
const FULL_DAYS: u32 = 730;

/// Not pulled: what the same tables get from other pipelines, at the price of a request for each day or marketplace.
const LEFT_OUT: [&str; 3] = ["shipments", "inventory_report", "orders_api"];

pub(crate) async fn run(demo: &Demo) -> Result<ExitCode> {
    let begun = SystemClock.now();
    let days = if demo.full { FULL_DAYS } else { DAYS };
    let folder = DemoFolder::take(demo.directory.as_deref())?;
    let simulator = simulate::start(Profile::demo(u64::from(days)), true, 0)?;
    let config = settings(folder.path(), simulator.url(), demo.full)?;
    let settings = Settings::read(&config)?;
    let (workspace, gateway) = with_amazon(settings).await?;
    let state = workspace.state().clone();
    let code = super::closing(state, Box::pin(fill(workspace, gateway, &simulator, &folder, begun))).await?;
    farewell(&simulator, &config, begun);
    if !demo.exit {
        wait().await?;
    }
    simulator.stop();
    Ok(code)
}

/// Pulls what the simulator has, and shows what came of it.
async fn fill(
    workspace: Workspace,
    gateway: Gateway,
    simulator: &Running,
    folder: &DemoFolder,
    begun: DateTime<Utc>,
) -> Result<ExitCode> {
    printer::note(format!("Amazon is simulated at {}; the lake is in {}", simulator.url(), folder.path().display()));
    for known in simulator.accounts() {
        add(&workspace, &gateway, &known).await?;
    }
    let workspace = Arc::new(workspace);
    let pipelines = Pipelines::load(None, workspace.declarations(), &offered())?;
    let names = pipelines.iter().map(|pipeline| pipeline.name.clone());
    let options = SyncOptions {
        pipelines: names.filter(|name| !LEFT_OUT.contains(&name.as_str())).collect(),
        since: since(&workspace, None),
        ..SyncOptions::default()
    };
    let (syncing, _) = Syncing::begin(Arc::clone(&workspace), Arc::new(gateway), options).await?;
    let holders = holders(&workspace, &[]).await?;
    let bars = PullBars::new();
    let results = syncing.pull(&holders, &Leaping(&bars), &Cancel::never()).await;
    bars.end();
    let is_complete = sync::report(&results);
    printer::note(format!("pulled and loaded after {} s", (SystemClock.now() - begun).num_seconds()));
    give_lists(&workspace).await?;
    let mut rebuilt = Vec::new();
    for holder in &holders {
        rebuilt.push(workspace.rebuilding.rebuild(&holder.id.seller, None, &Bars::default()).await?);
    }
    rebuild::print(&rebuilt);
    let is_fresh = rebuilt.iter().all(|rebuilt| rebuilt.failed.is_empty());
    for holder in &holders {
        summarise(&workspace, holder).await?;
    }
    Ok(if is_complete && is_fresh { ExitCode::SUCCESS } else { ExitCode::from(super::IN_PART) })
}

/// Bars that don't say how long it takes by Amazon's quotas: a simulated clock leaps over every wait.
struct Leaping<'a>(&'a PullBars);

impl Watch for Leaping<'_> {
    fn planned(&self, account: &AccountId, requests: u64, _: TimeDelta) {
        self.0.planned(account, requests, TimeDelta::zero());
    }

    fn concluded(&self, account: &AccountId, pipeline: &str) {
        self.0.concluded(account, pipeline);
    }
}

/// A settings file for the simulator at this address.
fn settings(directory: &Path, url: &str, full: bool) -> Result<PathBuf> {
    let mut text = DEFAULT.replace("endpoint = \"\"", &format!("endpoint = \"{url}\""));
    text = text.replace("clock = \"system\"", "clock = \"stepped\"");
    if full {
        text = text.replace("history_days = 90", "history_days = 0");
    }
    let path = directory.join(FILE_NAME);
    std::fs::write(&path, text).map_err(|error| {
        Error::permanent(Kind::Storage, "can't write the settings").with("path", path.display()).source(error)
    })?;
    Ok(path)
}

async fn add(workspace: &Workspace, gateway: &Gateway, known: &Account) -> Result<()> {
    let id = AccountId { seller: known.seller_id.parse()?, region: known.region.parse()? };
    let mut secrets = vec![
        (field::CLIENT_ID, &known.client_id),
        (field::CLIENT_SECRET, &known.client_secret),
        (field::REFRESH_TOKEN, &known.refresh_token),
    ];
    if let Some(ads) = &known.ads {
        secrets.extend([
            (field::ADS_CLIENT_ID, &ads.client_id),
            (field::ADS_CLIENT_SECRET, &ads.client_secret),
            (field::ADS_REFRESH_TOKEN, &ads.refresh_token),
        ]);
    }
    let secrets: Secrets = secrets.into_iter().map(|(name, text)| (name, Secret::new(text.clone()))).collect();
    enrol::add(workspace, gateway, &id, &[], &secrets).await.map(drop)
}

/// What Amazon's documents don't say: the taxes that prices contain, in one list for all sellers.
async fn give_lists(workspace: &Workspace) -> Result<()> {
    for (source, list) in [("tax_rates", lists::tax_rates()), ("tax_registrations", lists::tax_registrations())] {
        let name = format!("{source}.csv");
        let facts = DeliveryFacts {
            source: source.to_owned(),
            seller: SellerId::shared(),
            scope: None,
            marketplace: None,
            window: None,
            as_of: Some(workspace.clock().now()),
            charset: None,
            options: BTreeMap::new(),
            allow_personal_data: false,
            origin: Some(name.clone()),
        };
        let arrival = Arrival { name, pages: vec![Box::new(std::io::Cursor::new(list))] };
        let delivery = workspace.loading.land(&facts, arrival).await?;
        workspace.loading.load(source, vec![delivery], &LoadOptions::default()).await?;
    }
    Ok(())
}

fn farewell(simulator: &Running, config: &Path, begun: DateTime<Utc>) {
    let command = format!("{} --config {}", program(), word(&config.to_string_lossy()));
    printer::note(format!(
        "All of this took {} s, without a call beyond this machine. Ask more:",
        (SystemClock.now() - begun).num_seconds()
    ));
    let questions = [
        "sql \"SELECT local_day, sum(units) AS units FROM daily_sales GROUP BY local_day ORDER BY local_day\"",
        "sql \"SELECT sku, sum(profit_before_cogs) AS profit FROM daily_profit WHERE currency = 'EUR' GROUP BY sku ORDER BY profit DESC\"",
        "sql \"SELECT pipeline, status, count(*) AS slices FROM meta.slices GROUP BY pipeline, status\"",
        "coverage --gaps",
        "tables",
    ];
    for question in questions {
        printer::note(format!("  {command} {question}"));
    }
    printer::note(format!("  {command} verify --against {}", simulator.url()));
}

/// What to type to run this program: the path it was called by, or its name where a shell found it by that.
fn program() -> String {
    let called = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    if called.components().count() > 1 { word(&called.to_string_lossy()) } else { "sellerlake".to_owned() }
}

/// A text as one word of a shell's, quoted where it has to be.
fn word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+=,".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Until somebody interrupts it, the simulator goes on answering.
async fn wait() -> Result<()> {
    printer::note("");
    printer::note("The simulated Amazon keeps answering until you press Ctrl-C (--exit doesn't wait).");
    tokio::signal::ctrl_c().await.map_err(|error| Error::permanent(Kind::Internal, "can't wait").source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_word_as_one() {
        assert_eq!(word("/tmp/sellerlake-demo/sellerlake.toml"), "/tmp/sellerlake-demo/sellerlake.toml");
        assert_eq!(word("my lake/it's.toml"), r"'my lake/it'\''s.toml'");
        assert_eq!([word("$HOME"), word("")], ["'$HOME'", "''"]);
    }
}
