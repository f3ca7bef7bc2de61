//! From a simulated Amazon into the lake, through the real binary.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_simulator::Account;
use sellerlake_simulator::spapi::Report;
use serde_json::{Value, json};

use crate::desk::{Desk, words};
use crate::site::{Site, eventually};

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

/// Every place where a pull can be cut short, in the order in which they are reached.
const FAILPOINTS: [&str; 7] =
    ["job.planned", "job.waiting", "job.landed", "job.noted", "job.loaded", "job.covering", "job.covered"];

#[test]
fn a_sync_brings_what_is_true_and_a_second_one_nothing_twice() {
    let desk = Desk::new(2);
    desk.site.ok(&["sync"]);
    desk.assert_true();
    let missing = desk.site.sql("SELECT * FROM meta.slices WHERE status NOT IN ('loaded', 'no_data')");
    assert!(missing.is_empty(), "{missing:?}");
    let (earlier, then) = (reports_with_ranges(&desk, DateTime::UNIX_EPOCH), desk.simulator.clock().now());
    desk.site.ok(&["sync"]);
    // How much moved on meanwhile depends on how two accounts wait for one stepped clock; none of it is what was asked.
    let later = reports_with_ranges(&desk, then);
    assert!(earlier.len() > 50 && !later.is_empty(), "{} reports, then {}", earlier.len(), later.len());
    let is_within = |report: &Report, other: &Report| {
        let (report, other) = (&report.query, &other.query);
        let is_same = report.report_type == other.report_type && report.marketplaces == other.marketplaces;
        is_same && other.from <= report.from && report.to <= other.to
    };
    for report in later {
        let before = earlier.iter().find(|before| before.seller == report.seller && is_within(&report, before));
        assert!(before.is_none(), "{report:?} was asked for again, after {before:?}");
    }
    desk.assert_true();
    desk.site.ok(&["verify"]);
}

/// Reports of a range that were asked for since then.
fn reports_with_ranges(desk: &Desk, since: DateTime<Utc>) -> Vec<Arc<Report>> {
    let (amazon, now) = (desk.simulator.amazon(), desk.simulator.clock().now());
    let of = |account: &Account| amazon.reports.of(&account.seller_id, since, now);
    desk.simulator.accounts().iter().flat_map(of).filter(|report| report.range_given).collect()
}

#[test]
fn the_state_may_live_in_postgresql() {
    let Some(server) = crate::cluster::server() else { return };
    let desk = Desk::with_settings(1, &format!("state = {:?}\n", server.url("postgres")));
    desk.site.ok(&SOME);
    desk.site.ok(&["rollup"]);
    desk.site.ok(&["verify"]);
    assert!(!desk.site.path().join("state.db").exists());
    let left = desk.site.value("SELECT count(*) FROM meta.slices WHERE status NOT IN ('loaded', 'no_data')");
    assert_eq!(left, "0");
}

const SOME: [&str; 4] = ["sync", "--no-rollup", "--pipeline", "all_orders,transactions,settlements,inventory,products"];

#[test]
fn cut_short_at_any_failpoint_and_run_again() {
    let calm = Desk::new(1);
    calm.site.ok(&SOME);
    calm.site.ok(&SOME);
    for name in FAILPOINTS {
        let desk = Desk::new(1);
        let cut = desk.site.command(&SOME).env("SELLERLAKE_FAILPOINT", name).output().unwrap();
        assert_eq!(cut.status.signal(), Some(SIGABRT), "{name}: {}", words(&cut));
        desk.site.ok(&SOME);
        let (created, expected) = (desk.reports_created(), calm.reports_created());
        assert!(created <= expected, "{name}: {created} reports were created instead of {expected}");
        let open = desk.site.sql("SELECT * FROM meta.slices WHERE status NOT IN ('loaded', 'no_data')");
        assert!(open.is_empty(), "{name}: {open:?}");
        let left = desk.site.value("SELECT count(*) FROM meta.deliveries WHERE status <> 'loaded'");
        assert_eq!(left, "0", "{name}");
        desk.site.ok(&["rollup"]);
        desk.site.ok(&["verify"]);
    }
}

#[test]
fn what_goes_wrong_at_amazon_is_made_good() {
    let faults = json!({ "seeded": {
        "seed": 5, "rate": 0.05, "at_most": 60,
        "kinds": ["http_429", "http_500", "http_503_html", "truncated_body", "corrupt_gzip", "report_cancelled",
            "report_fatal", "slow_report", "expired_url", "ads_425"],
    }});
    let desk = Desk::with_faults(1, serde_json::from_value(faults).unwrap());
    let fired = || serde_json::to_string(&desk.simulator.amazon().faults.fired()).unwrap();
    for _ in 0..6 {
        desk.site.run(&["sync", "--retry"]);
    }
    assert_ne!(fired(), "{}", "nothing went wrong");
    desk.assert_true();
    // What has grown older than anybody wants meanwhile is not asked for again; an empty day may wait to be believed.
    let since = (desk.simulator.clock().now() - TimeDelta::days(30)).format("%F %T");
    let settled = "('loaded', 'no_data', 'waiting')";
    let left = format!("SELECT * FROM meta.slices WHERE status NOT IN {settled} AND window_to > '{since}'");
    let left = desk.site.sql(&left);
    assert!(left.is_empty(), "{left:?} after {}", fired());
}

#[test]
fn a_grant_that_amazon_refuses_stops_the_account_and_says_what_to_do() {
    let desk = Desk::new(1);
    let id = desk.id(0);
    let account = &desk.simulator.accounts()[0];
    let refused = desk.try_add(account, "Atzr|nobody");
    assert!(!refused.status.success());
    desk.site.ok(&["account", "check", &id]);
    desk.simulator.amazon().sign_in.revoke(&account.seller_id, desk.simulator.clock().now());
    let output = desk.site.run(&["sync"]);
    assert_eq!(output.status.code(), Some(3), "{}", words(&output));
    let alerts = desk.site.value("SELECT message FROM meta.alerts WHERE state = 'firing' AND subject LIKE 'account %'");
    assert!(alerts.contains(&format!("re-authorise account {id}")) && alerts.contains("account add"), "{alerts}");
    assert!(words(&desk.site.run(&["sync", "--account", &id])).contains("needs_authorisation"));
    desk.simulator.amazon().sign_in.restore(&account.seller_id);
    desk.add(account);
    desk.site.ok(&["sync", "--retry"]);
    assert_eq!(desk.site.value("SELECT count(*) FROM meta.alerts WHERE state = 'firing'"), "0");
}

#[test]
fn the_log_tells_a_syncs_story_in_a_screenful() {
    let desk = Desk::new(1);
    let mut command = desk.site.command(&["sync", "--pipeline", "all_orders"]);
    let output = command.env("SELLERLAKE_LOG", "info").env("NO_COLOR", "1").output().unwrap();
    let said = words(&output);
    let told: Vec<&str> = said.lines().filter(|line| line.contains(" INFO ")).collect();
    let account = format!("sync{{account={}}}", desk.id(0));
    for step in ["begun", "planned requests=", "ended requests="] {
        assert!(told.iter().any(|line| line.contains(&account) && line.contains(step)), "{step}: {said}");
    }
    assert!(told.iter().any(|line| line.contains("rebuilt")) && told.len() < 24, "{said}");
}

#[test]
fn an_account_that_is_refused_leaves_the_others_their_application() {
    let desk = Desk::new(2);
    let mut wrong = desk.simulator.accounts().remove(1);
    "wrong".clone_into(&mut wrong.client_secret);
    let refused = desk.try_add(&wrong, &wrong.refresh_token);
    assert!(!refused.status.success());
    desk.site.ok(&["account", "check", &desk.id(0)]);
}

#[test]
fn accounts_are_paused_and_removed_and_secrets_never_shown() {
    let desk = Desk::new(1);
    let (id, account) = (desk.id(0), &desk.simulator.accounts()[0]);
    desk.site.ok(&["account", "pause", &id, "--reason", "holidays"]);
    let listed = desk.site.run(&["account", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("paused") && listed.contains("holidays"), "{listed}");
    assert!(desk.site.ok(&["sync"]).contains("no active account"));
    desk.site.ok(&["account", "resume", &id]);
    desk.site.ok(&["account", "check", &id]);
    let shown = desk.site.run(&["account", "show", &id]);
    let everything = [String::from_utf8_lossy(&shown.stdout).into_owned(), listed].concat();
    let state = std::fs::read(desk.site.path().join("state.db")).unwrap();
    for secret in [&account.refresh_token, &account.client_secret] {
        assert!(!everything.contains(secret.as_str()));
        assert!(!state.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()));
    }
    desk.site.ok(&["account", "remove", &id]);
    assert_eq!(desk.site.run(&["account", "show", &id]).status.code(), Some(0));
    assert!(desk.site.ok(&["sync"]).contains("no active account"));
}

#[test]
fn coverage_says_what_is_missing_and_backfill_brings_it() {
    let desk = Desk::new(1);
    let id = desk.id(0);
    let gaps = |pipeline: &str| {
        let output = desk.site.run(&["coverage", "--gaps", "--pipeline", pipeline, "--format", "json"]);
        assert!(output.status.success(), "{}", words(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let before = gaps("transactions");
    assert_eq!(before.len(), 1, "{before:?}");
    assert_eq!(before[0]["status"], "missing");
    let (from, to) = (before[0]["from"].as_str().unwrap().to_owned(), before[0]["to"].as_str().unwrap().to_owned());
    let arguments = ["backfill", "--account", &id, "--pipeline", "transactions", "--from", &from, "--to", &from];
    desk.site.ok(&arguments);
    let after = gaps("transactions");
    assert_eq!((after.len(), after[0]["to"].as_str()), (1, Some(to.as_str())), "{after:?}");
    assert_ne!(after[0]["from"].as_str(), Some(from.as_str()));
}

#[test]
fn two_runs_of_one_account_don_t_meet() {
    let desk = Desk::new(1);
    let id = desk.id(0);
    let command = ["sync", "--account", &id, "--pipeline", "transactions", "--no-rollup"];
    let spawn = || desk.site.command(&command).stderr(Stdio::piped()).spawn().unwrap();
    let outputs = [spawn(), spawn()].map(|child| child.wait_with_output().unwrap());
    let codes = outputs.each_ref().map(|output| output.status.code());
    assert!(codes.contains(&Some(0)), "{codes:?}");
    for output in outputs.iter().filter(|output| output.status.code() != Some(0)) {
        assert!(words(output).contains("holds the account"), "{}", words(output));
    }
}

#[test]
fn an_account_is_held_as_long_as_its_holder_lives() {
    let faults = json!({ "script": [{ "kind": "timeout", "operation": "finances.*" }] });
    let desk = Desk::changed(1, "", |options| {
        options.faults = serde_json::from_value(faults).unwrap();
        options.hold = Duration::from_mins(10);
    });
    let mut child = desk.site.command(&["sync", "--pipeline", "transactions"]).stderr(Stdio::null()).spawn().unwrap();
    eventually("a call goes unanswered", || {
        assert!(child.try_wait().unwrap().is_none(), "it was done too soon");
        !desk.simulator.amazon().faults.fired().is_empty()
    });
    let refused = desk.site.run(&["sync"]);
    let said = words(&refused);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("somebody else holds the account") && said.contains(&desk.id(0)), "{said}");
    assert!(said.contains(&format!("holder: process {} on ", child.id())) && said.contains("until: 20"), "{said}");
    assert!(said.contains("hint: another run is pulling it"), "{said}");
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(SIGKILL));
    desk.site.ok(&["sync"]);
    desk.assert_true();
    assert_eq!(desk.site.value("SELECT count(*) FROM meta.deliveries WHERE status <> 'loaded'"), "0");
}

#[test]
fn an_interrupted_run_gives_the_account_back() {
    let desk = Desk::new(1);
    let mut child = desk.site.command(&["sync", "--no-rollup"]).stderr(Stdio::piped()).spawn().unwrap();
    eventually("three reports are created, or all is done", || {
        desk.reports_created() >= 3 || child.try_wait().unwrap().is_some()
    });
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    // 3: in part; 0: it was done before anybody could interrupt it.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{:?} {}", output.status, words(&output));
    desk.site.ok(&["sync", "--pipeline", "transactions"]);
    assert_eq!(desk.site.value("SELECT count(*) FROM meta.deliveries WHERE status <> 'loaded'"), "0");
}

#[test]
fn a_pipeline_of_one_s_own_is_checked_with_the_others() {
    let site = Site::with_settings("declarations = \"mine\"\n");
    let wrong = "doc = \"Mine.\"\nconnector = \"reprot\"\nsource = \"all_orders\"\nscope = \"account\"\n\
                 every = \"1d\"\nsnapshot = \"1d\"\n";
    site.file("mine/pipelines/my_orders.toml", wrong);
    let output = site.run(&["check"]);
    assert_eq!(output.status.code(), Some(2));
    let said = words(&output);
    assert!(
        said.contains("pipelines/my_orders.toml: connector") && said.contains("did you mean \"report\"?"),
        "{said}"
    );
    site.file("mine/pipelines/my_orders.toml", wrong.replace("reprot", "orders"));
    site.ok(&["check"]);
    site.file("mine/pipelines/traffic.toml", wrong);
    assert!(words(&site.run(&["check"])).contains("built-in pipeline"));
}
