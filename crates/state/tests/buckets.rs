//! Buckets survive a restart; shared ones are never spent twice.

use sellerlake_contracts::{BucketLevel, Kind, SharedBucket};

use crate::place::{Place, on_both};
use crate::{TTL, account, held, later, now};

on_both! {
    buckets_are_kept_by_the_holder_alone,
    a_shared_bucket_is_not_spent_twice,
    a_drained_bucket_fills_again,
}

fn bucket(operation: &str, tokens: f64) -> BucketLevel {
    BucketLevel { operation: operation.to_owned(), tokens, rate: 0.5, burst: 10.0, updated_at: now() }
}

async fn buckets_are_kept_by_the_holder_alone(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    for tokens in [9.0, 2.25] {
        state.keep_buckets(&lease, &[bucket("getReport", tokens), bucket("createReport", 0.0)]).await.unwrap();
    }
    let saved = state.buckets(&account().to_string()).await.unwrap();
    assert_eq!(saved, [bucket("createReport", 0.0), bucket("getReport", 2.25)]);
    assert_eq!(saved[1].at(later(4)).to_bits(), 4.25_f64.to_bits());
    assert_eq!(saved[1].at(later(400)).to_bits(), 10.0_f64.to_bits(), "never above the burst");
    assert_eq!(saved[1].at(later(-400)).to_bits(), 2.25_f64.to_bits(), "a clock that went back");
    state.acquire_lease(&account(), "worker 2", TTL, now() + TTL).await.unwrap();
    let late = state.keep_buckets(&lease, &[bucket("getReport", 9.0)]).await;
    assert_eq!(late.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(state.buckets(&account().to_string()).await.unwrap(), saved);
}

fn shared(rate: f64, burst: f64) -> SharedBucket {
    SharedBucket { operation: "getOrders", rate, burst }
}

async fn a_shared_bucket_is_not_spent_twice(place: Place) {
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let state = place.open().await;
        tasks.push(tokio::spawn(async move {
            let mut granted = 0;
            for _ in 0..5 {
                let spend = state.spend_shared("main", &shared(0.5, 12.0), now()).await.unwrap();
                granted += i32::from(spend.is_none());
            }
            granted
        }));
    }
    let mut granted = 0;
    for task in tasks {
        granted += task.await.unwrap();
    }
    assert_eq!(granted, 12);
    let state = place.open().await;
    let spend = async |at| state.spend_shared("main", &shared(0.5, 12.0), at).await.unwrap();
    assert_eq!(spend(now()).await, Some(later(2)));
    assert_eq!(spend(later(2)).await, None);
    assert_eq!(spend(later(2)).await, Some(later(4)));
}

async fn a_drained_bucket_fills_again(place: Place) {
    let state = place.open().await;
    state.drain_shared("main", &shared(1.0, 20.0), now(), later(1)).await.unwrap();
    let spend = async |rate, at| state.spend_shared("main", &shared(rate, 20.0), at).await.unwrap();
    assert_eq!(spend(1.0, now()).await, Some(later(1)));
    assert_eq!(spend(0.1, later(1)).await, None, "the time before was at the old rate");
    assert_eq!(spend(0.1, later(1)).await, Some(later(11)));
    assert_eq!(spend(0.0, later(1)).await, Some(later(86_401)), "one that never fills is asked again");
}
