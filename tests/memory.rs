//! One budget for all that one process does: four accounts load large reports while a fifth's tables are rebuilt and eight
//! heavy statements are answered. `just memory` does it with more rows.

use std::fmt::Write;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use sellerlake_config::Settings;
use sellerlake_contracts::{Result, SellerId, SystemClock};
use sellerlake_pipelines::{Arrival, DeliveryFacts, Granted, LoadOptions, Silent, Workspace};
use sellerlake_state::DeliveryFilter;

/// What the process takes besides `memory_mib`, at most: itself, what it reads and decodes at the moment, and freed memory that the
/// allocator keeps.
const BESIDES_MIB: u64 = 320;

/// Where the second process finds its lake.
const FOLDER: &str = "SELLERLAKE_MEMORY_FOLDER";

/// The account that is rebuilt and asked about, and those that load.
const ASKED: &str = "A1";
const LOADING: [&str; 4] = ["B1", "B2", "B3", "B4"];

const STATEMENTS: [&str; 4] = [
    "SELECT * FROM sources.all_orders ORDER BY product_name, amazon_order_id, sku",
    "SELECT amazon_order_id, sku, product_name, count(*) AS n, sum(item_price) AS price FROM sources.all_orders \
     GROUP BY amazon_order_id, sku, product_name ORDER BY price DESC, amazon_order_id, sku",
    "SELECT count(DISTINCT amazon_order_id || sku || product_name) AS n FROM sources.all_orders",
    "SELECT a.product_name, count(*) AS n FROM sources.all_orders AS a INNER JOIN sources.all_orders AS b \
     ON a.amazon_order_id = b.amazon_order_id AND a.product_name <= b.product_name GROUP BY a.product_name ORDER BY n",
];

/// Rows of each report and MiB of the budget: small ones, unless told otherwise.
fn sizes() -> (u64, usize) {
    let told = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let (rows, memory_mib) = (told("SELLERLAKE_MEMORY_ROWS"), told("SELLERLAKE_MEMORY_MIB"));
    (rows.unwrap_or(60_000), memory_mib.unwrap_or(256) as usize)
}

fn settings(folder: &Path) -> Settings {
    let mut settings = Settings::below(folder).unwrap();
    (settings.threads, settings.memory_bytes) = (2, sizes().1 << 20);
    settings
}

async fn open(folder: &Path) -> Workspace {
    Workspace::open(settings(folder), Arc::new(SystemClock)).await.unwrap()
}

/// An All Orders report of three months, one or two items an order.
fn report(file: &Path, rows: u64) {
    let mut out = BufWriter::new(fs::File::create(file).unwrap());
    out.write_all(
        b"amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\t\
          sales-channel\tship-service-level\tproduct-name\tsku\tasin\titem-status\tquantity\tcurrency\titem-price\t\
          item-tax\tship-country\n",
    )
    .unwrap();
    let mut line = String::new();
    for row in 0..rows {
        let (order, luck) = (row / 3 * 2 + row % 3 / 2, row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16);
        let (month, day, hour) = (1 + order * 3 / rows.max(1), 1 + order % 28, order / 28 % 24);
        let at = format!("2026-{month:02}-{day:02}T{hour:02}:{:02}:00+00:00", order % 60);
        line.clear();
        writeln!(
            line,
            "111-{:07}-{:07}\tM{order}\t{at}\t{at}\tShipped\tAmazon\tAmazon.com\tStandard\tStainless Steel Water Bottle \
             with Lid, BPA Free, 1 l, Pack of {}, for Travel and Office, No. {row}\tBOT-{:05}\tB0{:08}\tShipped\t{}\tUSD\t\
             {}.{:02}\t{}.{:02}\tUS",
            order / 10_000_000,
            order % 10_000_000,
            luck % 5 + 1,
            luck % 3000,
            luck % 3000,
            1 + luck % 3,
            5 + luck % 90,
            luck % 100,
            luck % 9,
            luck % 100,
        )
        .unwrap();
        out.write_all(line.as_bytes()).unwrap();
    }
    out.flush().unwrap();
}

/// A lake with one account's report loaded and nothing made from it, and those of the others landed.
async fn prepare(folder: &Path) {
    let workspace = open(folder).await;
    let file = folder.join("report.txt");
    report(&file, sizes().0);
    for name in [ASKED].iter().chain(&LOADING) {
        let facts = DeliveryFacts {
            source: "all_orders".to_owned(),
            seller: seller(name),
            scope: Some("NA".to_owned()),
            marketplace: None,
            window: None,
            as_of: Some("2026-04-10T00:00:00Z".parse().unwrap()),
            charset: None,
            options: std::collections::BTreeMap::new(),
            allow_personal_data: false,
            origin: None,
        };
        let pages: Vec<Box<dyn std::io::Read + Send>> = vec![Box::new(fs::File::open(&file).unwrap())];
        let landed = workspace.loading.land(&facts, Arrival { name: "report.txt".into(), pages }).await.unwrap();
        if *name == ASKED {
            workspace.loading.load("all_orders", vec![landed], &LoadOptions::default()).await.unwrap();
        }
    }
    workspace.state().close().await;
}

fn seller(name: &str) -> SellerId {
    name.parse().unwrap()
}

async fn load(workspace: Arc<Workspace>, name: &str) -> Result<String> {
    let filter = DeliveryFilter { seller: Some(seller(name)), ..DeliveryFilter::default() };
    let record = workspace.state().deliveries(&filter).await?.remove(0);
    let delivery = workspace.lake().delivery(&record.meta_path).await?.unwrap();
    let group = workspace.loading.load("all_orders", vec![delivery], &LoadOptions::default()).await?;
    Ok(format!("loaded {}", group.loaded.iter().map(|loaded| loaded.outcome.rows).sum::<u64>()))
}

async fn rebuild(workspace: Arc<Workspace>) -> Result<String> {
    let rebuilt = workspace.rebuilding.rebuild(&seller(ASKED), None, &Silent).await?;
    Ok(format!("rebuilt, {} failed", rebuilt.failed.len()))
}

async fn ask(workspace: Arc<Workspace>, statement: &str) -> Result<String> {
    let mut answer = workspace.asking.ask(statement, &Granted::Sellers([seller(ASKED)].into())).await?;
    let mut rows = 0;
    while let Some(batch) = answer.next().await {
        rows += batch?.num_rows();
    }
    Ok(format!("answered {rows}"))
}

/// All of it at once, in this process; what came of each and what it took, a line each.
async fn all_at_once(folder: &Path) -> Vec<String> {
    let workspace = Arc::new(open(folder).await);
    let (peak, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let before = anonymous_mib();
    let looking = {
        let (peak, over) = (Arc::clone(&peak), Arc::clone(&over));
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                peak.fetch_max(anonymous_mib(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
        })
    };
    let begun = Instant::now();
    let mut working = Vec::new();
    for name in LOADING {
        working.push(tokio::spawn(load(Arc::clone(&workspace), name)));
    }
    working.push(tokio::spawn(rebuild(Arc::clone(&workspace))));
    for statement in STATEMENTS.into_iter().chain(STATEMENTS) {
        working.push(tokio::spawn(ask(Arc::clone(&workspace), statement)));
    }
    let mut lines = Vec::new();
    for work in working {
        lines.push(work.await.unwrap().unwrap_or_else(|error| format!("failed: {error:#}")));
    }
    over.store(true, Ordering::Relaxed);
    looking.join().unwrap();
    lines.push(format!("began with {before} MiB, took {:.1} s", begun.elapsed().as_secs_f64()));
    lines.push(format!("peak {}", peak.load(Ordering::Relaxed)));
    lines
}

/// Memory of this process that no file stands behind.
fn anonymous_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_a_process_does_stays_within_one_budget() {
    if let Ok(folder) = std::env::var(FOLDER) {
        all_at_once(Path::new(&folder)).await.iter().for_each(|line| eprintln!("{line}"));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path()).await;
    // In a process of its own, since other tests take memory too.
    let mut own = Command::new(std::env::current_exe().unwrap());
    own.args(["--exact", "memory::all_that_a_process_does_stays_within_one_budget", "--nocapture"]);
    let output = own.env(FOLDER, folder.path()).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    let (rows, memory_mib) = sizes();
    eprintln!("{rows} rows a report, {memory_mib} MiB\n{words}");
    let peak: u64 = words.lines().find_map(|line| line.strip_prefix("peak ")).unwrap().parse().unwrap();
    let done = |what: &str| words.lines().filter(|line| line.starts_with(what)).count();
    let all = (done(&format!("loaded {rows}")), done("rebuilt, 0 failed"), done("answered "));
    assert_eq!(all, (4, 1, 8), "{words}");
    assert!(peak <= memory_mib as u64 + BESIDES_MIB, "{peak} MiB");
}
