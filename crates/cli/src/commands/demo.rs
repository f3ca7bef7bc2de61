//! `sellerlake demo`: a small seller's files, from bytes to books.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use include_dir::{Dir, include_dir};
use sellerlake_config::{DEFAULT, FILE_NAME, Settings};
use sellerlake_contracts::{Error, Kind, Result, SellerId, SystemClock, Window};
use sellerlake_pipelines::{Arrival, DeliveryFacts, Granted, LoadOptions, Progress, Workspace};
use sellerlake_query::output::{OutputFormat, write};
use serde::Deserialize;

use crate::bars::Bars;
use crate::commands::rebuild;
use crate::printer;

/// An invented seller's documents; the tests know their books to the cent.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../tests/cases/pnl");

const SELLER: &str = "A1DEMO";

#[derive(Deserialize)]
struct Script {
    deliveries: Vec<Input>,
}

#[derive(Deserialize)]
struct Input {
    source: String,
    file: String,
    as_of: DateTime<Utc>,
    scope: Option<String>,
    window: Option<(NaiveDate, NaiveDate)>,
}

/// What the demo asks, and why.
const QUESTIONS: [(&str, &str); 3] = [
    (
        "Profit per month, marketplace and currency (NULL: a cost is unknown)",
        "SELECT local_month, marketplace_id, currency, sum(product_sales) AS product_sales, sum(refunds) AS refunds,
                sum(advertising) AS advertising, sum(profit_before_cogs) AS before_cost,
                CASE WHEN bool_or(profit IS NULL) THEN NULL ELSE sum(profit) END AS profit
         FROM (SELECT *, month_of(local_day) AS local_month FROM daily_profit)
         GROUP BY local_month, marketplace_id, currency ORDER BY local_month, marketplace_id, currency",
    ),
    (
        "What Amazon kept, by kind of fee",
        "SELECT currency, category, sum(amount) AS amount, sum(lines) AS lines FROM monthly_fees
         GROUP BY currency, category ORDER BY currency, amount",
    ),
    (
        "Objects of the lake",
        "SELECT area, count(*) AS objects, sum(rows) AS rows, sum(size_bytes) AS bytes FROM meta.objects
         WHERE etag IS NOT NULL GROUP BY area ORDER BY area",
    ),
];

pub(crate) async fn run(directory: Option<&PathBuf>) -> Result<ExitCode> {
    let failed = |error: std::io::Error| Error::permanent(Kind::Storage, "can't make the demo's lake").source(error);
    let kept = directory.cloned().unwrap_or_else(|| std::env::temp_dir().join("sellerlake-demo"));
    std::fs::create_dir_all(&kept).map_err(failed)?;
    let settings = kept.join(FILE_NAME);
    std::fs::write(&settings, DEFAULT).map_err(failed)?;
    let workspace = Workspace::open(Settings::read(&settings)?, Arc::new(SystemClock)).await?;
    let bars = Bars::default();
    let seller: SellerId = SELLER.parse()?;
    load(&workspace, &seller, &bars).await?;
    rebuild::print(&[workspace.rebuild(&seller, None, &bars).await?]);
    let granted = Granted::Sellers([seller].into());
    for (title, statement) in QUESTIONS {
        printer::line(format!("\n{title}"));
        let answer = workspace.ask(statement, &granted).await?;
        write(answer, OutputFormat::Table, &mut std::io::stdout()).await?;
    }
    printer::note(format!("\nThe lake is in {}. Ask it more:", kept.display()));
    printer::note(format!("  sellerlake --config {} sql \"SELECT * FROM orders\"", settings.display()));
    Ok(ExitCode::SUCCESS)
}

async fn load(workspace: &Workspace, seller: &SellerId, bars: &Bars) -> Result<()> {
    let broken = |what: &str| Error::permanent(Kind::Internal, format!("the demo's {what} is broken"));
    let script = FILES.get_file("case.toml").and_then(|file| file.contents_utf8()).ok_or_else(|| broken("script"))?;
    let script: Script = toml::from_str(script).map_err(|error| broken("script").source(error))?;
    bars.begin("reading files", Some(script.deliveries.len() as u64));
    for input in script.deliveries {
        let bytes = FILES.get_file(&input.file).ok_or_else(|| broken("data"))?.contents();
        let facts = DeliveryFacts {
            source: input.source.clone(),
            seller: seller.clone(),
            scope: input.scope,
            marketplace: None,
            window: input.window.map(|(first, last)| Window::of_days(first, last)).transpose()?,
            as_of: Some(input.as_of),
            charset: None,
            options: BTreeMap::new(),
            allow_personal_data: false,
            origin: Some(input.file.clone()),
        };
        let arrival = Arrival { name: input.file, pages: vec![Box::new(Cursor::new(bytes))] };
        let delivery = workspace.land(&facts, arrival).await?;
        workspace.load(&input.source, vec![delivery], &LoadOptions::default()).await?;
        bars.advance(1);
    }
    bars.end();
    Ok(())
}
