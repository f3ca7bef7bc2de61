//! The simulated Amazon: the world and everything that is remembered about calls.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::answer::Damage;
use super::calls::Calls;
use super::{Answer, Role, held};
use crate::ads::AdsDesk;
use crate::clock::Clock;
use crate::faults::{Faults, Kind};
use crate::paging::Lists;
use crate::quota::Quota;
use crate::running::{Limits, Options};
use crate::signin::SignIn;
use crate::spapi::{KioskDesk, NotificationDesk, ReportDesk};
use crate::world::World;

/// What a load balancer says when nobody is behind it.
pub const UNAVAILABLE: &str = "<html><head><title>503 Service Temporarily Unavailable</title></head>\n\
    <body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html>\n";

/// Everything one simulator knows.
pub struct Amazon {
    /// What happened.
    pub world: World,
    /// The time.
    pub clock: Clock,
    /// Decides whatever the world leaves open: delays, ids, tokens.
    pub seed: u64,
    /// Whether quotas hold.
    pub limits: Limits,
    /// How long a timeout holds its connection, in real time.
    pub hold: Duration,
    /// Factor on the time reports take.
    pub pace: f64,
    /// Most items on a page of any list.
    pub most_per_page: usize,
    /// Whether report types rest as a whole.
    pub types_rest: bool,
    roles_withheld: Mutex<Vec<String>>,
    /// Grants and tokens.
    pub sign_in: SignIn,
    /// Token buckets.
    pub quota: Quota,
    /// What goes wrong.
    pub faults: Faults,
    /// Counts of calls.
    pub calls: Calls,
    /// Lists being paged through.
    pub lists: Lists,
    /// Reports and their schedules.
    pub reports: ReportDesk,
    /// Data Kiosk queries.
    pub kiosk: KioskDesk,
    /// Destinations, subscriptions, messages.
    pub notifications: NotificationDesk,
    /// Ads reports.
    pub ads: AdsDesk,
    regions: HashMap<String, &'static str>,
    url: OnceLock<String>,
}

impl Amazon {
    /// An Amazon over the world of `options.profile`.
    pub fn new(options: Options) -> Self {
        let world = World::grow(&options.profile);
        let regions: HashMap<String, &'static str> =
            world.sellers().iter().map(|seller| (seller.id.clone(), seller.region.code())).collect();
        let sign_in =
            SignIn::new(options.seed, options.clock.now(), world.sellers().iter().map(|seller| seller.id.as_str()));
        Self {
            clock: options.clock,
            seed: options.seed,
            limits: options.limits,
            hold: options.hold,
            pace: options.pace,
            most_per_page: options.profile.most_per_page,
            types_rest: options.profile.types_rest,
            roles_withheld: Mutex::new(options.roles_withheld),
            sign_in,
            quota: Quota::default(),
            faults: Faults::new(options.faults),
            calls: Calls::default(),
            lists: Lists::default(),
            reports: ReportDesk::default(),
            kiosk: KioskDesk::default(),
            notifications: NotificationDesk::new(options.seed),
            ads: AdsDesk::default(),
            regions,
            url: OnceLock::new(),
            world,
        }
    }

    /// The present moment.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// From now on the application has all roles but these, by name.
    pub fn withhold(&self, roles: &[&str]) {
        *held(&self.roles_withheld) = roles.iter().map(|role| (*role).to_owned()).collect();
    }

    /// Whether the application was not given a role.
    pub fn withholds(&self, role: Role) -> bool {
        held(&self.roles_withheld).iter().any(|withheld| withheld == role.name())
    }

    /// The region a seller sells in: `na`, `eu` or `fe`.
    pub fn region_of(&self, seller: &str) -> Option<&'static str> {
        self.regions.get(seller).copied()
    }

    /// Where this simulator listens, without a slash at the end. Set once, when it does.
    pub fn url(&self) -> &str {
        self.url.get().map_or("", String::as_str)
    }

    pub(crate) fn listens_at(&self, url: String) {
        let _ = self.url.set(url);
    }

    /// Damages an answer on its way, if a fault strikes it.
    pub fn damaged(&self, mut answer: Answer, strikes: impl Fn(Kind) -> bool) -> Answer {
        if strikes(Kind::Timeout) {
            answer.damage = Some(Damage::Hold);
        } else if answer.body.len() > 1 && strikes(Kind::TruncatedBody) {
            answer.damage = Some(Damage::Truncate);
        } else if !answer.body.is_empty() && answer.status == 200 && strikes(Kind::EmptyBody) {
            answer.body = axum::body::Bytes::new();
        }
        answer
    }
}
