//! Nothing that didn't come is forgotten: outages are waited out, what can't be read is told until it can, and a
//! marketplace that joins later gets its history.

use std::fs;

use chrono::TimeDelta;
use sellerlake_simulator::FaultPlan;
use sellerlake_simulator::faults::{Kind, Scripted};
use serde_json::Value;

use crate::desk::{Desk, words};
use crate::site::tree;

/// Runs a sync of a pipeline, which must end like this and say this.
fn sync(desk: &Desk, pipeline: &str, code: i32, says: &str) {
    let output = desk.site.run(&["sync", "--pipeline", pipeline]);
    assert_eq!(output.status.code(), Some(code), "{}", words(&output));
    assert!(words(&output).contains(says), "expected {says:?} in\n{}", words(&output));
}

fn later(desk: &Desk, hours: i64) {
    desk.wait_until(desk.simulator.clock().now() + TimeDelta::hours(hours));
}

/// Every interval of a pipeline that isn't simply there; what grew too old to be wanted meanwhile is left out.
fn gaps(desk: &Desk, pipeline: &str) -> String {
    let output = desk.site.run(&["coverage", "--gaps", "--pipeline", pipeline, "--format", "json"]);
    assert!(output.status.success(), "{}", words(&output));
    let wanted = (desk.simulator.clock().now() - TimeDelta::days(20)).format("%Y-%m-%d").to_string();
    let to = |line: &&str| serde_json::from_str::<Value>(line).unwrap()["to"].as_str().unwrap().to_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| to(line) > wanted).collect::<Vec<_>>().join("\n")
}

fn alerts(desk: &Desk) -> String {
    desk.site.value("SELECT count(*) FROM meta.alerts WHERE state = 'firing' AND severity = 'error'")
}

/// A drop folder whose sheets a source of the user's own reads.
struct Drop {
    desk: Desk,
    folder: tempfile::TempDir,
}

impl Drop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::with_settings(1, &format!("declarations = {:?}\n", folder.path().display().to_string()));
        let drop = Self { desk, folder };
        let sheets = drop.folder.path().join("sheets");
        fs::create_dir_all(&sheets).unwrap();
        let pipeline = format!(
            "doc = 'Sheets.'\nconnector = 'files'\nsource = 'ad_credits'\nscope = 'account'\nevery = '1h'\n\
             [parameters]\nfolder = '{}'\n[window]\nalign = 'instant'\nspan = '90d'\nreach = '90d'\n",
            sheets.display()
        );
        drop.write("pipelines/sheets.toml", &pipeline);
        drop.declare("decimal(18,4)");
        drop
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The source, with amounts of this type.
    fn declare(&self, amounts: &str) {
        let file = "schemas/sources/ad_credits.toml";
        let text = fs::read_to_string(tree().join("tests/cases/own_dataset/declarations").join(file)).unwrap();
        self.write(file, &text.replace("decimal(18,4)", amounts));
    }

    fn drop_sheet(&self, name: &str, change: impl FnOnce(String) -> String) {
        let mut sheet = fs::read_to_string(tree().join("tests/cases/own_dataset/sheet.csv")).unwrap();
        // With many bad rows it would be refused.
        (10..66).for_each(|number| sheet += &format!("C-{number},02.04.2026,5,EUR\n"));
        self.write(&format!("sheets/{name}"), &change(sheet));
    }

    fn rows(&self) -> String {
        self.desk.site.value("SELECT count(*) FROM sources.ad_credits")
    }
}

#[test]
fn an_outage_of_days_is_waited_out_and_needs_nobody() {
    let desk = Desk::new(1);
    let kind = Kind::Http503Html;
    let operation = "finances.listTransactions".to_owned();
    let script = vec![Scripted { kind, operation, seller: None, nth: 1, times: u64::MAX }];
    desk.simulator.amazon().faults.follow(FaultPlan { script, seeded: None });
    for _ in 0..4 {
        sync(&desk, "transactions", 3, "left for the next run");
        later(&desk, 12);
    }
    assert_eq!(alerts(&desk), "1");
    let open =
        desk.site.value("SELECT count(*) FROM meta.slices WHERE pipeline = 'transactions' AND status = 'failed'");
    assert_eq!(open, "0", "nothing waits for a person");
    desk.simulator.amazon().faults.follow(FaultPlan::default());
    later(&desk, 12);
    sync(&desk, "transactions", 0, "");
    assert_eq!((gaps(&desk, "transactions").as_str(), alerts(&desk).as_str()), ("", "0"));
}

#[test]
fn rows_that_cant_be_read_are_told_until_the_source_is_mended() {
    let drop = Drop::new();
    let desk = &drop.desk;
    drop.declare("int");
    drop.drop_sheet("march.csv", |sheet| sheet);
    sync(desk, "sheets", 3, "2 rows of delivery");
    later(desk, 1);
    sync(desk, "sheets", 3, "1 interval left for you since an earlier run");
    assert!(gaps(desk, "sheets").contains("held back"), "{}", gaps(desk, "sheets"));
    assert_eq!((drop.rows().as_str(), alerts(desk).as_str()), ("58", "1"));
    drop.declare("decimal(18,4)");
    desk.site.ok(&["replay", "--source", "ad_credits"]);
    later(desk, 1);
    drop.drop_sheet("april.csv", |sheet| sheet.replace("C-", "D-"));
    sync(desk, "sheets", 0, "");
    assert_eq!((gaps(desk, "sheets").as_str(), alerts(desk).as_str(), drop.rows().as_str()), ("", "0", "120"));
}

#[test]
fn documents_that_cant_be_read_are_told_until_they_are_mended() {
    let drop = Drop::new();
    let desk = &drop.desk;
    drop.drop_sheet("march.csv", |sheet| sheet.replace("7.00", "seven"));
    drop.drop_sheet("april.csv", |sheet| sheet.replace("Credit ID", "Number").replace("C-", "D-"));
    for _ in 0..2 {
        sync(desk, "sheets", 3, "");
        later(desk, 26);
    }
    assert!(gaps(desk, "sheets").contains("failed"), "{}", gaps(desk, "sheets"));
    assert_eq!(drop.rows(), "59");
    drop.drop_sheet("march.csv", |sheet| sheet);
    drop.drop_sheet("april.csv", |sheet| sheet.replace("C-", "D-"));
    desk.site.ok(&["sync", "--pipeline", "sheets", "--retry"]);
    assert_eq!((gaps(desk, "sheets").as_str(), alerts(desk).as_str(), drop.rows().as_str()), ("", "0", "120"));
    later(desk, 1);
    drop.drop_sheet("march.csv", |sheet| sheet.replace("7.00", "8.00"));
    sync(desk, "sheets", 0, "1 delivery");
    let amount = "SELECT amount FROM sources.ad_credits WHERE credit_id = 'C-3'";
    assert_eq!(desk.site.value(amount), "8.0000", "a sheet that is written anew is read anew");
}

#[test]
fn a_marketplace_that_joins_later_gets_its_history() {
    let desk = Desk::new(1);
    let account = desk.simulator.accounts().remove(0);
    let (id, first) = (desk.id(0), account.marketplaces[0].id.clone());
    let narrow =
        ["account", "add", "--seller", &account.seller_id, "--region", account.region, "--marketplaces", &first];
    let mut narrow = desk.site.command(&narrow);
    narrow.env("SELLERLAKE_REFRESH_TOKEN", &account.refresh_token);
    let output = narrow.output().unwrap();
    assert!(output.status.success(), "{}", words(&output));
    desk.site.ok(&["sync"]);
    let checked = desk.site.ok(&["account", "check", &id]);
    assert!(checked.contains("sells in"), "{checked}");
    let sold =
        |market: &str| desk.site.value(&format!("SELECT count(*) FROM orders WHERE marketplace_id = '{market}'"));
    let second = account.marketplaces[1].id.as_str();
    assert_eq!(sold(second), "0", "a check widens nothing");
    desk.add(&account);
    desk.site.ok(&["sync"]);
    assert_ne!(sold(second), "0");
    desk.assert_true();
}

#[test]
fn a_lake_that_was_lost_is_noticed_and_pulled_again() {
    let desk = Desk::new(1);
    desk.site.ok(&["sync"]);
    fs::rename(desk.site.path().join("lake"), desk.site.path().join("elsewhere")).unwrap();
    let output = desk.site.run(&["sync"]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("the lake doesn't hold what was loaded into it last"), "{}", words(&output));
    let output = desk.site.run(&["verify"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("it was landed, but isn't in the lake"));
    desk.site.ok(&["verify", "--repair"]);
    desk.site.ok(&["sync"]);
    desk.assert_true();
    desk.site.ok(&["verify"]);
}

#[test]
fn what_a_simulator_told_can_be_asked_when_it_has_ended() {
    let Desk { simulator, site } = Desk::new(1);
    site.ok(&["sync", "--pipeline", "all_orders"]);
    drop(simulator);
    for command in [&["tables"][..], &["coverage"], &["account", "list"], &["verify"]] {
        site.ok(command);
    }
    assert_ne!(site.value("SELECT count(*) FROM orders"), "0");
    let output = site.run(&["sync"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("hint: what was pulled from it can still be asked"), "{}", words(&output));
}

#[test]
fn another_application_takes_nobodys_secrets() {
    let desk = Desk::new(2);
    let mut other = desk.simulator.accounts().remove(1);
    "amzn1.application-oa2-client.other".clone_into(&mut other.client_id);
    let output = desk.try_add(&other, &other.refresh_token);
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains(&desk.id(0)), "{}", words(&output));
    desk.site.ok(&["account", "check", &desk.id(0)]);
}
