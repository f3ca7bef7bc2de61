//! Two engines must agree: polars reads the lake as anybody would and works out rollups on its own.

use std::fs;
use std::process::Command;

use crate::books::load_small_seller;
use crate::site::{Site, python, shared, tree};

/// A Finances transaction that says nothing but its total, and which settlement or group pays it out.
fn transaction(id: &str, status: &str, related: (&str, &str), currency: &str, amount: &str) -> String {
    format!(
        r#"{{"transactionId": "{id}", "transactionType": "Shipment", "transactionStatus": "{status}",
            "description": "Order Payment", "postedDate": "2026-03-0{day}T05:00:00Z",
            "totalAmount": {{"currencyCode": "{currency}", "currencyAmount": {amount}}},
            "relatedIdentifiers": [{{"relatedIdentifierName": "{}", "relatedIdentifierValue": "{}"}}]}}"#,
        related.0,
        related.1,
        day = 2 + id.len() % 7,
    )
}

/// Finances that name a settlement, a group only one settlement can mean, groups of which one fits, and a group that
/// reaches beyond its settlement.
fn transactions() -> String {
    let (settlement, group) = ("SETTLEMENT_ID", "FINANCIAL_EVENT_GROUP_ID");
    let list = [
        transaction("S1", "RELEASED", (settlement, "90000000001"), "USD", "20.10"),
        transaction("S22", "RELEASED", (settlement, "90000000001"), "USD", "6.55"),
        transaction("S333", "DEFERRED", (settlement, "90000000001"), "USD", "1000.00"),
        transaction("E1", "RELEASED", (group, "G-EUR"), "EUR", "1000.01"),
        transaction("U1", "RELEASED", (group, "G-USD-1"), "USD", "26.60"),
        transaction("U22", "RELEASED", (group, "G-USD-2"), "USD", "3.00"),
    ];
    format!("{{\"payload\": {{\"transactions\": [{}]}}}}", list.join(","))
}

fn load(site: &Site) {
    load_small_seller(site, false);
    let cases = tree().join("tests/cases/decode");
    let later = ["--as-of", "2026-06-01", "--no-rollup"];
    for name in ["all_orders", "all_orders_es", "all_orders_jp", "all_orders_ragged"] {
        site.run(&[
            "ingest",
            "--seller",
            "A1",
            "--source",
            "all_orders",
            "--as-of",
            "2026-06-01",
            "--no-rollup",
            &cases.join(name).join("input.tsv").display().to_string(),
        ]);
    }
    for name in ["settlement_v1", "settlement_v2", "settlement_v2_eu"] {
        let source = name.trim_end_matches("_eu");
        site.ingest(source, &cases.join(name).join("input.tsv"), &later);
    }
    let unbalanced = fs::read_to_string(cases.join("settlement_v2_unbalanced/input.tsv")).unwrap();
    let unbalanced = site.file("unbalanced.tsv", unbalanced.replace("90000000001", "90000000009"));
    site.ingest("settlement_v2", &unbalanced, &later);
    site.ingest("finance_transactions", &site.file("transactions.json", transactions()), &later);
    if let Some(folder) = shared("samples/settlement") {
        for name in ["50011020300", "50018020314", "50034020328"] {
            site.ingest("settlement_v1", &folder.join(format!("settlement_v1_{name}.txt")), &["--no-rollup"]);
        }
        site.ingest("settlement_v2", &folder.join("settlement_v2_sample.txt"), &["--no-rollup"]);
    }
    site.ok(&["rollup"]);
}

#[test]
fn polars_works_out_the_same_rollups() {
    let Some(python) = python("polars") else { return };
    let site = Site::new();
    load(&site);
    for rollup in ["daily_sales", "settlement_reconciliation"] {
        let answer = format!("{rollup}.parquet");
        site.ok(&["sql", "--format", "parquet", "--output", &answer, &format!("SELECT * FROM {rollup}")]);
    }
    let output = Command::new(python)
        .arg(tree().join("tests/polars_check.py"))
        .args([site.path().join("lake"), site.path().to_owned(), tree().join("schemas/reference/marketplaces.csv")])
        .output()
        .unwrap();
    let words = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{words}");
    assert!(words.contains("daily_sales: ") && words.contains("settlement_reconciliation: "), "{words}");
}
