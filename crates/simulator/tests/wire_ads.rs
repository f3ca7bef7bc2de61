//! The Advertising API.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::wire_client::{Client, gunzip, options};

const MEDIA: &str = "application/vnd.createasyncreportrequest.v3+json";

fn request() -> Value {
    json!({
        "name": "daily", "startDate": "2026-10-20", "endDate": "2026-10-30",
        "configuration": {
            "adProduct": "SPONSORED_PRODUCTS", "groupBy": ["advertiser"], "reportTypeId": "spAdvertisedProduct",
            "columns": ["date", "campaignId", "advertisedSku", "impressions", "clicks", "cost", "sales7d"],
            "timeUnit": "DAILY", "format": "GZIP_JSON",
        },
    })
}

#[tokio::test]
async fn profiles_name_seller_and_marketplace() {
    let client = Client::start(options()).await;
    let token = client.ads_token().await;
    let got = client.ads("GET", "/v2/profiles", &token, "application/json", Value::Null).await.json();
    let profiles = client.account.ads.clone().unwrap().profiles;
    assert_eq!(got.as_array().unwrap().len(), profiles.len());
    assert_eq!(got[0]["profileId"].to_string(), profiles[0]);
    assert_eq!(got[0]["accountInfo"]["id"], json!(client.account.seller_id));
    assert_eq!(got[0]["accountInfo"]["marketplaceStringId"], json!(client.account.marketplaces[0].id));
    for wrong in [client.token.clone(), "Atza|x".to_owned()] {
        let got = client.ads("GET", "/v2/profiles", &wrong, "application/json", Value::Null).await;
        assert_eq!(got.status, 401);
    }
}

#[tokio::test]
async fn a_report_is_requested_polled_and_fetched() {
    let mut client = Client::start(options()).await;
    let mut token = client.ads_token().await;
    let created = client.ads("POST", "/reporting/reports", &token, MEDIA, request()).await;
    assert_eq!(created.status, 200);
    let created = created.json();
    assert_eq!((&created["status"], &created["url"]), (&json!("PENDING"), &Value::Null));
    let id = created["reportId"].as_str().unwrap().to_owned();

    let twin = client.ads("POST", "/reporting/reports", &token, MEDIA, request()).await;
    assert_eq!(twin.status, 425);
    assert!(twin.json()["detail"].as_str().unwrap().ends_with(&format!(": {id}")));

    let path = format!("/reporting/reports/{id}");
    let mut statuses = Vec::new();
    for _ in 0..60 {
        let report = client.ads("GET", &path, &token, MEDIA, Value::Null).await.json();
        statuses.push(report["status"].as_str().unwrap().to_owned());
        client.pass(TimeDelta::seconds(30));
    }
    statuses.dedup();
    assert_eq!(statuses, ["PENDING", "PROCESSING", "COMPLETED"]);

    let report = client.ads("GET", &path, &token, MEDIA, Value::Null).await.json();
    let url = report["url"].as_str().unwrap();
    let got = client.fetch(url).await;
    let rows: Value = serde_json::from_slice(&gunzip(&got.body).unwrap()).unwrap();
    assert!(!rows.as_array().unwrap().is_empty());
    let with_auth = client.request("GET", url, "").header("authorization", format!("Bearer {token}"));
    assert_eq!(super::wire_client::got(with_auth).await.unwrap().status, 400, "the store takes no API headers");
    client.pass(TimeDelta::hours(1));
    assert_eq!(client.fetch(url).await.status, 403);
    assert_eq!(
        client.ads("GET", &path, &token, MEDIA, Value::Null).await.status,
        401,
        "the token has expired meanwhile"
    );
    token = client.ads_token().await;
    let again = client.ads("GET", &path, &token, MEDIA, Value::Null).await.json();
    assert_eq!(client.fetch(again["url"].as_str().unwrap()).await.status, 200);
    client.sign_in().await;
}

#[tokio::test]
async fn mistakes_are_named() {
    let client = Client::start(options()).await;
    let token = client.ads_token().await;
    let mut unknown = request();
    unknown["configuration"]["columns"] = json!(["date", "luck"]);
    let got = client.ads("POST", "/reporting/reports", &token, MEDIA, unknown).await;
    assert_eq!(got.status, 400);
    assert!(got.json()["detail"].as_str().unwrap().contains("luck"));
    assert_eq!(client.ads("POST", "/reporting/reports", &token, "application/json", request()).await.status, 415);
    assert_eq!(client.ads("GET", "/reporting/reports/none", &token, MEDIA, Value::Null).await.status, 404);
    let mut throttled = Vec::new();
    for _ in 0..40 {
        let got = client.ads("POST", "/reporting/reports", &token, MEDIA, Value::Null).await;
        if got.status == 429 {
            throttled.push(got.header("retry-after").map(str::to_owned));
        }
    }
    assert!(throttled.iter().any(Option::is_some) && throttled.iter().any(Option::is_none));
}

#[tokio::test]
async fn campaigns_come_in_each_products_own_way() {
    let client = Client::start(options()).await;
    let token = client.ads_token().await;
    let products = "application/vnd.spCampaign.v3+json";
    let got = client.ads("POST", "/sp/campaigns/list", &token, products, json!({ "maxResults": 1 })).await.json();
    assert_eq!(got["campaigns"].as_array().unwrap().len(), 1);
    assert_eq!(client.ads("POST", "/sp/campaigns/list", &token, "text/plain", json!({})).await.status, 415);
    assert_eq!(client.ads("GET", "/sd/campaigns", &token, "application/json", Value::Null).await.status, 200);
    let brands = "application/vnd.sbcampaignresource.v4+json";
    assert_eq!(client.ads("POST", "/sb/v4/campaigns/list", &token, brands, json!({})).await.status, 200);
}
