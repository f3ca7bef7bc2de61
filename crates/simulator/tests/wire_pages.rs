//! Pages and their tokens.

use chrono::TimeDelta;
use serde_json::Value;

use super::wire_client::{Client, options};

const ORDERS: &str = "/orders/2026-01-01/orders?createdAfter=2026-10-15T00:00:00Z&maxResultsPerPage=7";

#[tokio::test]
async fn all_pages_together_are_the_list() {
    let client = Client::start(options()).await;
    let whole = client.get(&ORDERS.replace("=7", "=100")).await.json();
    let whole = ids(&whole["orders"]);
    let mut paged = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let url = token.as_ref().map_or(ORDERS.to_owned(), |token| format!("{ORDERS}&paginationToken={token}"));
        let page = client.get(&url).await.json();
        let before = paged.len();
        paged.extend(ids(&page["orders"]));
        assert!(paged.len() > before, "a page holds nothing: {page}");
        assert!(page["createdBefore"].is_string());
        token = page["pagination"]["nextToken"].as_str().map(str::to_owned);
        if token.is_none() || paged.len() >= whole.len() {
            break;
        }
    }
    assert!(whole.len() > 7, "{}", whole.len());
    assert_eq!(paged, whole);
}

#[tokio::test]
async fn pages_are_as_small_as_the_profile_says() {
    let mut small = options();
    small.profile.most_per_page = 2;
    let client = Client::start(small).await;
    let page = client.get(&ORDERS.replace("=7", "=100")).await.json();
    assert_eq!(ids(&page["orders"]).len(), 2);
    assert!(page["pagination"]["nextToken"].is_string());
}

fn ids(orders: &Value) -> Vec<String> {
    orders.as_array().unwrap().iter().map(|order| order["orderId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_token_belongs_to_its_request_and_its_day() {
    let mut client = Client::start(options()).await;
    let page = client.get(ORDERS).await.json();
    let token = page["pagination"]["nextToken"].as_str().unwrap();
    let with = |url: &str, token: &str| format!("{url}&paginationToken={token}");
    assert_eq!(client.get(&with(&ORDERS.replace("=7", "=9"), token)).await.status, 200, "the size may change");
    assert_eq!(client.get(&with(&ORDERS.replace("10-15", "10-16"), token)).await.status, 400);
    assert_eq!(client.get(&with(ORDERS, &format!("AAAA{token}"))).await.status, 400);
    client.pass(TimeDelta::hours(24));
    client.sign_in().await;
    assert_eq!(client.get(&with(ORDERS, token)).await.status, 200);
    client.pass(TimeDelta::seconds(1));
    assert_eq!(client.get(&with(ORDERS, token)).await.status, 400, "tokens live a day");
}

#[tokio::test]
async fn listings_are_sorted_and_cut_by_date() {
    let client = Client::start(options()).await;
    let base =
        format!("/listings/2021-08-01/items/{}?marketplaceIds={}", client.account.seller_id, client.marketplace());
    let created = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["summaries"][0]["createdDate"].as_str().unwrap().to_owned()).collect()
    };
    let all = created(&client.get(&format!("{base}&sortBy=createdDate&sortOrder=ASC")).await.json());
    assert!(all.len() > 2 && all.is_sorted());
    let newest_first = created(&client.get(&base).await.json());
    assert_eq!(newest_first, all.iter().rev().cloned().collect::<Vec<_>>());
    let until = client.get(&format!("{base}&sortBy=createdDate&sortOrder=ASC&createdBefore={}", all[1])).await.json();
    assert_eq!((created(&until), &until["numberOfResults"]), (all[..2].to_vec(), &Value::from(2)));
    assert_eq!(client.get(&format!("{base}&sortBy=luck")).await.status, 400);
}

#[tokio::test]
async fn filters_are_checked() {
    let client = Client::start(options()).await;
    for bad in [
        "",
        "createdAfter=2026-10-15&lastUpdatedAfter=2026-10-15",
        "createdBefore=2026-10-15",
        "createdAfter=2026-10-15&createdBefore=2026-10-14",
        "createdAfter=2026-11-02T11:59:00Z",
        "createdAfter=TEST_CASE_400",
        "createdAfter=2026-10-15&includedData=EVERYTHING",
        "createdAfter=2026-10-15&marketplaceIds=A1VC38T7YXB528",
        "createdAfter=2026-10-15&maxResultsPerPage=101",
    ] {
        let got = client.get(&format!("/orders/2026-01-01/orders?{bad}")).await;
        assert_eq!((got.status, got.error().1.as_str()), (400, "InvalidInput"), "{bad}");
    }
}

#[tokio::test]
async fn transactions_come_wrapped_and_long_ranges_empty() {
    let client = Client::start(options()).await;
    let got = client.get("/finances/2024-06-19/transactions?postedAfter=2026-10-15").await.json();
    assert!(!got["payload"]["transactions"].as_array().unwrap().is_empty());
    let got = client.get("/finances/2024-06-19/transactions?postedAfter=2026-01-15").await.json();
    assert_eq!(got["payload"]["transactions"].as_array().unwrap().len(), 0);
    assert_eq!(client.get("/finances/2024-06-19/transactions").await.status, 400);
    let events = client.get("/finances/v0/financialEvents?PostedAfter=2026-10-15&MaxResultsPerPage=5").await.json();
    assert!(events["payload"]["NextToken"].is_string());
    let lists = events["payload"]["FinancialEvents"].as_object().unwrap();
    assert_eq!(lists.values().map(|list| list.as_array().unwrap().len()).sum::<usize>(), 5);
}
