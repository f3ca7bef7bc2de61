//! The messages themselves, in their two casings (amazon.md: Messages).

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::subscription::Subscription;
use crate::answers::{OrderFilter, order_items_v0, orders_v0, transactions};
use crate::server::{Amazon, chance};

/// Nothing becomes known later than this after it happened.
const BEHIND: TimeDelta = TimeDelta::hours(49);

/// What a subscription is told of `(sent_until, now]`, oldest first.
pub(super) fn since(amazon: &Amazon, subscription: &Subscription, now: DateTime<Utc>) -> Vec<Value> {
    let after = subscription.sent_until;
    match subscription.kind.as_str() {
        "REPORT_PROCESSING_FINISHED" => reports(amazon, subscription, after, now),
        "DATA_KIOSK_QUERY_PROCESSING_FINISHED" => queries(amazon, subscription, after, now),
        "ORDER_CHANGE" => orders(amazon, subscription, after, now),
        "TRANSACTION_UPDATE" => money(amazon, subscription, after, now),
        _ => Vec::new(),
    }
}

fn reports(amazon: &Amazon, subscription: &Subscription, after: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Value> {
    let seller = &subscription.seller;
    amazon.reports.run_schedules(amazon, &subscription.region, now);
    let mut reports = amazon.reports.of(seller, DateTime::UNIX_EPOCH, now);
    reports.retain(|report| !report.is_cancelled() && report.ends > after && report.ends <= now);
    reports.sort_by(|a, b| (a.ends, &a.id).cmp(&(b.ends, &b.id)));
    let message = |report: &std::sync::Arc<crate::spapi::Report>| {
        let mut finished = json!({
            "sellerId": seller,
            "accountId": account(amazon, seller),
            "reportId": report.id,
            "reportType": report.query.report_type,
            "processingStatus": report.status(amazon, now),
        });
        if let Some(document) = report.document(amazon, now) {
            finished["reportDocumentId"] = json!(document);
        }
        camel(amazon.seed, subscription, report.ends, &json!({ "reportProcessingFinishedNotification": finished }))
    };
    reports.iter().map(message).collect()
}

fn queries(amazon: &Amazon, subscription: &Subscription, after: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Value> {
    let ended = amazon.kiosk.ended(amazon, &subscription.seller, after, now);
    let message = |(at, query): (DateTime<Utc>, Value)| {
        let mut payload = json!({
            "accountId": account(amazon, &subscription.seller),
            "queryId": query["queryId"],
            "query": query["query"],
            "processingStatus": query["processingStatus"],
        });
        if let Some(document) = query.get("dataDocumentId") {
            payload["dataDocumentId"] = document.clone();
        }
        camel(amazon.seed, subscription, at, &payload)
    };
    ended.into_iter().map(message).collect()
}

/// What `print` shows as of now and didn't show as of `after`: what became known in between, whenever it happened.
fn news(after: DateTime<Utc>, now: DateTime<Utc>, print: impl Fn(DateTime<Utc>) -> Vec<Value>) -> Vec<Value> {
    let known: HashSet<String> = print(after).iter().map(Value::to_string).collect();
    print(now).into_iter().filter(|item| !known.contains(&item.to_string())).collect()
}

fn orders(amazon: &Amazon, subscription: &Subscription, after: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Value> {
    let seller = &subscription.seller;
    let changed = news(after, now, |as_of| {
        let filter = OrderFilter { last_updated: Some((after - BEHIND, as_of)), ..OrderFilter::default() };
        orders_v0(&amazon.world, seller, &filter, as_of)
    });
    let message = |order: &Value| {
        let at = order["LastUpdateDate"].as_str().and_then(|text| text.parse().ok())?;
        let items = order_items_v0(&amazon.world, seller, order["AmazonOrderId"].as_str()?, now).unwrap_or_default();
        let payload = json!({ "OrderChangeNotification": order_change(subscription, order, at, &items) });
        Some(pascal(amazon.seed, subscription, at, &payload))
    };
    changed.iter().filter_map(message).collect()
}

fn order_change(subscription: &Subscription, order: &Value, at: DateTime<Utc>, items: &[Value]) -> Value {
    let item = |item: &Value| {
        let (ordered, shipped) = (&item["QuantityOrdered"], &item["QuantityShipped"]);
        let status = if ordered == shipped && order["OrderStatus"] == "Shipped" { "Shipped" } else { "Unshipped" };
        json!({
            "OrderItemId": item["OrderItemId"], "SellerSKU": item["SellerSKU"], "SupplySourceId": null, "OrderItemStatus": status,
            "Quantity": ordered, "QuantityShipped": shipped,
        })
    };
    json!({
        "NotificationLevel": "OrderLevel",
        "SellerId": subscription.seller,
        "AmazonOrderId": order["AmazonOrderId"],
        "OrderChangeType": "OrderStatusChange",
        "OrderChangeTrigger": { "TimeOfOrderChange": stamp(at), "ChangeReason": "Order status has been changed" },
        "Summary": {
            "MarketplaceId": order["MarketplaceId"],
            "OrderStatus": order["OrderStatus"],
            "PurchaseDate": order["PurchaseDate"],
            "DestinationPostalCode": order["ShippingAddress"]["PostalCode"].as_str().unwrap_or_default(),
            "FulfillmentType": order["FulfillmentChannel"],
            "OrderType": order["OrderType"],
            "NumberOfItemsShipped": order["NumberOfItemsShipped"],
            "NumberOfItemsUnshipped": order["NumberOfItemsUnshipped"],
            "OrderItems": items.iter().map(item).collect::<Vec<_>>(),
        },
    })
}

fn money(amazon: &Amazon, subscription: &Subscription, after: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Value> {
    let posted =
        news(after, now, |as_of| transactions(&amazon.world, &subscription.seller, after - BEHIND, as_of, None, as_of));
    let message = |transaction: &Value| {
        let at = transaction["postedDate"].as_str().and_then(|text| text.parse().ok())?;
        let identifiers = transaction["relatedIdentifiers"].as_array().into_iter().flatten();
        let order = identifiers.into_iter().find(|identifier| identifier["relatedIdentifierName"] == "ORDER_ID");
        let related: Vec<Value> = order
            .map(|order| json!({ "RelatedIdentifierName": "OrderId", "RelatedIdentifierValue": order["relatedIdentifierValue"] }))
            .into_iter()
            .collect();
        let (partner, total) = (&transaction["sellingPartnerMetadata"], &transaction["totalAmount"]);
        let payload = json!({ "TransactionUpdateNotification": {
            "SellingPartnerMetadata": {
                "SellingPartnerId": partner["sellingPartnerId"],
                "MarketplaceId": partner["marketplaceId"],
                "AccountType": partner["accountType"],
            },
            "RelatedIdentifiers": related,
            "TransactionType": transaction["transactionType"],
            "PostedDate": transaction["postedDate"],
            "TotalAmount": { "CurrencyAmount": total["currencyAmount"], "CurrencyCode": total["currencyCode"] },
        }});
        Some(pascal(amazon.seed, subscription, at, &payload))
    };
    posted.iter().filter_map(message).collect()
}

/// A test message.
pub(super) fn test(seed: u64, destination: &str, kind: &str, now: DateTime<Utc>) -> Value {
    let id = chance::uuid(seed, &["test", destination, kind, &stamp(now)]);
    json!({
        "NotificationVersion": "1.0", "NotificationType": kind, "PayloadVersion": "1.0", "EventTime": stamp(now), "Payload": {},
        "NotificationMetadata": {
            "ApplicationId": application(seed), "SubscriptionId": "test", "PublishTime": stamp(now), "NotificationId": id,
        },
    })
}

/// The one message that carries a new client secret. The moments are its end, the old one's end, and now.
pub(super) fn secret_rotated(
    seed: u64,
    client_id: &str,
    secret: &str,
    [end, old_end, now]: [DateTime<Utc>; 3],
) -> Value {
    let id = chance::uuid(seed, &["rotated", secret]);
    json!({
        "notificationVersion": "1.0", "notificationType": "APPLICATION_OAUTH_CLIENT_NEW_SECRET", "payloadVersion": "1.0",
        "eventTime": stamp(now),
        "payload": { "applicationOAuthClientNewSecret": {
            "clientId": client_id, "newClientSecret": secret, "newClientSecretExpiryTime": stamp(end),
            "oldClientSecretExpiryTime": stamp(old_end),
        }},
        "notificationMetadata": { "applicationId": application(seed), "publishTime": stamp(now), "notificationId": id },
    })
}

fn pascal(seed: u64, subscription: &Subscription, at: DateTime<Utc>, payload: &Value) -> Value {
    json!({
        "NotificationVersion": "1.0",
        "NotificationType": subscription.kind,
        "PayloadVersion": subscription.payload_version,
        "EventTime": stamp(at),
        "Payload": payload,
        "NotificationMetadata": {
            "ApplicationId": application(seed), "SubscriptionId": subscription.id, "PublishTime": stamp(at),
            "NotificationId": notification_id(seed, subscription, payload),
        },
    })
}

fn camel(seed: u64, subscription: &Subscription, at: DateTime<Utc>, payload: &Value) -> Value {
    let version = if subscription.kind == "DATA_KIOSK_QUERY_PROCESSING_FINISHED" { "2023-11-15" } else { "2020-09-04" };
    json!({
        "notificationVersion": version,
        "notificationType": subscription.kind,
        "payloadVersion": version,
        "eventTime": stamp(at),
        "payload": payload,
        "notificationMetadata": {
            "applicationId": application(seed), "subscriptionId": subscription.id, "publishTime": stamp(at),
            "notificationId": notification_id(seed, subscription, payload),
        },
    })
}

fn notification_id(seed: u64, subscription: &Subscription, payload: &Value) -> String {
    chance::uuid(seed, &["notification", &subscription.id, &payload.to_string()])
}

fn application(seed: u64) -> String {
    format!("amzn1.sellerapps.app.{}", chance::uuid(seed, &["application"]))
}

fn account(amazon: &Amazon, seller: &str) -> String {
    format!("amzn1.merchant.o.{seller}.{}", chance::hex(amazon.seed, &["merchant", seller], 8))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
