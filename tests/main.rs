//! End-to-end tests of the real binary, and of the tree itself.

mod bad_input;
mod books;
mod change;
mod crash;
mod docs;
mod lab;
mod order;
mod own_dataset;
mod papers;
mod polars;
mod processes;
mod samples;
mod scenarios;
mod site;
mod stores;
mod tidy;
