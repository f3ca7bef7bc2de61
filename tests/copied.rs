//! Lakes that were copied, and objects of other lakes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::site::Site;

const HEADER: &str = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tproduct-name\tsku\t\
                      asin\titem-status\tquantity\tcurrency\titem-price\n";
const PRICES: &str = "SELECT CAST(sum(item_price) AS DECIMAL(18,2)) AS n FROM order_items";
const OBJECT: &str = "lake/sources/all_orders/seller_id=A1/month=2026-03/data.parquet";

fn order(site: &Site, day: u32, price: &str) {
    let row = format!(
        "111-000000{day}-0000001\t2026-03-0{day}T10:00:00+00:00\t2026-03-0{day}T12:00:00+00:00\tShipped\tAmazon.com\tKite\t\
         KITE-1\tB0FIXTURE1\tShipped\t1\tUSD\t{price}\n"
    );
    let file = site.file(&format!("{day}.txt"), format!("{HEADER}{row}"));
    site.ingest("all_orders", &file, &[]);
}

/// All of a lake, settings and state with it, in another site.
fn copy(site: &Site) -> Site {
    let copy = Site::new();
    let all = format!("{}/.", site.path().display());
    let done = Command::new("cp").args(["-R", &all, &copy.path().display().to_string()]).status().unwrap();
    assert!(done.success());
    copy
}

fn said(site: &Site, arguments: &[&str]) -> (Option<i32>, String) {
    let output = site.run(arguments);
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn a_copied_lake_is_believed() {
    let site = Site::new();
    order(&site, 1, "10");
    order(&site, 2, "20");
    let asked = copy(&site);
    let (code, words) = said(&asked, &["sql", PRICES]);
    assert!(code == Some(0) && words.contains("30.00") && !words.contains("rollup"), "{words}");
    for lake in [asked, copy(&site)] {
        assert!(lake.ok(&["verify"]).contains("everything is as it should be"));
        assert!(lake.ok(&["rollup"]).contains("0 partitions computed"));
        order(&lake, 3, "5");
        assert_eq!(lake.value(PRICES), "35.00");
        assert!(lake.ok(&["verify"]).contains("everything is as it should be"));
    }
}

fn put(from: &Site, to: &Site) -> PathBuf {
    let object = to.path().join(OBJECT);
    fs::copy(from.path().join(OBJECT), &object).unwrap();
    object
}

#[test]
fn an_object_of_another_lake_is_damage() {
    let (site, other) = (Site::new(), Site::new());
    order(&site, 1, "10");
    order(&site, 2, "20");
    for (day, price) in [(3, "700"), (4, "700"), (5, "700")] {
        order(&other, day, price);
    }
    put(&other, &site);
    for statement in
        ["SELECT sum(item_price) AS n FROM sources.all_orders", "SELECT count(*) AS n FROM sources.all_orders"]
    {
        let (code, words) = said(&site, &["sql", statement]);
        assert!(code != Some(0) && words.contains("which neither raw/ nor the ledger knows"), "{words}");
        assert!(words.contains("verify --repair") && words.contains(OBJECT.trim_start_matches("lake/")), "{words}");
    }
    for command in ["replay", "verify"] {
        let (code, words) = said(&site, &[command]);
        assert!(code != Some(0) && words.contains("neither raw/ nor the ledger knows"), "{command}: {words}");
    }
    said(&site, &["verify", "--repair"]);
    assert_eq!(site.value(PRICES), "30.00");
    assert!(site.ok(&["verify"]).contains("everything is as it should be"));
    assert!(Path::new(&site.path().join(OBJECT)).exists());
}

#[test]
fn an_object_whose_documents_stand_in_raw_is_believed_by_a_ledger_of_the_day_before() {
    let site = Site::new();
    order(&site, 1, "10");
    let before = copy(&site);
    order(&site, 2, "20");
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let (old, new) = (before.path().join(name), site.path().join(name));
        drop(fs::remove_file(&new));
        if old.exists() {
            fs::copy(old, new).unwrap();
        }
    }
    assert_eq!(site.value("SELECT CAST(sum(item_price) AS DECIMAL(18,2)) AS n FROM sources.all_orders"), "30.00");
}
