//! The simulator as a client meets it, over HTTP.

#![allow(clippy::unwrap_used)] // a test that can't go on should stop
#![allow(clippy::print_stderr)] // what was skipped is said aloud

mod wire_ads;
mod wire_client;
mod wire_faults;
mod wire_notifications;
mod wire_pages;
mod wire_python;
mod wire_quotas;
mod wire_reports;
mod wire_sign_in;
