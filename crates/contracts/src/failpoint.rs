//! Named places where tests cut a run short, to prove that repeating it mends everything.
//!
//! Unarmed, reaching one costs a relaxed load. `SELLERLAKE_FAILPOINT=name` (or `name:3` for the third time)
//! aborts the process there, as a power cut would; [`arm`] makes it return an error within a test process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::{Error, Kind, Result};

static ARMED: AtomicBool = AtomicBool::new(false);
static PLAN: Mutex<Option<Plan>> = Mutex::new(None);
static ENVIRONMENT: OnceLock<()> = OnceLock::new();

struct Plan {
    name: String,
    remaining: u32,
    abort: bool,
}

fn set(plan: Option<Plan>) {
    ARMED.store(plan.is_some(), Ordering::Release);
    *PLAN.lock().unwrap_or_else(PoisonError::into_inner) = plan;
}

/// Makes the `nth` arrival (from 1) at `name` return an error, once.
pub fn arm(name: &str, nth: u32) {
    ENVIRONMENT.get_or_init(|| ());
    set(Some(Plan { name: name.to_owned(), remaining: nth, abort: false }));
}

/// Forgets what was armed; true if it was still waiting.
pub fn disarm() -> bool {
    let waiting = ARMED.load(Ordering::Acquire);
    set(None);
    waiting
}

fn read_environment() {
    if let Ok(value) = std::env::var("SELLERLAKE_FAILPOINT") {
        let (name, nth) = value.split_once(':').unwrap_or((&value, "1"));
        set(Some(Plan { name: name.to_owned(), remaining: nth.parse().unwrap_or(1), abort: true }));
    }
}

/// Passes, unless this place is armed.
pub fn reach(name: &'static str) -> Result<()> {
    ENVIRONMENT.get_or_init(read_environment);
    if !ARMED.load(Ordering::Acquire) {
        return Ok(());
    }
    let mut guard = PLAN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(plan) = guard.as_mut().filter(|plan| plan.name == name) else { return Ok(()) };
    plan.remaining = plan.remaining.saturating_sub(1);
    if plan.remaining > 0 {
        return Ok(());
    }
    if plan.abort {
        std::process::abort();
    }
    *guard = None;
    ARMED.store(false, Ordering::Release);
    Err(Error::transient(Kind::Storage, "cut short at a failpoint").at(name).with("failpoint", name))
}
