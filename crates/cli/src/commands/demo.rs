//! `sellerlake demo`: three invented sellers at a simulated Amazon, from first call to books.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sellerlake_config::{DEFAULT, FILE_NAME, Settings};
use sellerlake_contracts::{AccountId, Clock, Error, Kind, Result, Secret, SystemClock};
use sellerlake_pipelines::{Cancel, Pipelines, SyncOptions, Workspace};
use sellerlake_simulator::world::Profile;
use sellerlake_simulator::{Account, Running};

use crate::amazon::{Gateway, Secrets, clock, field};
use crate::arguments::Demo;
use crate::bars::{Bars, PullBars};
use crate::commands::demo_summary::summarise;
use crate::commands::{account, rebuild, simulate, sync};
use crate::printer;

/// Days of history, without `--full`.
const DAYS: u32 = 90;

/// As far as any source reaches.
const FULL_DAYS: u32 = 730;

/// What says that a directory was made by a demo, and may be made anew by the next.
const MARK: &str = ".sellerlake-demo";

/// Not pulled: what the same tables get from other pipelines, at the price of a request for each day or marketplace.
const LEFT_OUT: [&str; 3] = ["shipments", "inventory_report", "orders_api"];

pub(crate) async fn run(demo: &Demo) -> Result<ExitCode> {
    let begun = SystemClock.now();
    let days = if demo.full { FULL_DAYS } else { DAYS };
    let simulator = simulate::start(Profile::demo(u64::from(days)), true, 0)?;
    let directory = directory(demo.directory.as_deref())?;
    let config = settings(&directory, simulator.url(), demo.full)?;
    let settings = Settings::read(&config)?;
    let (clock, stepped) = clock(&settings).await?;
    let workspace = Workspace::open(settings, clock).await?;
    let gateway = Gateway::new(&workspace, stepped);
    printer::note(format!("Amazon is simulated at {}; the lake is in {}", simulator.url(), directory.display()));
    for known in simulator.accounts() {
        add(&workspace, &gateway, &known).await?;
    }
    let workspace = Arc::new(workspace);
    let pipelines = Pipelines::load(None, &workspace.declarations)?;
    let names = pipelines.iter().map(|pipeline| pipeline.name.clone());
    let options = SyncOptions {
        pipelines: names.filter(|name| !LEFT_OUT.contains(&name.as_str())).collect(),
        since: sync::since(&workspace, None),
        ..SyncOptions::default()
    };
    let puller = sync::puller(&workspace, Arc::new(pipelines), Arc::new(gateway));
    let holders = sync::holders(&workspace, &[]).await?;
    let bars = PullBars::new();
    let results = sync::pull(&puller, &holders, &options, &bars, &Cancel::never()).await;
    bars.end();
    let is_complete = sync::report(&results);
    printer::note(format!("pulled and loaded after {} s", (SystemClock.now() - begun).num_seconds()));
    let mut rebuilt = Vec::new();
    for holder in &holders {
        rebuilt.push(workspace.rebuild(&holder.id.seller, None, &Bars::default()).await?);
    }
    rebuild::print(&rebuilt);
    let is_fresh = rebuilt.iter().all(|rebuilt| rebuilt.failed.is_empty());
    for holder in &holders {
        summarise(&workspace, holder).await?;
    }
    farewell(&simulator, &config, begun);
    if !demo.exit {
        wait().await?;
    }
    simulator.stop();
    Ok(if is_complete && is_fresh { ExitCode::SUCCESS } else { ExitCode::from(super::IN_PART) })
}

/// The directory of the lake, new and empty but for the mark.
fn directory(named: Option<&Path>) -> Result<PathBuf> {
    let failed =
        |error: std::io::Error| Error::permanent(Kind::Storage, "can't make the demo's directory").source(error);
    let directory = named.map_or_else(|| std::env::temp_dir().join("sellerlake-demo"), Path::to_owned);
    let entries = std::fs::read_dir(&directory).map_or(0, Iterator::count);
    if entries > 0 && !directory.join(MARK).exists() {
        return Err(Error::permanent(Kind::Usage, "the directory isn't empty, and no demo made it")
            .with("path", directory.display())
            .hint("name a new directory"));
    }
    if entries > 0 {
        std::fs::remove_dir_all(&directory).map_err(failed)?;
    }
    std::fs::create_dir_all(&directory).map_err(failed)?;
    std::fs::write(directory.join(MARK), "").map_err(failed)?;
    Ok(directory)
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
    let presence = gateway.presence(&gateway.trial(&id, &secrets).await?).await?;
    let marketplaces = account::wanted(workspace, &id, &[], presence.marketplaces)?;
    account::enter(workspace, gateway, &id, &marketplaces, &secrets).await?;
    workspace.state.set_ads_profiles(&id, &presence.profiles).await
}

fn farewell(simulator: &Running, config: &Path, begun: DateTime<Utc>) {
    let config = config.display();
    printer::note(format!(
        "\nAll of this took {} s, without a call beyond this machine. Ask more:",
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
        printer::note(format!("  sellerlake --config {config} {question}"));
    }
    printer::note(format!("  sellerlake --config {config} verify --against {}", simulator.url()));
}

/// Until somebody interrupts it, the simulator goes on answering.
async fn wait() -> Result<()> {
    printer::note("\nThe simulated Amazon keeps answering until you press Ctrl-C (--exit doesn't wait).");
    tokio::signal::ctrl_c().await.map_err(|error| Error::permanent(Kind::Internal, "can't wait").source(error))
}
