//! End-to-end tests of the real binary, and of the tree itself.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::large_futures)] // a test that can't go on should stop

mod analysts;
mod backfill;
mod bad_input;
mod beside;
mod books;
mod bounds;
mod categories;
mod change;
mod chaos;
#[path = "../crates/state/tests/cluster.rs"]
mod cluster;
mod copied;
mod crash;
mod damage;
mod deliveries;
mod demo_folder;
mod desk;
mod docs;
mod elsewhere;
mod fleet;
mod flips;
mod gap;
mod handed_in;
mod history;
mod lab;
mod manners;
mod memory;
mod meta;
mod midway;
mod novelty;
mod order;
mod own_dataset;
mod papers;
mod persistence;
mod planted;
mod printing;
mod processes;
mod reconciliation;
mod refusals;
mod replaced;
mod resume;
mod row_key;
mod samples;
mod scenarios;
mod scope;
mod second_engine;
mod second_opinion;
mod site;
mod stores;
mod sync;
mod tidy;
mod trouble;
mod understood;
mod unheard;
mod windows;
mod withdrawal;

// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
