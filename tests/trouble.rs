//! Everything that can be wrong between a lake and Amazon: which account, what Amazon said, what to do; nothing half
//! done, and all of it made good by the next sync that can.

use std::process::Stdio;

use chrono::TimeDelta;
use sellerlake_contracts::{Clock as _, SystemClock};
use sellerlake_simulator::{Clock, Limits};

use crate::bad_input::SmallDisk;
use crate::desk::{Desk, words};
use crate::site::{eventually, text};
use crate::stores::Bucket;

/// A few pipelines of every kind: a report, pages, documents that Amazon makes by itself, a list.
const SOME: &str = "all_orders,transactions,settlements,inventory";

/// Runs a command, which must end like this and say all of this.
fn fails(desk: &Desk, arguments: &[&str], code: i32, says: &[&str]) {
    expect(&desk.site.run(arguments), code, says);
}

fn expect(output: &std::process::Output, code: i32, says: &[&str]) {
    let said = words(output) + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for part in says {
        assert!(said.contains(part), "expected {part:?} in\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

/// Nothing is half written: what says that it landed did, and each object is what the catalogue says. Tables that could
/// not be made again say so.
fn assert_sound(desk: &Desk) {
    let landed = desk.site.sql("SELECT data_path, size_bytes FROM meta.deliveries WHERE status <> 'landing'");
    for row in landed.iter().filter(|_| desk.site.path().join("lake").exists()) {
        let document = desk.site.path().join("lake").join(text(&row["data_path"]));
        assert_eq!(document.metadata().unwrap().len().to_string(), text(&row["size_bytes"]), "{}", document.display());
    }
    let output = desk.site.run(&["verify"]);
    let complaints = String::from_utf8(output.stdout).unwrap();
    // Where the state couldn't be written, the catalogue may not know yet what was swapped last.
    let late = ["not made from all that is loaded", "the catalogue knows another version"];
    assert!(complaints.lines().all(|line| late.iter().any(|late| line.contains(late))), "{complaints}");
    assert_eq!(output.status.success(), complaints.is_empty(), "{complaints}");
}

/// A sync now brings all there is, once.
fn assert_recovers(desk: &Desk) {
    desk.site.ok(&["sync", "--retry"]);
    desk.assert_true();
    assert_nothing_is_open(desk);
}

fn assert_nothing_is_open(desk: &Desk) {
    let open = "SELECT pipeline, status, reason, min(window_from) AS first, max(window_to) AS last, count(*) AS slices
                FROM meta.slices WHERE status NOT IN ('loaded', 'no_data') GROUP BY pipeline, status, reason";
    let open = desk.site.sql(open);
    assert!(open.is_empty(), "{open:?}");
    let left = desk.site.value("SELECT count(*) FROM meta.deliveries WHERE status <> 'loaded'");
    let alerts =
        desk.site.sql("SELECT subject, message FROM meta.alerts WHERE state = 'firing' AND severity = 'error'");
    assert!(left == "0" && alerts.is_empty(), "{left} {alerts:?}");
    assert_sound(desk);
}

#[test]
fn bad_credentials() {
    let desk = Desk::new(1);
    let (id, mut account) = (desk.id(0), desk.simulator.accounts().remove(0));
    let says = [
        "Amazon doesn't accept the application's client id and secret for the Selling Partner API",
        "status: 401, code: invalid_client, description: Client authentication failed, request id: ",
        &format!("account: {id}"),
        "client secrets end after 180 days: make a new one",
    ];
    "wrong".clone_into(&mut account.client_secret);
    expect(&desk.try_add(&account, &account.refresh_token), 1, &says);
    desk.site.ok(&["account", "check", &id]);
    // A secret that ends while nobody looks.
    let now = desk.simulator.clock().now();
    desk.simulator.amazon().sign_in.rotate(now);
    desk.wait_until(now + TimeDelta::days(8));
    fails(&desk, &["sync", "--pipeline", SOME], 3, &says);
    assert_sound(&desk);
    fails(&desk, &["sync", "--account", &id], 2, &["the account is needs_authorisation", "account resume"]);
    desk.add(&desk.simulator.accounts()[0]);
    desk.site.ok(&["sync", "--retry", "--pipeline", SOME]);
    assert_nothing_is_open(&desk);
}

#[test]
fn revoked_token() {
    let desk = Desk::new(1);
    let (id, account) = (desk.id(0), desk.simulator.accounts().remove(0));
    let says = [
        &format!("Amazon no longer accepts the grant of account {id} for the Selling Partner API"),
        "status: 400, code: invalid_grant, description: The request has an invalid grant parameter : refresh_token. ",
        "request id: ",
        &format!("re-authorise account {id}: let the seller grant access again and store the new refresh token"),
    ];
    let mut child = desk.site.command(&["sync"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("a report is created", || {
        assert!(child.try_wait().unwrap().is_none(), "it was over before anybody could revoke anything");
        desk.reports_created() > 0
    });
    desk.simulator.amazon().sign_in.revoke(&account.seller_id, desk.simulator.clock().now());
    expect(&child.wait_with_output().unwrap(), 3, &says);
    assert_sound(&desk);
    assert_eq!(
        desk.site.value("SELECT count(*) FROM meta.alerts WHERE state = 'firing' AND subject LIKE 'account %'"),
        "1"
    );
    // It is not asked again and again, nor is what was refused kept.
    fails(&desk, &["sync"], 3, &["is not pulled", "account resume", "there is no active account"]);
    expect(&desk.try_add(&account, "Atzr|of-somebody-else"), 1, &says);
    desk.simulator.amazon().sign_in.restore(&account.seller_id);
    desk.site.ok(&["account", "resume", &id]);
    assert_recovers(&desk);
}

#[test]
fn an_ads_grant_that_ended() {
    let desk = Desk::new(1);
    let (id, account) = (desk.id(0), desk.simulator.accounts().remove(0));
    let markets = account.marketplaces.iter().map(|market| market.id.as_str()).collect::<Vec<_>>().join(",");
    let add = ["account", "add", "--seller", &account.seller_id, "--region", "na", "--marketplaces", &markets];
    let mut add = desk.site.command(&add);
    add.env("SELLERLAKE_REFRESH_TOKEN", &account.refresh_token).env("SELLERLAKE_ADS_REFRESH_TOKEN", "Atzr|ended");
    expect(&add.arg("--offline").output().unwrap(), 0, &[]);
    let says = [
        &format!("Amazon no longer accepts the grant of account {id} for the Ads API"),
        "code: invalid_grant",
        "request id: ",
        &format!("re-authorise account {id}"),
    ];
    fails(&desk, &["sync"], 3, &says);
    assert_sound(&desk);
    let open =
        "SELECT count(*) FROM meta.slices WHERE status NOT IN ('loaded', 'no_data') AND pipeline NOT LIKE 'ads_%'";
    assert_eq!(desk.site.value(open), "0", "everything else goes on");
    fails(&desk, &["account", "check", &id], 3, &["Ads", "FAILED"]);
    desk.add(&account);
    assert_recovers(&desk);
}

#[test]
fn wrong_region() {
    let desk = Desk::new(1);
    let mut account = desk.simulator.accounts().remove(0);
    account.region = "eu";
    let id = format!("{}-eu", account.seller_id);
    let says = [
        "Amazon refused getMarketplaceParticipations: Access to requested resource is denied.",
        "The access token you provided does not have access to the requested resource.",
        "request id: ",
        &format!("account: {id}"),
        "a token opens nothing outside its region: if the seller granted access elsewhere, name that region (--region na or fe)",
    ];
    expect(&desk.try_add(&account, &account.refresh_token), 1, &says);
    let listed = desk.site.run(&["account", "list"]);
    assert!(!String::from_utf8_lossy(&listed.stdout).contains("-eu"), "what was refused isn't kept");
    assert_recovers(&desk);
}

#[test]
fn missing_role() {
    let role = "Finance and Accounting";
    let desk = Desk::changed(1, "", |options| options.roles_withheld = vec![role.to_owned()]);
    let id = desk.id(0);
    let says = [
        &format!("{id}: "),
        "transactions",
        "Amazon refused listTransactions: Access to requested resource is denied.",
        "request id: ",
        &format!("the role {role:?} is probably missing: add it to the developer profile and the application"),
    ];
    fails(&desk, &["sync", "--pipeline", SOME], 3, &says);
    assert_sound(&desk);
    let loaded = "SELECT count(DISTINCT pipeline) FROM meta.slices WHERE status = 'loaded'";
    assert!(desk.site.value(loaded).parse::<u32>().unwrap() >= 2, "other pipelines go on");
    fails(&desk, &["account", "check", &id], 3, &[role, "FAILED", "let the seller authorise again"]);
    desk.simulator.amazon().withhold(&[]);
    assert_recovers(&desk);
}

#[test]
fn unknown_marketplace() {
    let desk = Desk::new(1);
    let (id, account) = (desk.id(0), desk.simulator.accounts().remove(0));
    let add = |markets: &str, more: &[&str]| {
        let mut command = desk.site.command(&["account", "add", "--seller", &account.seller_id, "--region", "na"]);
        command.args(["--marketplaces", markets]).args(more);
        command.env("SELLERLAKE_REFRESH_TOKEN", &account.refresh_token).output().unwrap()
    };
    for more in [&["--offline"][..], &[]] {
        expect(&add("ATVPDKIKX0DER,NOPE", more), 2, &["\"NOPE\" is no marketplace that is known", "write Amazon's id"]);
    }
    expect(&add("A1PA6795UKMFR9", &["--offline"]), 2, &["A1PA6795UKMFR9 belongs to region eu"]);
    let brazil = "A2Q3Y263D00KWC";
    expect(&add(brazil, &[]), 2, &["Amazon says that the seller doesn't sell in A2Q3Y263D00KWC", "ATVPDKIKX0DER"]);
    desk.site.ok(&["account", "check", &id]);
    // One that nobody asked Amazon about.
    expect(&add(brazil, &["--offline"]), 0, &[]);
    let says = ["inventory", "Invalid marketplaceId: A2Q3Y263D00KWC.", "request id: ", "sellerlake account check"];
    fails(&desk, &["sync", "--pipeline", SOME], 3, &says);
    assert_sound(&desk);
    desk.site.ok(&["account", "check", &id]);
    desk.site.ok(&["sync", "--retry"]);
    desk.assert_true();
    assert_sound(&desk);
}

#[test]
fn clock_skew() {
    let desk = Desk::changed(1, "", |options| {
        options.clock = Clock::stepped(SystemClock.now() - TimeDelta::hours(26));
        // Of a clock that stands still nobody gets new tokens.
        options.limits = Limits::Off;
    });
    let id = desk.id(0);
    let stepped = std::fs::read_to_string(desk.site.path().join("sellerlake.toml")).unwrap();
    desk.site.file("sellerlake.toml", stepped.replace("\"stepped\"", "\"system\""));
    let says = ["clock ", "FAILED", " hours ahead of Amazon's", "synchronise it", "request id: "];
    fails(&desk, &["account", "check", &id], 3, &says);
    let says = [&format!("{id}: error: this machine's clock is "), " hours ahead of Amazon's: synchronise it"];
    fails(&desk, &["sync", "--pipeline", "transactions", "--days", "2"], 3, &says);
    assert_sound(&desk);
    desk.wait_until(SystemClock.now() + TimeDelta::minutes(1));
    desk.site.file("sellerlake.toml", stepped);
    desk.site.ok(&["sync", "--retry", "--pipeline", SOME]);
    assert_nothing_is_open(&desk);
}

#[test]
fn full_disk() {
    let desk = Desk::new(1);
    let Some(disk) = SmallDisk::new(desk.site.path().join("lake"), 96) else { return };
    for free in [0, 40_000, 150_000, 400_000] {
        disk.leave(Some(free));
        let output = desk.site.run(&["sync", "--pipeline", SOME]);
        // 3: in part; 1: not even the tables could be looked after.
        let code = output.status.code().filter(|code| [1, 3].contains(code));
        let says = [&desk.id(0), "hint: the disk is full or a quota is used up: free some space and run again"];
        expect(&output, code.unwrap_or(3), &says);
        disk.leave(None);
        assert_sound(&desk);
    }
    assert_recovers(&desk);
}

#[test]
fn unwritable_bucket() {
    let bucket = Bucket::new();
    let desk = Desk::with_settings(1, &bucket.settings());
    bucket.server.deny_puts(true);
    let says = [
        &format!("{}: ", desk.id(0)),
        "error: the store refuses access",
        "AccessDenied",
        "hint: check the access key, its rights on this bucket and prefix",
    ];
    fails(&desk, &["sync", "--pipeline", SOME], 3, &says);
    let keys = bucket.keys();
    assert!(keys.is_empty(), "{keys:?}");
    desk.site.ok(&["verify"]);
    bucket.server.deny_puts(false);
    desk.site.ok(&["sync", "--pipeline", "inventory"]);
    // In the middle of things: some of it stands, the rest doesn't.
    bucket.server.deny_puts(true);
    fails(&desk, &["sync", "--pipeline", SOME], 3, &says);
    assert_sound(&desk);
    bucket.server.deny_puts(false);
    assert_recovers(&desk);
}
