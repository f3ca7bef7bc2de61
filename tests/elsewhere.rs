//! What goes wrong elsewhere with what Amazon sends, through the real binary: `docs/what-goes-wrong-elsewhere.md` has
//! the list.

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_simulator::FaultPlan;
use sellerlake_simulator::world::{Profile, Seller};
use serde_json::json;

use crate::desk::{Desk, words};
use crate::site::{Site, text};

const CREATE: &str = "reports.createReport";
const FILES: &str = "files.*";
const TRANSACTIONS: &str = "finances.listTransactions";
const STOCK: &str = "inventory.getInventorySummaries";

/// Faults of this kind at so many calls of these operations, from the `nth` on.
fn faults(kind: &str, operations: &[&str], nth: u64, times: u64) -> FaultPlan {
    let line = |operation: &&str| json!({"kind": kind, "operation": operation, "nth": nth, "times": times});
    serde_json::from_value(json!({"script": operations.iter().map(line).collect::<Vec<_>>()})).unwrap()
}

/// Three weeks of one small seller: the first in America, the second in Europe.
fn small(seller: usize) -> Profile {
    let mut profile = Profile::chaos(3);
    profile.sellers = vec![profile.sellers.swap_remove(seller)];
    profile
}

fn evening(profile: &Profile) -> DateTime<Utc> {
    profile.to.and_hms_opt(20, 0, 0).unwrap().and_utc()
}

fn desk(profile: Profile, faults: FaultPlan) -> Desk {
    let evening = evening(&profile);
    Desk::at(profile, evening, faults)
}

/// The same with two items on a page, so that there are pages to turn.
fn paged(faults: FaultPlan) -> Desk {
    desk(Profile { most_per_page: 2, ..small(0) }, faults)
}

fn seller(desk: &Desk) -> &Seller {
    &desk.simulator.amazon().world.sellers()[0]
}

fn struck(desk: &Desk) -> u64 {
    desk.simulator.amazon().faults.fired().values().flat_map(|by_operation| by_operation.values()).sum()
}

fn sync(desk: &Desk, pipelines: &str) {
    desk.site.ok(&["sync", "--pipeline", pipelines]);
}

fn pass(desk: &Desk, time: TimeDelta) {
    let now = desk.simulator.clock().now();
    desk.wait_until(now + time);
}

fn column(site: &Site, statement: &str) -> Vec<String> {
    site.sql(statement).iter().map(|row| text(row.values().next().unwrap())).collect()
}

#[test]
fn a_lone_quote_swallows_no_rows() {
    let desk = desk(small(0), faults("lone_quote", &[FILES], 1, 99));
    sync(&desk, "all_orders");
    assert!(struck(&desk) > 0);
    desk.assert_true();
    let quoted = "SELECT count(*) FROM sources.all_orders WHERE product_name LIKE '\"%'";
    assert_ne!(desk.site.value(quoted), "0", "the quote is part of the title");
}

#[test]
fn a_latin_1_label_on_utf_8_spoils_no_letter() {
    let site = Site::new();
    let file = site.file(
        "orders.txt",
        "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tproduct-name\tsku\tquantity\n\
         302-0000001-0000001\t2026-03-01T12:00:00+00:00\t2026-03-01T13:00:00+00:00\tShipped\tAmazon.de\t\
         Käsehobel, groß\tHOBEL\t1\n",
    );
    site.ingest("all_orders", &file, &["--charset", "ISO-8859-1"]);
    assert_eq!(site.value("SELECT product_name FROM sources.all_orders"), "Käsehobel, groß");
}

#[test]
fn a_utf_8_label_on_windows_1252_spoils_no_letter() {
    let desk = desk(small(1), faults("wrong_charset_label", &[FILES], 1, 99));
    sync(&desk, "all_orders");
    assert!(struck(&desk) > 0);
    let found = column(&desk.site, "SELECT DISTINCT product_name FROM sources.all_orders");
    assert!(!found.is_empty());
    let titles = seller(&desk).products.iter().map(|product| &product.title);
    let known: Vec<&String> = titles.flat_map(|title| [&title.english, &title.german, &title.french]).collect();
    let strange: Vec<&String> = found.iter().filter(|title| !known.contains(title)).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn shift_jis_headers_are_understood() {
    let mut profile = Profile::demo(21);
    profile.sellers = vec![profile.sellers.remove(2)];
    let desk = desk(profile, faults("localised_header", &[FILES], 1, 99));
    sync(&desk, "listings");
    assert!(struck(&desk) > 0);
    let found = column(&desk.site, "SELECT product_name FROM listings WHERE price > 0 ORDER BY product_name");
    let mut expected: Vec<String> =
        seller(&desk).products.iter().map(|product| product.title.japanese.clone()).collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn orders_of_several_items_keep_them_all() {
    let desk = desk(small(0), FaultPlan::default());
    sync(&desk, "all_orders");
    let several = "SELECT count(*) FROM (SELECT 1 FROM order_items GROUP BY amazon_order_id HAVING count(*) > 1)";
    assert_ne!(desk.site.value(several), "0");
    desk.assert_true();
}

#[test]
fn an_html_503_in_the_middle_of_paging_ends_no_list() {
    // More in a row than one call is repeated.
    let desk = paged(faults("http_503_html", &[TRANSACTIONS, STOCK], 2, 9));
    sync(&desk, "transactions,inventory");
    assert_eq!(struck(&desk), 18);
    desk.assert_true();
}

#[test]
fn an_empty_page_with_a_token_ends_no_list() {
    let desk = paged(faults("empty_page_with_token", &[TRANSACTIONS, STOCK], 1, 4));
    sync(&desk, "transactions,inventory");
    assert_eq!(struck(&desk), 8);
    desk.assert_true();
}

#[test]
fn an_expired_token_ends_no_list() {
    let desk = paged(faults("expired_page_token", &[TRANSACTIONS, STOCK], 1, 3));
    sync(&desk, "transactions,inventory");
    assert_eq!(struck(&desk), 6);
    desk.assert_true();
}

#[test]
fn what_comes_again_on_the_next_page_counts_once() {
    let desk = paged(faults("page_duplicate", &[TRANSACTIONS, STOCK], 1, 50));
    sync(&desk, "transactions,inventory");
    assert!(struck(&desk) > 20, "only {} struck", struck(&desk));
    desk.assert_true();
    let doubled =
        "SELECT count(*) FROM (SELECT 1 FROM inventory GROUP BY marketplace_id, sku, fnsku HAVING count(*) > 1)";
    assert_eq!(desk.site.value(doubled), "0");
}

#[test]
fn what_a_page_left_out_comes_later() {
    let desk = paged(faults("page_gap", &[TRANSACTIONS], 1, 9));
    sync(&desk, "transactions");
    assert_eq!(struck(&desk), 9);
    pass(&desk, TimeDelta::hours(25));
    sync(&desk, "transactions");
    desk.assert_true();
}

#[test]
fn a_cancelled_report_is_asked_for_once_more() {
    let desk = desk(small(0), faults("report_cancelled", &[CREATE], 1, 1));
    let output = desk.site.run(&["sync", "--pipeline", "returns"]);
    assert!(words(&output).contains("1 request left for the next run"), "{}", words(&output));
    assert_eq!(desk.reports_created(), 1);
    pass(&desk, TimeDelta::hours(5));
    // In part: the day that has passed meanwhile is empty so far.
    desk.site.run(&["sync", "--pipeline", "returns"]);
    assert_eq!(struck(&desk), 1);
    assert_ne!(desk.site.value("SELECT count(*) FROM returns"), "0");
}

#[test]
fn a_report_cancelled_twice_is_no_data_and_said_to_be() {
    let desk = desk(small(0), FaultPlan::default());
    sync(&desk, "stranded");
    let marked = "SELECT status || ': ' || reason FROM meta.slices WHERE pipeline = 'stranded'";
    let marked = column(&desk.site, marked);
    assert_eq!(desk.reports_created() as usize, marked.len() * 2);
    assert!(marked.iter().all(|mark| mark.starts_with("no_data: ") && mark.contains("twice")), "{marked:?}");
}

#[test]
fn a_fatal_report_rests_for_its_cooldown() {
    let desk = desk(small(0), faults("report_fatal", &[CREATE], 1, 1));
    let output = desk.site.run(&["sync", "--pipeline", "returns"]);
    assert_eq!(output.status.code(), Some(3), "{}", words(&output));
    assert_eq!(desk.site.value("SELECT status FROM meta.slices WHERE pipeline = 'returns'"), "fatal");
    let again = desk.site.value("SELECT CAST(again_at AS VARCHAR) FROM meta.slices WHERE pipeline = 'returns'");
    let again = again.parse::<DateTime<Utc>>().unwrap();
    assert!(again >= desk.simulator.clock().now() + TimeDelta::hours(3), "a daily report wants four hours: {again}");
    desk.site.run(&["sync", "--pipeline", "returns"]);
    assert_eq!(desk.reports_created(), 1, "nobody asks before that");
    desk.wait_until(again + TimeDelta::minutes(1));
    sync(&desk, "returns");
    assert_ne!(desk.site.value("SELECT count(*) FROM returns"), "0");
}

#[test]
fn report_options_are_really_sent() {
    let desk = desk(small(0), FaultPlan::default());
    let day = "2026-10-20";
    desk.site.ok(&["backfill", "--account", &desk.id(0), "--pipeline", "traffic", "--from", day, "--to", day]);
    let (amazon, now) = (desk.simulator.amazon(), desk.simulator.clock().now());
    let reports = amazon.reports.of(&seller(&desk).id, now - TimeDelta::days(1), now);
    assert!(!reports.is_empty());
    for report in reports {
        assert_eq!(report.query.options["dateGranularity"], "DAY");
        assert_eq!(report.query.options["asinGranularity"], "SKU");
    }
}

#[test]
fn a_settlement_listed_for_four_marketplaces_counts_once() {
    let mut profile = Profile::demo(45);
    profile.sellers = vec![profile.sellers.remove(1)];
    profile.sellers[0].marketplaces = vec!["DE", "FR", "IT", "ES"];
    profile.sellers[0].orders_per_day = 4.0;
    let desk = desk(profile, FaultPlan::default());
    sync(&desk, "settlements");
    let settlements = "SELECT count(*) FROM settlements";
    let delivered: u64 = desk.site.value("SELECT count(*) FROM meta.deliveries").parse().unwrap();
    assert_eq!(desk.site.value(&format!("{settlements} WHERE balanced")), desk.site.value(settlements));
    assert_eq!(desk.site.value(settlements), (delivered / 4).to_string());
    assert!(delivered >= 4);
    desk.assert_true();
}

#[test]
fn finance_rows_that_come_late_come() {
    let profile = small(0);
    let begins = evening(&profile) - TimeDelta::days(5);
    let desk = Desk::at(profile, begins, FaultPlan::default());
    let day = begins.date_naive();
    let lines = || desk.site.value(&format!("SELECT count(*) FROM ledger_accrual WHERE local_day <= '{day}'"));
    sync(&desk, "transactions");
    let before: u64 = lines().parse().unwrap();
    pass(&desk, TimeDelta::days(3));
    sync(&desk, "transactions");
    let after: u64 = lines().parse().unwrap();
    assert!(after > before, "{after} lines, {before} before");
    desk.assert_true();
}

const ADS: &str = "ads_sp_products,ads_sp_campaigns,ads_sb_campaigns,ads_sd_products";

#[test]
fn a_duplicate_ads_report_is_waited_for() {
    let desk = desk(small(0), faults("ads_425", &["ads.*"], 1, 3));
    sync(&desk, ADS);
    assert_eq!(struck(&desk), 3);
    desk.assert_true();
}

#[test]
fn ads_days_are_asked_for_again_until_they_stand() {
    let mut plan = faults("restated_row", &[FILES], 1, 8);
    plan.script.extend(faults("late_row", &[FILES], 1, 8).script);
    let desk = desk(small(0), plan);
    sync(&desk, ADS);
    assert!(struck(&desk) > 0);
    pass(&desk, TimeDelta::hours(25));
    sync(&desk, ADS);
    desk.assert_true();
}

#[test]
fn the_ledgers_days_are_whole_wherever_amazon_cuts_them() {
    let movements = |by_instant: bool| {
        let mut profile = Profile { ledger_by_instant: by_instant, ..Profile::demo(21) };
        profile.sellers.drain(..2);
        profile.sellers[0].orders_per_day = 30.0;
        let desk = desk(profile, FaultPlan::default());
        // Each brings what lies before the one before it: an edge in Japan's night every few days.
        for days in ["4", "7", "10", "13"] {
            desk.site.ok(&["sync", "--no-rollup", "--pipeline", "ledger", "--days", days]);
        }
        let days = "SELECT date, count(*) AS movements, sum(quantity) AS units FROM sources.ledger_detail
                    GROUP BY date ORDER BY date";
        desk.site.sql(days)
    };
    let (by_day, by_instant) = (movements(false), movements(true));
    assert!(by_day.len() > 10, "{by_day:?}");
    assert_eq!(by_day, by_instant);
}
