//! The life of a report.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::wire_client::{ALL_ORDERS, Client, INVENTORY, gunzip, options, start};

const REPORTS: &str = "/reports/2021-06-30/reports";
const SETTLEMENTS: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";

#[tokio::test]
async fn from_queue_to_document() {
    let client = Client::start(options()).await;
    let id = client.create(client.orders_request()).await;
    let mut seen = vec![client.report(&id).await];
    assert_eq!(seen[0].get("processingEndTime"), None, "what has no value yet is absent");
    while seen.last().unwrap()["processingStatus"] != "DONE" {
        client.pass(TimeDelta::seconds(2));
        seen.push(client.report(&id).await);
        assert!(client.now() < start() + TimeDelta::minutes(20), "{seen:?}");
    }
    let mut statuses: Vec<&str> = seen.iter().map(|report| report["processingStatus"].as_str().unwrap()).collect();
    statuses.dedup();
    assert_eq!(statuses, ["IN_QUEUE", "IN_PROGRESS", "DONE"]);

    let url = client.document_url(seen.last().unwrap()).await;
    let got = client.fetch(&url).await;
    assert_eq!((got.status, got.header("content-encoding")), (200, None), "the client unpacks it itself");
    let text = String::from_utf8_lossy(&gunzip(&got.body).unwrap()).into_owned();
    assert!(text.starts_with("amazon-order-id\t") && text.lines().count() > 20);
    assert_eq!(client.fetch(&url).await.body, got.body, "the same bytes each time");
}

#[tokio::test]
async fn an_address_expires_and_takes_no_api_headers() {
    let client = Client::start(options()).await;
    let id = client.create(client.orders_request()).await;
    client.pass(TimeDelta::minutes(15));
    let report = client.report(&id).await;
    let url = client.document_url(&report).await;
    let with_token = super::wire_client::got(client.request("GET", &url, &client.token)).await.unwrap();
    assert_eq!(with_token.status, 403);
    let with_auth =
        super::wire_client::got(client.request("GET", &url, "").header("authorization", "Bearer x")).await.unwrap();
    assert_eq!(with_auth.status, 400);
    assert_eq!(client.fetch(&url.replace("Signature=", "Signature=0")).await.status, 403);
    client.pass(TimeDelta::minutes(5));
    let got = client.fetch(&url).await;
    assert_eq!(got.status, 403);
    assert!(String::from_utf8_lossy(&got.body).contains("Request has expired"));
    assert_eq!(client.fetch(&client.document_url(&report).await).await.status, 200, "a fresh address works");
    let id = report["reportDocumentId"].as_str().unwrap();
    let path = format!("/reports/2021-06-30/documents/{id}?enableContentEncodingUrlHeader=true");
    let url = client.get(&path).await.json()["url"].as_str().unwrap().to_owned();
    assert_eq!(client.fetch(&url).await.header("content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let client = Client::start(options()).await;
    let long_ago = start() - TimeDelta::days(31);
    let changes: [(&str, Value); 6] = [
        ("reportType", json!("GET_NOTHING")),
        ("reportType", json!(SETTLEMENTS)),
        ("marketplaceIds", json!([])),
        ("marketplaceIds", json!(["A1VC38T7YXB528"])),
        ("dataStartTime", json!(long_ago)),
        ("reportOptions", json!({ "custom": true })),
    ];
    for (field, value) in changes {
        let mut request = client.orders_request();
        request[field] = value;
        let got = client.post(REPORTS, request).await;
        assert_eq!((got.status, got.error().1.as_str()), (400, "InvalidInput"), "{field}");
    }
    let mut two = client.orders_request();
    two["reportType"] = json!("GET_MERCHANT_LISTINGS_ALL_DATA");
    two["marketplaceIds"] = json!(client.account.marketplaces.iter().map(|one| &one.id).collect::<Vec<_>>());
    assert_eq!(client.post(REPORTS, two).await.status, 400, "listings come one marketplace at a time");
}

#[tokio::test]
async fn identical_requests_share_a_document_and_cancelling_works_in_queue() {
    let client = Client::start(options()).await;
    let first = client.create(client.orders_request()).await;
    let second = client.create(client.orders_request()).await;
    assert_ne!(first, second);
    client.pass(TimeDelta::minutes(15));
    let (first, second) = (client.report(&first).await, client.report(&second).await);
    assert_eq!(first["reportDocumentId"], second["reportDocumentId"]);
    assert_eq!(client.delete(&format!("{REPORTS}/{}", first["reportId"].as_str().unwrap())).await.status, 400);

    let mut other = client.orders_request();
    other["dataStartTime"] = json!(start() - TimeDelta::days(3));
    let third = client.create(other).await;
    assert_eq!(client.delete(&format!("{REPORTS}/{third}")).await.status, 200);
    assert_eq!(client.report(&third).await["processingStatus"], "CANCELLED");
    assert_eq!(client.get(&format!("{REPORTS}/1")).await.status, 404);
}

#[tokio::test]
async fn asking_again_within_the_cooldown_is_cancelled_and_hammering_fails() {
    let client = Client::start(options()).await;
    let request = json!({ "reportType": INVENTORY, "marketplaceIds": [client.marketplace()] });
    let mut statuses = Vec::new();
    let mut last = Value::Null;
    for _ in 0..5 {
        let id = client.create(request.clone()).await;
        client.pass(TimeDelta::minutes(2));
        last = client.report(&id).await;
        statuses.push(last["processingStatus"].as_str().unwrap().to_owned());
    }
    assert_eq!(statuses, ["DONE", "CANCELLED", "CANCELLED", "CANCELLED", "FATAL"]);
    let why = client.fetch(&client.document_url(&last).await).await;
    assert!(String::from_utf8(gunzip(&why.body).unwrap()).unwrap().contains("too often"));
    client.pass(TimeDelta::minutes(30));
    let id = client.create(request).await;
    client.pass(TimeDelta::minutes(2));
    assert_eq!(client.report(&id).await["processingStatus"], "DONE");
}

#[tokio::test]
async fn no_data_is_cancelled() {
    let client = Client::start(options()).await;
    // Without dates both ends are now: there is nothing in between.
    let id = client.create(json!({ "reportType": ALL_ORDERS, "marketplaceIds": [client.marketplace()] })).await;
    client.pass(TimeDelta::minutes(15));
    assert_eq!(client.report(&id).await["processingStatus"], "CANCELLED");
}

#[tokio::test]
async fn settlements_are_listed_and_never_requested() {
    let client = Client::start(options()).await;
    let got = client.get(&format!("{REPORTS}?reportTypes={SETTLEMENTS}&pageSize=1")).await;
    let first = got.json();
    let report = first["reports"][0].clone();
    assert_eq!(report["processingStatus"], "DONE");
    let token = first["nextToken"].as_str().expect("more than one settlement");
    assert_eq!(
        client.get(&format!("{REPORTS}?nextToken={token}&pageSize=1")).await.status,
        400,
        "the token comes alone"
    );
    let second = client.get(&format!("{REPORTS}?nextToken={token}")).await.json();
    assert_ne!(second["reports"][0]["reportId"], report["reportId"]);
    assert_eq!(client.report(report["reportId"].as_str().unwrap()).await, report);
    let document = client.fetch(&client.document_url(&report).await).await;
    assert!(document.body.starts_with(b"settlement-id\t"), "settlements are not compressed");
    let old = start() - TimeDelta::days(91);
    let got = client.get(&format!("{REPORTS}?reportTypes={SETTLEMENTS}&createdSince={}", old.format("%FT%TZ"))).await;
    assert_eq!(got.status, 400);
    client.pass(TimeDelta::days(120));
    let mut client = client;
    client.sign_in().await;
    assert_eq!(client.get(&format!("{REPORTS}/{}", report["reportId"].as_str().unwrap())).await.status, 404);
}

#[tokio::test]
async fn restricted_documents_want_a_token_for_their_exact_path() {
    let mut client = Client::start(options()).await;
    let mut request = client.orders_request();
    request["reportType"] = json!("GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING");
    let id = client.create(request).await;
    client.pass(TimeDelta::minutes(15));
    let report = client.report(&id).await;
    let path =
        format!("/reports/2021-06-30/documents/{}", report["reportDocumentId"].as_str().expect("orders to ship"));
    assert_eq!(client.get(&path).await.status, 403, "the plain token is refused");
    let resource = |path: &str| json!({ "restrictedResources": [{ "method": "GET", "path": path }] });
    let tokens = "/tokens/2021-03-01/restrictedDataToken";
    assert_eq!(client.post(tokens, resource("/reports/2021-06-30/documents/{reportDocumentId}")).await.status, 400);
    let plain = client.token.clone();
    let rdt = client.post(tokens, resource(&path)).await.json();
    client.token = rdt["restrictedDataToken"].as_str().unwrap().to_owned();
    let got = client.get(&path).await;
    assert_eq!(got.status, 200);
    assert_eq!(client.get("/sellers/v1/marketplaceParticipations").await.status, 403, "it opens nothing else");
    assert_eq!(client.fetch(got.json()["url"].as_str().unwrap()).await.status, 200);
    client.token = plain;
}

#[tokio::test]
async fn a_schedule_replaces_its_like_and_requests_by_itself() {
    let mut client = Client::start(options()).await;
    let schedules = "/reports/2021-06-30/schedules";
    let wanted =
        |period: &str| json!({ "reportType": ALL_ORDERS, "marketplaceIds": [client.marketplace()], "period": period });
    assert_eq!(client.post(schedules, wanted("PT7M")).await.status, 400);
    let first = client.post(schedules, wanted("PT1H")).await;
    assert_eq!(first.status, 201);
    let second = client.post(schedules, wanted("PT12H")).await.json();
    let listed = client.get(&format!("{schedules}?reportTypes={ALL_ORDERS}")).await.json();
    assert_eq!(listed["reportSchedules"].as_array().unwrap().len(), 1);
    assert_eq!(listed["reportSchedules"][0]["reportScheduleId"], second["reportScheduleId"]);
    client.pass(TimeDelta::hours(25));
    client.sign_in().await;
    let made = client.get(&format!("{REPORTS}?reportTypes={ALL_ORDERS}&pageSize=100")).await.json();
    let made = made["reports"].as_array().unwrap();
    assert_eq!(made.len(), 3);
    assert!(made.iter().all(|report| report["reportScheduleId"] == second["reportScheduleId"]));
    let path = format!("{schedules}/{}", second["reportScheduleId"].as_str().unwrap());
    assert_eq!(client.get(&path).await.json()["period"], "PT12H");
    assert_eq!(client.delete(&path).await.status, 200);
    assert_eq!(client.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_query_ends_in_lines_of_json() {
    let client = Client::start(options()).await;
    let queries = "/dataKiosk/2023-11-15/queries";
    let query = format!(
        "query {{ analytics_economics_2024_03_15 {{ economics(startDate: \"2026-10-12\", endDate: \"2026-10-20\", \
         marketplaceIds: [\"{}\"], aggregateBy: {{ date: DAY, productId: MSKU }}) {{ startDate msku }} }} }}",
        client.marketplace()
    );
    assert_eq!(client.post(queries, json!({ "query": "x".repeat(8001) })).await.status, 400);
    let made = client.post(queries, json!({ "query": query })).await;
    assert_eq!(made.status, 202);
    let path = format!("{queries}/{}", made.json()["queryId"].as_str().unwrap());
    assert_eq!(client.get(&path).await.json()["processingStatus"], "IN_QUEUE");
    client.pass(TimeDelta::minutes(6));
    let done = client.get(&path).await.json();
    let document = format!("/dataKiosk/2023-11-15/documents/{}", done["dataDocumentId"].as_str().unwrap());
    let url = client.get(&document).await.json()["documentUrl"].as_str().unwrap().to_owned();
    let lines = String::from_utf8(gunzip(&client.fetch(&url).await.body).unwrap()).unwrap();
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["msku"].is_string()));
}
