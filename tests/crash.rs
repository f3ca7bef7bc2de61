//! Killed anywhere and run again, a run leaves what an undisturbed one leaves.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use crate::books::load_small_seller;
use crate::papers::Dice;
use crate::site::{Site, eventually, text, tree};
use crate::stores::Bucket;

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

/// Every place in the tree where a run can be cut short.
pub fn every_failpoint() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders: Vec<PathBuf> = ["sinks", "pipelines", "crates", "transforms"].map(|name| tree().join(name)).into();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path).unwrap();
                let calls = source.split("failpoint::reach(\"").skip(1).filter_map(|rest| rest.split('"').next());
                names.extend(calls.map(str::to_owned));
            }
        }
    }
    names
}

/// Those but the ones of pulling: `sync.rs` has those.
fn failpoints() -> BTreeSet<String> {
    let elsewhere = |name: &String| name.starts_with("job.") || name.contains("withdraw");
    every_failpoint().into_iter().filter(|name| !elsewhere(name)).collect()
}

/// Commands that land, reject, merge into months that stand and months that don't, and rebuild.
fn script(site: &Site) -> Vec<Vec<String>> {
    let ingest = |source: &str, more: &[&str], files: &[(&str, String)]| {
        let mut command = vec!["ingest", "--source", source, "--seller", "A1"];
        command.extend(more);
        let files = files.iter().map(|(name, content)| site.file(name, content).display().to_string());
        command.into_iter().map(str::to_owned).chain(files).collect::<Vec<_>>()
    };
    let returns = "return-date\torder-id\tsku\tasin\tquantity\tdetailed-disposition\tstatus\n\
                   2026-03-02T10:00:00+00:00\t111-0000001-0000001\tMUG\tB0MUG\t1\tSELLABLE\tReimbursed\n";
    let returns = returns.to_owned();
    vec![
        ingest("all_orders", &["--no-rollup"], &[("march.txt", orders(3, 0..6, "10.00"))]),
        ingest(
            "fba_returns",
            &["--window", "2026-03-01..2026-03-03", "--as-of", "2026-03-10", "--scope", "NA"],
            &[("returns.txt", returns)],
        ),
        ingest("all_orders", &[], &[("again.txt", orders(3, 3..40, "bad")), ("april.txt", orders(4, 50..60, "12.00"))]),
    ]
}

/// Orders of one month, one row each; the third one has this price.
fn orders(month: u32, numbers: std::ops::Range<u32>, price: &str) -> String {
    let third = numbers.start + 2;
    let rows = numbers.map(|number| {
        let price = if number == third { price } else { "20.00" };
        let (id, bought) =
            (format!("111-{number:07}-{number:07}"), format!("2026-{month:02}-{:02}T12:00:00Z", 1 + number % 28));
        format!("{id}\t{bought}\t2026-05-01T00:00:0{}Z\tShipped\tAmazon.com\tMUG\t1\tUSD\t{price}\n", number % 10)
    });
    let header = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\t\
                  currency\titem-price\n";
    header.to_owned() + &rows.collect::<String>()
}

/// What stands: every object's content, and how far each delivery came.
fn outcome(site: &Site) -> Vec<String> {
    let objects =
        "SELECT path, rows, marker_rows, row_hash FROM meta.objects WHERE rows + marker_rows > 0 ORDER BY path";
    let deliveries = "SELECT source, status, rows, rejected FROM meta.deliveries ORDER BY source, delivery_id";
    let rows = [objects, deliveries].map(|statement| site.sql(statement));
    rows.iter().flatten().map(|row| row.values().map(text).collect::<Vec<_>>().join(" ")).collect()
}

fn assert_tidy(site: &Site) {
    let output = site.run(&["verify"]);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(is_done(&output), "{words}");
    assert!(
        ["everything is as it should be", "as it was written, but 1 alert"].iter().any(|end| words.contains(end)),
        "{words}"
    );
    for folder in ["lake/.sellerlake/tmp", "spool"] {
        let Ok(left) = fs::read_dir(site.path().join(folder)) else { continue };
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).filter(|name| name != "gate.lock").collect();
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
}

/// One report of the script has a line that is rejected: what is done then isn't whole, and says so.
fn is_done(output: &Output) -> bool {
    matches!(output.status.code(), Some(0 | 3))
}

fn run(site: &Site, command: &[String]) {
    let output = site.run(&command.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(is_done(&output), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Cuts every command short there, repeats it, and says how often it was cut short.
fn cut_and_repeat(site: &Site, failpoint: &str) -> usize {
    let mut cut = 0;
    for command in script(site) {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let output = site.command(&arguments).env("SELLERLAKE_FAILPOINT", failpoint).output().unwrap();
        let killed = output.status.signal() == Some(SIGABRT);
        assert!(killed || is_done(&output), "{failpoint}: {}", String::from_utf8_lossy(&output.stderr));
        if killed {
            cut += 1;
            run(site, &command);
        }
    }
    cut
}

fn undisturbed() -> Vec<String> {
    let site = Site::new();
    script(&site).iter().for_each(|command| run(&site, command));
    assert_tidy(&site);
    outcome(&site)
}

#[test]
fn cut_short_at_any_failpoint_and_repeated() {
    let names = failpoints();
    assert!(names.len() >= 11, "{names:?}");
    let expected = undisturbed();
    for name in names {
        let deep = name.starts_with("partition.") || name.starts_with("stage.");
        let times = if deep { &["1", "2", "6"][..] } else { &["1"] };
        let cut: usize = times
            .iter()
            .map(|nth| {
                let site = Site::new();
                let cut = cut_and_repeat(&site, &format!("{name}:{nth}"));
                assert_eq!(outcome(&site), expected, "{name}:{nth}");
                assert_tidy(&site);
                cut
            })
            .sum();
        assert!(cut > 0, "{name} was never reached");
    }
}

/// What a run swapped before it was cut short must not be taken for what stood before it.
#[test]
fn cut_short_and_then_undone() {
    let costs = |site: &Site, cost: &str, as_of: &str, failpoint: &str| {
        let list = format!("sku,marketplace_id,valid_from,unit_cost,currency\nMUG-1,,2026-01-01,{cost},USD\n");
        let file = site.file("costs.csv", list).display().to_string();
        let command = ["ingest", "--source", "cost_list", "--seller", "A1", "--as-of", as_of, &file];
        site.command(&command).env("SELLERLAKE_FAILPOINT", failpoint).output().unwrap().status
    };
    for (failpoint, nth) in [("stage.swapped", 1), ("stage.swapped", 2), ("stage.swapped", 3), ("partition.swapped", 1)]
    {
        let site = Site::new();
        load_small_seller(&site, false);
        assert!(costs(&site, "5.00", "2026-05-02", "none").success());
        let before = site.sql("SELECT path, rows, row_hash FROM meta.objects WHERE area <> 'sources' ORDER BY path");
        let cut = costs(&site, "6.00", "2026-05-03", &format!("{failpoint}:{nth}"));
        assert_eq!(cut.signal(), Some(SIGABRT), "{failpoint}:{nth}");
        assert!(costs(&site, "5.00", "2026-05-04", "none").success());
        assert_tidy(&site);
        let after = site.sql("SELECT path, rows, row_hash FROM meta.objects WHERE area <> 'sources' ORDER BY path");
        assert_eq!(after, before, "{failpoint}:{nth}");
    }
}

#[test]
fn cut_short_on_a_store_and_repeated() {
    let expected = undisturbed();
    for name in failpoints() {
        let bucket = Bucket::new();
        assert!(cut_and_repeat(&bucket.site, &name) > 0, "{name} was never reached");
        assert_eq!(outcome(&bucket.site), expected, "{name}");
        assert_tidy(&bucket.site);
    }
}

fn files_below(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries.filter_map(Result::ok).map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

/// Kills it for good once it has made so many files; true if it was still alive.
fn kill_after(site: &Site, command: &[&str], files: usize) -> bool {
    let mut child = site.command(command).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let lake = site.path().join("lake");
    eventually("files are written, or all is done", || {
        files_below(&lake) >= files || child.try_wait().unwrap().is_some()
    });
    // It may have ended by itself, which is as good a moment as any.
    let _ = child.kill();
    child.wait().unwrap().signal() == Some(SIGKILL)
}

#[test]
fn killed_at_random_moments_and_repeated() {
    let seed = std::env::var("SELLERLAKE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut dice = Dice::new(seed);
    let files = |site: &Site| {
        let months = (1..=6)
            .map(|month| site.file(&format!("{month}.txt"), orders(month, month * 4000..month * 4000 + 3000, "9.99")));
        months.map(|path| path.display().to_string()).collect::<Vec<_>>()
    };
    let command = |files: &[String]| {
        let head = ["ingest", "--source", "all_orders", "--seller", "A1"].map(str::to_owned);
        head.into_iter().chain(files.iter().cloned()).collect::<Vec<_>>()
    };
    let calm = Site::new();
    run(&calm, &command(&files(&calm)));
    let (expected, most) = (outcome(&calm), files_below(&calm.path().join("lake")));
    let site = Site::new();
    let command = command(&files(&site));
    let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    let mut killed = 0;
    for _ in 0..8 {
        let standing = files_below(&site.path().join("lake"));
        killed += usize::from(kill_after(&site, &arguments, standing + 1 + dice.below(most / 4)));
    }
    assert!(killed > 0, "it was never caught alive");
    run(&site, &command);
    assert_eq!(outcome(&site), expected, "seed {seed}");
    assert_tidy(&site);
}
