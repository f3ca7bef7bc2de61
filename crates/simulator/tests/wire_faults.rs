//! Each kind of fault strikes where a script says, and what it hid is there at the next reading.

use chrono::TimeDelta;
use sellerlake_simulator::faults::{FaultPlan, Kind, Seeded};
use serde_json::{Value, json};

use super::wire_client::{Client, Got, gunzip, options, script};

const SELLERS: &str = "/sellers/v1/marketplaceParticipations";
const ORDERS: &str = "/orders/2026-01-01/orders?createdAfter=2026-10-15T00:00:00Z&maxResultsPerPage=5";
const MEDIA: &str = "application/vnd.createasyncreportrequest.v3+json";

async fn struck(kind: Kind, operation: &str) -> Client {
    let client = Client::start(options()).await;
    client.follow(script(&[(kind, operation)]));
    client
}

#[tokio::test]
async fn calls_fail_and_succeed_when_repeated() {
    let cases = [(Kind::Http429, 429), (Kind::Http500, 500), (Kind::Http503Html, 503)];
    for (kind, status) in cases {
        let client = struck(kind, "sellers.*").await;
        let got = client.get(SELLERS).await;
        assert_eq!(got.status, status);
        assert_eq!(got.header("content-type") == Some("text/html"), status == 503);
        assert_eq!((client.get(SELLERS).await.status, client.fired(kind)), (200, 1));
    }
    let client = struck(Kind::EmptyBody, "sellers.*").await;
    let got = client.get(SELLERS).await;
    assert_eq!((got.status, got.body.len()), (200, 0));
    assert_eq!(client.get(SELLERS).await.status, 200);
}

#[tokio::test]
async fn connections_break_before_and_within_the_answer() {
    for kind in [Kind::Timeout, Kind::TruncatedBody] {
        let client = struck(kind, "sellers.*").await;
        assert!(client.attempt("GET", SELLERS, None).await.is_err(), "{kind:?}");
        assert_eq!((client.get(SELLERS).await.status, client.fired(kind)), (200, 1));
    }
    // The work was done although nobody was told.
    let client = struck(Kind::Timeout, "reports.createReport").await;
    let path = "/reports/2021-06-30/reports";
    assert!(client.attempt("POST", path, Some(client.orders_request())).await.is_err());
    let known = client.get(&format!("{path}?reportTypes={}", super::wire_client::ALL_ORDERS)).await.json();
    assert_eq!(known["reports"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn sign_in_fails_in_its_own_shape() {
    let client = struck(Kind::Http500, "lwa.token").await;
    assert_eq!(client.lwa(&client.refresh()).await.json()["error"], "server_error");
    client.follow(script(&[(Kind::RevokedToken, "lwa.token")]));
    assert_eq!(client.lwa(&client.refresh()).await.json()["error"], "invalid_grant");
    assert_eq!(client.get(SELLERS).await.status, 403);
    client.pass(TimeDelta::hours(1));
    assert_eq!(client.lwa(&client.refresh()).await.status, 200, "granted again after an hour");
}

/// The same document with and without a fault.
async fn documents(kind: Kind, request: impl Fn(&Client) -> Value) -> (Client, Got, Got) {
    let client = struck(kind, "files.*").await;
    let id = client.create(request(&client)).await;
    client.pass(TimeDelta::minutes(20));
    let report = client.report(&id).await;
    let url = client.document_url(&report).await;
    let damaged = client.fetch(&url).await;
    assert_eq!(client.fired(kind), 1, "{kind:?}");
    let url = client.document_url(&report).await;
    let right = client.fetch(&url).await;
    assert_eq!((right.status, client.fired(kind)), (200, 1));
    (client, damaged, right)
}

fn lines(got: &Got) -> Vec<String> {
    let plain = gunzip(&got.body).unwrap();
    let text = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&plain).0.into_owned();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn documents_are_damaged_once() {
    let orders = Client::orders_request;
    let (_, bad, right) = documents(Kind::CorruptGzip, orders).await;
    assert!(gunzip(&bad.body).is_err() && gunzip(&right.body).is_ok());
    let (_, bad, _) = documents(Kind::ExpiredUrl, orders).await;
    assert_eq!(bad.status, 403);
    let (_, bad, right) = documents(Kind::LateRow, orders).await;
    assert_eq!(lines(&bad).len() + 1, lines(&right).len());
    let (_, bad, right) = documents(Kind::ExtraColumn, orders).await;
    assert_eq!(lines(&bad)[0], format!("{}\tadded-without-notice", lines(&right)[0]));
    let (_, bad, right) = documents(Kind::LocalisedHeader, orders).await;
    assert!(lines(&bad)[0].contains("fecha-de-la-compra") && lines(&right)[0].contains("purchase-date"));
    assert_eq!(lines(&bad)[1..], lines(&right)[1..]);
    let (_, bad, right) = documents(Kind::LoneQuote, orders).await;
    let changed: Vec<_> = lines(&bad).into_iter().zip(lines(&right)).filter(|(bad, right)| bad != right).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].0.replacen("\t\"", "\t", 1), changed[0].1);
    let everywhere = |client: &Client| {
        let mut request = client.orders_request();
        request["marketplaceIds"] = json!(client.account.marketplaces.iter().map(|one| &one.id).collect::<Vec<_>>());
        request
    };
    let (_, bad, right) = documents(Kind::WrongCharsetLabel, everywhere).await;
    assert_ne!(bad.header("content-type"), right.header("content-type"));
    assert_eq!(bad.body, right.body);
}

#[tokio::test]
async fn reports_end_badly_and_well_when_asked_again() {
    for (kind, status) in [(Kind::ReportCancelled, "CANCELLED"), (Kind::ReportFatal, "FATAL")] {
        let client = struck(kind, "reports.*").await;
        let id = client.create(client.orders_request()).await;
        client.pass(TimeDelta::minutes(20));
        assert_eq!(client.report(&id).await["processingStatus"], status);
        let id = client.create(client.orders_request()).await;
        client.pass(TimeDelta::minutes(20));
        assert_eq!(client.report(&id).await["processingStatus"], "DONE");
    }
    let client = struck(Kind::ReportCancelled, "reports.*").await;
    let mut always = script(&[(Kind::ReportCancelled, "reports.*")]);
    always.script[0].times = 9;
    client.follow(always);
    for expected in ["CANCELLED", "DONE"] {
        let id = client.create(client.orders_request()).await;
        client.pass(TimeDelta::minutes(20));
        assert_eq!(client.report(&id).await["processingStatus"], expected, "twice would mean that there is no data");
    }
    let client = struck(Kind::SlowReport, "reports.*").await;
    let id = client.create(client.orders_request()).await;
    client.pass(TimeDelta::minutes(50));
    assert_eq!(client.report(&id).await["processingStatus"], "IN_PROGRESS");
}

#[tokio::test]
async fn pages_repeat_skip_and_die() {
    let orders = |page: &Value| page["orders"].as_array().unwrap().clone();
    let next = |page: &Value| format!("{ORDERS}&paginationToken={}", page["pagination"]["nextToken"].as_str().unwrap());

    let client = struck(Kind::PageDuplicate, "orders_2026.*").await;
    let first = client.get(ORDERS).await.json();
    let second = client.get(&next(&first)).await.json();
    assert_eq!(orders(&second)[0], orders(&first)[4]);
    assert_eq!(orders(&second).len(), 6);

    let client = struck(Kind::PageGap, "orders_2026.*").await;
    let whole = ORDERS.replace("=5", "=100");
    let lacking = orders(&client.get(&whole).await.json());
    let all = orders(&client.get(&whole).await.json());
    assert_eq!(lacking[..], all[..all.len() - 1], "the newest is not there yet");
    let client = struck(Kind::PageGap, "orders_2026.*").await;
    let short = client.get(ORDERS).await.json();
    assert_eq!(orders(&short), orders(&first)[..4], "or the last of a page in between");
    assert_eq!(orders(&client.get(&next(&short)).await.json()), orders(&second)[1..]);
    let client = struck(Kind::PageGap, "orders_2026.*").await;
    client.get(&format!("{whole}&createdBefore=2026-10-25")).await;
    assert_eq!(client.fired(Kind::PageGap), 0, "nobody would look there again");

    let client = struck(Kind::EmptyPageWithToken, "orders_2026.*").await;
    let empty = client.get(ORDERS).await.json();
    assert_eq!(orders(&empty).len(), 0);
    assert_eq!(orders(&client.get(&next(&empty)).await.json()), orders(&first));

    let client = struck(Kind::ExpiredPageToken, "orders_2026.*").await;
    let first = client.get(ORDERS).await.json();
    assert_eq!(client.get(&next(&first)).await.status, 400);
    assert_eq!(client.get(&next(&first)).await.status, 200);
}

#[tokio::test]
async fn ads_reports_are_duplicates_late_and_restated() {
    let client = struck(Kind::Ads425, "ads.*").await;
    let token = client.ads_token().await;
    let request = json!({
        "name": "x", "startDate": "2026-10-12", "endDate": "2026-11-01",
        "configuration": {
            "adProduct": "SPONSORED_PRODUCTS", "groupBy": ["advertiser"], "reportTypeId": "spAdvertisedProduct",
            "columns": ["date", "advertisedSku", "impressions", "clicks", "cost", "purchases7d", "sales7d"],
            "timeUnit": "DAILY", "format": "GZIP_JSON",
        },
    });
    let got = client.ads("POST", "/reporting/reports", &token, MEDIA, request).await;
    assert_eq!(got.status, 425);
    let detail = got.json()["detail"].as_str().unwrap().to_owned();
    let id = detail.rsplit(' ').next().unwrap();
    client.pass(TimeDelta::minutes(30));
    let report = client.ads("GET", &format!("/reporting/reports/{id}"), &token, MEDIA, Value::Null).await.json();
    assert_eq!(report["status"], "COMPLETED", "the id in the text is a real one");
    let rows = || async {
        let got = client.fetch(report["url"].as_str().unwrap()).await;
        serde_json::from_slice::<Vec<Value>>(&gunzip(&got.body).unwrap()).unwrap()
    };
    let right = rows().await;
    for kind in [Kind::LateRow, Kind::RestatedRow, Kind::ExtraColumn] {
        client.follow(script(&[(kind, "files.*")]));
        assert_ne!(rows().await, right, "{kind:?}");
        assert_eq!(rows().await, right);
    }
}

#[tokio::test]
async fn a_seed_replays_and_ends() {
    let run = || async {
        let client = Client::start(options()).await;
        let kinds = Some(vec![Kind::Http429, Kind::Http500, Kind::Http503Html]);
        let until = Some(client.now() + TimeDelta::hours(1));
        let seeded = Seeded { seed: 3, rate: 0.2, kinds, until, at_most: None };
        client
            .control("POST", "/simulator/faults", json!(FaultPlan { script: Vec::new(), seeded: Some(seeded) }))
            .await;
        let mut statuses = Vec::new();
        for _ in 0..15 {
            statuses.push(client.get(SELLERS).await.status);
        }
        let fired = client.control("GET", "/simulator/faults", json!({})).await.json();
        client.pass(TimeDelta::minutes(61));
        (statuses, fired, client)
    };
    let (statuses, fired, mut client) = run().await;
    assert!(statuses.iter().any(|status| *status != 200) && statuses.contains(&200));
    assert!(fired.as_object().unwrap().values().all(Value::is_object));
    let (again, ..) = run().await;
    assert_eq!(again, statuses);
    client.sign_in().await;
    assert_eq!(client.get(SELLERS).await.status, 200, "nothing strikes after the end");
}
