//! Connectors against a simulated Amazon. Most tests are named after a failure that other pipelines have had.

#![allow(clippy::unwrap_used)] // a test that can't go on should stop

mod answers;
mod faults;
mod harness;
mod queries;
mod quotas;
mod reports;
mod scripted;
