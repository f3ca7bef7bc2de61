//! The log of runs.

use sellerlake_state::{RunEnd, RunFilter, RunOutcome};

use crate::place::{Place, on_both};
use crate::{account, later, now};

on_both! {
    a_run_begins_and_ends_once,
}

async fn a_run_begins_and_ends_once(place: Place) {
    let state = place.open().await;
    let first = state.begin_run(Some(&account()), "orders", now()).await.unwrap();
    let second = state.begin_run(Some(&account()), "orders", now()).await.unwrap();
    let third = state.begin_run(None, "ingest", later(1)).await.unwrap();
    assert_ne!(first, second, "two in one millisecond");
    let end = RunEnd { outcome: RunOutcome::Partial, calls: 3, rows: 40, message: Some("one day is late".into()) };
    assert!(state.end_run(&first, &end, later(5)).await.unwrap());
    assert!(!state.end_run(&first, &end, later(6)).await.unwrap());
    let list = async |filter: RunFilter| state.runs(&filter).await.unwrap();
    let all = list(RunFilter::default()).await;
    assert_eq!(all.len(), 3);
    assert_eq!((all[0].id.as_str(), &all[0].account), (third.as_str(), &None));
    let partial = list(RunFilter { outcome: Some(RunOutcome::Partial), ..Default::default() }).await;
    assert_eq!((partial[0].calls, partial[0].rows, partial[0].ended_at), (3, 40, Some(later(5))));
    assert_eq!(list(RunFilter { account: Some(account()), limit: Some(1), ..Default::default() }).await.len(), 1);
    assert_eq!(list(RunFilter { pipeline: Some("ingest".into()), ..Default::default() }).await.len(), 1);
    assert_eq!(state.forget_runs(later(9)).await.unwrap(), 1, "those under way stay");
}
