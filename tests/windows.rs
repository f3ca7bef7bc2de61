//! A file's own dates against the window it is handed in with, and days that come twice.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::desk::words;
use crate::site::{Site, text};

const DAILY: &str = "Date,Currency,Campaign Name,Ad Group Name,Targeting,Match Type,Customer Search Term,Impressions,Clicks,\
                     Spend,7 Day Total Sales \n";
const SUMMARY: &str = "Start Date,End Date,Currency,Campaign Name,Ad Group Name,Targeting,Match Type,Customer Search Term,\
                       Impressions,Clicks,Spend,7 Day Total Sales \n";

fn daily(site: &Site, first: u32, last: u32) -> PathBuf {
    let row = |day: u32| format!("\"Mar {day:02}, 2026\",USD,C,G,kw,BROAD,mug,100,1,$1.00,$5.00\n");
    site.file(&format!("{first}.csv"), DAILY.to_owned() + &(first..=last).map(row).collect::<String>())
}

fn console(site: &Site, file: &std::path::Path, window: &str) -> (i32, String) {
    let file = file.display().to_string();
    let source = "ads_console_search_terms";
    let arguments =
        ["ingest", "--source", source, "--seller", "A1", "--scope", "900", "--as-of", "2026-05-02", "--window"];
    let output = site.run(&[&arguments[..], &[window, &file]].concat());
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn days_in_the_downloads_of_two_windows_are_marked() {
    let site = Site::new();
    assert_eq!(console(&site, &daily(&site, 3, 12), "2026-03-03..2026-03-12").0, 0);
    assert_eq!(site.value("SELECT count(*) FROM ppc_search_terms WHERE overlaps"), "0");
    assert_eq!(console(&site, &daily(&site, 9, 20), "2026-03-09..2026-03-20").0, 0);
    let marked = site.sql("SELECT overlaps, min(period_from) AS first, max(period_from) AS last, count(*) AS n FROM ppc_search_terms GROUP BY overlaps ORDER BY overlaps, first");
    let told: Vec<String> = marked.iter().map(|row| row.values().map(text).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(told, ["false 2026-03-03 2026-03-20 14", "true 2026-03-09 2026-03-12 8"]);
    assert_eq!(site.value("SELECT sum(cost) FROM ppc_search_terms WHERE NOT overlaps"), "14.0000");
}

#[test]
fn a_file_of_other_days_than_its_window_is_refused() {
    let site = Site::new();
    let summary = site
        .file("s.csv", format!("{SUMMARY}\"Mar 01, 2026\",\"Mar 10, 2026\",USD,C,G,kw,BROAD,mug,100,1,$10.00,$5.00\n"));
    for (file, window) in [
        (&summary, "2026-04-01..2026-04-30"),
        (&summary, "2026-03-05..2026-03-31"),
        (&summary, "2026-03-01..2026-03-09"),
        (&daily(&site, 3, 12), "2026-03-04..2026-03-12"),
    ] {
        let (code, words) = console(&site, file, window);
        assert_eq!(code, 3, "{window}: {words}");
        assert!(words.contains("outside the window") && words.contains("--window must be"), "{window}: {words}");
    }
    assert_eq!(site.value("SELECT count(*) FROM meta.deliveries WHERE status <> 'refused'"), "0");
    assert_eq!(site.value("SELECT count(*) FROM sources.ads_console_search_terms"), "0");
    assert_eq!(console(&site, &summary, "2026-03-01..2026-03-10").0, 0);
    assert_eq!(site.value("SELECT sum(cost) FROM ppc_search_terms"), "10.0000");

    let returns = site.file(
        "r.txt",
        "return-date\torder-id\tsku\tasin\tquantity\tdetailed-disposition\tstatus\n\
        2026-03-02T10:00:00+00:00\t111-0000001-0000001\tMUG\tB0MUG\t1\tSELLABLE\tReimbursed\n",
    );
    let orders = crate::site::tree().join("tests/cases/pnl/all_orders.tsv");
    for (source, file) in [("fba_returns", &returns), ("all_orders", &orders)] {
        let file = file.display().to_string();
        let output = site.run(&[
            "ingest",
            "--source",
            source,
            "--seller",
            "A1",
            "--scope",
            "NA",
            "--as-of",
            "2026-07-01",
            "--window",
            "2024-06-01..2024-06-30",
            &file,
        ]);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{source}: {words}");
        assert!(words.contains("every row lies outside the window"), "{source}: {words}");
    }
}

#[test]
fn a_return_whose_date_moved_counts_once() {
    let site = Site::new();
    let header =
        "return-date\torder-id\tsku\tasin\tfnsku\tquantity\tdetailed-disposition\tstatus\tlicense-plate-number\n";
    let row = |day: &str, order: u32, plate: &str| {
        format!(
            "2026-{day}T10:00:00+00:00\t112-0000000-000000{order}\tMUG\tB0MUGBLUE1\tX001ABCDEF\t1\tSELLABLE\tUnit returned to inventory\t{plate}\n"
        )
    };
    let ingest = |name: &str, rows: &[String], window: &str, as_of: &str| {
        let file = site.file(name, header.to_owned() + &rows.concat());
        site.ingest("fba_returns", &file, &["--scope", "NA", "--window", window, "--as-of", as_of]);
    };
    // Units without a plate are what they are, twins of one day too.
    let first = [row("03-20", 2, ""), row("03-20", 2, ""), row("03-21", 3, ""), row("03-22", 4, "LPN4")];
    ingest("a.txt", &first, "2026-03-15..2026-03-31", "2026-04-01");
    assert_eq!(site.value("SELECT sum(units) FROM returns"), "4");
    let then = [row("04-02", 4, "LPN4"), row("04-03", 3, ""), row("04-04", 5, "LPN2")];
    ingest("b.txt", &then, "2026-04-01..2026-04-07", "2026-04-08");
    assert_eq!(site.value("SELECT sum(units) FROM returns"), "6");
    assert_eq!(site.value("SELECT max(return_day) FROM returns WHERE license_plate_number = 'LPN4'"), "2026-04-02");
}

#[test]
fn rows_of_an_older_version_in_one_file_are_counted_and_told() {
    let site = Site::new();
    let header = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\tcurrency\titem-price\n";
    let row = |day: u32, sku: &str, price: &str| {
        format!(
            "117-0000000-0000001\t2026-03-10T12:00:00+00:00\t2026-03-{day}T00:00:00+00:00\tShipped\tAmazon.com\t{sku}\t1\tUSD\t{price}\n"
        )
    };
    let file =
        site.file("o.txt", [header, &row(12, "A", "20.00"), &row(11, "B", "10.00"), &row(11, "C", "1.00")].concat());
    let words = site.ingest("all_orders", &file, &[]);
    assert!(words.contains("2 rows set aside"), "{words}");
    assert!(site.value("SELECT report FROM meta.deliveries").contains("\"set_aside\":2"));
    site.ok(&["replay"]);
    assert!(site.value("SELECT report FROM meta.deliveries").contains("\"set_aside\":2"));
}

/// Events have no id: what two windows tell alike counts once, twins count twice, and what has no date is marked and told.
#[test]
fn events_in_the_downloads_of_two_windows_count_once() {
    let amount = |amount: f64| json!({"CurrencyCode": "USD", "CurrencyAmount": amount});
    let adjustment = |day: &str, of: f64| json!({"AdjustmentType": "FBAInventoryReimbursement", "PostedDate": format!("2026-03-{day}T10:00:00Z"), "AdjustmentAmount": amount(of)});
    let shared = [adjustment("07", 5.0), adjustment("08", 1.0), adjustment("08", 1.0)];
    let undated =
        json!([{"FeeReason": "Subscription", "FeeList": [{"FeeType": "Subscription", "FeeAmount": amount(-39.99)}]}]);
    let pages = |events: &[Value], fees: bool| {
        let fees = if fees { undated.clone() } else { json!([]) };
        json!({"payload": {"FinancialEvents": {"AdjustmentEventList": events, "ServiceFeeEventList": fees}}})
            .to_string()
    };
    let first = [&[adjustment("02", 7.0)], &shared[..]].concat();
    let second = [&shared[..], &[adjustment("12", 9.0)]].concat();
    for backwards in [false, true] {
        let site = Site::new();
        let mut downloads = [("2026-03-01..2026-03-10", &first), ("2026-03-05..2026-03-15", &second)];
        if backwards {
            downloads.reverse();
        }
        for (fees, (window, events)) in [false, true].into_iter().zip(downloads) {
            let file = site.file(&format!("{window}.json"), pages(events, fees));
            site.ingest("finance_event_pages", &file, &["--window", window, "--as-of", "2026-04-01"]);
        }
        assert_eq!(site.value("SELECT sum(amount) AS n FROM finance_events WHERE NOT overlaps"), "23.0000");
        assert_eq!(site.value("SELECT sum(amount) AS n FROM finance_events WHERE overlaps"), "-39.9900");
        assert_eq!(site.value("SELECT sum(reimbursements) AS n FROM daily_profit"), "23.0000");
        let told = "SELECT count(*) AS n FROM meta.alerts WHERE state = 'firing' AND message LIKE '%finance_events__overlapping_windows%'";
        assert_eq!(site.value(told), "1");
        // A third download beside them shares no day with either.
        let file = site.file("later.json", pages(&[adjustment("20", 3.0)], false));
        site.ingest("finance_event_pages", &file, &["--window", "2026-03-20..2026-03-20", "--as-of", "2026-04-01"]);
        assert_eq!(site.value("SELECT sum(reimbursements) AS n FROM daily_profit"), "26.0000");
    }
}

#[test]
fn a_transaction_whose_date_moved_counts_once() {
    let site = Site::new();
    let posted = |name: &str, at: &str, as_of: &str| {
        let document = format!(
            r#"{{"payload": {{"transactions": [{{"transactionId": "T1", "transactionType": "Shipment",
                "transactionStatus": "RELEASED", "description": "Order Payment", "postedDate": "{at}",
                "totalAmount": {{"currencyCode": "USD", "currencyAmount": 20.00}}}}]}}}}"#
        );
        site.ingest("finance_transactions", &site.file(name, document), &["--as-of", as_of]);
    };
    let books = "SELECT concat_ws(' ', sum(amount), max(local_day)) AS n FROM ledger_accrual";
    posted("first.json", "2026-03-30T12:00:00Z", "2026-03-31");
    assert_eq!(site.value(books), "20.0000 2026-03-30");
    posted("same_month.json", "2026-03-31T12:00:00Z", "2026-04-01");
    assert_eq!(site.value(books), "20.0000 2026-03-31");
    posted("next_month.json", "2026-04-02T12:00:00Z", "2026-04-03");
    assert_eq!(site.value(books), "20.0000 2026-04-02");
}

/// Of longer windows, events would count in other months, and twice beside shorter ones.
#[test]
fn a_window_longer_than_its_readers_look_is_refused() {
    let site = Site::new();
    let ingest = |source: &str, file: &std::path::Path, window: &str| {
        let file = file.display().to_string();
        let asked =
            ["ingest", "--source", source, "--seller", "A1", "--as-of", "2026-08-01", "--window", window, &file];
        let output = site.run(&asked);
        (output.status.code(), words(&output))
    };
    let events = site.file("events.json", "{\"payload\":{\"FinancialEvents\":{}}}");
    assert_eq!(ingest("finance_event_pages", &events, "2025-12-31..2026-06-29").0, Some(0));
    let (code, said) = ingest("finance_event_pages", &events, "2025-12-31..2026-07-01");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("days of 8 months; of finance_event_pages a document covers 7"), "{said}");
    assert_eq!(ingest("ads_console_search_terms", &events, "2026-01-01..2026-05-01").0, Some(2));
}
