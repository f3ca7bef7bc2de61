//! In a binary that has the engine.

use std::fs;

use crate::books::{load_books, load_small_seller};
use crate::desk::{Desk, words};
use crate::site::{Site, shared, tree};

const COVERED: [&str; 4] = ["daily_sales", "daily_profit", "monthly_fees", "settlement_reconciliation"];

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
        transaction("J1", "RELEASED", (group, "G-JPY"), "JPY", "7"),
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
    load_oddities(site);
    if let Some(folder) = shared("samples/settlement") {
        for name in ["50011020300", "50018020314", "50034020328"] {
            site.ingest("settlement_v1", &folder.join(format!("settlement_v1_{name}.txt")), &["--no-rollup"]);
        }
        site.ingest("settlement_v2", &folder.join("settlement_v2_sample.txt"), &["--no-rollup"]);
    }
    // One settlement doesn't add up.
    assert_eq!(site.run(&["rollup"]).status.code(), Some(3));
}

/// Where the engines differed once: a settlement without lines, an item of which nobody says whether it is a replacement
/// beside one that is none, and a cost whose conversion ends in half of the last digit.
fn load_oddities(site: &Site) {
    let later = ["--as-of", "2026-06-02", "--no-rollup"];
    let read = |name: &str| fs::read_to_string(tree().join("tests/cases").join(name)).unwrap();
    let settlement = read("decode/settlement_v2/input.tsv");
    let head: Vec<&str> = settlement.lines().take(2).collect();
    let empty = head.join("\n").replace("90000000001", "90000000077").replace("26.60\tUSD", "0\tJPY") + "\n";
    site.ingest("settlement_v2", &site.file("empty.tsv", empty), &later);

    let orders = read("pnl/all_orders.tsv");
    let lines: Vec<&str> = orders.lines().take(2).collect();
    let item = lines[1].replace("114-0000001-0000001", "114-0000077-0000077");
    let twins = format!("{}\tis-replacement-order\n{item}\t\n{item}\tfalse\n", lines[0]);
    site.ingest("all_orders", &site.file("twins.tsv", twins), &later);

    let costs = site.file("costs.csv", "sku,valid_from,unit_cost,currency\nMUG-1,2026-01-01,1.0005,GBP\n");
    site.ingest("cost_list", &costs, &later);
    let rates = site.file("rates.csv", "day,from_currency,to_currency,rate\n2026-01-01,GBP,USD,0.5\n");
    site.ingest("fx_rates", &rates, &later);
}

/// Rows of each covered rollup that both engines agree in, in every column.
fn agreed(site: &Site) -> [u64; COVERED.len()] {
    let output = site.run(&["verify", "--second-opinion"]);
    let (grid, said) = (String::from_utf8_lossy(&output.stdout).into_owned(), words(&output));
    assert_eq!(output.status.code(), Some(0), "{grid}{said}");
    assert!(said.contains("polars says the same"), "{said}");
    assert!(said.contains("not worked out again: daily_ppc"), "{said}");
    assert!(!said.contains("not worked out again in"), "every column is covered: {said}");
    let rows = |rollup: &str| {
        let lines = grid.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        lines.filter(|cells| cells.get(1) == Some(&rollup)).map(|cells| cells[2].parse::<u64>().unwrap()).sum()
    };
    COVERED.map(rows)
}

#[test]
fn another_engine_says_the_same() {
    let papers = Site::new();
    load(&papers);
    assert!(agreed(&papers).iter().all(|rows| *rows > 0));
    let matched = "SELECT matched_by FROM settlement_reconciliation WHERE settlement_id = '90000000077'";
    assert_eq!(papers.value(matched), "financial_event_group");
    assert_eq!(papers.value("SELECT max(order_items - orders) AS n FROM daily_sales WHERE sku = 'MUG-1'"), "1");
    let half = "SELECT min(profit_before_cogs - profit) AS n FROM daily_profit WHERE units = 1 AND cogs = -0.5003";
    assert_eq!(papers.value(half), "0.5003");

    let vat = Site::new();
    load_books(&vat, "vat", false);
    assert!(agreed(&vat)[1] > 0);

    let desk = Desk::new(3);
    desk.site.ok(&["sync"]);
    assert!(agreed(&desk.site).iter().all(|rows| *rows > 0));
}

/// A rollup that is whole and at home, and says something else: that of a lake where more is known.
fn plant(from: &Site, to: &Site, rollup: &str) {
    let objects = from.objects(&format!("rollups/{rollup}"));
    assert!(!objects.is_empty(), "{rollup}");
    for (path, ..) in objects {
        fs::copy(from.path().join("lake").join(&path), to.path().join("lake").join(&path)).unwrap();
    }
}

#[test]
fn a_planted_wrong_rollup_is_found() {
    let (site, other) = (Site::new(), Site::new());
    [&site, &other].into_iter().for_each(|site| load_small_seller(site, false));
    let orders = fs::read_to_string(tree().join("tests/cases/pnl/all_orders.tsv")).unwrap();
    let dearer = orders.replacen("\t40.00\t3.30\t", "\t41.00\t3.30\t", 1);
    assert_ne!(orders, dearer);
    other.ingest("all_orders", &other.file("dearer.tsv", dearer), &["--as-of", "2026-06-01"]);
    let costs = "sku,valid_from,unit_cost,currency\nLAMP-2,2026-01-01,10.00,USD\n";
    other.ingest("cost_list", &other.file("costs.csv", costs), &["--as-of", "2026-06-01"]);

    for (rollup, expected) in [
        (
            "daily_sales",
            "A1 daily_sales local_day=2026-03-04 marketplace_id=ATVPDKIKX0DER currency=USD sku=MUG-1 asin=B0TESTMUG1: \
             gross_sales is 41.0000 in the lake, 40.0000 by polars",
        ),
        ("daily_profit", "unit_cost is 10.0000 in the lake, NULL by polars"),
    ] {
        let whole: Vec<_> = site.objects(&format!("rollups/{rollup}")).into_iter().map(|(path, ..)| path).collect();
        let kept: Vec<_> = whole.iter().map(|path| fs::read(site.path().join("lake").join(path)).unwrap()).collect();
        plant(&other, &site, rollup);
        let output = site.run(&["verify", "--second-opinion"]);
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{told}{}", words(&output));
        assert!(told.lines().any(|line| line.contains(expected)), "expected {expected:?} in\n{told}");
        assert!(words(&output).contains("polars says otherwise"), "{}", words(&output));
        whole.iter().zip(kept).for_each(|(path, bytes)| drop(site.file(&format!("lake/{path}"), bytes)));
        agreed(&site);
    }
}

#[test]
fn an_empty_lake_gives_no_opinion() {
    let output = Site::new().run(&["verify", "--second-opinion"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("there was nothing to compare"), "{}", words(&output));
}
