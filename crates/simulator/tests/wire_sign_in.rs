//! Login with Amazon and what tokens open.

use chrono::TimeDelta;
use serde_json::json;

use super::wire_client::{Client, options};

const ORDERS: &str = "/sellers/v1/marketplaceParticipations";

#[tokio::test]
async fn each_mistake_has_its_own_error() {
    let client = Client::start(options()).await;
    let cases: [(usize, &str, u16, &str); 6] = [
        (0, "password", 400, "unsupported_grant_type"),
        (0, "", 400, "invalid_request"),
        (1, "Atzr|never", 400, "invalid_grant"),
        (2, "amzn1.application-oa2-client.nobody", 401, "invalid_client"),
        (3, "wrong", 401, "invalid_client"),
        (1, &client.account.ads.clone().unwrap().refresh_token, 400, "invalid_grant"),
    ];
    for (field, value, status, error) in cases {
        let mut form = client.refresh();
        form[field].1 = value.to_owned();
        let got = client.lwa(&form).await;
        assert_eq!((got.status, got.json()["error"].as_str()), (status, Some(error)), "{form:?}");
        assert!(got.json()["error_description"].is_string() && got.json().get("errors").is_none());
    }
    let mut form = client.refresh();
    form[0].1 = "client_credentials".to_owned();
    form[1] = ("scope", "sellingpartnerapi::migration".to_owned());
    assert_eq!(client.lwa(&form).await.json()["error"], "invalid_scope");
}

#[tokio::test]
async fn a_refresh_gives_an_hour_and_the_same_grant() {
    let client = Client::start(options()).await;
    let got = client.lwa(&client.refresh()).await.json();
    assert_eq!((&got["expires_in"], &got["token_type"]), (&json!(3600), &json!("bearer")));
    assert_eq!(got["refresh_token"], json!(client.account.refresh_token));
    assert_eq!(client.get(ORDERS).await.status, 200);
    client.pass(TimeDelta::minutes(60));
    let (status, code, details) = client.get(ORDERS).await.error();
    assert_eq!((status, code.as_str()), (403, "Unauthorized"));
    assert!(details.contains("expired"));
}

#[tokio::test]
async fn a_code_is_good_once_and_for_five_minutes() {
    let client = Client::start(options()).await;
    let consent = json!({ "seller_id": client.account.seller_id, "redirect_uri": "https://x.test/cb", "state": "s" });
    let mut form = client.refresh();
    form[0].1 = "authorization_code".to_owned();
    form.push(("redirect_uri", "https://x.test/cb".to_owned()));
    for (wait, redirect, status) in
        [(0, "https://x.test/cb", 200), (6, "https://x.test/cb", 400), (0, "https://y.test/", 400)]
    {
        let code = client.control("POST", "/simulator/consent", consent.clone()).await.json();
        form[1] = ("code", code["spapi_oauth_code"].as_str().unwrap().to_owned());
        form[4].1 = redirect.to_owned();
        client.pass(TimeDelta::minutes(wait));
        assert_eq!(client.lwa(&form).await.status, status);
        assert_eq!(client.lwa(&form).await.status, 400, "a code can be used once");
    }
}

#[tokio::test]
async fn wrong_tokens_open_nothing() {
    let mut client = Client::start(options()).await;
    let good = client.token.clone();
    let elsewhere = client.url(ORDERS).replace("/na/", "/eu/");
    let got = super::wire_client::got(client.request("GET", &elsewhere, &good)).await.unwrap();
    assert_eq!(got.error().1, "Unauthorized");
    assert_eq!(got.header("x-amzn-ratelimit-limit"), None);

    let got = super::wire_client::got(client.request("GET", &client.url(ORDERS), "")).await.unwrap();
    assert_eq!((got.status, got.error().1.as_str()), (403, "MissingAuthenticationToken"));
    assert_eq!(client.get("/orders/v9/nothing").await.error().1, "MissingAuthenticationToken");

    client.token = "Atza|forged".to_owned();
    assert!(client.get(ORDERS).await.error().2.contains("malformed"));
    client.token = client.ads_token().await;
    assert_eq!(client.get(ORDERS).await.status, 403);
    client.token = client.grantless("sellingpartnerapi::notifications").await;
    assert_eq!(client.get(ORDERS).await.status, 403);
    assert_eq!(client.get("/notifications/v1/destinations").await.status, 200);
    client.token = good;
    assert_eq!(client.get("/notifications/v1/destinations").await.status, 403);
}

#[tokio::test]
async fn a_role_that_was_not_given_closes_its_operations() {
    let mut withheld = options();
    withheld.roles_withheld = vec!["Finance and Accounting".to_owned()];
    let client = Client::start(withheld).await;
    let got = client.get("/finances/2024-06-19/transactions?postedAfter=2026-10-20").await;
    assert_eq!((got.status, got.error().1.as_str()), (403, "Unauthorized"));
    assert_eq!(client.get(ORDERS).await.status, 200);
}

#[tokio::test]
async fn a_revoked_grant_closes_everything_until_it_is_given_again() {
    let mut client = Client::start(options()).await;
    let grant = |granted| json!({ "seller_id": client.account.seller_id, "granted": granted });
    client.control("POST", "/simulator/grants", grant(false)).await;
    assert!(client.get(ORDERS).await.error().2.contains("revoked"));
    assert_eq!(client.lwa(&client.refresh()).await.json()["error"], "invalid_grant");
    client.control("POST", "/simulator/grants", grant(true)).await;
    client.sign_in().await;
    assert_eq!(client.get(ORDERS).await.status, 200);
}

#[tokio::test]
async fn a_rotated_secret_comes_by_message_and_the_old_one_works_for_a_week() {
    let mut client = Client::start(options()).await;
    client.token = client.grantless("sellingpartnerapi::client_credential:rotation").await;
    let got = client.post("/applications/2023-11-30/clientSecret", json!({})).await;
    assert_eq!((got.status, got.body.len()), (204, 0));
    let messages = client.control("GET", "/simulator/notifications", json!({})).await.json();
    let news = &messages[0]["body"]["payload"]["applicationOAuthClientNewSecret"];
    assert_eq!(news["clientId"], json!(client.account.client_id));
    let new_secret = news["newClientSecret"].as_str().unwrap().to_owned();
    assert_ne!(new_secret, client.account.client_secret);
    assert_eq!(client.lwa(&client.refresh()).await.status, 200);
    client.pass(TimeDelta::days(8));
    assert_eq!(client.lwa(&client.refresh()).await.json()["error"], "invalid_client");
    client.account.client_secret = new_secret;
    assert_eq!(client.lwa(&client.refresh()).await.status, 200);
    client.pass(TimeDelta::days(180));
    assert_eq!(client.lwa(&client.refresh()).await.json()["error"], "invalid_client");
}
