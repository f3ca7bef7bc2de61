//! What a killed run left between landing and loading is taken up by the next one, whatever that is asked to do.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use crate::bad_input::SmallDisk;
use crate::site::{Site, text, tree};

const SIGABRT: i32 = 6;

fn orders(numbers: std::ops::Range<u32>) -> String {
    let header = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\t\
                  currency\titem-price\n";
    let row = |number| {
        format!(
            "111-{number:07}-{number:07}\t2026-03-01T12:00:00Z\t2026-03-02T00:00:00Z\tShipped\tAmazon.com\tMUG\t1\tUSD\t9.99\n"
        )
    };
    header.to_owned() + &numbers.map(row).collect::<String>()
}

/// Runs a command that is killed at a failpoint.
fn kill(site: &Site, arguments: &[&str], failpoint: &str) {
    let output = site.command(arguments).env("SELLERLAKE_FAILPOINT", failpoint).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(SIGABRT), "{failpoint}: {words}");
}

fn kill_ingest(site: &Site, numbers: std::ops::Range<u32>, failpoint: &str) {
    let file = site.file("killed.txt", orders(numbers)).display().to_string();
    kill(site, &["ingest", "--source", "all_orders", "--seller", "A1", &file], failpoint);
}

fn statuses(site: &Site) -> Vec<String> {
    let rows = site.sql("SELECT status FROM meta.deliveries ORDER BY status");
    rows.iter().map(|row| text(&row["status"])).collect()
}

fn count(site: &Site) -> String {
    site.value("SELECT count(*) AS n FROM orders")
}

#[test]
fn the_next_command_takes_up_what_was_left() {
    for (failpoint, landed) in
        [("raw.begun", false), ("raw.bytes_written", false), ("raw.landed", true), ("delivery.landed", true)]
    {
        for next in ["ingest", "rollup", "replay"] {
            let site = Site::new();
            site.ingest("all_orders", &site.file("first.txt", orders(0..2)), &[]);
            kill_ingest(&site, 10..15, failpoint);
            assert_eq!(count(&site), "2");
            let words = match next {
                "ingest" => site.ingest("all_orders", &site.file("third.txt", orders(20..21)), &[]),
                other => site.ok(&[other]),
            };
            let (said, orders) = if landed {
                ("1 delivery loaded that an earlier run had landed", 7)
            } else {
                ("1 delivery forgotten whose landing broke off", 2)
            };
            assert!(words.contains(said), "{failpoint}, {next}: {words}");
            let orders = orders + usize::from(next == "ingest");
            assert_eq!(count(&site), orders.to_string(), "{failpoint}, {next}");
            let loaded = 1 + usize::from(landed) + usize::from(next == "ingest");
            assert_eq!(statuses(&site), vec!["loaded"; loaded], "{failpoint}, {next}");
            assert!(!site.ok(&["rollup"]).contains("earlier run"), "once is enough");
            assert!(site.ok(&["verify"]).contains("everything is as it should be"));
        }
    }
}

#[test]
fn another_sellers_leftovers_are_rebuilt_too() {
    let site = Site::new();
    kill_ingest(&site, 0..3, "delivery.landed");
    let file = site.file("other.txt", orders(50..51)).display().to_string();
    site.ok(&["ingest", "--source", "all_orders", "--seller", "B2", &file]);
    let rows = site.sql("SELECT seller_id, count(*) AS n FROM orders GROUP BY seller_id ORDER BY seller_id");
    let found: Vec<_> = rows.iter().map(|row| (text(&row["seller_id"]), text(&row["n"]))).collect();
    assert_eq!(found, [("A1".to_owned(), "3".to_owned()), ("B2".to_owned(), "1".to_owned())]);
}

fn raw_data(site: &Site) -> PathBuf {
    let objects = site.objects("raw");
    let data = objects.iter().find(|(path, ..)| !path.ends_with(".meta.json")).unwrap();
    site.path().join("lake").join(&data.0)
}

#[test]
fn a_delivery_that_cant_be_loaded_keeps_nobody_from_work() {
    let site = Site::new();
    kill_ingest(&site, 0..3, "delivery.landed");
    let data = raw_data(&site);
    let whole = fs::read(&data).unwrap();
    fs::write(&data, &whole[..40]).unwrap();
    let words = site.ingest("all_orders", &site.file("good.txt", orders(20..22)), &[]);
    assert!(words.contains("stays landed") && words.contains("not those that were landed"), "{words}");
    assert_eq!((count(&site), statuses(&site)), ("2".to_owned(), vec!["landed".to_owned(), "loaded".to_owned()]));
    let alert = "SELECT severity, seller_id, message FROM meta.alerts WHERE state = 'firing' AND message LIKE '%can''t be loaded%'";
    let alerts = site.sql(alert);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!((text(&alerts[0]["severity"]), text(&alerts[0]["seller_id"])), ("error".into(), "A1".into()));
    fs::write(&data, whole).unwrap();
    site.ok(&["rollup"]);
    assert_eq!((count(&site), site.sql(alert).len()), ("5".to_owned(), 0));
}

#[test]
fn a_full_disk_is_no_delivery_s_fault() {
    let site = Site::with_settings("state = \"state.db\"\n");
    let Some(disk) = SmallDisk::new(site.path().join("lake"), 4) else { return };
    let files = [0, 10].map(|first| site.file(&format!("{first}.txt"), orders(first..first + 3)).display().to_string());
    let ingest = ["ingest", "--source", "all_orders", "--seller", "A1", &files[0], &files[1]];
    kill(&site, &ingest, "load.merged");
    disk.leave(Some(0));
    let output = site.run(&["rollup"]);
    disk.leave(None);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the disk is full"), "{said}");
    assert_eq!(
        (statuses(&site), site.value("SELECT count(*) FROM meta.alerts")),
        (vec!["landed".into(); 2], "0".into())
    );
    site.ok(&["rollup"]);
    assert_eq!((statuses(&site), count(&site)), (vec!["loaded".into(); 2], "6".into()));
}

/// The first group of a replay drops the rows of all of them: killed there, nothing may be missing in the end.
#[test]
fn a_replay_that_was_killed_is_finished_by_whatever_comes_next() {
    let site = Site::new();
    let files: Vec<String> = (0..40)
        .map(|number| site.file(&format!("{number}.txt"), orders(number..number + 1)).display().to_string())
        .collect();
    let mut arguments = vec!["ingest", "--source", "all_orders", "--seller", "A1"];
    arguments.extend(files.iter().map(String::as_str));
    site.ok(&arguments);
    assert_eq!(count(&site), "40");
    let before = site.sql("SELECT path, row_hash FROM meta.objects ORDER BY path");
    kill(&site, &["replay"], "load.merged");
    site.ok(&["rollup"]);
    assert_eq!((count(&site), statuses(&site)), ("40".to_owned(), vec!["loaded".to_owned(); 40]));
    assert_eq!(site.sql("SELECT path, row_hash FROM meta.objects ORDER BY path"), before);
    assert!(site.ok(&["verify"]).contains("everything is as it should be"));
}

#[test]
fn a_source_that_is_no_longer_declared_stops_no_replay() {
    let own = tree().join("tests/cases/own_dataset");
    let declared = format!("declarations = {:?}\n", own.join("declarations").display().to_string());
    let site = Site::with_settings(&declared);
    site.ingest("ad_credits", &own.join("sheet.csv"), &["--as-of", "2026-04-02"]);
    site.ingest("all_orders", &site.file("orders.txt", orders(0..2)), &[]);
    let before = site.objects("sources/ad_credits");
    site.file("sellerlake.toml", "");
    let words = site.ok(&["replay"]);
    assert!(words.contains("1 delivery read again, 0 refused"), "{words}");
    assert!(words.contains("1 deliveries of \"ad_credits\" left as they stand: it is no longer declared"), "{words}");
    assert_eq!((site.objects("sources/ad_credits"), count(&site)), (before, "2".to_owned()));
    // Declared again, it is read again.
    site.file("sellerlake.toml", declared);
    assert!(site.ok(&["replay"]).contains("2 deliveries read again"));
}
