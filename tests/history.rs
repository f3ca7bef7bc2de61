//! The lake as it was known on a day, and what moved since: through inputs whose right answers are worked by hand, and over
//! a simulated Amazon.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Output;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_simulator::FaultPlan;
use sellerlake_simulator::world::Profile;
use serde_json::{Value, json};

use crate::books::{load_small_seller, plain};
use crate::desk::{Desk, words};
use crate::site::{BINARY, Row, Site, text};
use crate::stores::Bucket;

const US: &str = "ATVPDKIKX0DER";

/// A lake that files are handed in to on days of one's choice.
struct Books {
    desk: Desk,
}

impl Books {
    fn new() -> Self {
        let start = instant("2026-04-05T00:00:00Z");
        let mut profile = Profile::chaos(3);
        profile.sellers.truncate(1);
        Self { desk: Desk::at(profile, start, FaultPlan::default()) }
    }

    fn site(&self) -> &Site {
        &self.desk.site
    }

    /// Hands in a file at noon of a day.
    fn hand_in(&self, day: &str, source: &str, text: &str, more: &[&str]) {
        self.desk.wait_until(instant(&format!("{day}T12:00:00Z")));
        let file = self.site().file(&format!("{day}-{source}"), text);
        self.site().ingest(source, &file, more);
    }

    /// What one of the lists says moved in March.
    fn moved(&self, since: &str, show: &str) -> Vec<Row> {
        let output = self.changed(&["--since", since, "--month", "2026-03", "--format", "json", "--show", show]);
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn changed(&self, arguments: &[&str]) -> Output {
        self.site().run(&[&["changed"], arguments].concat())
    }

    /// The lines that moved, as "what category day order sku: amounts, units, sources of its documents".
    fn lines(&self, since: &str) -> BTreeSet<String> {
        self.moved(since, "lines").iter().map(line).collect()
    }

    /// Days on which the documents that moved something arrived, by source.
    fn documents(&self, since: &str) -> BTreeSet<String> {
        let documents = self.moved(since, "documents");
        for document in &documents {
            let raw = self.site().path().join("lake").join(text(&document["raw_path"]));
            assert!(raw.is_file(), "{document:?}");
        }
        let shown =
            |row: &Row| format!("{} {} {}", text(&row["source"]), &text(&row["fetched_at"])[..10], text(&row["how"]));
        documents.iter().map(shown).collect()
    }
}

fn line(row: &Row) -> String {
    let cell = |name: &str| plain(&text(&row[name]));
    let cells = ["what", "category", "day", "order_id", "sku"].map(cell);
    let amounts = ["amount_then", "amount_now", "amount_moved", "units_moved"].map(cell);
    format!("{}: {}; {}", cells.join(" "), amounts.join(" "), cell("sources"))
}

fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// A transaction with a price and a commission, of one unit.
fn transaction(id: &str, kind: &str, posted: &str, order: &str, sku: &str, [price, fee]: [f64; 2]) -> Value {
    let money = |amount: f64| json!({"currencyCode": "USD", "currencyAmount": amount});
    let leaf = |name: &str, amount: f64| json!({"breakdownType": name, "breakdownAmount": money(amount)});
    let branch = |name: &str, amount: f64, below: Value| json!({"breakdownType": name, "breakdownAmount": money(amount), "breakdowns": [below]});
    let total = (price * 100.0 + fee * 100.0).round() / 100.0;
    json!({
        "relatedIdentifiers": [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order}],
        "transactionType": kind, "transactionId": id, "transactionStatus": "RELEASED",
        "description": "Order Payment", "postedDate": posted, "totalAmount": money(total),
        "marketplaceDetails": {"marketplaceId": US, "marketplaceName": "Amazon.com"},
        "items": [{
            "description": sku, "totalAmount": money(total),
            "breakdowns": [
                branch("ProductCharges", price, leaf("OurPricePrincipal", price)),
                branch("AmazonFees", fee, branch("Commission", fee, leaf("Base", fee))),
            ],
            "contexts": [{"contextType": "ProductContext", "asin": "B0TEST", "sku": sku, "quantityShipped": 1,
                          "fulfillmentNetwork": "AFN"}],
        }],
    })
}

fn transactions(list: &[Value]) -> String {
    json!({"payload": {"transactions": list}}).to_string()
}

fn mug(fee: f64) -> Value {
    transaction("T1", "Shipment", "2026-03-10T18:00:00Z", "111-0000001-0000001", "MUG", [20.0, fee])
}

fn lamp() -> Value {
    transaction("T2", "Shipment", "2026-03-12T18:00:00Z", "111-0000002-0000002", "LAMP", [50.0, -7.5])
}

fn order(number: u32, updated: &str, status: &str) -> String {
    format!(
        "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\titem-status\tquantity\t\
         currency\titem-price\n111-000000{number}-000000{number}\t2026-03-20T18:00:00Z\t{updated}\t{status}\tAmazon.com\t\
         MUG\t{status}\t1\tUSD\t20.00\n"
    )
}

fn costs(mug: &str) -> String {
    format!("sku,marketplace_id,valid_from,unit_cost,currency\nMUG,,2026-01-01,{mug},USD\nLAMP,,2026-01-01,7.00,USD\n")
}

/// Every table that has rows, by path, with the hash of its rows.
fn tables(answer: Vec<Row>) -> BTreeMap<String, String> {
    answer.into_iter().map(|row| (text(&row["path"]), text(&row["row_hash"]))).collect()
}

const TABLES: &str = "SELECT path, row_hash FROM meta.objects WHERE area <> 'sources' AND rows > 0 ORDER BY path";

/// An answer of the lake in another directory, asked through its own settings.
fn ask(directory: &Path, statement: &str) -> Vec<Row> {
    let config = directory.join("sellerlake.toml");
    let output = std::process::Command::new(BINARY)
        .args(["--config", &config.display().to_string(), "sql", "--format", "json", statement])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", words(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A corrected rate of tax moves what it takes out of prices, and the profit with it.
#[test]
fn a_list_of_taxes_that_moved_a_profit_is_named() {
    let books = Books::new();
    let germany = transactions(&[mug(-3.0)]).replace("USD", "EUR").replace(US, "A1PA6795UKMFR9");
    let rates = |rate: u8| format!("place,valid_from,rate\nDE,2020-01-01,{rate}\n");
    let payer = "place,valid_from,registered,reclaims\nDE,2020-01-01,true,true\n";
    books.hand_in("2026-04-05", "finance_transactions", &germany, &["--as-of", "2026-04-05"]);
    books.hand_in("2026-04-05", "tax_registrations", payer, &["--as-of", "2026-04-05"]);
    books.hand_in("2026-04-05", "tax_rates", &rates(19), &["--as-of", "2026-04-05"]);
    books.hand_in("2026-04-10", "tax_rates", &rates(25), &["--as-of", "2026-04-10"]);
    let expected = [
        "vat vat 2026-03-10  MUG: -3.1933 -4 -0.8067 ; tax_rates",
        "profit_before_cost profit_before_cost 2026-03-10  MUG: 13.8067 13 -0.8067 ; tax_rates",
    ];
    assert_eq!(books.lines("2026-04-06"), expected.map(str::to_owned).into());
}

/// March is closed on April 5th. Then a fee is restated, a refund comes late, a cost is corrected and an order cancelled;
/// and the same money is pulled again, which moves nothing.
#[test]
fn a_closed_month_says_what_moved_it_and_which_document() {
    let books = Books::new();
    let as_of = |day: &str| format!("{day}T06:00:00Z");
    let money = |day: &str, list: &[Value]| {
        books.hand_in(day, "finance_transactions", &transactions(list), &["--as-of", &as_of(day)]);
    };
    let prices = |day: &str, mug: &str| books.hand_in(day, "cost_list", &costs(mug), &["--as-of", &as_of(day)]);
    let mut known = BTreeMap::new();
    let mut remember = |day| {
        known.insert(day, tables(books.site().sql(TABLES)));
    };
    money("2026-04-05", &[mug(-3.0), lamp()]);
    prices("2026-04-05", "5.00");
    books.hand_in("2026-04-05", "all_orders", &order(3, "2026-03-21T00:00:00Z", "Shipped"), &[]);
    remember("2026-04-05");
    assert!(books.lines("2026-04-05").is_empty());

    money("2026-04-08", &[mug(-3.0), lamp()]);
    remember("2026-04-08");
    let output = books.changed(&["--since", "2026-04-05"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty() && words(&output).contains("nothing moved in months that had ended then"));
    assert!(words(&output).contains("1 delivery came later"), "{}", words(&output));

    money("2026-04-10", &[mug(-3.4)]);
    remember("2026-04-10");
    let refund = transaction("T3", "Refund", "2026-03-28T18:00:00Z", "111-0000002-0000002", "LAMP", [-50.0, 7.5]);
    money("2026-04-12", &[refund]);
    prices("2026-04-14", "5.50");
    books.hand_in("2026-04-16", "all_orders", &order(3, "2026-04-15T00:00:00Z", "Cancelled"), &[]);
    remember("2026-04-16");

    let expected = [
        "ledger_accrual product_sales 2026-03-28 111-0000002-0000002 LAMP: 0 -50 -50 ; finance_transactions",
        "ledger_accrual referral_fee 2026-03-28 111-0000002-0000002 LAMP: 0 7.5 7.5 ; finance_transactions",
        "ledger_cash product_sales 2026-03-28 111-0000002-0000002 LAMP: 0 -50 -50 ; finance_transactions",
        "ledger_cash referral_fee 2026-03-28 111-0000002-0000002 LAMP: 0 7.5 7.5 ; finance_transactions",
        "orders items 2026-03-20 111-0000003-0000003 MUG: 20 0 -20 -1; all_orders",
        "profit_before_cost profit_before_cost 2026-03-28  LAMP: 0 -42.5 -42.5 ; finance_transactions",
        "cost_of_goods cost_of_goods 2026-03-10  MUG: -5 -5.5 -0.5 0; cost_list",
        "profit profit 2026-03-28  LAMP: 0 -42.5 -42.5 ; finance_transactions",
    ];
    let later = books.lines("2026-04-10");
    let mug_profit = "profit profit 2026-03-10  MUG: 11.6 11.1 -0.5 ; cost_list";
    assert_eq!(later, expected.into_iter().chain([mug_profit]).map(str::to_owned).collect());

    let since_close = books.lines("2026-04-05");
    let fee = [
        "ledger_accrual referral_fee 2026-03-10 111-0000001-0000001 MUG: -3 -3.4 -0.4 ; finance_transactions",
        "ledger_cash referral_fee 2026-03-10 111-0000001-0000001 MUG: -3 -3.4 -0.4 ; finance_transactions",
        "profit_before_cost profit_before_cost 2026-03-10  MUG: 17 16.6 -0.4 ; finance_transactions",
        "profit profit 2026-03-10  MUG: 12 11.1 -0.9 ; cost_list; finance_transactions",
    ];
    assert_eq!(since_close, expected.into_iter().chain(fee).map(str::to_owned).collect());
    let documents = [
        "all_orders 2026-04-16 arrived",
        "cost_list 2026-04-14 arrived",
        "finance_transactions 2026-04-10 arrived",
        "finance_transactions 2026-04-12 arrived",
    ];
    assert_eq!(books.documents("2026-04-05"), documents.map(str::to_owned).into());

    for (day, known) in known {
        let into = books.site().path().join(day);
        books.site().ok(&["replay", "--until", day, "--into", &into.display().to_string()]);
        assert_eq!(tables(ask(&into, TABLES)), known, "as known on {day}");
    }
}

#[test]
fn a_category_says_the_months_sums_and_how_far_they_moved() {
    let books = Books::new();
    let money = |day: &str, list: &[Value]| {
        books.hand_in(day, "finance_transactions", &transactions(list), &["--as-of", &format!("{day}T06:00:00Z")]);
    };
    money("2026-04-05", &[mug(-3.0), lamp()]);
    money("2026-04-10", &[mug(-3.4)]);
    let categories = books.moved("2026-04-05", "categories");
    let shown = |row: &Row| {
        let cells = ["what", "category", "lines", "amount_then", "amount_now", "amount_moved"];
        cells.map(|name| plain(&text(&row[name]))).join(" ")
    };
    let shown: BTreeSet<String> = categories.iter().map(shown).collect();
    let expected = [
        "ledger_accrual referral_fee 1 -10.5 -10.9 -0.4",
        "ledger_cash referral_fee 1 -10.5 -10.9 -0.4",
        "profit_before_cost profit_before_cost 1 59.5 59.1 -0.4",
    ];
    assert_eq!(
        shown,
        expected.map(str::to_owned).into(),
        "profit is unknown on both days: nobody said what a mug costs"
    );
    // April isn't closed, so a table without a month leaves it out.
    let april = transaction("T9", "Shipment", "2026-04-02T18:00:00Z", "111-0000009-0000009", "MUG", [20.0, -3.0]);
    money("2026-04-11", &[april]);
    let output = books.changed(&["--since", "2026-04-10"]);
    assert!(words(&output).contains("nothing moved"), "{}", words(&output));
    let output = books.changed(&["--since", "2026-04-10", "--month", "2026-04"]);
    assert!(words(&output).contains("2026-04 had not ended then"), "{}", words(&output));
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.contains("111-0000009-0000009") && table.contains("raw/finance_transactions/seller_id=A1/"),
        "{table}"
    );
}

fn settlement(id: &str, end: &str, posted: &str, order: &str, price: &str) -> String {
    let head = "settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency\t\
                transaction-type\torder-id\tmarketplace-name\tamount-type\tamount-description\tamount\tposted-date\t\
                posted-date-time\tsku\tquantity-purchased\n";
    format!(
        "{head}{id}\t2026-03-01 00:00:00 UTC\t{end} 00:00:00 UTC\t{end} 00:00:00 UTC\t{price}\tUSD\t\t\t\t\t\t\t\t\t\t\n\
         {id}\t\t\t\t\t\tOrder\t{order}\tAmazon.com\tItemPrice\tPrincipal\t{price}\t{posted}\t{posted} 18:00:00 UTC\tMUG\t1\n"
    )
}

#[test]
fn a_settlement_that_arrives_later_moves_the_month_it_tells_of() {
    let books = Books::new();
    let first = settlement("90000000001", "2026-03-15", "2026-03-10", "111-0000001-0000001", "20.00");
    let second = settlement("90000000002", "2026-04-14", "2026-03-25", "111-0000002-0000002", "30.00");
    books.hand_in("2026-04-05", "settlement_v2", &first, &[]);
    books.hand_in("2026-04-15", "settlement_v2", &second, &[]);
    let lines = books.lines("2026-04-05");
    let accrual: Vec<&String> = lines.iter().filter(|line| line.starts_with("ledger_accrual")).collect();
    let expected = "ledger_accrual product_sales 2026-03-25 111-0000002-0000002 MUG: 0 30 30 1; settlement_v2";
    assert_eq!(accrual, [expected]);
    assert_eq!(books.documents("2026-04-05"), ["settlement_v2 2026-04-15 arrived".to_owned()].into());
}

#[test]
fn pulled_again_a_simulated_seller_is_known_as_on_the_day() {
    let desk = Desk::new(1);
    let sync = || {
        let output = desk.site.run(&["sync"]);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{}", words(&output));
    };
    sync();
    let (day, known) = (desk.simulator.clock().now(), tables(desk.site.sql(TABLES)));
    desk.wait_until(day + TimeDelta::days(6));
    sync();
    let now = tables(desk.site.sql(TABLES));
    assert_ne!(now, known);
    let objects = || ["raw", "sources", "tables", "rollups"].map(|area| desk.site.objects(area));
    let before = objects();
    for (until, expected) in [(day, known), (desk.simulator.clock().now(), now)] {
        let until = until.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let into = desk.site.path().join(until.replace(':', "."));
        desk.site.ok(&["replay", "--until", &until, "--into", &into.display().to_string()]);
        assert_eq!(tables(ask(&into, TABLES)), expected, "as known at {until}");
    }
    let since = day.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let month = day.format("%Y-%m").to_string();
    let output = desk.site.run(&["changed", "--since", &since, "--month", &month, "--format", "json"]);
    assert!(output.status.success(), "{}", words(&output));
    let lines: Vec<Row> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty());
    let untraced: Vec<String> = lines.iter().filter(|row| row["delivery_ids"].is_null()).map(line).collect();
    assert!(untraced.is_empty(), "{untraced:#?}");
    assert!(objects() == before, "nothing was changed");
}

#[test]
fn a_lake_on_a_store_is_made_again_on_a_disk() {
    let bucket = Bucket::new();
    load_small_seller(&bucket.site, false);
    let (known, keys) = (tables(bucket.site.sql(TABLES)), bucket.keys());
    let into = bucket.site.path().join("then");
    bucket.site.ok(&["replay", "--until", "2999-12-31", "--into", &into.display().to_string()]);
    assert_eq!(tables(ask(&into, TABLES)), known);
    assert_eq!(bucket.keys(), keys);
    bucket.site.ok(&[
        "replay",
        "--until",
        "2001-01-01",
        "--into",
        &bucket.site.path().join("empty").display().to_string(),
    ]);
    assert!(ask(&bucket.site.path().join("empty"), "SELECT * FROM orders").is_empty());
    let output = bucket.site.run(&["changed", "--since", "2001-01-01", "--month", "2026-03", "--show", "documents"]);
    assert!(output.status.success() && words(&output).contains("2026-03 had not ended then"), "{}", words(&output));
    assert!(String::from_utf8(output.stdout).unwrap().contains("raw/cost_list/seller_id=A1/"));
}

#[test]
fn a_lake_is_made_only_where_nothing_is() {
    let site = Site::new();
    load_small_seller(&site, false);
    let objects = || ["raw", "sources", "tables", "rollups"].map(|area| site.objects(area));
    let before = objects();
    let refused = |into: &str, says: &str| {
        let output = site.run(&["replay", "--until", "2999-12-31", "--into", into]);
        assert_eq!(output.status.code(), Some(2), "{into}: {}", words(&output));
        assert!(words(&output).contains(says), "{into}: {}", words(&output));
    };
    site.file("full/of/something", "");
    refused("full", "the directory isn't empty");
    refused("lake/then", "it is inside the lake");
    refused("sellerlake.toml", "it is a file");
    for arguments in [vec!["--until", "2026-04-05"], vec!["--into", "then"], vec!["--until", "april", "--into", "then"]]
    {
        assert_eq!(site.run(&[vec!["replay"], arguments].concat()).status.code(), Some(2));
    }
    assert_eq!(site.run(&["changed", "--since", "2026-04-05", "--seller", "NOBODY"]).status.code(), Some(2));
    assert!(objects() == before, "nothing was changed");
    assert!(!site.path().join("then").exists());
}

/// Raw bytes that are no longer those that came make no lake in silence.
#[test]
fn damaged_bytes_are_named_and_left_out() {
    let site = Site::new();
    load_small_seller(&site, false);
    let raw = site
        .objects("raw")
        .into_iter()
        .map(|(path, ..)| path)
        .find(|path| Path::new(path).extension().is_some_and(|kind| kind == "tsv"))
        .unwrap();
    let path = site.path().join("lake").join(&raw);
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let output = site.run(&["replay", "--until", "2999-12-31", "--into", "then"]);
    assert_eq!(output.status.code(), Some(3), "{}", words(&output));
    assert!(words(&output).contains(&format!("missing: {raw}")), "{}", words(&output));
    let then = site.path().join("then");
    assert!(ask(&then, "SELECT * FROM orders").is_empty() && !ask(&then, "SELECT * FROM costs").is_empty());
    let output = site.run(&["changed", "--since", "2999-12-31"]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("1 deliveries that were known then can't be read"), "{}", words(&output));
}

/// What was known includes what was taken back later: its bytes are gone, so the lake made lacks it, and that is said.
#[test]
fn a_delivery_taken_back_since_is_named_as_missing() {
    let books = Books::new();
    let site = books.site();
    let made = |until: &str| {
        let into = site.path().join(format!("{}-{until}", site.objects("raw").len())).display().to_string();
        let output = site.run(&["replay", "--until", until, "--into", &into]);
        (output.status.code().unwrap(), words(&output))
    };
    books.hand_in("2026-04-05", "cost_list", &costs("5.00"), &["--as-of", "2026-04-05"]);
    books.hand_in("2026-04-08", "cost_list", &costs("9.00"), &["--as-of", "2026-04-08"]);
    let wrong = site.value("SELECT delivery_id FROM meta.deliveries ORDER BY as_of DESC LIMIT 1");
    books.desk.wait_until(instant("2026-04-10T12:00:00Z"));
    assert_eq!(made("2026-04-09").0, 0);
    site.ok(&["withdraw", &wrong, "--yes"]);
    let told =
        format!("missing: {wrong} of cost_list, fetched 2026-04-08T12:00:00Z: taken back on 2026-04-10T12:00:00Z");
    for (until, missing) in [("2026-04-07", false), ("2026-04-09", true), ("2026-04-11", false)] {
        let (code, words) = made(until);
        assert_eq!((code, words.contains(&told)), (if missing { 3 } else { 0 }, missing), "{until}: {words}");
    }
    let output = books.changed(&["--since", "2026-04-09"]);
    assert_eq!(output.status.code(), Some(3), "{}", words(&output));
    assert!(words(&output).contains("1 deliveries that were known then were taken back since"), "{}", words(&output));
    // It comes again, and again it was known from then on only.
    books.hand_in("2026-04-12", "cost_list", &costs("9.00"), &["--as-of", "2026-04-08"]);
    for (until, code) in [("2026-04-09", 3), ("2026-04-12", 0)] {
        let made = made(until);
        assert_eq!(made.0, code, "{until}: {}", made.1);
    }
}

/// Metadata that can't be read says neither when its delivery came nor what it was: it is named, and the others are read.
#[test]
fn damaged_metadata_is_named_and_the_others_are_read() {
    let site = Site::new();
    load_small_seller(&site, false);
    let meta = site.objects("raw").into_iter().map(|(path, ..)| path).find(|path| path.contains("/cost_list/"));
    let meta = meta.unwrap().replace(".csv", ".meta.json");
    let path = site.path().join("lake").join(&meta);
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap().replacen("cost_list", "cost_lost", 1)).unwrap();
    let output = site.run(&["replay", "--until", "2999-12-31", "--into", "then"]);
    assert_eq!(output.status.code(), Some(3), "{}", words(&output));
    assert!(words(&output).contains(&format!("missing: {meta}")), "{}", words(&output));
    let then = site.path().join("then");
    assert!(!ask(&then, "SELECT * FROM orders").is_empty() && ask(&then, "SELECT * FROM costs").is_empty());
    let output = site.run(&["changed", "--since", "2999-12-31"]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
}
