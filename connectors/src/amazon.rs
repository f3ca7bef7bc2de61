//! What the rest of sellerlake holds: Amazon, its accounts, their connectors.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sellerlake_contracts::{
    AccountId, BucketStore, Clock, Connector, ConnectorFacts, Error, Kind, MarketplaceId, Result,
};

use crate::ads::report::AdsReport;
use crate::call::Caller;
use crate::check::{self, CheckFinding};
use crate::credentials::{Application, Grant};
use crate::endpoints::Endpoints;
use crate::failure::Stop;
use crate::files::FilesConnector;
use crate::long::{Long, LongRequest};
use crate::operation::Api;
use crate::paging::Paged;
use crate::quota::{Quota, Refusals};
use crate::sandbox;
use crate::scratch::Scratch;
use crate::signin::SignIn;
use crate::skew::{Skew, synchronise};
use crate::spapi::kiosk::DataKiosk;
use crate::spapi::report::Report;
use crate::spapi::settlements::Settlements;
use crate::table::{self, TABLE, Way};
use crate::transport::{HttpOptions, Transport};

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
    pub fn account(&self, id: AccountId, grant: Grant) -> AmazonAccount {
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
        AmazonAccount { caller: Arc::new(caller), scratch: self.scratch.clone(), process: self.process }
    }
}

/// One account. Copies share tokens and buckets.
#[derive(Clone)]
pub struct AmazonAccount {
    caller: Arc<Caller>,
    scratch: Scratch,
    process: u64,
}

impl AmazonAccount {
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
        let (caller, scratch) = (Arc::clone(&self.caller), self.scratch.clone());
        let row = table::row(name).ok_or_else(|| {
            let known: Vec<&str> = TABLE.iter().map(|row| row.facts.name).collect();
            Error::permanent(Kind::Declaration, format!("there is no connector {name:?}"))
                .at("connectors.find")
                .hint(format!("one of {}", known.join(", ")))
        })?;
        let ConnectorFacts { lag, cooldown, .. } = row.facts;
        Ok(match row.way {
            Way::Paged(listing) => Arc::new(Paged { caller, scratch, listing, lag }),
            Way::Report => self.long(Report { caller, scratch, cooldown }),
            Way::DataKiosk => self.long(DataKiosk { caller, scratch, cooldown }),
            Way::AdsReport => self.long(AdsReport { caller, scratch, cooldown }),
            Way::Settlements => Arc::new(Settlements { caller, scratch }),
            Way::Files => Arc::new(FilesConnector),
        })
    }

    fn long(&self, kind: impl Long + 'static) -> Arc<dyn Connector> {
        Arc::new(LongRequest { kind, caller: Arc::clone(&self.caller), process: self.process })
    }

    /// Takes a token for a call that is made by other means than a connector; if it may be sent only later than in a
    /// minute, takes none and says when. [`Kind::Declaration`] if the operation isn't one of those in use.
    pub async fn admit(&self, operation: &str) -> Result<Option<DateTime<Utc>>> {
        let known = table::operation(operation).ok_or_else(|| {
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
    pub async fn check(&self, marketplaces: &[MarketplaceId]) -> Vec<CheckFinding> {
        check::check(&self.caller, marketplaces).await
    }

    /// Tries one documented request per operation, which only the sandbox answers: see [`Endpoints::sandboxed`].
    pub async fn check_sandbox(&self) -> Vec<CheckFinding> {
        sandbox::check(&self.caller).await
    }
}
