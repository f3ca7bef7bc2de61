//! The simulator as a client meets it, over HTTP.

#![allow(clippy::unwrap_used)] // a test that can't go on should stop
#![allow(clippy::print_stderr)] // what was skipped is said aloud

#[path = "../../../tests/beside.rs"]
mod beside;
mod wire_ads;
mod wire_chaos;
mod wire_client;
mod wire_faults;
mod wire_notifications;
mod wire_pages;
mod wire_python;
mod wire_quotas;
mod wire_reports;
mod wire_sign_in;
mod world_ads;
mod world_answers;
mod world_books;
mod world_documents;
mod world_orders;
mod world_reading;
mod world_seeds;
mod world_stock;
