//! A client that repeats what fails, and reads the last days again, ends where a client without faults does.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_simulator::Limits;
use sellerlake_simulator::faults::{FaultPlan, Kind, Seeded};
use serde_json::{Value, json};

use super::wire_client::{Client, gunzip, options, start};

/// Order id → the order as it was read last.
type Orders = BTreeMap<String, Value>;
/// (order id, sku, place among its twins) → quantity and price.
type Rows = BTreeMap<(String, String, usize), (String, String)>;

const PATIENCE: usize = 200;

/// A simulator in which nearly everything goes wrong for a day, or nothing does.
async fn client(seed: Option<u64>) -> Client {
    let mut free = options();
    free.limits = Limits::Off;
    free.hold = std::time::Duration::from_millis(5);
    let client = Client::start(free).await;
    let until = Some(start() + TimeDelta::days(1));
    let seeded = seed.map(|seed| Seeded { seed, rate: 0.08, kinds: None, until, at_most: None });
    client.follow(FaultPlan { script: Vec::new(), seeded });
    client
}

/// Repeats a call until it brings JSON; 400 is for the caller to judge.
async fn patient(client: &mut Client, method: &str, path: &str, body: Option<Value>) -> Result<Value, ()> {
    for _ in 0..PATIENCE {
        if let Ok(got) = client.attempt(method, path, body.clone()).await {
            match (got.status, serde_json::from_slice(&got.body)) {
                (200..=299, Ok(json)) => return Ok(json),
                (400, Ok(_)) => return Err(()),
                (403, _) => {
                    if let Ok(json) = serde_json::from_slice::<Value>(&client.try_lwa().await) {
                        client.token = json["access_token"].as_str().unwrap_or_default().to_owned();
                    }
                }
                _ => {}
            }
        }
        client.pass(TimeDelta::seconds(1));
    }
    panic!("{method} {path} never came through");
}

/// All orders updated in a window; a dead token starts the list over.
async fn orders(client: &mut Client, from: DateTime<Utc>, to: DateTime<Utc>, into: &mut Orders) {
    let base = format!(
        "/orders/2026-01-01/orders?lastUpdatedAfter={}&lastUpdatedBefore={}&maxResultsPerPage=6&includedData=PROCEEDS",
        from.format("%FT%TZ"),
        to.format("%FT%TZ")
    );
    let mut token = String::new();
    for _ in 0..PATIENCE {
        let Ok(page) = patient(client, "GET", &format!("{base}{token}"), None).await else {
            token.clear();
            continue;
        };
        for order in page["orders"].as_array().unwrap() {
            into.insert(order["orderId"].as_str().unwrap().to_owned(), order.clone());
        }
        match page["pagination"]["nextToken"].as_str() {
            Some(next) => token = format!("&paginationToken={next}"),
            None => return,
        }
    }
    panic!("the list has no end");
}

/// The rows of an all-orders report; one that ends badly is asked for again.
async fn report(client: &mut Client, from: DateTime<Utc>, to: DateTime<Utc>) -> Rows {
    let reports = "/reports/2021-06-30/reports";
    let mut request = client.orders_request();
    (request["dataStartTime"], request["dataEndTime"]) = (json!(from), json!(to));
    for _ in 0..PATIENCE {
        let made = patient(client, "POST", reports, Some(request.clone())).await.unwrap();
        let path = format!("{reports}/{}", made["reportId"].as_str().unwrap());
        let mut looks = 0;
        let state = loop {
            let state = patient(client, "GET", &path, None).await.unwrap();
            if !matches!(state["processingStatus"].as_str(), Some("IN_QUEUE" | "IN_PROGRESS")) {
                break state;
            }
            looks += 1;
            assert!(looks < PATIENCE, "the report is never made: {state}");
            client.pass(TimeDelta::minutes(1));
        };
        if state["processingStatus"] == "DONE" {
            return rows(client, state["reportDocumentId"].as_str().unwrap()).await;
        }
    }
    panic!("no report");
}

async fn rows(client: &mut Client, document: &str) -> Rows {
    let path = format!("/reports/2021-06-30/documents/{document}");
    for _ in 0..PATIENCE {
        let url = patient(client, "GET", &path, None).await.unwrap()["url"].as_str().unwrap().to_owned();
        let Ok(got) = client.try_fetch(&url).await else { continue };
        let Ok(plain) = gunzip(&got.body) else { continue };
        if got.status == 200 && !plain.is_empty() {
            // By place, since names may be translated; the places of this report are the same in every language.
            let text = String::from_utf8_lossy(&plain).into_owned();
            return table(&text);
        }
    }
    panic!("no document");
}

fn table(text: &str) -> Rows {
    let english = ["amazon-order-id", "sku", "quantity", "item-price"];
    let spanish = ["identificador-del-pedido-de-amazon", "sku", "cantidad", "precio-del-articulo"];
    let header: Vec<&str> = text.lines().next().unwrap().split('\t').collect();
    let place =
        |which: usize| header.iter().position(|name| *name == english[which] || *name == spanish[which]).unwrap();
    let [id, sku, quantity, price] = [0, 1, 2, 3].map(place);
    let mut rows = Rows::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let twins = rows.keys().filter(|(one, two, _)| one == cells[id] && two == cells[sku]).count();
        let key = (cells[id].to_owned(), cells[sku].to_owned(), twins);
        rows.insert(key, (cells[quantity].to_owned(), cells[price].to_owned()));
    }
    rows
}

/// Reads older and recent days while things go wrong, and the recent ones again when nothing does any more.
async fn read(seed: Option<u64>) -> (Orders, Rows, u64) {
    let mut client = client(seed).await;
    let (long_ago, lately, end) =
        (start() - TimeDelta::days(20), start() - TimeDelta::days(4), start() - TimeDelta::hours(1));
    let (mut known, mut rows) = (Orders::new(), Rows::new());
    for (from, to) in [(long_ago, lately), (lately, end)] {
        orders(&mut client, from, to, &mut known).await;
        rows.extend(report(&mut client, from, to).await);
    }
    client.pass(start() + TimeDelta::days(2) - client.now());
    orders(&mut client, lately, end, &mut known).await;
    rows.extend(report(&mut client, lately, end).await);
    let fired = client.simulator.amazon().faults.fired();
    let kinds = Kind::ALL.iter().filter(|kind| fired.contains_key(kind)).count();
    (known, rows, kinds as u64)
}

#[tokio::test]
async fn whatever_goes_wrong_the_truth_is_reached() {
    let (orders, rows, none) = read(None).await;
    assert!(orders.len() > 30 && rows.len() > 30 && none == 0);
    for seed in [1, 2, 3] {
        let (these_orders, these_rows, kinds) = read(Some(seed)).await;
        assert!(kinds >= 8, "seed {seed} struck in {kinds} ways only");
        assert_eq!(these_orders, orders, "seed {seed}");
        assert_eq!(these_rows, rows, "seed {seed}");
    }
}
