//! Books worked by hand: deferred money in both lenses, and one small seller's profit and loss.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::site::{Site, text, tree};

#[derive(Deserialize)]
struct Deferral {
    doc: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    as_of: String,
    document: String,
    #[serde(default)]
    books: Vec<Books>,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Books {
    month: String,
    accrual: String,
    cash: String,
}

#[derive(Deserialize)]
struct Link {
    release_id: String,
    deferred_id: String,
    deferred_found: bool,
    amount_change: Option<String>,
}

/// A decimal without trailing zeros, so that 26.60 and 26.6000 are the same text.
pub fn plain(number: &str) -> String {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.').to_owned() } else { number.to_owned() }
}

fn compare(site: &Site, step: &Step, at: &str) {
    let books = site.sql(
        "SELECT coalesce(a.month, c.month) AS month, coalesce(a.amount, 0) AS accrual, coalesce(c.amount, 0) AS cash
         FROM (SELECT month, sum(amount) AS amount FROM ledger_accrual GROUP BY month) AS a
         FULL JOIN (SELECT month, sum(amount) AS amount FROM ledger_cash GROUP BY month) AS c ON a.month = c.month
         ORDER BY 1",
    );
    let found: Vec<_> = books
        .iter()
        .map(|row| (text(&row["month"]), plain(&text(&row["accrual"])), plain(&text(&row["cash"]))))
        .collect();
    let expected: Vec<_> =
        step.books.iter().map(|row| (row.month.clone(), plain(&row.accrual), plain(&row.cash))).collect();
    assert_eq!(found, expected, "books, {at}");
    let links = site.sql(
        "SELECT release_id, deferred_id, deferred_found, amount_change FROM deferral_links ORDER BY release_id, deferred_id",
    );
    let mut found: Vec<_> = links
        .iter()
        .map(|row| {
            let [release, deferred, known, change] =
                ["release_id", "deferred_id", "deferred_found", "amount_change"].map(|name| text(&row[name]));
            (release, deferred, known, plain(&change))
        })
        .collect();
    found.sort();
    let mut expected: Vec<_> = step
        .links
        .iter()
        .map(|link| {
            let change = link.amount_change.as_deref().map(plain).unwrap_or_default();
            (link.release_id.clone(), link.deferred_id.clone(), link.deferred_found.to_string(), change)
        })
        .collect();
    expected.sort();
    assert_eq!(found, expected, "links, {at}");
}

#[test]
fn deferred_money_counts_once_in_each_lens() {
    let mut cases: Vec<_> =
        fs::read_dir(tree().join("tests/cases/deferral")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 6);
    for path in cases {
        let case: Deferral = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let (forwards, backwards) = (Site::new(), Site::new());
        for (index, step) in case.steps.iter().enumerate() {
            let file = forwards.file(&format!("{index}.json"), &step.document);
            forwards.ingest("finance_transactions", &file, &["--as-of", &step.as_of]);
            compare(&forwards, step, &format!("{} after step {index}: {}", path.display(), case.doc));
        }
        for (index, step) in case.steps.iter().enumerate().rev() {
            let file = backwards.file(&format!("{index}.json"), &step.document);
            backwards.ingest("finance_transactions", &file, &["--as-of", &step.as_of]);
        }
        let last = case.steps.last().unwrap();
        compare(&backwards, last, &format!("{} backwards", path.display()));
    }
}

#[derive(Deserialize)]
struct SmallSeller {
    deliveries: Vec<Input>,
}

#[derive(Deserialize)]
struct Input {
    source: String,
    file: String,
    as_of: String,
    seller: Option<String>,
    marketplace: Option<String>,
    scope: Option<String>,
    window: Option<(String, String)>,
}

/// Loads the small seller's files, in the order given or the opposite one.
pub fn load_small_seller(site: &Site, backwards: bool) {
    load_books(site, "pnl", backwards);
}

pub fn load_books(site: &Site, name: &str, backwards: bool) {
    let folder = tree().join("tests/cases").join(name);
    let case: SmallSeller = toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap()).unwrap();
    let mut deliveries = case.deliveries;
    if backwards {
        deliveries.reverse();
    }
    for input in deliveries {
        let window = input.window.map(|(from, to)| format!("{from}..{to}"));
        let (seller, file) = (input.seller.as_deref().unwrap_or("A1"), folder.join(&input.file).display().to_string());
        let mut more = vec!["ingest", "--source", &input.source, "--seller", seller];
        more.extend(["--as-of", &input.as_of, "--no-rollup"]);
        more.extend(input.scope.iter().flat_map(|scope| ["--scope", scope.as_str()]));
        more.extend(input.marketplace.iter().flat_map(|place| ["--marketplace", place.as_str()]));
        more.extend(window.iter().flat_map(|window| ["--window", window.as_str()]));
        more.push(&file);
        site.ok(&more);
    }
    site.ok(&["rollup"]);
}

#[derive(Deserialize)]
struct Answered {
    doc: String,
    /// Whether nothing is left out of the books.
    #[serde(default = "whole")]
    is_whole: bool,
    deliveries: Vec<Given>,
    answers: Vec<Answer>,
}

fn whole() -> bool {
    true
}

#[derive(Deserialize)]
struct Given {
    source: String,
    as_of: String,
    marketplace: Option<String>,
    document: String,
}

#[derive(Deserialize)]
struct Answer {
    sql: String,
    /// Values, each followed by a comma but the last.
    rows: Vec<String>,
}

/// Every file of `tests/cases/answers` is a seller's documents and what tables say of them.
#[test]
fn documents_mean_what_was_worked_out_by_hand() {
    let mut cases: Vec<_> =
        fs::read_dir(tree().join("tests/cases/answers")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 8);
    for path in cases {
        let case: Answered = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let told = format!("{}: {}", path.display(), case.doc);
        let site = Site::new();
        for (number, given) in case.deliveries.iter().enumerate() {
            let file = site.file(&format!("{number}.txt"), &given.document);
            let mut more = vec!["--no-rollup", "--as-of", &given.as_of];
            more.extend(given.marketplace.iter().flat_map(|place| ["--marketplace", place.as_str()]));
            site.ingest(&given.source, &file, &more);
        }
        let expected = if case.is_whole { Some(0) } else { Some(3) };
        for command in ["rollup", "rollup", "verify"] {
            let output = site.run(&[command]);
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), expected, "{command} of {told}\n{words}");
        }
        for Answer { sql, rows } in &case.answers {
            let output = site.run(&["sql", "--format", "csv", sql]);
            let answer = String::from_utf8_lossy(&output.stdout).into_owned();
            let lines = answer.lines().skip(1).map(|line| line.split(',').map(plain).collect::<Vec<_>>().join(", "));
            assert_eq!(&lines.collect::<Vec<_>>(), rows, "{sql} of {told}");
        }
    }
}

type Sheet = Vec<BTreeMap<String, String>>;

/// A CSV sheet with `#` comments, as rows by column.
fn sheet(name: &str) -> (Vec<String>, Sheet) {
    let text = fs::read_to_string(tree().join("tests/cases").join(name)).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let header: Vec<String> = lines.next().unwrap().split(',').map(|name| name.trim().to_owned()).collect();
    let rows = lines.map(|line| {
        let cells = line.split(',').map(|cell| plain(cell.trim()));
        header.iter().cloned().zip(cells).collect()
    });
    let mut rows: Sheet = rows.collect();
    rows.sort();
    (header, rows)
}

fn answer(site: &Site, header: &[String], statement: &str) -> Sheet {
    let rows = site.sql(statement);
    let mut rows: Sheet = rows
        .iter()
        .map(|row| header.iter().map(|name| (name.clone(), plain(&text(&row[name.as_str()])))).collect())
        .collect();
    rows.sort();
    rows
}

/// Compares what the lake says with the sheets worked by hand.
pub fn assert_small_sellers_books(site: &Site) {
    let (header, expected) = sheet("pnl/expected_daily_profit.csv");
    assert_eq!(answer(site, &header, "SELECT * FROM daily_profit"), expected, "daily_profit");
    let (header, expected) = sheet("pnl/expected_sku_profit.csv");
    assert_eq!(answer(site, &header, "SELECT * FROM sku_profit"), expected, "sku_profit");
    let (header, expected) = sheet("pnl/expected_books.csv");
    let books = "SELECT a.month, a.currency, a.amount AS accrual, c.amount AS cash
        FROM (SELECT month, currency, sum(amount) AS amount FROM ledger_accrual GROUP BY month, currency) AS a
        INNER JOIN (SELECT month, currency, sum(amount) AS amount FROM ledger_cash GROUP BY month, currency) AS c
            ON a.month = c.month AND a.currency = c.currency";
    assert_eq!(answer(site, &header, books), expected, "books");
    assert_eq!(site.value("SELECT count(*) AS n FROM ledger_all WHERE category = 'unclassified'"), "0");
    assert_eq!(plain(&site.value("SELECT sum(amount) AS n FROM balance_movements")), "40");
    // How much a sum of profit leaves out: the lamp whose cost is unknown, in the day and in its whole month.
    let left_out = |table: &str| {
        let said =
            format!("SELECT concat(sum(profit_unknown_units), ' ', sum(profit_unknown_sales)) AS n FROM {table}");
        site.value(&said)
    };
    assert_eq!([left_out("daily_profit"), left_out("sku_profit")], ["1 60.0000", "2 120.0000"]);
    // One TACOS: spend and sales of a month are the same from either table. The pen's money hasn't come.
    let tacos = "SELECT count(*) AS n FROM
        (SELECT sum(-advertising) AS spend, sum(ordered_sales) AS sales FROM sku_profit
            WHERE currency = 'USD' AND local_month = DATE '2026-03-01') AS p,
        (SELECT sum(cost) AS spend FROM daily_ppc WHERE currency = 'USD') AS a,
        (SELECT sum(gross_sales) AS sales FROM daily_sales
            WHERE currency = 'USD' AND month = '2026-03' AND sku <> 'PEN-3') AS s
        WHERE p.spend = a.spend AND p.sales = s.sales";
    assert_eq!(site.value(tacos), "1");
    assert!(site.ok(&["verify"]).contains("everything is as it should be"));
}

#[test]
fn a_small_sellers_books_are_those_worked_by_hand() {
    for backwards in [false, true] {
        let site = Site::new();
        load_small_seller(&site, backwards);
        assert_small_sellers_books(&site);
    }
}

#[test]
fn a_vat_sellers_books_are_those_worked_by_hand() {
    for backwards in [false, true] {
        let site = Site::new();
        load_books(&site, "vat", backwards);
        let (header, expected) = sheet("vat/expected_daily_profit.csv");
        assert_eq!(answer(&site, &header, "SELECT * FROM daily_profit"), expected);
        let (header, expected) = sheet("vat/expected_daily_sales.csv");
        assert_eq!(answer(&site, &header, "SELECT * FROM daily_sales"), expected);
        // What is unknown of a day is unknown of its month, and how much of it is told.
        let month =
            "SELECT concat(vat_unknown, ' ', tax_reclaimed, ' ', profit, ' ', reclaim_unknown_tax) AS n FROM sku_profit
            WHERE marketplace_id = 'APJ6JRA9NG5V4' AND sku IS NULL";
        assert_eq!(site.value(month), "true   -2.2000");
        assert_eq!(site.value("SELECT sum(cost) AS n FROM daily_ppc WHERE currency = 'EUR'"), "2.5000");
        assert_eq!(site.value("SELECT count(*) AS n FROM daily_ppc WHERE currency IS NULL"), "0");
        // A list for all sellers makes nobody a seller, and a session of one sees its own rows only.
        assert_eq!(site.value("SELECT count(DISTINCT seller_id) AS n FROM costs"), "1");
        let output =
            site.run(&["sql", "--seller", "A1", "SELECT count(*) FROM sources.tax_rates WHERE seller_id <> 'A1'"]);
        assert!(String::from_utf8_lossy(&output.stdout).lines().any(|line| line.trim() == "0"));
        let pound = "SELECT rate FROM fx WHERE from_currency = 'EUR' AND to_currency = 'GBP' AND is_inverse";
        assert_eq!(plain(&site.value(pound)), "0.8");
        assert!(site.ok(&["verify"]).contains("everything is as it should be"));
    }
}

#[test]
fn a_list_for_all_sellers_reaches_each_of_them_at_once() {
    let site = Site::new();
    let orders = tree().join("tests/cases/pnl/all_orders.tsv").display().to_string();
    for seller in ["A1", "A2"] {
        site.ok(&["ingest", "--source", "all_orders", "--seller", seller, "--as-of", "2026-04-01", &orders]);
    }
    let list =
        site.file("costs.csv", "sku,valid_from,unit_cost,currency\nMUG-1,2026-01-01,5.00,USD\n").display().to_string();
    let shared = ["ingest", "--source", "cost_list", "--seller", "shared", "--as-of", "2026-04-01"];
    site.ok(&[&shared[..], &[list.as_str()]].concat());
    assert_eq!(site.value("SELECT count(*) AS n FROM costs WHERE origin = 'shared' AND unit_cost = 5"), "2");
    let own = site.file("own.csv", "sku,valid_from,unit_cost,currency\nMUG-1,2026-03-01,4.00,USD\n");
    site.ingest("cost_list", &own, &["--as-of", "2026-04-02"]);
    let spans = "SELECT string_agg(concat(seller_id, ' ', origin, ' ', valid_from, ' ', valid_to), ', ' ORDER BY seller_id, valid_from) AS n FROM costs";
    assert_eq!(site.value(spans), "A1 shared 2026-01-01 2026-03-01, A1 own 2026-03-01 , A2 shared 2026-01-01 ");
    // What comes again from raw comes to the same.
    site.ok(&["replay"]);
    assert_eq!(site.value(spans), "A1 shared 2026-01-01 2026-03-01, A1 own 2026-03-01 , A2 shared 2026-01-01 ");
    let refused =
        site.run(&["ingest", "--source", "all_orders", "--seller", "shared", "--as-of", "2026-04-01", &orders]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("all_orders is no list that all sellers could share"));
}
