//! Calls are planned once, made in turn, and go on where they were.

use chrono::TimeDelta;
use sellerlake_contracts::{Error, Kind, Window};
use sellerlake_state::{JobError, JobFilter, JobPlan, JobStatus, JobStep, Priority};

use crate::place::{Place, on_both};
use crate::{TTL, account, add, held, later, now, planned, stepped, us, write};

on_both! {
    planning_twice_makes_no_second_row,
    the_most_urgent_comes_first,
    a_pull_waits_fails_and_ends,
    what_is_dead_waits_for_a_person,
    a_paused_account_claims_nothing,
    workers_see_whose_turn_it_is,
}

/// A call of a pipeline for the n-th day.
pub fn plan(pipeline: &str, day: i64) -> JobPlan {
    let from = now() + TimeDelta::days(day);
    JobPlan {
        pipeline: pipeline.to_owned(),
        scope: us(),
        window: Some(Window { from, to: from + TimeDelta::days(1) }),
        key: String::new(),
        priority: Priority::Scheduled,
        not_before: now(),
    }
}

async fn planning_twice_makes_no_second_row(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let plans = [plan("orders", 1), plan("orders", 2), JobPlan { key: "x".to_owned(), ..plan("orders", 2) }];
    assert_eq!(planned(&state, &lease, &plans).await.len(), 3);
    assert_eq!(planned(&state, &lease, &plans).await, [], "they stand");
    let urgent = JobPlan { priority: Priority::Manual, ..plan("orders", 1) };
    let late = JobPlan { priority: Priority::Backfill, ..plan("orders", 1) };
    assert_eq!(planned(&state, &lease, &[urgent, late]).await, []);
    let claimed = state.claim_job(&lease, &plans[0].id(&account()), now()).await.unwrap().unwrap();
    assert_eq!(claimed.priority, Priority::Manual, "the earlier turn stands");
    assert_eq!((claimed.window, &claimed.id), (plans[0].window, &plans[0].id(&account())));
    assert_eq!(planned(&state, &lease, &plans[..1]).await, [], "it is under way");
    assert!(stepped(&state, &lease, &claimed.id, JobStep::Done).await);
    assert!(!stepped(&state, &lease, &claimed.id, JobStep::Done).await);
    assert_eq!(planned(&state, &lease, &plans[..1]).await[0].id, claimed.id, "it was over");
    let jobs = state.jobs(&JobFilter { pipeline: Some("orders".to_owned()), ..Default::default() }).await.unwrap();
    assert_eq!(jobs.len(), 3);
    assert!(jobs.iter().all(|job| job.status == JobStatus::Queued && job.priority == Priority::Scheduled));
}

async fn the_most_urgent_comes_first(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let of = |name: &str, priority, seconds| JobPlan { priority, not_before: later(seconds), ..plan(name, 1) };
    let plans = [
        of("backfill", Priority::Backfill, -9),
        of("restatement", Priority::Restatement, -9),
        of("scheduled late", Priority::Scheduled, -1),
        of("scheduled early", Priority::Scheduled, -5),
        of("manual", Priority::Manual, 1),
        of("notification", Priority::Notification, 0),
    ];
    let queued = planned(&state, &lease, &plans).await;
    let unfinished = state.unfinished_jobs(&account()).await.unwrap();
    let names: Vec<&str> = unfinished.iter().map(|job| job.pipeline.as_str()).collect();
    let order = ["manual", "notification", "scheduled early", "scheduled late", "restatement", "backfill"];
    assert_eq!(names, order);
    assert!(queued.iter().all(|job| unfinished.contains(job)), "planning answers what stands then");
}

async fn a_pull_waits_fails_and_ends(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let id = planned(&state, &lease, &[plan("orders", 1)]).await.remove(0).id;
    let claim = |seconds| state.claim_job(&lease, &id, later(seconds));
    assert_eq!(claim(0).await.unwrap().unwrap().status, JobStatus::Running);
    let checkpoint = Some("report 7".to_owned());
    stepped(&state, &lease, &id, JobStep::Wait { until: later(30), checkpoint: checkpoint.clone() }).await;
    assert_eq!(claim(29).await.unwrap(), None);
    let again = claim(30).await.unwrap().unwrap();
    assert_eq!((again.attempt, again.checkpoint), (0, checkpoint), "waiting is no failure");
    assert_eq!(claim(30).await.unwrap(), None, "it is under way");
    let failed = Error::transient(Kind::Timeout, "Amazon didn't answer").with("host", "x");
    let retry = JobStep::Retry { until: later(60), checkpoint: None, error: JobError::from(&failed) };
    stepped(&state, &lease, &id, retry).await;
    let found = state.job(&id).await.unwrap().unwrap();
    let error = found.error.unwrap();
    assert_eq!((error.kind.as_str(), error.message.as_str()), ("Timeout", "Amazon didn't answer (host: x)"));
    assert_eq!((found.attempt, found.checkpoint, found.not_before), (1, None, later(60)));
    claim(60).await.unwrap().unwrap();
    stepped(&state, &lease, &id, JobStep::Done).await;
    assert_eq!(state.forget_jobs(now()).await.unwrap(), 0);
    assert_eq!(state.forget_jobs(later(1)).await.unwrap(), 1);
}

async fn what_is_dead_waits_for_a_person(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    let id = planned(&state, &lease, &[plan("orders", 1)]).await.remove(0).id;
    let claim = || state.claim_job(&lease, &id, now());
    claim().await.unwrap().unwrap();
    let dead = || JobStep::Dead(JobError { kind: "Data".to_owned(), message: "no".to_owned() });
    stepped(&state, &lease, &id, dead()).await;
    assert_eq!(planned(&state, &lease, &[plan("orders", 1)]).await, []);
    assert_eq!(claim().await.unwrap(), None);
    let filter = JobFilter { status: Some(JobStatus::Dead), account: Some(account()), ..Default::default() };
    assert_eq!(state.jobs(&filter).await.unwrap().len(), 1);
    let asked = JobPlan { priority: Priority::Manual, ..plan("orders", 1) };
    assert_eq!(planned(&state, &lease, &[asked]).await[0].attempt, 0, "a person asked");
    assert_eq!(claim().await.unwrap().unwrap().error, None);
}

async fn a_paused_account_claims_nothing(place: Place) {
    let state = place.open().await;
    let lease = held(&state).await;
    state.pause_account(&account(), None, now()).await.unwrap();
    let id = planned(&state, &lease, &[plan("orders", 1)]).await.remove(0).id;
    assert_eq!(state.claim_job(&lease, &id, now()).await.unwrap(), None);
    state.release_lease(&lease).await.unwrap();
    assert_eq!(state.claim_job(&lease, &id, now()).await.unwrap_err().kind(), Kind::Conflict, "the lease is gone");
    assert!(state.due_accounts(9, now()).await.unwrap().is_empty());
    state.resume_account(&account(), now()).await.unwrap();
    assert_eq!(state.due_accounts(9, now()).await.unwrap(), [account()]);
}

async fn workers_see_whose_turn_it_is(place: Place) {
    let state = place.open().await;
    assert_eq!(state.next_turn(now()).await.unwrap(), None);
    let of = [
        ("A1", Priority::Scheduled, -2, -10),
        ("A2", Priority::Manual, -1, 0),
        ("A3", Priority::Scheduled, -1, -20),
        ("A4", Priority::Manual, 60, 0),
    ];
    let mut leases = Vec::new();
    for (seller, priority, seconds, held) in of {
        let account = add(&state, seller).await.id;
        // Of equals the one goes first that was held longest ago.
        let lease = state.acquire_lease(&account, "worker 1", TTL, later(held)).await.unwrap();
        let mut leased = write(&state, &lease).await;
        leased.plan(&[JobPlan { priority, not_before: later(seconds), ..plan("orders", 1) }]).await.unwrap();
        leased.commit().await.unwrap();
        leases.push(lease);
    }
    assert!(state.due_accounts(9, now()).await.unwrap().is_empty(), "all are held");
    for lease in &leases {
        state.release_lease(lease).await.unwrap();
    }
    let due = async |limit, at| -> Vec<String> {
        state.due_accounts(limit, at).await.unwrap().iter().map(ToString::to_string).collect()
    };
    assert_eq!(due(9, now()).await, ["A2-na", "A3-na", "A1-na"]);
    assert_eq!(due(1, now()).await, ["A2-na"]);
    assert_eq!(due(9, later(60)).await.len(), 4);
    assert_eq!(state.next_turn(now()).await.unwrap(), Some(later(60)));
    assert_eq!(state.next_turn(later(60)).await.unwrap(), None);
}
