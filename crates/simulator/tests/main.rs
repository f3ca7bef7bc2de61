//! The simulator as a client meets it, over HTTP.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod wire_ads;
mod wire_client;
mod wire_faults;
mod wire_notifications;
mod wire_pages;
mod wire_python;
mod wire_quotas;
mod wire_reports;
mod wire_sign_in;
