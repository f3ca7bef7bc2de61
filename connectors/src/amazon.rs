//! What the rest of sellerlake holds: Amazon, its accounts, their connectors.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, BucketStore, Clock, Connector, Error, Kind, MarketplaceId, Result};

use crate::ads::profiles::PROFILES;
use crate::ads::report::AdsReport;
use crate::call::Caller;
use crate::check::{self, Finding};
use crate::credentials::{Application, Grant};
use crate::endpoints::Endpoints;
use crate::failure::Stop;
use crate::files::Files;
use crate::operation::Api;
use crate::pace::OPERATIONS;
use crate::paging::{Listing, Paged};
use crate::quota::{Quota, Refusals};
use crate::sandbox;
use crate::scratch::Scratch;
use crate::signin::SignIn;
use crate::skew::{Skew, synchronise};
use crate::spapi::finances::{FINANCIAL_EVENT_GROUPS_V0, FINANCIAL_EVENTS_V0, TRANSACTIONS};
use crate::spapi::inventory::INVENTORY;
use crate::spapi::kiosk::DataKiosk;
use crate::spapi::orders::ORDERS;
use crate::spapi::orders_v0::{ORDER_ITEMS_V0, ORDERS_V0};
use crate::spapi::products::{CATALOG, COMPETITIVE_PRICES, FEES, LISTINGS, PRICES};
use crate::spapi::report::Report;
use crate::spapi::sellers::{ORDER_METRICS, PARTICIPATIONS};
use crate::spapi::settlements::Settlements;
use crate::transport::{HttpOptions, Transport};

/// Names [`Account::connector`] knows.
pub const CONNECTORS: &[&str] = &[
    "ads_profiles",
    "ads_report",
    "catalog",
    "competitive_prices",
    "data_kiosk",
    "fees",
    "files",
    "financial_event_groups_v0",
    "financial_events_v0",
    "inventory",
    "listings",
    "order_items_v0",
    "order_metrics",
    "orders",
    "orders_v0",
    "participations",
    "prices",
    "report",
    "settlements",
    "transactions",
];

static LISTINGS_BY_NAME: &[(&str, Listing)] = &[
    ("ads_profiles", PROFILES),
    ("catalog", CATALOG),
    ("competitive_prices", COMPETITIVE_PRICES),
    ("fees", FEES),
    ("financial_event_groups_v0", FINANCIAL_EVENT_GROUPS_V0),
    ("financial_events_v0", FINANCIAL_EVENTS_V0),
    ("inventory", INVENTORY),
    ("listings", LISTINGS),
    ("order_items_v0", ORDER_ITEMS_V0),
    ("order_metrics", ORDER_METRICS),
    ("orders", ORDERS),
    ("orders_v0", ORDERS_V0),
    ("participations", PARTICIPATIONS),
    ("prices", PRICES),
    ("transactions", TRANSACTIONS),
];

/// Amazon, for one application.
#[derive(Clone)]
pub struct Amazon {
    endpoints: Arc<Endpoints>,
    application: Arc<Application>,
    clock: Arc<dyn Clock>,
    buckets: Arc<dyn BucketStore>,
    transport: Transport,
    scratch: Scratch,
    refusals: Refusals,
    process: u64,
}

impl Amazon {
    /// Sets up what all accounts share. `scratch` is a folder for answers under way: it is made if need be, and wants
    /// room for the largest report. [`Kind::Usage`] if the HTTP options can't be used.
    pub fn new(
        endpoints: Endpoints,
        application: Application,
        clock: Arc<dyn Clock>,
        buckets: Arc<dyn BucketStore>,
        http: HttpOptions,
        scratch: &Path,
    ) -> Result<Self> {
        Ok(Self {
            endpoints: Arc::new(endpoints),
            application: Arc::new(application),
            clock,
            buckets,
            transport: Transport::new(http)?,
            scratch: Scratch::open(scratch)?,
            refusals: Refusals::default(),
            process: fastrand::u64(..),
        })
    }

    /// An account's connectors. Ask once per account and keep it: the access tokens and token buckets are in it.
    pub fn account(&self, id: AccountId, grant: Grant) -> Account {
        let sign_in = SignIn::new(
            id.clone(),
            Arc::clone(&self.application),
            grant,
            Arc::clone(&self.endpoints),
            self.transport.clone(),
            Arc::clone(&self.clock),
        );
        let (clock, buckets) = (Arc::clone(&self.clock), Arc::clone(&self.buckets));
        let quota = Quota::new(id.clone(), clock, buckets, self.refusals.clone());
        let caller = Caller {
            account: id,
            clock: Arc::clone(&self.clock),
            transport: self.transport.clone(),
            quota,
            sign_in,
            endpoints: Arc::clone(&self.endpoints),
            skew: Skew::default(),
        };
        Account { caller: Arc::new(caller), scratch: self.scratch.clone(), process: self.process }
    }
}

/// One account. Copies share tokens and buckets.
#[derive(Clone)]
pub struct Account {
    caller: Arc<Caller>,
    scratch: Scratch,
    process: u64,
}

impl Account {
    /// Which it is.
    pub fn id(&self) -> &AccountId {
        &self.caller.account
    }

    /// Whether there is a grant for the Ads API.
    pub fn advertises(&self) -> bool {
        self.caller.sign_in.has_grant(Api::Ads)
    }

    /// Why nothing that comes now can be dated: this machine's clock, beside Amazon's last answer.
    pub fn misled(&self) -> Option<Error> {
        let told = self.caller.skew.told().filter(|_| self.caller.skew.misleads())?;
        let error = Error::permanent(Kind::Usage, format!("this machine's clock is {told}")).at("clock.compare");
        Some(error.with("account", self.id()).hint(synchronise(&told)))
    }

    /// The connector of this name. [`Kind::Declaration`] if there is none.
    pub fn connector(&self, name: &str) -> Result<Arc<dyn Connector>> {
        let (caller, scratch, process) = (Arc::clone(&self.caller), self.scratch.clone(), self.process);
        if let Some((_, listing)) = LISTINGS_BY_NAME.iter().find(|(known, _)| *known == name) {
            return Ok(Arc::new(Paged { caller, scratch, listing }));
        }
        Ok(match name {
            "ads_report" => Arc::new(AdsReport { caller, scratch, process }),
            "data_kiosk" => Arc::new(DataKiosk { caller, scratch, process }),
            "files" => Arc::new(Files),
            "report" => Arc::new(Report { caller, scratch, process }),
            "settlements" => Arc::new(Settlements { caller, scratch }),
            _ => {
                let error = Error::permanent(Kind::Declaration, format!("there is no connector {name:?}"));
                return Err(error.at("connectors.find").hint(format!("one of {}", CONNECTORS.join(", "))));
            }
        })
    }

    /// Takes a token for a call that is made by other means than a connector; if it may be sent only later than in a
    /// minute, takes none and says when. [`Kind::Declaration`] if the operation isn't one of those in use.
    pub async fn admit(&self, operation: &str) -> Result<Option<DateTime<Utc>>> {
        let known = OPERATIONS.iter().find(|known| known.name == operation).ok_or_else(|| {
            Error::permanent(Kind::Declaration, format!("there is no operation {operation:?}")).at("connectors.admit")
        })?;
        match self.caller.quota.take(known).await {
            Ok(_) => Ok(None),
            Err(Stop::Later(later)) => Ok(Some(later.until)),
            Err(Stop::Failed(failure)) => Err(failure.error),
        }
    }

    /// Says what is left in its token buckets to their store: whoever holds the account next may begin at once.
    pub async fn settle(&self) -> Result<()> {
        self.caller.quota.settle().await
    }

    /// Tries the account's grants and roles with a few cheap calls, where one has to be named in one of these marketplaces,
    /// and says what doesn't work and what to do.
    pub async fn check(&self, marketplaces: &[MarketplaceId]) -> Vec<Finding> {
        check::check(&self.caller, marketplaces).await
    }

    /// Tries one documented request per operation, which only the sandbox answers: see [`Endpoints::sandboxed`].
    pub async fn check_sandbox(&self) -> Vec<Finding> {
        sandbox::check(&self.caller).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listing_is_known_by_its_name() {
        assert!(CONNECTORS.is_sorted());
        assert!(LISTINGS_BY_NAME.iter().all(|(name, _)| CONNECTORS.contains(name)));
        assert_eq!(LISTINGS_BY_NAME.len() + 5, CONNECTORS.len());
    }
}
