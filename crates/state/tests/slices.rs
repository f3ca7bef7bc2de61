//! The ledger of intervals says of each minute what was said last.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sellerlake_contracts::{DeliveryId, Kind, Window};
use sellerlake_state::{SliceFilter, SliceKey, SliceMark, SliceStatus};

use crate::place::{Place, on_both};
use crate::{account, held, later, now, seller, us, write};

on_both! {
    a_slice_is_kept_with_all_that_is_said_of_it,
    the_ledger_agrees_with_a_model_of_minutes,
    slices_are_listed_by_what_is_asked,
    a_span_the_ledger_cannot_hold_is_refused,
    what_is_to_be_asked_again_stays_apart_from_what_is_not,
}

fn at(minute: usize) -> DateTime<Utc> {
    now() + TimeDelta::minutes(minute as i64)
}

fn window(from: usize, to: usize) -> Window {
    Window { from: at(from), to: at(to) }
}

fn orders() -> SliceKey {
    SliceKey { account: account(), pipeline: "orders".to_owned(), scope: us() }
}

async fn a_slice_is_kept_with_all_that_is_said_of_it(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let waiting = SliceMark {
        checkpoint: Some("report 7".to_owned()),
        attempt: 3,
        not_before: Some(later(600)),
        delivery: Some(DeliveryId::placeholder()),
        ..SliceMark::of(SliceStatus::Waiting).because("IN_QUEUE")
    };
    let mut leased = write(&state, &lease).await;
    leased.cover("orders", &us(), window(0, 60), waiting.clone()).await.unwrap();
    leased.cover("orders", &us(), window(20, 30), SliceMark::of(SliceStatus::Loaded)).await.unwrap();
    leased.commit().await.unwrap();
    let slices = state.slices(&orders()).await.unwrap();
    let said: Vec<_> = slices.iter().map(|slice| (slice.window, slice.mark.clone())).collect();
    let expected = [
        (window(0, 20), waiting.clone()),
        (window(20, 30), SliceMark::of(SliceStatus::Loaded)),
        (window(30, 60), waiting),
    ];
    assert_eq!(said, expected);
}

async fn the_ledger_agrees_with_a_model_of_minutes(place: Place) {
    const MINUTES: usize = 40;
    let state = place.open().await;
    let lease = held(&state).await;
    let mut runner = TestRunner::deterministic();
    let span = (0..MINUTES - 1).prop_flat_map(|from| (Just(from), from + 1..=MINUTES));
    let word = (span, prop::sample::select(SliceStatus::ALL));
    let mut model = [None; MINUTES];
    for turn in 0..60 {
        let ((from, to), status) = word.new_tree(&mut runner).unwrap().current();
        model[from..to].fill(Some(status));
        let mut leased = state.leased(&lease, later(turn)).await.unwrap();
        leased.cover("orders", &us(), window(from, to), SliceMark::of(status)).await.unwrap();
        leased.commit().await.unwrap();
        let slices = state.slices(&orders()).await.unwrap();
        for (minute, expected) in model.iter().enumerate() {
            let said = slices.iter().filter(|slice| slice.window.from <= at(minute) && at(minute) < slice.window.to);
            let said: Vec<_> = said.map(|slice| slice.mark.status).collect();
            assert_eq!(said, expected.iter().copied().collect::<Vec<_>>(), "minute {minute} in turn {turn}");
        }
        for pair in slices.windows(2) {
            let seamless = pair[0].window.to == pair[1].window.from && pair[0].mark.status.is_settled();
            assert!(!seamless || pair[0].mark != pair[1].mark, "as few as can be, in turn {turn}");
        }
    }
}

async fn slices_are_listed_by_what_is_asked(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let mut leased = write(&state, &lease).await;
    for pipeline in ["returns", "orders"] {
        leased.cover(pipeline, &us(), window(0, 9), SliceMark::of(SliceStatus::NoData)).await.unwrap();
    }
    leased.commit().await.unwrap();
    let list = async |filter: SliceFilter| -> Vec<String> {
        let slices = state.all_slices(&filter).await.unwrap();
        slices.into_iter().map(|(key, _)| key.pipeline).collect()
    };
    assert_eq!(list(SliceFilter::default()).await, ["orders", "returns"]);
    assert_eq!(list(SliceFilter { seller: Some(seller("A1")), ..Default::default() }).await.len(), 2);
    assert_eq!(list(SliceFilter { seller: Some(seller("A2")), ..Default::default() }).await.len(), 0);
    assert_eq!(list(SliceFilter { account: Some(account()), ..Default::default() }).await.len(), 2);
    let both = SliceFilter { account: Some(account()), pipeline: Some("returns".into()), ..Default::default() };
    assert_eq!(list(both).await, ["returns"]);
    assert_eq!(list(SliceFilter { pipeline: Some("orders".into()), ..Default::default() }).await, ["orders"]);
}

async fn a_span_the_ledger_cannot_hold_is_refused(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let mut leased = write(&state, &lease).await;
    let odd = Window { from: at(0) + TimeDelta::microseconds(3), to: at(1) };
    for window in [odd, window(3, 3), Window { from: at(2), to: at(1) }] {
        let refused = leased.cover("orders", &us(), window, SliceMark::of(SliceStatus::Loaded)).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Internal);
    }
}

async fn what_is_to_be_asked_again_stays_apart_from_what_is_not(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let again = |at: DateTime<Utc>| SliceMark { not_before: Some(at), ..SliceMark::of(SliceStatus::Loaded) };
    let odd = later(90) + TimeDelta::microseconds(7);
    let mut leased = write(&state, &lease).await;
    for (from, to, mark) in [
        (0, 10, SliceMark::of(SliceStatus::Loaded)),
        (10, 20, again(odd)),
        (20, 30, again(odd + TimeDelta::microseconds(1))),
        (30, 40, again(later(91))),
    ] {
        leased.cover("orders", &us(), window(from, to), mark).await.unwrap();
    }
    leased.commit().await.unwrap();
    let slices = state.slices(&orders()).await.unwrap();
    let said: Vec<_> = slices.iter().map(|slice| (slice.window, slice.mark.not_before)).collect();
    assert_eq!(said, [(window(0, 10), None), (window(10, 30), Some(later(90))), (window(30, 40), Some(later(91)))]);
}
