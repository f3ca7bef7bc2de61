//! Notifications v1: destinations and subscriptions (amazon.md: Subscriptions). What is sent is in [`message`].

mod desk;
mod message;
mod subscription;

use serde::Deserialize;
use serde_json::{Value, json};

use desk::Destination;
pub use desk::NotificationDesk;
use subscription::Subscription;

use super::found;
use crate::server::{Amazon, Answer, Call, Operation, Reply, chance};
use crate::signin;

const DESTINATIONS: &str = "/notifications/v1/destinations";
const DESTINATION: &str = "/notifications/v1/destinations/{destinationId}";
const SUBSCRIPTION: &str = "/notifications/v1/subscriptions/{notificationType}";
const SUBSCRIPTION_ID: &str = "/notifications/v1/subscriptions/{notificationType}/{subscriptionId}";
const TEST: &str = "/notifications/v1/subscriptions/{notificationType}/testNotification";
const SCOPE: &str = signin::NOTIFICATIONS;

/// The operations, with their quotas and grants (amazon.md: Default rates; Calls without a seller).
pub const OPERATIONS: &[Operation] = &[
    Operation::post("notifications.createDestination", DESTINATIONS, create_destination).rate(1.0, 5).grantless(SCOPE),
    Operation::get("notifications.getDestinations", DESTINATIONS, destinations).rate(1.0, 5).grantless(SCOPE),
    Operation::get("notifications.getDestination", DESTINATION, destination).rate(1.0, 5).grantless(SCOPE),
    Operation::delete("notifications.deleteDestination", DESTINATION, delete_destination).rate(1.0, 5).grantless(SCOPE),
    Operation::get("notifications.getSubscriptions", "/notifications/v1/subscriptions", subscriptions).rate(1.0, 5),
    Operation::post("notifications.createSubscription", SUBSCRIPTION, subscribe).rate(1.0, 5),
    Operation::get("notifications.getSubscription", SUBSCRIPTION, subscription).rate(1.0, 5),
    Operation::post("notifications.sendTestNotification", TEST, test).rate(1.0, 5).grantless(SCOPE),
    Operation::get("notifications.getSubscriptionById", SUBSCRIPTION_ID, subscription_by_id)
        .rate(1.0, 5)
        .grantless(SCOPE),
    Operation::delete("notifications.deleteSubscriptionById", SUBSCRIPTION_ID, unsubscribe)
        .rate(1.0, 5)
        .grantless(SCOPE),
];

/// Types that go through EventBridge alone (amazon.md: Subscriptions).
const EVENT_BRIDGE_ONLY: [&str; 6] = [
    "BRANDED_ITEM_CONTENT_CHANGE",
    "ITEM_PRODUCT_TYPE_CHANGE",
    "LISTINGS_ITEM_STATUS_CHANGE",
    "LISTINGS_ITEM_ISSUES_CHANGE",
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
    "PRODUCT_TYPE_DEFINITIONS_CHANGE",
];
/// Types this Amazon sends; others can be subscribed to and stay silent.
const SQS: [&str; 8] = [
    "ORDER_CHANGE",
    "REPORT_PROCESSING_FINISHED",
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED",
    "TRANSACTION_UPDATE",
    "FBA_INVENTORY_AVAILABILITY_CHANGES",
    "ANY_OFFER_CHANGED",
    "FBA_OUTBOUND_SHIPMENT_STATUS",
    "FEED_PROCESSING_FINISHED",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WantedDestination {
    name: String,
    resource_specification: Value,
}

fn create_destination(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let wanted: WantedDestination = call.body()?;
    let resource = resource(amazon, &wanted)?;
    let id = chance::uuid(amazon.seed, &["destination", call.region, &resource.to_string()]);
    let destination = Destination { id, name: wanted.name, region: call.region.to_owned(), resource };
    let shown = destination.shown();
    if !amazon.notifications.add_destination(destination) {
        return Err(Answer::refuse(409, "Conflict", "A destination for this resource exists already.", ""));
    }
    found(&json!({ "payload": shown }))
}

/// The resource as the answer shows it.
fn resource(amazon: &Amazon, wanted: &WantedDestination) -> Result<Value, Answer> {
    let specification = &wanted.resource_specification;
    if let Some(arn) = specification["sqs"]["arn"].as_str() {
        if !arn.starts_with("arn:aws:sqs:") || arn.rsplit('.').next() == Some("fifo") {
            return Err(Answer::invalid("The SQS queue must be a standard queue, given by its ARN."));
        }
        return Ok(json!({ "sqs": { "arn": arn } }));
    }
    let bridge = &specification["eventBridge"];
    match (bridge["region"].as_str(), bridge["accountId"].as_str()) {
        (Some(region), Some(account)) => {
            let name = chance::hex(amazon.seed, &["bridge", region, account], 24);
            let name = format!("aws.partner/sellingpartnerapi.amazon.com/{account}/amzn1.sellerapps.app.{name}");
            Ok(json!({ "eventBridge": { "name": name, "region": region, "accountId": account } }))
        }
        _ => Err(Answer::invalid("resourceSpecification must have sqs.arn, or eventBridge.region and accountId.")),
    }
}

fn destinations(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let all = amazon.notifications.destinations(call.region);
    found(&json!({ "payload": all.iter().map(Destination::shown).collect::<Vec<_>>() }))
}

fn destination(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let id = call.name("destinationId");
    let all = amazon.notifications.destinations(call.region);
    let destination = all.iter().find(|known| known.id == id).ok_or_else(|| Answer::not_found("Destination"))?;
    found(&json!({ "payload": destination.shown() }))
}

fn delete_destination(amazon: &Amazon, call: &Call<'_>) -> Reply {
    if amazon.notifications.delete_destination(call.region, call.name("destinationId")) {
        return found(&json!({}));
    }
    Err(Answer::not_found("Destination"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WantedSubscription {
    payload_version: String,
    destination_id: String,
    processing_directive: Option<Value>,
}

fn subscribe(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let wanted: WantedSubscription = call.body()?;
    let kind = call.name("notificationType");
    if !SQS.contains(&kind) && !EVENT_BRIDGE_ONLY.contains(&kind) {
        return Err(Answer::invalid(format!("Invalid notificationType: {kind}.")));
    }
    let all = amazon.notifications.destinations(call.region);
    let destination = all.iter().find(|known| known.id == wanted.destination_id);
    let destination = destination.ok_or_else(|| Answer::invalid("Invalid destinationId."))?;
    if EVENT_BRIDGE_ONLY.contains(&kind) && destination.resource.get("sqs").is_some() {
        return Err(Answer::invalid(format!("{kind} can be sent to EventBridge only.")));
    }
    let subscription = Subscription {
        id: chance::uuid(amazon.seed, &["subscription", call.seller(), kind, &wanted.payload_version]),
        kind: kind.to_owned(),
        seller: call.seller().to_owned(),
        region: call.region.to_owned(),
        payload_version: wanted.payload_version,
        destination_id: wanted.destination_id,
        directive: wanted.processing_directive,
        sent_until: call.now(),
    };
    let shown = subscription.shown();
    if !amazon.notifications.subscribe(subscription) {
        return Err(Answer::refuse(409, "Conflict", "A subscription for this notification type exists already.", ""));
    }
    found(&json!({ "payload": shown }))
}

fn subscription(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let version = call.query().get("payloadVersion");
    let wanted = |known: &Subscription| {
        known.seller == call.seller()
            && known.kind == call.name("notificationType")
            && version.is_none_or(|version| known.payload_version == version)
    };
    let subscription = amazon.notifications.subscription(wanted).ok_or_else(|| Answer::not_found("Subscription"))?;
    found(&json!({ "payload": subscription.shown() }))
}

fn subscriptions(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let kind = call.query().required_list("notificationTypes", 1)?.remove(0);
    let wanted = |known: &Subscription| known.seller == call.seller() && known.kind == kind;
    let all: Vec<Value> = amazon.notifications.subscription(wanted).iter().map(Subscription::shown).collect();
    found(&json!({ "payload": { "subscriptions": all } }))
}

fn subscription_by_id(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let wanted = |known: &Subscription| known.id == call.name("subscriptionId") && known.region == call.region;
    let subscription = amazon.notifications.subscription(wanted).ok_or_else(|| Answer::not_found("Subscription"))?;
    found(&json!({ "payload": subscription.shown() }))
}

fn unsubscribe(amazon: &Amazon, call: &Call<'_>) -> Reply {
    if amazon.notifications.unsubscribe(call.region, call.name("subscriptionId")) {
        return found(&json!({}));
    }
    Err(Answer::not_found("Subscription"))
}

/// Amazon has this in its sandbox alone; here it is handy everywhere.
fn test(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let body: Value = call.body()?;
    let id = body["destinationId"].as_str().ok_or_else(|| Answer::invalid("destinationId is required."))?;
    if !amazon.notifications.destinations(call.region).iter().any(|known| known.id == id) {
        return Err(Answer::not_found("Destination"));
    }
    amazon.notifications.send_test(id, call.name("notificationType"), call.now());
    found(&json!({}))
}
