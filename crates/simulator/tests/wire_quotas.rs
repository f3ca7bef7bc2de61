//! Buckets, their headers, and the counts of calls.

use chrono::TimeDelta;
use sellerlake_simulator::Limits;
use serde_json::json;

use super::wire_client::{Client, options};

const REPORTS: &str = "/reports/2021-06-30/reports";

#[tokio::test]
async fn a_burst_is_followed_by_one_call_a_minute() {
    let client = Client::start(options()).await;
    for _ in 0..15 {
        let got = client.post(REPORTS, json!({})).await;
        assert_eq!((got.status, got.header("x-amzn-ratelimit-limit")), (400, Some("0.0167")));
    }
    let got = client.post(REPORTS, json!({})).await;
    assert_eq!(got.error(), (429, "QuotaExceeded".to_owned(), String::new()));
    assert_eq!(got.header("x-amzn-errortype"), Some("TooManyRequestsException"));
    assert_eq!((got.header("x-amzn-ratelimit-limit"), got.header("retry-after")), (None, None));
    assert!(got.header("x-amzn-requestid").is_some());
    client.pass(TimeDelta::seconds(60));
    assert_eq!(client.post(REPORTS, json!({})).await.status, 400);
    assert_eq!(client.post(REPORTS, json!({})).await.status, 429);

    let calls = client.control("GET", "/simulator/calls", json!({})).await.json();
    assert_eq!(calls["reports.createReport"], json!({ "400": 16, "429": 2 }));
}

#[tokio::test]
async fn operations_and_sellers_do_not_share_buckets() {
    let mut client = Client::start(options()).await;
    let mut statuses = Vec::new();
    while !statuses.contains(&429) {
        assert!(statuses.len() < 100, "nothing is refused: {statuses:?}");
        statuses.push(client.post(REPORTS, json!({})).await.status);
    }
    assert_eq!(client.get(&format!("{REPORTS}?reportTypes=X")).await.status, 200);
    client.account = client.simulator.accounts().remove(1);
    client.sign_in().await;
    assert_eq!(client.post(REPORTS, json!({})).await.status, 400);
}

#[tokio::test]
async fn without_limits_nothing_is_refused() {
    let mut free = options();
    free.limits = Limits::Off;
    let client = Client::start(free).await;
    for _ in 0..40 {
        assert_eq!(client.get("/fba/inventory/v1/summaries").await.status, 400);
    }
}

#[tokio::test]
async fn every_answer_tells_the_time() {
    let client = Client::start(options()).await;
    let got = client.get("/sellers/v1/marketplaceParticipations").await;
    assert_eq!(got.header("x-simulator-now"), Some("2026-11-02T12:00:00.000000Z"));
    let moved =
        client.control("POST", "/simulator/clock", json!({ "sleep_until": "2026-11-02T13:00:00Z" })).await.json();
    assert_eq!(moved["now"], "2026-11-02T13:00:00.000000Z");
    let back =
        client.control("POST", "/simulator/clock", json!({ "sleep_until": "2026-11-01T00:00:00Z" })).await.json();
    assert_eq!(back["now"], "2026-11-02T13:00:00.000000Z", "time only moves forward");
    assert_eq!(client.get("/unknown").await.header("x-simulator-now"), Some("2026-11-02T13:00:00.000000Z"));
}
