//! A simulated Amazon and a lake that pulls from it.

use std::process::{Output, Stdio};

use chrono::{DateTime, Utc};
use sellerlake_simulator::world::Profile;
use sellerlake_simulator::{Account, Clock, FaultPlan, Options, Running, Simulator};
use serde_json::json;

use crate::site::Site;

/// A small Amazon whose time stands still unless somebody waits, and a lake that pulls from it.
pub struct Desk {
    pub simulator: Running,
    pub site: Site,
}

impl Desk {
    pub fn new(sellers: usize) -> Self {
        Self::with_faults(sellers, FaultPlan::default())
    }

    pub fn with_faults(sellers: usize, faults: FaultPlan) -> Self {
        Self::changed(sellers, "", |options| options.faults = faults)
    }

    /// With these lines before the settings.
    pub fn with_settings(sellers: usize, settings: &str) -> Self {
        Self::changed(sellers, settings, |_| {})
    }

    /// The same, with this done to Amazon before it begins.
    pub fn changed(sellers: usize, settings: &str, change: impl FnOnce(&mut Options)) -> Self {
        let (profile, evening) = small(sellers);
        let mut options = Options { clock: Clock::stepped(evening), ..Options::new(profile) };
        change(&mut options);
        Self::set_up(options, settings)
    }

    /// A world of one's own, at this moment.
    pub fn at(profile: Profile, start: DateTime<Utc>, faults: FaultPlan) -> Self {
        Self::set_up(Options { clock: Clock::stepped(start), faults, ..Options::new(profile) }, "")
    }

    fn set_up(options: Options, settings: &str) -> Self {
        let simulator = Simulator::start(options).unwrap();
        let settings =
            format!("{settings}[amazon]\nendpoint = {:?}\nclock = \"stepped\"\nhistory_days = 30\n", simulator.url());
        let desk = Self { simulator, site: Site::with_settings(&settings) };
        desk.simulator.accounts().iter().for_each(|account| desk.add(account));
        desk
    }

    pub fn add(&self, account: &Account) {
        let output = self.try_add(account, &account.refresh_token);
        assert!(output.status.success(), "{}", words(&output));
    }

    pub fn try_add(&self, account: &Account, refresh_token: &str) -> Output {
        let ads = account.ads.as_ref().unwrap();
        let secrets = json!({
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "refresh_token": refresh_token,
            "ads_client_id": ads.client_id,
            "ads_client_secret": ads.client_secret,
            "ads_refresh_token": ads.refresh_token,
        });
        let arguments = ["account", "add", "--seller", &account.seller_id, "--region", account.region, "--stdin"];
        let mut command = self.site.command(&arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        serde_json::to_writer(child.stdin.take().unwrap(), &secrets).unwrap();
        child.wait_with_output().unwrap()
    }

    pub fn id(&self, index: usize) -> String {
        let account = &self.simulator.accounts()[index];
        format!("{}-{}", account.seller_id, account.region)
    }

    /// Insists that the lake says what the simulator knows to be true.
    pub fn assert_true(&self) {
        let output = self.site.run(&["verify", "--against", self.simulator.url()]);
        let table = String::from_utf8_lossy(&output.stdout);
        let shown = |arguments: &[&str]| String::from_utf8_lossy(&self.site.run(arguments).stdout).into_owned();
        let why = || shown(&["account", "list"]) + &shown(&["coverage"]);
        assert!(output.status.success(), "{table}\n{}\n{}", words(&output), why());
    }

    /// How many reports Amazon made an entry for.
    pub fn reports_created(&self) -> u64 {
        let counts = self.simulator.amazon().calls.counts();
        counts.get("reports.createReport").and_then(|by_status| by_status.get(&202)).copied().unwrap_or(0)
    }

    /// Lets the time pass until this moment.
    pub fn wait_until(&self, moment: DateTime<Utc>) {
        self.simulator.clock().sleep_until(moment);
    }
}

/// Three weeks of so many small sellers, and the evening of the last day.
fn small(sellers: usize) -> (Profile, DateTime<Utc>) {
    let mut profile = Profile::chaos(3);
    profile.sellers.truncate(sellers);
    let evening = profile.to.and_hms_opt(20, 0, 0).unwrap().and_utc();
    (profile, evening)
}

/// What a command said.
pub fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
