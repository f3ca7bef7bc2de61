//! Accounts come, pause, go and come back; purged sellers don't.

use sellerlake_contracts::{AccountId, Kind, Region};
use sellerlake_state::{
    AccountFilter, AccountStatus, AdsProfile, AlertKind, Condition, DeliveryFilter, JobFilter, NewAccount,
    ObjectFilter, RunFilter, SliceFilter, SliceMark, SliceStatus,
};

use crate::jobs::plan;
use crate::lake::{delivery, object};
use crate::place::{Place, on_both};
use crate::{account, add, held, later, now, seller, us, write};

on_both! {
    an_account_is_added_once,
    an_account_pauses_and_resumes,
    a_removed_account_leaves_what_is_true_and_may_come_back,
    profiles_are_those_said_last,
    of_a_purged_seller_nothing_is_left,
}

async fn an_account_is_added_once(place: Place) {
    let state = place.open().await;
    let new = NewAccount {
        seller: seller("A-1"),
        region: Region::Eu,
        application: "main".to_owned(),
        marketplaces: ["A1PA6795UKMFR9", "A13V1IB3VIYZZH", "A1PA6795UKMFR9"].map(|id| id.parse().unwrap()).to_vec(),
    };
    let account = state.add_account(&new, now()).await.unwrap();
    assert_eq!(account.id.to_string(), "A-1-eu");
    assert_eq!("A-1-eu".parse::<AccountId>().unwrap(), account.id);
    assert_eq!(account.marketplaces.len(), 2, "each once");
    assert_eq!(state.account(&account.id).await.unwrap(), Some(account.clone()));
    let error = state.add_account(&new, now()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    let fewer = state.set_marketplaces(&account.id, &[], later(1)).await.unwrap();
    assert_eq!((fewer.marketplaces.len(), fewer.updated_at), (0, later(1)));
    for bad in ["A1", "A1-xx", "-eu", "a/b-eu"] {
        assert!(bad.parse::<AccountId>().is_err(), "{bad}");
    }
}

async fn an_account_pauses_and_resumes(place: Place) {
    let state = place.open().await;
    let id = add(&state, "A1").await.id;
    add(&state, "B2").await;
    let paused = state.pause_account(&id, Some("holidays"), later(1)).await.unwrap();
    assert_eq!((paused.status, paused.reason.as_deref()), (AccountStatus::Paused, Some("holidays")));
    let count = async |filter: AccountFilter| state.accounts(&filter).await.unwrap().len();
    assert_eq!(count(AccountFilter { status: Some(AccountStatus::Paused), ..Default::default() }).await, 1);
    assert_eq!(count(AccountFilter { seller: Some(seller("B2")), ..Default::default() }).await, 1);
    assert_eq!(count(AccountFilter::default()).await, 2);
    let waits = state.suspend_account(&id, "invalid_grant", later(2)).await.unwrap();
    assert_eq!(waits.status, AccountStatus::NeedsAuthorisation);
    let resumed = state.resume_account(&id, later(3)).await.unwrap();
    assert_eq!((resumed.status, resumed.reason), (AccountStatus::Active, None));
    let unknown = state.resume_account(&"X9-fe".parse().unwrap(), now()).await.unwrap_err();
    assert_eq!(unknown.kind(), Kind::NotFound);
}

async fn a_removed_account_leaves_what_is_true_and_may_come_back(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let mut leased = write(&state, &lease).await;
    leased.plan(&[plan("orders", 1)]).await.unwrap();
    leased.cover("orders", &us(), plan("orders", 1).window.unwrap(), SliceMark::of(SliceStatus::Loaded)).await.unwrap();
    leased.commit().await.unwrap();
    state.remove_account(&account(), later(1)).await.unwrap();
    state.remove_account(&account(), later(1)).await.unwrap();
    assert_eq!(state.leased(&lease, later(1)).await.err().unwrap().kind(), Kind::Conflict);
    assert!(state.accounts(&AccountFilter::default()).await.unwrap().is_empty());
    assert!(state.jobs(&JobFilter::default()).await.unwrap().is_empty());
    assert_eq!(state.all_slices(&SliceFilter::default()).await.unwrap().len(), 1);
    assert_eq!(state.resume_account(&account(), now()).await.unwrap_err().kind(), Kind::NotFound);
    let again = add(&state, "A1").await;
    assert_eq!((again.status, again.created_at), (AccountStatus::Active, now()));
    let next = state.acquire_lease(&account(), "worker 2", crate::TTL, later(2)).await.unwrap();
    assert!(next.epoch() > lease.epoch());
}

async fn profiles_are_those_said_last(place: Place) {
    let state = place.open().await;
    let id = add(&state, "A1").await.id;
    let profile = |id: &str| AdsProfile {
        id: id.to_owned(),
        marketplace: "ATVPDKIKX0DER".parse().unwrap(),
        currency: "USD".to_owned(),
        time_zone: "America/Los_Angeles".to_owned(),
    };
    state.set_ads_profiles(&id, &[profile("2"), profile("1")]).await.unwrap();
    state.set_ads_profiles(&id, &[profile("3"), profile("1")]).await.unwrap();
    assert_eq!(state.ads_profiles(&id).await.unwrap(), [profile("1"), profile("3")]);
}

async fn of_a_purged_seller_nothing_is_left(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let other = add(&state, "A_").await.id;
    let mut leased = write(&state, &lease).await;
    leased.plan(&[plan("orders", 1)]).await.unwrap();
    leased.cover("orders", &us(), plan("orders", 1).window.unwrap(), SliceMark::of(SliceStatus::Loaded)).await.unwrap();
    leased.commit().await.unwrap();
    state.begin_run(Some(&account()), "orders", now()).await.unwrap();
    state.begin_landing(&delivery("a", "A1", "1"), now()).await.unwrap();
    state.put_object(&object("tables/x/seller_id=A1/data.parquet", "h"), now()).await.unwrap();
    for whose in ["A1", "A11", "AA1"] {
        let condition = Condition::of_seller(AlertKind::Stage, &seller(whose), "x");
        state.raise_alert(&condition, "x", "y", now()).await.unwrap();
    }
    let condition = Condition::of_account(AlertKind::Account, &AccountId::new(&seller("A1"), Region::Eu), "");
    state.raise_alert(&condition, "x", "y", now()).await.unwrap();
    assert!(!state.is_purged(&seller("A1")).await.unwrap());
    state.set_purged(&seller("A1"), now()).await.unwrap();
    state.set_purged(&seller("A1"), later(9)).await.unwrap();
    state.forget_seller(&seller("A1")).await.unwrap();
    assert!(state.is_purged(&seller("A1")).await.unwrap());
    assert_eq!(state.purges().await.unwrap(), [(seller("A1"), now())]);
    assert_eq!(state.leased(&lease, now()).await.err().unwrap().kind(), Kind::Conflict);
    assert!(state.all_slices(&SliceFilter::default()).await.unwrap().is_empty());
    assert!(state.runs(&RunFilter::default()).await.unwrap().is_empty());
    assert!(state.deliveries(&DeliveryFilter::default()).await.unwrap().is_empty());
    assert!(state.objects(&ObjectFilter::default()).await.unwrap().is_empty());
    assert_eq!(state.alerts(None).await.unwrap().len(), 2, "other sellers' stay");
    assert_eq!(state.accounts(&AccountFilter::default()).await.unwrap()[0].id, other);
    let new = NewAccount {
        seller: seller("A1"),
        region: Region::Fe,
        application: "main".to_owned(),
        marketplaces: Vec::new(),
    };
    assert_eq!(state.add_account(&new, now()).await.unwrap_err().kind(), Kind::Conflict);
    assert!(state.lift_purge(&seller("A1")).await.unwrap());
    state.add_account(&new, now()).await.unwrap();
}
