//! Destinations, subscriptions, messages.

use chrono::TimeDelta;
use serde_json::json;

use super::wire_client::{Client, options};

#[tokio::test]
async fn a_finished_report_is_told_at_least_once() {
    let mut client = Client::start(options()).await;
    let seller = client.token.clone();
    let application = client.grantless("sellingpartnerapi::notifications").await;
    let queue = json!({ "name": "q", "resourceSpecification": { "sqs": { "arn": "arn:aws:sqs:us-east-2:1:q" } } });
    client.token.clone_from(&application);
    let made = client.post("/notifications/v1/destinations", queue.clone()).await.json();
    let destination = made["payload"]["destinationId"].clone();
    assert_eq!(client.post("/notifications/v1/destinations", queue).await.status, 409);

    client.token.clone_from(&seller);
    let wanted = json!({ "payloadVersion": "1.0", "destinationId": destination });
    let finished = "/notifications/v1/subscriptions/REPORT_PROCESSING_FINISHED";
    let made = client.post(finished, wanted.clone()).await.json();
    assert_eq!(client.post(finished, wanted.clone()).await.status, 409);
    assert_eq!(client.post("/notifications/v1/subscriptions/NEWS", wanted.clone()).await.status, 400);
    let bridge_only = client.post("/notifications/v1/subscriptions/LISTINGS_ITEM_STATUS_CHANGE", wanted).await;
    assert_eq!(bridge_only.status, 400, "that goes through EventBridge alone");
    assert_eq!(client.get(finished).await.json()["payload"], made["payload"]);

    let report = client.create(client.orders_request()).await;
    client.pass(TimeDelta::minutes(15));
    let inbox = || client.control("GET", "/simulator/notifications", json!({}));
    let messages = inbox().await.json();
    let told = &messages[0]["body"]["payload"]["reportProcessingFinishedNotification"];
    assert_eq!((&told["reportId"], &told["processingStatus"]), (&json!(report), &json!("DONE")));
    assert_eq!(inbox().await.json(), messages, "looking doesn't send again");

    client.token = application;
    let id = made["payload"]["subscriptionId"].as_str().unwrap();
    assert_eq!(client.delete(&format!("{finished}/{id}")).await.status, 200);
    assert_eq!(client.get(&format!("{finished}/{id}")).await.status, 404);
}
