//! End-to-end tests of the real binary, and of the tree itself.

mod books;
mod crash;
mod docs;
mod lab;
mod order;
mod papers;
mod processes;
mod scenarios;
mod site;
mod stores;
mod tidy;
