//! Sessions over objects written by other means than ours.

mod consistency;
mod fixture;
mod forgetful;
mod formats;
mod isolation;
mod limits;
mod scans;
mod statements;
