//! One holder an account, and no word of an earlier one.

use sellerlake_contracts::{Kind, Scope, Window};
use sellerlake_state::{JobStatus, JobStep, Process, RunFilter, RunOutcome, SliceKey, SliceMark, SliceStatus};

use crate::jobs::plan;
use crate::place::{Place, on_both};
use crate::{TTL, account, add, held, later, now, planned, stepped, us, write};

on_both! {
    an_account_has_one_holder,
    a_lost_lease_writes_nothing,
    a_lease_that_ran_out_is_good_until_somebody_follows,
    what_is_under_way_is_taken_over,
    of_many_who_want_an_account_one_gets_it,
    a_taker_waits_for_the_holders_commit,
    a_process_that_died_holds_nothing,
}

async fn an_account_has_one_holder(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    for owner in ["worker 2", "worker 1"] {
        let error = state.acquire_lease(&account(), owner, TTL, later(1)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        assert!(error.to_string().contains("holder: worker 1, until: 2026-03-05T08:05:00Z"), "{error}");
    }
    assert!(state.release_lease(&lease).await.unwrap());
    assert!(!state.release_lease(&lease).await.unwrap());
    let next = state.acquire_lease(&account(), "worker 2", TTL, later(1)).await.unwrap();
    assert_eq!(next.epoch(), 2, "epochs never repeat");
}

async fn a_lost_lease_writes_nothing(place: Place) {
    let state = place.open().await;
    let old = held(&state).await;
    let new = state.acquire_lease(&account(), "worker 2", TTL, now() + TTL).await.unwrap();
    let error = state.leased(&old, later(301)).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(error.to_string().contains("holder: worker 2"), "{error}");
    assert_eq!(state.renew_lease(&old, TTL, later(301)).await.unwrap_err().kind(), Kind::Conflict);
    assert!(!state.release_lease(&old).await.unwrap());
    let renewed = state.renew_lease(&new, TTL, later(400)).await.unwrap();
    assert_eq!((renewed.epoch(), renewed.expires_at()), (new.epoch(), later(700)));
    // Dropped instead of committed: nothing was written.
    let mut dropped = write(&state, &new).await;
    let loaded = SliceMark::of(SliceStatus::Loaded);
    dropped.cover("orders", &us(), plan("orders", 1).window.unwrap(), loaded).await.unwrap();
    drop(dropped);
    let key = SliceKey { account: account(), pipeline: "orders".to_owned(), scope: us() };
    assert!(state.slices(&key).await.unwrap().is_empty());
}

async fn a_lease_that_ran_out_is_good_until_somebody_follows(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    state.leased(&lease, later(1_000)).await.unwrap().commit().await.unwrap();
    let lease = state.renew_lease(&lease, TTL, later(1_000)).await.unwrap();
    assert!(state.acquire_lease(&account(), "worker 2", TTL, later(1_001)).await.is_err());
    assert_eq!(lease.epoch(), 1);
}

async fn what_is_under_way_is_taken_over(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let job = planned(&state, &lease, &[plan("orders", 1)]).await.remove(0);
    state.claim_job(&lease, &job.id, now()).await.unwrap().unwrap();
    stepped(&state, &lease, &job.id, JobStep::Checkpoint("report 7".to_owned())).await;
    state.begin_run(Some(&account()), "orders", now()).await.unwrap();
    let dead = now() + TTL;
    assert!(state.due_accounts(9, now()).await.unwrap().is_empty(), "somebody is at it");
    assert_eq!(state.due_accounts(9, dead).await.unwrap(), [account()]);
    let next = state.acquire_lease(&account(), "worker 2", TTL, dead).await.unwrap();
    let found = state.job(&job.id).await.unwrap().unwrap();
    assert_eq!((found.status, found.checkpoint.as_deref()), (JobStatus::Queued, Some("report 7")));
    let run = state.runs(&RunFilter::default()).await.unwrap().remove(0);
    assert_eq!((run.outcome, run.ended_at), (RunOutcome::Interrupted, Some(dead)));
    let claimed = state.claim_job(&next, &job.id, dead).await.unwrap().unwrap();
    assert_eq!(claimed.checkpoint.as_deref(), Some("report 7"), "the report is not created again");
    assert_eq!(claimed.attempt, 0);
}

async fn of_many_who_want_an_account_one_gets_it(place: Place) {
    let state = place.open().await;
    add(&state, "A1").await;
    for round in 0..5 {
        let at = now() + TTL * round;
        let mut tasks = Vec::new();
        for worker in 0..6 {
            let state = place.open().await;
            let acquire = async move { state.acquire_lease(&account(), &format!("worker {worker}"), TTL, at).await };
            tasks.push(tokio::spawn(acquire));
        }
        let mut winners = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok(lease) => winners.push(lease.epoch()),
                Err(error) => assert_eq!(error.kind(), Kind::Conflict, "{error:?}"),
            }
        }
        assert_eq!(winners, [i64::from(round) + 1]);
    }
}

async fn a_taker_waits_for_the_holders_commit(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let key = SliceKey { account: account(), pipeline: "orders".to_owned(), scope: Scope("A1-eu".to_owned()) };
    let window = Window { from: now(), to: later(60) };
    let of_key = key.clone();
    let taker = place.open().await;
    let mut leased = write(&state, &lease).await;
    let taking = tokio::spawn(async move {
        let taken = taker.acquire_lease(&account(), "worker 2", TTL, now() + TTL).await;
        (taken, taker.slices(&of_key).await.unwrap())
    });
    place.await_waiter().await;
    leased.cover(&key.pipeline, &key.scope, window, SliceMark::of(SliceStatus::Loaded)).await.unwrap();
    leased.commit().await.unwrap();
    let (taken, seen) = taking.await.unwrap();
    assert_eq!(taken.unwrap().epoch(), 2);
    assert_eq!(seen.iter().map(|slice| slice.window).collect::<Vec<_>>(), [window]);
}

async fn a_process_that_died_holds_nothing(place: Place) {
    let state = place.open().await;
    add(&state, "A1").await;
    let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let process = Process::of(child.id()).unwrap();
    let old = state.acquire_lease(&account(), &process.owner(), TTL, now()).await.unwrap();
    let error = state.acquire_lease(&account(), "worker 2", TTL, later(1)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    let told = format!("holder: process {} on ", child.id());
    assert!(error.to_string().contains(&told) && !error.to_string().contains('#'), "{error}");
    assert!(error.to_string().contains("until: 2026-03-05T08:05:00Z"), "{error}");
    child.kill().unwrap();
    // Whether or not anybody has noticed yet that it ended.
    let killed_at = std::time::Instant::now();
    while Process::of(child.id()).is_some() {
        assert!(killed_at.elapsed() < std::time::Duration::from_mins(1), "a killed process is alive");
        std::thread::yield_now();
    }
    let new = state.acquire_lease(&account(), "worker 2", TTL, later(1)).await.unwrap();
    assert_eq!((old.epoch(), new.epoch()), (1, 2));
    assert_eq!(state.leased(&old, later(1)).await.err().unwrap().kind(), Kind::Conflict);
    child.wait().unwrap();
}
