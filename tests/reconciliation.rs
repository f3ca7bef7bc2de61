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

/// Finances are taken as soon as any of it is loaded; settlements from before it begins are then in no ledger.
#[test]
fn settlements_from_before_the_ledgers_begin_are_told() {
    let site = Site::new();
    let settlement = tree().join("tests/cases/decode/settlement_v2/input.tsv");
    site.ingest("settlement_v2", &settlement, &["--as-of", "2026-06-01"]);
    let told = || {
        site.value("SELECT count(*) AS n FROM meta.alerts WHERE state = 'firing' AND message LIKE '%in no ledger%'")
            != "0"
    };
    assert!(!told());
    posted(&site, "LATE", "2026-04-02T08:00:00Z", "USD", None);
    assert!(told(), "March is in the settlement alone");
    posted(&site, "EARLY", "2026-03-01T08:00:00Z", "USD", None);
    assert!(!told());
}
