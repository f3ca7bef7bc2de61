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

#[derive(serde::Deserialize)]
struct Days {
    doc: String,
    /// Finances: when the answer was made, the days asked for, and what it tells.
    #[serde(default)]
    finances: Vec<Answer>,
    #[serde(default)]
    settlements: Vec<Settlement>,
    money_source: Option<String>,
    /// By month: accrual book, cash book.
    books: Vec<(String, String, String)>,
    /// Days of which the view that counts tells nothing, though another one tells money.
    #[serde(default)]
    untold: Vec<String>,
    /// Whether an alert says so.
    #[serde(default)]
    alert: bool,
}

#[derive(serde::Deserialize)]
struct Answer {
    window: Option<String>,
    #[serde(default = "june")]
    as_of: String,
    /// Id, time, amount, order and status.
    told: Vec<(String, String, String, String, String)>,
}

#[derive(serde::Deserialize)]
struct Settlement {
    id: String,
    from: String,
    to: String,
    /// Time, amount and order.
    told: Vec<(String, String, String)>,
}

fn june() -> String {
    "2026-06-01T00:00:00Z".to_owned()
}

impl Answer {
    fn document(&self) -> String {
        let transaction = |(id, at, amount, order, status): &(String, String, String, String, String)| {
            format!(
                r#"{{"transactionId": "{id}", "transactionType": "Shipment", "transactionStatus": "{status}",
                    "description": "Order Payment", "postedDate": "{at}",
                    "totalAmount": {{"currencyCode": "USD", "currencyAmount": {amount}}},
                    "relatedIdentifiers": [{{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "{order}"}}]}}"#
            )
        };
        let told: Vec<String> = self.told.iter().map(transaction).collect();
        format!(r#"{{"payload": {{"transactions": [{}]}}}}"#, told.join(", "))
    }
}

impl Settlement {
    fn document(&self) -> String {
        let Self { id, from, to, told } = self;
        let total: f64 = told.iter().map(|(_, amount, _)| amount.parse::<f64>().unwrap()).sum();
        let line = |cells: &[&str]| format!("{id}\t{}\n", cells.join("\t"));
        let head = "settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency\t\
            transaction-type\torder-id\tmerchant-order-id\tadjustment-id\tshipment-id\tmarketplace-name\tamount-type\t\
            amount-description\tamount\tfulfillment-id\tposted-date\tposted-date-time\torder-item-code\t\
            merchant-order-item-id\tmerchant-adjustment-item-id\tsku\tquantity-purchased\tpromotion-id\n";
        let mut text = head.to_owned();
        let total = format!("{total:.2}");
        let mut summary = vec![from.as_str(), to, to, &total, "USD"];
        summary.extend([""; 18]);
        text.push_str(&line(&summary));
        for (at, amount, order) in told {
            let day = at.get(..10).unwrap();
            let mut cells =
                vec!["", "", "", "", "", "Order", order, "", "", "", "Amazon.com", "ItemPrice", "Principal"];
            cells.extend([amount.as_str(), "AFN", day, at, "", "", "", "MUG-1", "1", ""]);
            text.push_str(&line(&cells));
        }
        text
    }
}

/// Every file of `tests/cases/money_days` is a seller with views of the money that cover different days.
#[test]
fn each_day_is_told_by_one_view_of_the_money() {
    let mut cases: Vec<_> =
        std::fs::read_dir(tree().join("tests/cases/money_days")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 8);
    for path in cases {
        let case: Days = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let told = format!("{}: {}", path.display(), case.doc);
        let site = Site::new();
        for (number, answer) in case.finances.iter().enumerate() {
            let file = site.file(&format!("{number}.json"), answer.document());
            let mut more = vec!["--no-rollup", "--as-of", &answer.as_of];
            more.extend(answer.window.iter().flat_map(|window| ["--window", window.as_str()]));
            site.ingest("finance_transactions", &file, &more);
        }
        for settlement in &case.settlements {
            let file = site.file(&format!("{}.txt", settlement.id), settlement.document());
            site.ingest("settlement_v2", &file, &["--no-rollup", "--as-of", "2026-06-01"]);
        }
        if let Some(named) = &case.money_source {
            let file = site.file("settings.csv", format!("money_source\n{named}\n"));
            site.ingest("account_settings", &file, &["--no-rollup"]);
        }
        let done = site.run(&["rollup"]).status.code();
        assert_eq!(done, if case.alert { Some(3) } else { Some(0) }, "{told}");
        let book = |ledger: &str, month: &str| {
            let month = format!("SELECT coalesce(sum(amount), 0) AS n FROM {ledger} WHERE month = '{month}'");
            plain(&site.value(&month))
        };
        for (month, accrual, cash) in &case.books {
            let found = [book("ledger_accrual", month), book("ledger_cash", month)];
            assert_eq!(found, [plain(accrual), plain(cash)], "{month} of {told}");
        }
        let all = |ledger: &str| plain(&site.value(&format!("SELECT coalesce(sum(amount), 0) AS n FROM {ledger}")));
        let sum = |of: fn(&(String, String, String)) -> &String| -> f64 {
            case.books.iter().map(|book| of(book).parse::<f64>().unwrap()).sum()
        };
        assert_eq!(all("ledger_accrual"), plain(&format!("{:.2}", sum(|book| &book.1))), "{told}");
        assert_eq!(all("ledger_cash"), plain(&format!("{:.2}", sum(|book| &book.2))), "{told}");
        let untold = site.sql("SELECT day FROM money_days WHERE others_tell AND NOT tells ORDER BY day");
        let untold: Vec<String> = untold.iter().map(|row| text(&row["day"])).collect();
        assert_eq!(untold, case.untold, "{told}");
        let alerts = site
            .value("SELECT count(*) AS n FROM meta.alerts WHERE state = 'firing' AND message LIKE '%in no ledger%'");
        assert_eq!(alerts != "0", case.alert, "{told}");
    }
}
