//! What is remembered of the lake: deliveries, objects, alerts.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use sellerlake_contracts::{Area, Delivery, DeliveryId, ObjectState, Partition, Scope, Window};
use sellerlake_state::{AlertKind, AlertState, Condition, DeliveryFilter, DeliveryStatus, LoadReport, ObjectFilter};

use crate::place::{Place, on_both};
use crate::{now, seller};

on_both! {
    a_delivery_moves_forward_only,
    deliveries_are_listed_by_what_is_asked,
    nobodys_older_word_replaces_a_newer_one,
    the_catalogue_says_what_it_was_last_told,
    an_alert_fires_until_it_is_resolved_and_stays,
    bytes_and_not_languages_order_what_is_listed,
}

pub fn delivery(source: &str, account: &str, content: &str) -> Delivery {
    let mut delivery = Delivery {
        version: 1,
        id: DeliveryId::try_from("0".repeat(32)).unwrap(),
        source: source.to_owned(),
        seller: seller(account),
        scope: Scope("ATVPDKIKX0DER".to_owned()),
        marketplace: Some("ATVPDKIKX0DER".parse().unwrap()),
        window: Some("2026-03-01..2026-03-04".parse::<Window>().unwrap()),
        options: BTreeMap::default(),
        as_of: Some(now()),
        fetched_at: now(),
        charset: None,
        sha256: content.to_owned(),
        size_bytes: 12,
        extension: "txt".to_owned(),
        page_offsets: vec![0],
        origin: None,
        personal_data_until: None,
    };
    delivery.id = delivery.identify();
    delivery
}

pub fn object(path: &str, row_hash: &str) -> ObjectState {
    ObjectState {
        partition: Partition::parse(path).unwrap(),
        etag: Some("\"abc\"".to_owned()),
        size_bytes: 1_000,
        rows: 12,
        visible_rows: 11,
        row_hash: row_hash.to_owned(),
        input_hash: "in".to_owned(),
        schema_version: 3,
        generation: 4,
    }
}

async fn a_delivery_moves_forward_only(place: Place) {
    let state = place.open().await;
    let delivery = delivery("all_orders", "A1", "one");
    assert_eq!(state.delivery(&delivery.id).await.unwrap(), None);
    assert_eq!(state.begin_landing(&delivery, now()).await.unwrap(), DeliveryStatus::Landing);
    assert!(state.set_landed(&delivery.id, now()).await.unwrap());
    assert_eq!(state.begin_landing(&delivery, now()).await.unwrap(), DeliveryStatus::Landed);
    let report = LoadReport { rows: 10, rejected: 2, details: serde_json::json!({"drift": {"new-column": 4}}) };
    assert!(
        state
            .conclude(&delivery.id, DeliveryStatus::Loaded, None, &report, now() + TimeDelta::seconds(1))
            .await
            .unwrap()
    );
    assert!(!state.set_landed(&delivery.id, now()).await.unwrap(), "loaded is further than landed");
    let found = state.delivery(&delivery.id).await.unwrap().unwrap();
    assert_eq!(found.status, DeliveryStatus::Loaded);
    assert_eq!(found.report, Some(report));
    assert_eq!(found.window, delivery.window);
    assert_eq!(found.as_of, delivery.as_of);
    assert_eq!(found.marketplace, delivery.marketplace);
    assert_eq!(found.data_path, delivery.data_path());
    assert_eq!(found.updated_at, now() + TimeDelta::seconds(1));
}

async fn deliveries_are_listed_by_what_is_asked(place: Place) {
    let state = place.open().await;
    let all = [delivery("a", "A1", "1"), delivery("a", "B2", "2"), delivery("b", "A1", "3")];
    for delivery in &all {
        state.begin_landing(delivery, now()).await.unwrap();
    }
    state
        .conclude(&all[2].id, DeliveryStatus::Refused, Some("no such column"), &LoadReport::default(), now())
        .await
        .unwrap();
    let count = async |filter: DeliveryFilter| state.deliveries(&filter).await.unwrap().len();
    assert_eq!(count(DeliveryFilter::default()).await, 3);
    assert_eq!(count(DeliveryFilter { source: Some("a".into()), ..Default::default() }).await, 2);
    assert_eq!(count(DeliveryFilter { seller: Some(seller("A1")), ..Default::default() }).await, 2);
    assert_eq!(count(DeliveryFilter { status: Some(DeliveryStatus::Landing), ..Default::default() }).await, 2);
    let refused = DeliveryFilter {
        seller: Some(seller("A1")),
        status: Some(DeliveryStatus::Refused),
        ..DeliveryFilter::default()
    };
    let refused = state.deliveries(&refused).await.unwrap();
    assert_eq!(refused[0].reason.as_deref(), Some("no such column"));
    assert!(state.remove_delivery(&all[0].id).await.unwrap());
    assert!(!state.remove_delivery(&all[0].id).await.unwrap());
}

async fn nobodys_older_word_replaces_a_newer_one(place: Place) {
    let state = place.open().await;
    let path = "tables/orders/seller_id=A1/month=2026-03/data.parquet";
    let [first, second, third] = ["h1", "h2", "h3"].map(|hash| object(path, hash));
    let put = async |object: &ObjectState, known: Option<&ObjectState>| {
        state.put_objects_if(&[(object.clone(), known.cloned())], now()).await.unwrap()[0]
    };
    assert!(put(&first, None).await);
    assert!(!put(&second, None).await, "somebody was first");
    assert!(put(&second, Some(&first)).await);
    assert!(!put(&third, Some(&first)).await, "what was known is old");
    assert_eq!(state.object(&first.partition).await.unwrap(), Some(second.clone()));
    let empty = ObjectState { etag: None, rows: 0, ..third.clone() };
    assert!(put(&empty, Some(&second)).await);
    assert!(put(&third, Some(&empty)).await, "no tag equals no tag");
}

async fn the_catalogue_says_what_it_was_last_told(place: Place) {
    let state = place.open().await;
    let march = "tables/orders/seller_id=A1/month=2026-03/data.parquet";
    let april = "tables/orders/seller_id=A1/month=2026-04/data.parquet";
    let other = "sources/all_orders/seller_id=B2/data.parquet";
    let objects = [object(march, "h1"), object(april, "h2"), object(other, "h3")];
    state.put_objects(&objects, now()).await.unwrap();
    let empty = ObjectState { etag: None, rows: 0, ..object(march, "h4") };
    state.put_object(&empty, now()).await.unwrap();
    assert_eq!(state.object(&empty.partition).await.unwrap(), Some(empty));
    let paths = async |filter: ObjectFilter| -> Vec<String> {
        state.objects(&filter).await.unwrap().iter().map(|record| record.object.partition.path()).collect()
    };
    assert_eq!(paths(ObjectFilter::default()).await, [other, march, april]);
    assert_eq!(paths(ObjectFilter::of_seller(seller("A1"))).await, [march, april]);
    assert_eq!(paths(ObjectFilter::of_dataset(Area::Tables, "orders", seller("B2"))).await, [""; 0]);
    assert_eq!(paths(ObjectFilter { area: Some(Area::Sources), ..Default::default() }).await, [other]);
    state.replace_objects(&objects[2..], now()).await.unwrap();
    assert_eq!(paths(ObjectFilter::default()).await, [other]);
    assert!(state.remove_object(&objects[2].partition).await.unwrap());
    state.put_objects(&objects, now()).await.unwrap();
    state.replace_objects(&[], now()).await.unwrap();
    assert_eq!(paths(ObjectFilter::default()).await, [""; 0]);
}

async fn an_alert_fires_until_it_is_resolved_and_stays(place: Place) {
    let state = place.open().await;
    let at = |minutes| now() + TimeDelta::minutes(minutes);
    let condition = Condition::of_seller(AlertKind::Stage, &seller("A1"), "x");
    state.raise_alert(&condition, "tables/x", "first", now()).await.unwrap();
    state.raise_alert(&condition, "tables/x", "again", at(5)).await.unwrap();
    let alert = state.alerts(None).await.unwrap().remove(0);
    assert_eq!((alert.first_at, alert.last_at, alert.resolved_at), (now(), at(5), None));
    assert_eq!((&alert.condition, alert.message.as_str()), (&condition, "again"));
    assert_eq!(state.firing(AlertKind::Stage, &seller("A1")).await.unwrap(), std::slice::from_ref(&condition));
    assert_eq!(state.firing(AlertKind::Load, &seller("A1")).await.unwrap(), []);
    assert_eq!(state.firing(AlertKind::Stage, &seller("A11")).await.unwrap(), []);
    assert!(state.resolve_alert(&condition, at(6)).await.unwrap());
    assert!(!state.resolve_alert(&condition, at(7)).await.unwrap());
    assert_eq!(state.firing(AlertKind::Stage, &seller("A1")).await.unwrap(), []);
    let alert = state.alerts(None).await.unwrap().remove(0);
    assert_eq!((alert.state, alert.resolved_at), (AlertState::Resolved, Some(at(6))));
    state.raise_alert(&condition, "tables/x", "anew", at(8)).await.unwrap();
    let alerts = state.alerts(None).await.unwrap();
    assert_eq!((alerts.len(), alerts[0].first_at, alerts[0].resolved_at), (1, at(8), None));
    assert!(state.resolve_alert(&condition, at(9)).await.unwrap());
    assert_eq!(state.forget_alerts(at(9)).await.unwrap(), 0);
    assert_eq!(state.forget_alerts(at(10)).await.unwrap(), 1);
}

async fn bytes_and_not_languages_order_what_is_listed(place: Place) {
    let state = place.open().await;
    let paths = ["a-b", "aa", "B", "a_c"].map(|name| format!("tables/{name}/seller_id=A1/data.parquet"));
    state.put_objects(&paths.each_ref().map(|path| object(path, "h")), now()).await.unwrap();
    let mut sorted = paths.to_vec();
    sorted.sort();
    let listed = state.objects(&ObjectFilter::default()).await.unwrap();
    assert_eq!(listed.iter().map(|record| record.object.partition.path()).collect::<Vec<_>>(), sorted);
    let refused = delivery("a", "A1", "1");
    state.begin_landing(&refused, now()).await.unwrap();
    state
        .conclude(&refused.id, DeliveryStatus::Refused, Some("a \0 in line 3"), &LoadReport::default(), now())
        .await
        .unwrap();
    let reason = state.delivery(&refused.id).await.unwrap().unwrap().reason;
    assert_eq!(reason.as_deref(), Some("a \u{FFFD} in line 3"));
}
