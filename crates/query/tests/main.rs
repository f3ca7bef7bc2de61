//! Sessions over objects written by other means than ours.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod cases;
mod consistency;
mod damage;
mod fixture;
mod forgetful;
mod formats;
mod isolation;
mod later;
mod limits;
mod membership;
mod overflow;
mod rounding;
mod scans;
mod statements;
