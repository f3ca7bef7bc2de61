//! Several processes write to one partition at the same time.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::{Child, Stdio};

use crate::site::{Site, text};
use crate::stores::Bucket;

/// Rounds of two processes; `SELLERLAKE_ROUNDS` says otherwise.
const ROUNDS: u32 = 10;

fn rounds() -> u32 {
    std::env::var("SELLERLAKE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

fn order_id(round: u32, process: u32, number: u32) -> String {
    format!("111-{round:04}{process:03}-{number:07}")
}

/// Ten orders of its own, and a newer version of one order that all write.
fn orders(round: u32, process: u32) -> String {
    let mut text = String::from(
        "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\t\
         currency\titem-price\n",
    );
    let bought = "2026-03-05T12:00:00Z";
    for number in 0..10 {
        let id = order_id(round, process, number);
        writeln!(text, "{id}\t{bought}\t2026-03-06T00:00:00Z\tShipped\tAmazon.com\tMUG\t1\tUSD\t10.00").unwrap();
    }
    let version = round * 2 + process;
    let updated = format!("2026-04-01T00:{:02}:{:02}Z", version / 60, version % 60);
    writeln!(text, "333-0000000-0000000\t{bought}\t{updated}\tShipped\tAmazon.com\tRUG\t{}\tUSD\t1.00", version + 1)
        .unwrap();
    text
}

fn start(site: &Site, round: u32, process: u32) -> Child {
    let file = site.file(&format!("{round}-{process}.txt"), orders(round, process)).display().to_string();
    let mut command = site.command(&["ingest", "--source", "all_orders", "--seller", "A1", &file]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn race(site: &Site) {
    for round in 0..rounds() {
        let racing: Vec<Child> = (0..2).map(|process| start(site, round, process)).collect();
        for child in racing {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "round {round}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let words = site.ok(&["verify"]);
        assert!(words.contains("everything is as it should be"), "round {round}: {words}");
    }
    let rows = site.sql("SELECT amazon_order_id, units FROM order_items ORDER BY amazon_order_id");
    let found: Vec<String> = rows.iter().map(|row| text(&row["amazon_order_id"])).collect();
    let mut expected = BTreeSet::from(["333-0000000-0000000".to_owned()]);
    for round in 0..rounds() {
        expected.extend((0..2).flat_map(|process| (0..10).map(move |number| order_id(round, process, number))));
    }
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    let newest = "SELECT units FROM order_items WHERE amazon_order_id LIKE '333%'";
    assert_eq!(site.value(newest), (rounds() * 2).to_string(), "the highest version stands");
    assert_eq!(site.value("SELECT count(*) AS n FROM orders"), (rounds() * 20 + 1).to_string());
    let sold = site.value("SELECT sum(units) AS units FROM daily_sales");
    assert_eq!(sold, (rounds() * 22).to_string(), "rollups know all of it");
    assert_eq!(site.value("SELECT count(*) AS n FROM meta.deliveries WHERE status <> 'loaded'"), "0");
}

#[test]
fn two_processes_write_one_partition_on_a_disk() {
    race(&Site::new());
}

#[test]
fn two_processes_write_one_partition_on_a_store() {
    race(&Bucket::new().site);
}
