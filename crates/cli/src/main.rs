//! The `sellerlake` command: arguments become settings, settings become work, and an error becomes two lines.

mod arguments;
mod bars;
mod closed;
mod commands;
mod output;
mod printer;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use sellerlake_contracts::{Error, Kind, SystemClock};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::arguments::Arguments;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return printer::refused(&error),
    };
    if let Err(error) = SystemClock::check() {
        return fail(&error);
    }
    listen();
    sellerlake_query::quiet_panics();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Error::permanent(Kind::Internal, "can't start").source(error)),
    };
    let done = runtime.block_on(commands::run(arguments));
    match done.and_then(|code| printer::finish().map(|()| code)) {
        Ok(code) => code,
        Err(error) if printer::is_unread(&error) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Sends what is logged to standard error. Whoever reads that may go away (`2>&1 | head`): then there is nobody to
/// complain to either, and a complaint would end the thread that made it while others wait for its work.
fn listen() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SELLERLAKE_LOG").unwrap_or_else(|_| "error".into());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .log_internal_errors(false);
    tracing_subscriber::registry().with(filter).with(lines).init();
}

/// Exit codes: 0 done, 1 failed, 2 wrong arguments or declarations, 3 done in part: something was refused or is stale.
fn fail(error: &Error) -> ExitCode {
    printer::error(error);
    match error.kind() {
        Kind::Usage | Kind::Declaration | Kind::Query => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}
