//! What the state promises, on a real SQLite file and on a real PostgreSQL server.

#![allow(clippy::unwrap_used)] // a test that can't go on should stop

mod accounts;
mod buckets;
mod catalogues;
mod cluster;
mod database;
mod jobs;
mod lake;
mod leases;
mod log;
mod place;
mod runs;
mod slices;
mod vault;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_contracts::{AccountId, Region, Scope, SellerId};
use sellerlake_state::{Account, Job, JobPlan, JobStep, Lease, Leased, NewAccount, State};

const TTL: Duration = Duration::from_mins(5);

fn now() -> DateTime<Utc> {
    "2026-03-05T08:00:00Z".parse().unwrap()
}

fn later(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

fn seller(id: &str) -> SellerId {
    id.parse().unwrap()
}

fn us() -> Scope {
    Scope("ATVPDKIKX0DER".to_owned())
}

/// The account of seller A1 in North America.
fn account() -> AccountId {
    AccountId::new(&seller("A1"), Region::Na)
}

async fn add(state: &State, id: &str) -> Account {
    let new = NewAccount {
        seller: seller(id),
        region: Region::Na,
        application: "main".to_owned(),
        marketplaces: vec!["ATVPDKIKX0DER".parse().unwrap()],
    };
    state.add_account(&new, now()).await.unwrap()
}

/// The account, added and held.
async fn held(state: &State) -> Lease {
    let account = add(state, "A1").await;
    state.acquire_lease(&account.id, "worker 1", TTL, now()).await.unwrap()
}

/// Plans calls; those that are queued anew.
async fn planned(state: &State, lease: &Lease, plans: &[JobPlan]) -> Vec<Job> {
    let mut leased = write(state, lease).await;
    let queued = leased.plan(plans).await.unwrap();
    leased.commit().await.unwrap();
    queued
}

/// Says what became of a running call; false if it isn't running.
async fn stepped(state: &State, lease: &Lease, id: &str, step: JobStep) -> bool {
    let mut leased = write(state, lease).await;
    let stepped = leased.step(id, &step).await.unwrap();
    leased.commit().await.unwrap();
    stepped
}

async fn write(state: &State, lease: &Lease) -> Leased {
    state.leased(lease, now()).await.unwrap()
}
