//! What a command does with readers who may not write, sellers nobody knows, and ends that nobody listens at.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use crate::bad_input::SmallDisk;
use crate::books::load_small_seller;
use crate::desk::{Desk, words};
use crate::site::Site;

const MANY_ROWS: &str = "SELECT a.* FROM marketplaces AS a, marketplaces AS b, marketplaces AS c";

/// Ends in failure and says all of this.
fn assert_fails(output: &Output, code: i32, says: &[&str]) {
    let said = words(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for part in says {
        assert!(said.contains(part), "expected {part:?} in\n{said}");
    }
}

#[test]
fn who_may_not_write_reads_all_the_same() {
    let question = "SELECT (SELECT sum(profit_before_cogs) FROM daily_profit) AS profit,
                    (SELECT count(*) FROM meta.deliveries) AS deliveries, (SELECT count(*) FROM orders) AS orders";
    for state_is_there in [true, false] {
        let site = Site::with_settings("state = \"lake/state.db\"\nkey = \"lake/sellerlake.key\"\n");
        let Some(disk) = SmallDisk::new(site.path().join("lake"), 32) else { return };
        load_small_seller(&site, false);
        let answer = site.sql(question);
        if !state_is_there {
            for name in ["state.db", "state.db-wal", "state.db-shm"] {
                drop(std::fs::remove_file(site.path().join("lake").join(name)));
            }
        }
        disk.seal();
        assert_eq!(site.sql(question), answer, "{state_is_there}");
        for command in [&["tables"][..], &["coverage"], &["account", "list"], &["tables", "orders"]] {
            site.ok(command);
        }
        assert_fails(&site.run(&["rollup"]), 1, &["hint: "]);
    }
}

#[test]
fn nobody_needs_a_key_who_has_no_secret() {
    let site = Site::new();
    let key = site.path().join("sellerlake.key");
    assert!(site.ok(&["sync"]).contains("there is no active account"));
    site.ok(&["account", "list"]);
    assert!(!key.exists());
}

#[test]
fn a_damaged_key_is_not_to_be_replaced_without_a_word() {
    let desk = Desk::new(1);
    let (id, key) = (desk.id(0), desk.site.path().join("sellerlake.key"));
    let whole = std::fs::read(&key).unwrap();
    std::fs::write(&key, "half a k").unwrap();
    let lost = "Without it they are lost: remove every account";
    let sync = ["sync", "--pipeline", "inventory"];
    assert_fails(&desk.site.run(&sync), 2, &["the key's file is damaged", "restore it from a backup", lost]);
    std::fs::remove_file(&key).unwrap();
    assert_fails(&desk.site.run(&sync), 2, &["the vault was encrypted with another key", "given: none", lost]);
    assert!(!key.exists(), "no other key is made");
    std::fs::write(&key, whole).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    desk.site.ok(&sync);
    // What the sentence says works.
    std::fs::write(&key, "half a k").unwrap();
    desk.site.ok(&["account", "remove", &id]);
    std::fs::remove_file(&key).unwrap();
    desk.add(&desk.simulator.accounts()[0]);
    desk.site.ok(&sync);
}

#[test]
fn a_seller_nobody_knows_is_no_empty_answer() {
    let site = Site::new();
    let ask = |seller: &str| site.run(&["sql", "--seller", seller, "SELECT 1"]);
    assert_fails(&ask("A1"), 2, &["there is nothing of seller A1", "there is no seller yet"]);
    load_small_seller(&site, false);
    assert!(ask("A1").status.success());
    assert_fails(&ask("A1,NOBODY"), 2, &["there is nothing of seller NOBODY", "hint: `sellerlake account list`"]);
}

#[test]
fn what_cant_be_written_is_told_and_who_stops_reading_is_not() {
    let site = Site::new();
    for command in [&["tables"][..], &["sources"], &["sql", MANY_ROWS], &["sql", "--format", "csv", MANY_ROWS]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = site.command(command).stdout(full).output().unwrap();
        assert_fails(&output, 1, &["the answer can't be written", "No space left on device"]);
        let mut child = site.command(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut String::new()).unwrap();
        drop(reader);
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), words(&output)), (Some(0), String::new()), "{command:?}");
    }
}

#[test]
fn all_that_is_missing_is_told_at_once() {
    let site = Site::new();
    let file = site.file("traffic.json", "{}").display().to_string();
    let output = site.run(&["ingest", "--seller", "A1", "--source", "sales_and_traffic", &file]);
    assert_fails(
        &output,
        2,
        &[
            "the moment the data was true, and the marketplace that was asked for",
            "--as-of 2026-04-01T06:00:00Z --marketplace ATVPDKIKX0DER",
        ],
    );
    let output = site.run(&["account", "add"]);
    assert_fails(&output, 2, &["--seller <SELLER>", "--region <REGION>"]);
    let mut add = site.command(&["account", "add", "--seller", "A1", "--region", "na"]);
    let output = add.stdin(Stdio::null()).output().unwrap();
    let says = [
        "missing: LWA client id, LWA client secret, The seller's refresh token",
        "SELLERLAKE_CLIENT_ID, SELLERLAKE_CLIENT_SECRET, SELLERLAKE_REFRESH_TOKEN",
    ];
    assert_fails(&output, 2, &says);
}

#[test]
fn declarations_that_nobody_reads_are_named() {
    let site = Site::with_settings("declarations = \"mine\"\n");
    site.file("mine/schemas/source/sheet.toml", "");
    site.file("mine/pipelines/notes.txt", "");
    site.file("mine/.hidden", "");
    let said = site.ok(&["check"]);
    for stray in ["pipelines/notes.txt", "schemas/source/sheet.toml"] {
        assert!(said.contains(&format!("warning: {stray} is not read: declarations are pipelines/*.toml")), "{said}");
    }
    assert!(!said.contains("hidden"), "{said}");
}

#[test]
fn the_sandbox_is_asked_operation_by_operation() {
    let desk = Desk::new(1);
    let id = desk.id(0);
    let output = desk.site.run(&["account", "check", &id, "--sandbox"]);
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{table}{}", words(&output));
    assert!(table.lines().count() >= 19 && !table.contains("FAILED"), "{table}");
    for operation in ["createReport", "searchOrders", "listTransactions", "getReportDocument", "createQuery"] {
        let line = table.lines().find(|line| line.starts_with(operation)).unwrap_or_default();
        assert!(line.contains("ok") && line.ends_with("answers as documented"), "{operation}: {table}");
    }
    let calls = desk.simulator.amazon().calls.counts();
    assert!(calls["sandbox"].keys().all(|status| [200, 202].contains(status)), "{calls:?}");
    assert!(!calls.contains_key("reports.createReport"), "nothing but the sandbox is asked");
    // Of a token that opens nothing it says so, operation by operation.
    desk.simulator.amazon().sign_in.revoke(&desk.simulator.accounts()[0].seller_id, desk.simulator.clock().now());
    let output = desk.site.run(&["account", "check", &id, "--sandbox"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("FAILED"));
}
