//! `sellerlake simulate`

use std::process::ExitCode;

use chrono::Days;
use sellerlake_contracts::{Clock as _, Error, Kind, Result, SystemClock};
use sellerlake_simulator::world::Profile;
use sellerlake_simulator::{Clock, Options, Running, Simulator};

use crate::arguments::Simulate;
use crate::printer;

pub(crate) async fn run(simulate: &Simulate) -> Result<ExitCode> {
    let mut profile = Profile::demo(simulate.days);
    profile.seed = simulate.seed;
    if !simulate.stepped {
        profile.to = SystemClock.now().date_naive();
        profile.from = profile.to - Days::new(simulate.days);
    }
    let simulator = start(profile, simulate.stepped, simulate.port)?;
    let text = serde_json::to_string_pretty(&simulator.accounts());
    printer::raw(text.map_err(|error| Error::permanent(Kind::Internal, "can't show the accounts").source(error))?);
    let url = simulator.url();
    let clock = if simulate.stepped { "stepped" } else { "system" };
    printer::note(format!(
        "Amazon is simulated at {url} until interrupted; it is {} there. To pull from it, write in sellerlake.toml:\n\n\
         [amazon]\nendpoint = \"{url}\"\nclock = \"{clock}\"\n",
        simulator.clock().now().to_rfc3339()
    ));
    printer::note(format!(
        "accounts {url}/simulator/accounts   calls {url}/simulator/calls   truth {url}/truth/SELLER"
    ));
    tokio::signal::ctrl_c().await.map_err(|error| Error::permanent(Kind::Internal, "can't wait").source(error))?;
    simulator.stop();
    Ok(ExitCode::SUCCESS)
}

/// A simulator of this world. A stepped clock begins half a day after the world's last one, when yesterday's reports
/// can be had everywhere.
pub(crate) fn start(profile: Profile, stepped: bool, port: u16) -> Result<Running> {
    let clock = if stepped {
        Clock::stepped(profile.to.and_hms_opt(20, 0, 0).unwrap_or_default().and_utc())
    } else {
        Clock::Real
    };
    let options = Options { clock, port, ..Options::new(profile) };
    Simulator::start(options).map_err(|error| {
        Error::permanent(Kind::Usage, "the simulator can't be started")
            .at("simulate.start")
            .with("port", port)
            .source(error)
            .hint("another process may have the port; 0 takes a free one")
    })
}
