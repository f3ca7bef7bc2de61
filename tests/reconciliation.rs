//! A settlement is compared with Finances once all of its period is there to be compared with, and no sooner.

use crate::books::plain;
use crate::site::{Site, text, tree};

/// Finances of a day: a transaction that says its total, and the settlement that pays it out.
fn posted(site: &Site, id: &str, at: &str, currency: &str, settlement: Option<&str>) {
    let related = settlement.map_or(String::new(), |settlement| {
        format!(r#"{{"relatedIdentifierName": "SETTLEMENT_ID", "relatedIdentifierValue": "{settlement}"}}"#)
    });
    let document = format!(
        r#"{{"payload": {{"transactions": [{{"transactionId": "{id}", "transactionType": "Shipment",
            "transactionStatus": "RELEASED", "description": "Order Payment", "postedDate": "{at}",
            "totalAmount": {{"currencyCode": "{currency}", "currencyAmount": 20.00}},
            "relatedIdentifiers": [{related}]}}]}}}}"#
    );
    site.ingest("finance_transactions", &site.file(&format!("{id}.json"), document), &["--as-of", "2026-06-01"]);
}

#[test]
fn a_settlement_is_compared_once_transactions_reach_over_all_of_it() {
    // From 1 March 01:02 to 15 March, in USD.
    let settlement = tree().join("tests/cases/decode/settlement_v2/input.tsv");
    let site = Site::new();
    site.ingest("settlement_v2", &settlement, &["--as-of", "2026-06-01"]);
    let found = || {
        let statement = "SELECT matched_by, finances_activity, finances_difference FROM settlement_reconciliation";
        let [row] = &site.sql(statement)[..] else { panic!("one settlement") };
        ["matched_by", "finances_activity", "finances_difference"].map(|name| plain(&text(&row[name])))
    };
    let warned = || {
        site.value("SELECT count(*) AS n FROM meta.alerts WHERE state = 'firing' AND subject LIKE '%settlement_reconciliation%'") != "0"
    };
    assert_eq!(found(), ["", "", ""]);
    posted(&site, "IN-IT", "2026-03-05T08:00:00Z", "USD", Some("90000000001"));
    assert_eq!(found(), ["settlement_id", "20", ""], "neither its first days nor its last ones are there");
    posted(&site, "LONG-AFTER", "2026-04-02T08:00:00Z", "USD", None);
    assert_eq!(found(), ["settlement_id", "20", ""], "its first days aren't there");
    posted(&site, "ELSEWHERE", "2026-02-20T08:00:00Z", "JPY", None);
    assert_eq!(found(), ["settlement_id", "20", ""], "Japan's history is another account's");
    assert!(!warned());
    posted(&site, "FIRST-DAY", "2026-03-01T08:00:00Z", "CAD", None);
    assert_eq!(found(), ["settlement_id", "20", "-6.6"]);
    assert!(warned());

    let site = Site::new();
    site.ingest("settlement_v2", &settlement, &["--as-of", "2026-06-01"]);
    let difference = || plain(&site.value("SELECT finances_difference FROM settlement_reconciliation"));
    posted(&site, "BEFORE", "2026-02-20T08:00:00Z", "USD", None);
    posted(&site, "IN-IT", "2026-03-05T08:00:00Z", "USD", Some("90000000001"));
    posted(&site, "TOO-SOON", "2026-03-17T23:00:00Z", "USD", None);
    assert_eq!(difference(), "", "what was posted last may not be listed yet");
    posted(&site, "AFTER", "2026-03-18T08:00:00Z", "USD", None);
    assert_eq!(difference(), "-6.6");
}

/// Settlements stand for the days before Finances begins, and for all of theirs where Finances is but a sample of them.
#[test]
fn each_day_is_told_by_one_view_of_the_money() {
    // 32.60 USD on 5 March, a fee of 6 on the 12th, and a reserve at the end, which is in no transaction.
    let settlement = std::fs::read_to_string(tree().join("tests/cases/decode/settlement_v2/input.tsv")).unwrap();
    let moved = |line: &str| {
        if line.contains("Inbound Placement") { line.replace("2026-03-05", "2026-03-12") } else { line.to_owned() }
    };
    let settlement = settlement.lines().map(moved).collect::<Vec<_>>().join("\n") + "\n";
    let begun = || {
        let site = Site::new();
        site.ingest("settlement_v2", &site.file("settlement.txt", &settlement), &["--as-of", "2026-06-01"]);
        site
    };
    let books = |site: &Site, currency: &str| {
        ["ledger_accrual", "ledger_cash"].map(|ledger| {
            plain(&site.value(&format!("SELECT sum(amount) FROM {ledger} WHERE currency = '{currency}'")))
        })
    };
    let site = begun();
    posted(&site, "LATE", "2026-04-02T08:00:00Z", "USD", None);
    assert_eq!(books(&site, "USD"), ["46.6", "46.6"], "March is in the settlement alone");
    posted(&site, "BETWEEN", "2026-03-05T23:00:00Z", "USD", None);
    assert_eq!(books(&site, "USD"), ["40", "40"], "of 5 March both tell");
    posted(&site, "ELSEWHERE", "2026-02-20T08:00:00Z", "JPY", None);
    assert_eq!(
        (books(&site, "USD"), books(&site, "JPY")),
        (["40", "40"].map(str::to_owned), ["20", "20"].map(str::to_owned))
    );

    let site = begun();
    posted(&site, "ONE-DAY", "2026-03-06T08:00:00Z", "USD", None);
    assert_eq!(books(&site, "USD"), ["26.6", "26.6"], "one day of Finances hides no settlement");
    posted(&site, "TO-THE-END", "2026-03-10T08:00:00Z", "USD", None);
    assert_eq!(books(&site, "USD"), ["72.6", "72.6"], "what came of the last days may not be listed yet");

    // Before and in the settlement, but not to its end: what was held back in between would count in both.
    let site = begun();
    let held = || {
        site.value(
            "SELECT count(*) FROM meta.alerts WHERE state = 'firing' AND message LIKE '%before the settlements do%'",
        )
    };
    posted(&site, "BEFORE", "2026-02-20T08:00:00Z", "USD", None);
    assert_eq!((books(&site, "USD"), held().as_str()), (["26.6", "26.6"].map(str::to_owned), "1"));
    let named = site.file("settings.csv", "money_source\nsettlements\n");
    site.ingest("account_settings", &named, &[]);
    assert_eq!((books(&site, "USD"), held().as_str()), (["26.6", "26.6"].map(str::to_owned), "0"));
    let told = site.value("SELECT count(*) FROM meta.alerts WHERE state = 'firing' AND message LIKE '%in no ledger%'");
    assert_eq!(told, "1", "of February the other view tells");
}
