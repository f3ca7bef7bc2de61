//! Files whose meaning isn't plain: what evidence settles is loaded, what nothing settles is asked, and nothing is guessed.

use std::path::PathBuf;

use crate::site::{Site, text};

const LEDGER: &str = "Date\tFNSKU\tASIN\tMSKU\tTitle\tEvent Type\tReference ID\tQuantity\tFulfillment Center\t\
                      Disposition\tReason\tCountry\tReconciled Quantity\tUnreconciled Quantity\tDate and Time\tStore\n";

/// A ledger of one movement a day, so many units as the day's number, dates with slashes.
fn ledger(site: &Site, name: &str, days: std::ops::RangeInclusive<u32>, timed: bool) -> PathBuf {
    let rows = days.map(|day| {
        let at = if timed { format!("2026-06-{day:02}T10:00:00+0100") } else { String::new() };
        format!("{day:02}/06/2026\tX9\tB0FIXTURE9\tREEL-9\tReel\tShipments\t\t-{day}\tBHX4\tSELLABLE\t\t\t\t\t{at}\t\n")
    });
    site.file(name, format!("{LEDGER}{}", rows.collect::<String>()))
}

fn movements(site: &Site) -> (String, String) {
    let rows = site.sql("SELECT count(*) AS n, sum(units) AS units FROM inventory_movements");
    (text(&rows[0]["n"]), text(&rows[0]["units"]))
}

#[test]
fn a_second_ledger_whose_dates_read_both_ways_undoes_no_day() {
    let site = Site::new();
    let june = ["--window", "2026-06-01..2026-06-20", "--as-of", "2026-06-22", "--scope", "EU"];
    site.ingest("ledger_detail", &ledger(&site, "june.txt", 1..=20, true), &june);
    assert_eq!(movements(&site), ("20".into(), "-210".into()));
    for (timed, as_of) in [(true, "2026-06-23"), (false, "2026-06-24")] {
        let week = ["--window", "2026-06-04..2026-06-10", "--as-of", as_of, "--scope", "EU"];
        site.ingest("ledger_detail", &ledger(&site, as_of, 4..=10, timed), &week);
        assert_eq!(movements(&site), ("20".into(), "-210".into()), "{as_of}");
    }
}

#[test]
fn what_nothing_settles_is_asked_and_the_answer_is_remembered() {
    let site = Site::new();
    let file = ledger(&site, "either.txt", 3..=5, false).display().to_string();
    let mut asked = vec!["ingest", "--source", "ledger_detail", "--seller", "A1", "--scope", "NA"];
    asked.extend(["--window", "2026-01-01..2026-11-25", "--as-of", "2026-11-27", &file]);
    let refused = site.run(&asked);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{words}");
    assert!(words.contains("03/06/2026") && words.contains("hint: say it: --day-order dmy or mdy"), "{words}");
    asked.extend(["--day-order", "mdy"]);
    site.ok(&asked);
    let days =
        "SELECT string_agg(CAST(movement_day AS VARCHAR), ' ' ORDER BY movement_day) AS d FROM inventory_movements";
    assert_eq!(site.value(days), "2026-03-06 2026-04-06 2026-05-06");
    // The file that was refused is refused again, and said so.
    assert_eq!(site.run(&["replay"]).status.code(), Some(3));
    assert_eq!(site.value(days), "2026-03-06 2026-04-06 2026-05-06");
    // Told otherwise, later: the same bytes are another delivery.
    let last = asked.len() - 1;
    asked[last] = "dmy";
    let at = asked.iter().position(|argument| *argument == "2026-11-27").unwrap();
    asked[at] = "2026-11-28";
    site.ok(&asked);
    assert_eq!(site.value(days), "2026-06-03 2026-06-04 2026-06-05");
}

#[test]
fn an_amount_that_reads_both_ways_is_asked_and_the_answer_is_remembered() {
    let site = Site::new();
    let list = "sku,unit_cost,currency,valid_from\nREEL-9,\"1,234\",EUR,2026-01-05\n";
    let file = site.file("costs.csv", list).display().to_string();
    let mut asked = vec!["ingest", "--source", "cost_list", "--seller", "A1", "--as-of", "2026-06-01", &file];
    let refused = site.run(&asked);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{words}");
    assert!(
        words.contains("1,234") && words.contains("hint: say what stands before decimals: --decimal comma or point"),
        "{words}"
    );
    let cost = "SELECT unit_cost FROM sources.cost_list";
    asked.extend(["--decimal", "comma"]);
    site.ok(&asked);
    assert_eq!(site.value(cost), "1.2340");
    assert_eq!(site.run(&["replay"]).status.code(), Some(3), "what was refused is refused again");
    assert_eq!(site.value(cost), "1.2340");
    // Told otherwise, later.
    *asked.last_mut().unwrap() = "point";
    asked[6] = "2026-06-02";
    site.ok(&asked);
    assert_eq!(site.value(cost), "1234.0000");
}

#[test]
fn what_decided_the_order_of_dates_is_told() {
    let site = Site::new();
    let list = "sku,unit_cost,currency,valid_from\nREEL-9,6.50,EUR,03/04/2026\n";
    let words = site.ingest("cost_list", &site.file("costs.csv", list), &["--as-of", "2026-06-01"]);
    assert!(words.contains("dates read as dmy, by the currency EUR"), "{words}");
    assert_eq!(site.value("SELECT valid_from FROM sources.cost_list"), "2026-04-03");
    let report = site.value("SELECT report FROM meta.deliveries");
    assert!(report.contains(r#""day_order":"dmy""#) && report.contains("the currency EUR"), "{report}");
}

#[test]
fn rows_of_other_days_make_no_day_empty() {
    let site = Site::new();
    let june = ["--window", "2026-06-01..2026-06-20", "--as-of", "2026-06-25", "--scope", "EU"];
    site.ingest("ledger_detail", &ledger(&site, "june.txt", 1..=20, true), &june);
    let late = ["--window", "2026-06-12..2026-06-16", "--as-of", "2026-06-26", "--scope", "EU"];
    site.ingest("ledger_detail", &ledger(&site, "late.txt", 15..=20, true), &late);
    assert_eq!(movements(&site), ("20".into(), "-210".into()));
}

#[test]
fn a_file_of_another_source_is_told_what_it_reads_like() {
    let site = Site::new();
    let stock = "sku\tfnsku\tasin\tproduct-name\tcondition\tyour-price\tmfn-listing-exists\tmfn-fulfillable-quantity\t\
                 afn-listing-exists\tafn-warehouse-quantity\tafn-fulfillable-quantity\tafn-unsellable-quantity\t\
                 afn-reserved-quantity\tafn-total-quantity\n\
                 REEL-9\tX9\tB0FIXTURE9\tReel\tNew\t6.64\tNo\t\tYes\t12\t10\t0\t2\t12\n";
    let day = ["--marketplace", "APJ6JRA9NG5V4", "--as-of", "2026-06-10T06:00:00Z"];
    site.ingest("myi_inventory", &site.file("stock.txt", stock), &day);
    let open = site.file("open.txt", "sku\tasin\tprice\tquantity\nREEL-9\tB0FIXTURE9\t9.99\t4\n").display().to_string();
    let orders = crate::site::tree().join("tests/cases/pnl/all_orders.tsv").display().to_string();
    for (file, hint) in [(&open, ""), (&orders, "it reads like all_orders")] {
        let mut asked = vec!["ingest", "--source", "myi_inventory", "--seller", "A1", "--marketplace", "APJ6JRA9NG5V4"];
        asked.extend(["--as-of", "2026-06-10T18:00:00Z", file]);
        let refused = site.run(&asked);
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(3), "{words}");
        assert!(words.contains("without which this is no myi_inventory file") && words.contains(hint), "{words}");
    }
    assert_eq!(site.value("SELECT sum(afn_warehouse_quantity) AS n FROM sources.myi_inventory"), "12");
}

#[test]
fn personal_columns_are_told_as_dropped_and_others_as_kept() {
    let site = Site::new();
    let orders = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsku\tquantity\tlicensee-name\tdock\n\
                  113-0000009-0000001\t2026-06-01T00:00:00Z\t2026-06-02T00:00:00Z\tShipped\tREEL-9\t1\tJo Fixture\t4\n";
    let words = site.ingest("all_orders", &site.file("orders.txt", orders), &[]);
    assert!(words.contains("undeclared, kept in _extra: dock (1)"), "{words}");
    assert!(words.contains("undeclared, dropped as personal: licensee-name (1)"), "{words}");
    assert_eq!(site.value("SELECT _extra FROM sources.all_orders"), r#"{"dock":"4"}"#);
    let alert = site.value("SELECT message FROM meta.alerts WHERE state = 'firing' AND message LIKE '%undeclared%'");
    assert!(alert.contains("kept in _extra: dock") && alert.contains("dropped as personal: licensee-name"), "{alert}");
}

#[test]
fn a_list_tells_what_nobody_knows() {
    let site = Site::new();
    let list =
        "sku;unit_cost;currency;valid_from;marketplace\nREEL-9;3,20;EURO;2026-01-05;DE\nREEEL-9;3,20;EUR;2026-01-05;\n";
    let file = site.file("costs.csv", list);
    let words = site.ingest("cost_list", &file, &["--as-of", "2026-06-01"]);
    assert!(words.contains("unknown currency: \"EURO\" (1)"), "{words}");
    assert!(words.contains("no sku of seller A1 is known yet"), "{words}");
    let orders = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsku\tquantity\n\
                  113-0000009-0000001\t2026-06-01T00:00:00Z\t2026-06-02T00:00:00Z\tShipped\tREEL-9\t1\n";
    site.ingest("all_orders", &site.file("orders.txt", orders), &[]);
    let words = site.ingest("cost_list", &file, &["--as-of", "2026-06-02"]);
    assert!(words.contains("1 sku in the list that nothing else of the seller's has: REEEL-9"), "{words}");
    assert_eq!(site.value("SELECT marketplace_id FROM costs WHERE sku = 'REEL-9'"), "A1PA6795UKMFR9");
}

/// A storage fee of 9,000 yen whose only item tells 400 of them.
fn storage(id: &str, own: i64) -> String {
    let amount = |value: i64| format!(r#"{{"currencyCode": "JPY", "currencyAmount": {value}}}"#);
    let leaf = |name: &str, value: i64| {
        format!(r#"{{"breakdownType": "{name}", "breakdownAmount": {}, "breakdowns": null}}"#, amount(value))
    };
    format!(
        r#"{{"payload": {{"transactions": [{{"transactionId": "{id}", "transactionType": "ServiceFee",
            "transactionStatus": "RELEASED", "description": "FBAStorageBilling", "postedDate": "2026-06-07T13:38:59Z",
            "marketplaceDetails": {{"marketplaceId": "A1VC38T7YXB528", "marketplaceName": "Amazon.co.jp"}},
            "totalAmount": {total},
            "items": [{{"description": "", "totalAmount": {part}, "breakdowns": [{item}],
                "contexts": [{{"contextType": "ProductContext", "asin": "B0FIXTURE9", "sku": "REEL-9"}}]}}],
            "breakdowns": [{{"breakdownType": "Expenses", "breakdownAmount": {total}, "breakdowns": [{leaf}]}}]}}]}}}}"#,
        total = amount(-9000),
        part = amount(-400),
        item = leaf("FBAStorageFee", -400),
        leaf = leaf("FBAStorageFee", own),
    )
}

#[test]
fn where_items_lack_money_the_transactions_own_breakdowns_stand_in() {
    let site = Site::new();
    let later = ["--as-of", "2026-06-20"];
    site.ingest("finance_transactions", &site.file("whole.json", storage("T1", -9000)), &later);
    site.ingest("finance_transactions", &site.file("broken.json", storage("T2", -8000)), &later);
    let lines = "SELECT transaction_id, told_by, category, sku, amount, balanced FROM finance_lines ORDER BY 1, 2";
    let lines: Vec<String> =
        site.sql(lines).iter().map(|row| row.values().map(text).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("T1 stand_in storage_fee  -9000") && lines[0].ends_with("true"), "{lines:?}");
    assert!(lines[1].starts_with("T2 item storage_fee REEL-9 -400") && lines[1].ends_with("false"), "{lines:?}");
    let sum = "SELECT CAST(sum(amount) AS BIGINT) AS n FROM ledger_all WHERE balanced AND in_accrual";
    assert_eq!(site.value(sum), "-9000");
}
