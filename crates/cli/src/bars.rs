//! Progress: a bar on a terminal, nothing elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use sellerlake_contracts::{AccountId, Clock, SystemClock, printable};
use sellerlake_pipelines::{Progress, Watch};

use crate::printer;

/// One bar at a time.
#[derive(Default)]
pub struct Bars(Mutex<Option<ProgressBar>>);

impl Bars {
    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for Bars {
    fn begin(&self, what: &str, steps: Option<u64>) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let bar = steps.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let style = ProgressStyle::with_template("{msg:24} {wide_bar} {pos}/{len} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(printable(what).into_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.with(|current| *current = Some(bar));
    }

    fn advance(&self, steps: u64) {
        self.with(|current| current.iter().for_each(|bar| bar.inc(steps)));
    }

    fn end(&self) {
        self.with(|current| current.take().iter().for_each(ProgressBar::finish_and_clear));
    }
}

/// A bar for each account that is pulled: how many requests are over, of how many, and how long the rest takes at
/// least by Amazon's quotas.
pub struct PullBars {
    screen: Option<MultiProgress>,
    bars: Mutex<BTreeMap<AccountId, (ProgressBar, DateTime<Utc>)>>,
}

impl PullBars {
    /// Bars on a terminal, and a line elsewhere where it takes long.
    pub fn new() -> Self {
        let screen = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { screen, bars: Mutex::default() }
    }

    fn with(&self, account: &AccountId, act: impl FnOnce(&ProgressBar, &mut DateTime<Utc>)) {
        let Some(screen) = &self.screen else { return };
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let (bar, end) = bars.entry(account.clone()).or_insert_with(|| {
            let bar = screen.add(ProgressBar::new(0));
            let style = ProgressStyle::with_template("{prefix:24} {wide_bar} {pos}/{len} {msg:40}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(account.to_string());
            bar.enable_steady_tick(Duration::from_millis(120));
            (bar, SystemClock.now())
        });
        act(bar, end);
    }

    /// Takes the bars away.
    pub fn end(&self) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        bars.values().for_each(|(bar, _)| bar.finish_and_clear());
    }
}

impl Watch for PullBars {
    fn planned(&self, account: &AccountId, requests: u64, at_least: TimeDelta) {
        let at_least = at_least.to_std().unwrap_or_default();
        if self.screen.is_none() && at_least >= Duration::from_mins(1) {
            printer::note(format!(
                "{account}: {requests} more requests; by Amazon's quotas they take at least {}",
                HumanDuration(at_least)
            ));
        }
        self.with(account, |bar, end| {
            bar.inc_length(requests);
            *end = SystemClock.now() + at_least;
        });
    }

    fn concluded(&self, account: &AccountId, pipeline: &str) {
        self.with(account, |bar, end| {
            bar.inc(1);
            let left = (*end - SystemClock.now()).to_std().unwrap_or_default();
            let left = if left.is_zero() { String::new() } else { format!(", {} left", HumanDuration(left)) };
            bar.set_message(format!("{}{left}", printable(pipeline)));
        });
    }
}
