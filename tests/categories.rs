//! Every name of Amazon's that reference data know has a category, and every category a place in profit: no money is lost
//! between a line and a sum. What nobody knows is told, and is in profit too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use crate::books::plain;
use crate::site::{Site, text, tree};

/// Lines of a CSV without quotes, by column.
fn rows(path: &str) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(tree().join(path)).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').map(str::to_owned));
    let header: Vec<String> = lines.next().unwrap().collect();
    lines.map(|cells| header.iter().cloned().zip(cells).collect()).collect()
}

/// The column of each category, by category and group.
fn columns() -> BTreeMap<(String, String), String> {
    let declared = rows("tests/cases/categories/columns.csv");
    declared
        .iter()
        .map(|row| ((row["category"].clone(), row["category_group"].clone()), row["column"].clone()))
        .collect()
}

/// Names that fit each pattern for a view of the money: transaction type, amount type, description.
fn names(view: &str) -> Vec<[String; 3]> {
    let known = rows("schemas/reference/money_categories.csv");
    let of_view = known.iter().filter(|row| row["source"] == view || row["source"] == "any");
    let fitting = |pattern: &String| if pattern == "%" { "anything".to_owned() } else { pattern.replace('%', "") };
    of_view
        .map(|row| ["transaction_type", "amount_type", "amount_description"].map(|name| fitting(&row[name])))
        .collect()
}

fn cents(number: usize) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

/// A settlement with a line of each name, of 0.01, 0.02 and so on.
fn settlement(names: &[[String; 3]]) -> String {
    let mut file = String::from(
        "settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency\t\
         transaction-type\torder-id\tmarketplace-name\tamount-type\tamount-description\tamount\tposted-date\t\
         posted-date-time\tsku\tquantity-purchased\n",
    );
    let total = cents(names.len() * (names.len() + 1) / 2);
    file += &format!("777\t2026-03-01 00:00:00 UTC\t2026-03-15 00:00:00 UTC\t2026-03-17 00:00:00 UTC\t{total}\tUSD\n");
    for (number, [transaction, kind, description]) in names.iter().enumerate() {
        let amount = cents(number + 1);
        file += &format!(
            "777\t\t\t\t\t\t{transaction}\t111-0000001-0000001\tAmazon.com\t{kind}\t{description}\t{amount}\t2026-03-05\t\
             2026-03-05 18:00:00 UTC\tMUG\t\n"
        );
    }
    file
}

/// A transaction for each name.
fn transactions(names: &[[String; 3]]) -> String {
    let each = names.iter().enumerate().map(|(number, [transaction, description, leaf])| -> Value {
        let amount = json!({"currencyCode": "USD", "currencyAmount": (number + 1) as f64 / 100.0});
        json!({
            "transactionId": format!("C{number}"), "transactionType": transaction, "transactionStatus": "RELEASED",
            "description": description, "postedDate": "2026-03-05T18:00:00Z", "totalAmount": amount,
            "marketplaceDetails": {"marketplaceId": "ATVPDKIKX0DER"},
            "breakdowns": [{"breakdownType": leaf, "breakdownAmount": amount}],
        })
    });
    json!({"payload": {"transactions": each.collect::<Vec<_>>()}}).to_string()
}

fn site_with(source: &str, document: &str) -> Site {
    let site = Site::new();
    site.ingest(source, &site.file("document", document), &["--as-of", "2026-04-01"]);
    site
}

fn total(site: &Site, what: &str) -> String {
    plain(&site.value(&format!("SELECT coalesce(sum(amount), 0) AS n FROM {what}")))
}

#[test]
fn every_category_is_declared_with_its_column_in_profit() {
    let known = rows("schemas/reference/money_categories.csv");
    let known: BTreeSet<_> = known.iter().map(|row| (row["category"].clone(), row["category_group"].clone())).collect();
    let mut declared: BTreeSet<_> = columns().into_keys().collect();
    assert!(declared.remove(&("unclassified".to_owned(), "other".to_owned())));
    assert_eq!(known, declared);
}

#[test]
fn what_every_known_name_tells_of_is_in_its_column() {
    let columns = columns();
    for (view, source, table) in
        [("settlements", "settlement_v2", "settlement_lines"), ("finances", "finance_transactions", "finance_lines")]
    {
        let names = names(view);
        assert!(names.len() > 200, "{view}");
        let document = if view == "settlements" { settlement(&names) } else { transactions(&names) };
        let site = site_with(source, &document);
        let unclassified = format!("SELECT count(*) AS n FROM {table} WHERE category = 'unclassified'");
        assert_eq!(site.value(&unclassified), "0", "{view}");
        let sum = plain(&cents(names.len() * (names.len() + 1) / 2));
        assert_eq!(total(&site, table), sum, "{view}");
        let books = "(SELECT amount FROM ledger_accrual UNION ALL SELECT amount FROM balance_movements)";
        assert_eq!(total(&site, books), sum, "{view}: a line is in neither");

        let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let lines = "SELECT category, category_group, category_group = 'sales' AND is_refund AS back,
                sum(amount) AS amount FROM ledger_accrual GROUP BY 1, 2, 3";
        for line in site.sql(lines) {
            let category = (text(&line["category"]), text(&line["category_group"]));
            let column = columns.get(&category).unwrap_or_else(|| panic!("{view}: {category:?} isn't declared"));
            let column = if text(&line["back"]) == "true" { "refunds" } else { column };
            assert!(!column.is_empty(), "{view}: {category:?} is no profit");
            expected.entry(column).or_default().push(text(&line["amount"]));
        }
        for (column, amounts) in expected {
            let parts: Vec<String> = amounts.iter().map(|amount| format!("CAST({amount} AS DECIMAL(18, 4))")).collect();
            let statement = format!("SELECT sum({column}) - ({}) AS n FROM daily_profit", parts.join(" + "));
            assert_eq!(plain(&site.value(&statement)), "0", "{view}: {column}");
        }
    }
}

#[test]
fn money_nobody_knows_is_told_and_is_in_profit() {
    let unknown = ["Teleportation", "Beams", "Antigravity Fee"].map(str::to_owned);
    let amount = json!({"CurrencyCode": "USD", "CurrencyAmount": 0.01});
    let event =
        json!({"PostedDate": "2026-03-05T18:00:00Z", "FeeList": [{"FeeType": "Antigravity Fee", "FeeAmount": amount}]});
    let events = json!({"payload": {"FinancialEvents": {"ServiceFeeEventList": [event]}}}).to_string();
    for (source, table, document) in [
        ("settlement_v2", "settlement_lines", settlement(std::slice::from_ref(&unknown))),
        ("finance_transactions", "finance_lines", transactions(std::slice::from_ref(&unknown))),
        ("finance_event_pages", "finance_events", events),
    ] {
        let site = Site::new();
        let file = site.file("document", document);
        let window = ["--window", "2026-03-05..2026-03-05"];
        let window = if source == "finance_event_pages" { &window[..] } else { &[] };
        site.ingest(source, &file, &[&["--as-of", "2026-04-01"], window].concat());
        let alert = format!(
            "SELECT count(*) AS n FROM meta.alerts WHERE state = 'firing' AND message LIKE '%{table}__unclassified%'"
        );
        assert_eq!(site.value(&alert), "1", "{source}");
        assert_eq!(site.value(&format!("SELECT category AS n FROM {table}")), "unclassified", "{source}");
        let other = "SELECT concat(sum(other), ' ', sum(net_proceeds)) AS n FROM daily_profit";
        assert_eq!(site.value(other), "0.0100 0.0100", "{source}");
    }
}
