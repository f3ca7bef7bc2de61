//! Amazon as this installation reaches it: its addresses, its clock, the application's and the sellers' secrets.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use chrono_tz::Tz;
use sellerlake_config::{ClockKind, Settings};
use sellerlake_connectors::{Account, Amazon, Application, Endpoints, Grant, HttpOptions, SteppedClock};
use sellerlake_contracts::{
    AccountId, BucketStore, Clock, Connector, Error, Kind, MarketplaceId, Pace, Pull, Region, Result, Scope, Secret,
    Step, SystemClock,
};
use sellerlake_pipelines::{Connectors, Levels, Workspace};
use sellerlake_state::{AdsProfile, KeyFile, Lease, State, Vault, VaultKey};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use crate::buckets::Unkept;

/// Owner of the application's secrets in the vault, and its name in accounts.
pub(crate) const APPLICATION: &str = "default";

/// Names of secrets in the vault.
pub(crate) mod field {
    pub(crate) const CLIENT_ID: &str = "client_id";
    pub(crate) const CLIENT_SECRET: &str = "client_secret";
    pub(crate) const ADS_CLIENT_ID: &str = "ads_client_id";
    pub(crate) const ADS_CLIENT_SECRET: &str = "ads_client_secret";
    pub(crate) const REFRESH_TOKEN: &str = "refresh_token";
    pub(crate) const ADS_REFRESH_TOKEN: &str = "ads_refresh_token";
}

/// The clock that settings name, and the simulator's own handle on it where it is stepped.
pub(crate) async fn clock(settings: &Settings) -> Result<(Arc<dyn Clock>, Option<SteppedClock>)> {
    match (settings.amazon.clock, settings.amazon.endpoint()) {
        (ClockKind::Stepped, Some(endpoint)) => {
            let clock = SteppedClock::connect(endpoint).await?;
            Ok((Arc::new(clock.clone()), Some(clock)))
        }
        _ => Ok((Arc::new(SystemClock), None)),
    }
}

/// The same for who only looks: a simulator may have ended, and what was pulled from it stands.
pub(crate) async fn clock_to_read(settings: &Settings) -> Result<Arc<dyn Clock>> {
    match clock(settings).await {
        Ok((clock, _)) => Ok(clock),
        Err(error) if error.kind() == Kind::Unreachable => Ok(Arc::new(SystemClock)),
        Err(error) => Err(error),
    }
}

/// Opens the vault with the key from the environment, or else with the key's file.
pub(crate) async fn vault(settings: &Settings, state: &State) -> Result<Vault> {
    match std::env::var("SELLERLAKE_KEY") {
        Ok(key) if !key.is_empty() => Vault::open(state, VaultKey::from_base64(&Secret::new(key))?).await,
        _ => Vault::open_with_file(state, KeyFile::at(&settings.key)).await,
    }
}

/// Secrets by their names in the vault.
pub(crate) type Secrets = BTreeMap<&'static str, Secret>;

/// Where an account sells and advertises, as Amazon says.
pub(crate) struct Presence {
    pub(crate) marketplaces: Vec<MarketplaceId>,
    pub(crate) profiles: Vec<AdsProfile>,
}

/// Hands out connectors of every account of the installation.
pub(crate) struct Gateway {
    settings: Settings,
    state: State,
    /// Opened when it is needed: who wants no secret makes no key.
    vault: OnceCell<Vault>,
    clock: Arc<dyn Clock>,
    stepped: Option<SteppedClock>,
    endpoints: Endpoints,
    scratch: PathBuf,
    levels: Arc<Levels>,
    seats: Mutex<Seats>,
}

#[derive(Default)]
struct Seats {
    amazon: Option<Amazon>,
    accounts: BTreeMap<AccountId, Account>,
}

impl Gateway {
    pub(crate) fn new(workspace: &Workspace, stepped: Option<SteppedClock>) -> Self {
        let settings = &workspace.settings;
        let endpoints = match settings.amazon.endpoint() {
            Some(url) => Endpoints::single(url),
            None if settings.amazon.sandbox => Endpoints::Sandbox,
            None => Endpoints::Amazon,
        };
        Self {
            settings: settings.clone(),
            state: workspace.state.clone(),
            vault: OnceCell::new(),
            clock: Arc::clone(&workspace.clock),
            stepped,
            endpoints,
            levels: Arc::new(Levels::new(workspace.state.clone(), APPLICATION)),
            scratch: workspace.lake.spool_dir().join("answers"),
            seats: Mutex::default(),
        }
    }

    /// The secrets of this installation.
    pub(crate) async fn vault(&self) -> Result<&Vault> {
        self.vault.get_or_try_init(|| vault(&self.settings, &self.state)).await
    }

    /// An account, with the secrets it has now.
    pub(crate) async fn account(&self, id: &AccountId) -> Result<Account> {
        let mut seats = self.seats.lock().await;
        if let Some(account) = seats.accounts.get(id) {
            return Ok(account.clone());
        }
        let kept = Secrets::new();
        let amazon = if let Some(amazon) = &seats.amazon {
            amazon.clone()
        } else {
            seats.amazon.insert(self.amazon(self.endpoints.clone(), self.levels(), &kept).await?).clone()
        };
        let account = amazon.account(id.clone(), self.grant(id, &kept).await?);
        seats.accounts.insert(id.clone(), account.clone());
        Ok(account)
    }

    /// An account with secrets that nobody keeps yet; those that aren't given are the ones it has now.
    pub(crate) async fn trial(&self, id: &AccountId, given: &Secrets) -> Result<Account> {
        let amazon = self.amazon(self.endpoints.clone(), self.levels(), given).await?;
        Ok(amazon.account(id.clone(), self.grant(id, given).await?))
    }

    /// An account at the sandbox, whose quotas are nobody else's.
    pub(crate) async fn sandboxed(&self, id: &AccountId) -> Result<Account> {
        let kept = Secrets::new();
        let amazon = self.amazon(self.endpoints.sandboxed(), Arc::new(Unkept), &kept).await?;
        Ok(amazon.account(id.clone(), self.grant(id, &kept).await?))
    }

    fn levels(&self) -> Arc<dyn BucketStore> {
        Arc::clone(&self.levels) as Arc<dyn BucketStore>
    }

    async fn grant(&self, id: &AccountId, given: &Secrets) -> Result<Grant> {
        let owner = id.to_string();
        let refresh_token = self.secret(&owner, field::REFRESH_TOKEN, given).await?.ok_or_else(|| {
            Error::permanent(Kind::Usage, "the account has no refresh token")
                .at("account.open")
                .with("account", id)
                .hint("add it again: sellerlake account add")
        })?;
        Ok(Grant { refresh_token, ads_refresh_token: self.secret(&owner, field::ADS_REFRESH_TOKEN, given).await? })
    }

    async fn amazon(&self, endpoints: Endpoints, buckets: Arc<dyn BucketStore>, given: &Secrets) -> Result<Amazon> {
        let text = |secret: Option<Secret>| secret.unwrap_or_else(|| Secret::new(""));
        let shared = async |field| self.secret(APPLICATION, field, given).await;
        let client_id = shared(field::CLIENT_ID).await?;
        if client_id.is_none() {
            return Err(Error::permanent(Kind::Usage, "no application is known")
                .at("account.open")
                .hint("`sellerlake account add` asks for its client id and secret"));
        }
        let application = Application {
            client_id: text(client_id).expose().to_owned(),
            client_secret: text(shared(field::CLIENT_SECRET).await?),
            ads_client_id: text(shared(field::ADS_CLIENT_ID).await?).expose().to_owned(),
            ads_client_secret: text(shared(field::ADS_CLIENT_SECRET).await?),
        };
        let http = HttpOptions { stepped: self.stepped.clone(), ..HttpOptions::default() };
        Amazon::new(endpoints, application, Arc::clone(&self.clock), buckets, http, &self.scratch)
    }

    async fn secret(&self, owner: &str, field: &'static str, given: &Secrets) -> Result<Option<Secret>> {
        match given.get(field) {
            Some(secret) => Ok(Some(secret.clone())),
            None => self.vault().await?.get(owner, field).await,
        }
    }

    /// Asks Amazon where the account sells and advertises; without a grant for advertising, nowhere.
    pub(crate) async fn presence(&self, account: &Account) -> Result<Presence> {
        let marketplaces = self.participations(account).await.map_err(|error| elsewhere(account.id(), error))?;
        let profiles = if account.advertises() { self.profiles(account).await? } else { Vec::new() };
        Ok(Presence { marketplaces, profiles })
    }

    async fn participations(&self, account: &Account) -> Result<Vec<MarketplaceId>> {
        let mut marketplaces = Vec::new();
        for page in self.pages(account, "participations").await? {
            let all = page.get("payload").unwrap_or(&page).as_array().cloned().unwrap_or_default();
            for one in all {
                let takes_part = one.pointer("/participation/isParticipating") == Some(&Value::Bool(true));
                let id = one.pointer("/marketplace/id").and_then(Value::as_str).and_then(|id| id.parse().ok());
                marketplaces.extend(id.filter(|_| takes_part));
            }
        }
        Ok(marketplaces)
    }

    async fn profiles(&self, account: &Account) -> Result<Vec<AdsProfile>> {
        let pages = self.pages(account, "ads_profiles").await?;
        let all = pages.into_iter().filter_map(|page| page.as_array().cloned()).flatten();
        let own = all.filter(|one| {
            let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str);
            text("/accountInfo/type") == Some("seller") && text("/accountInfo/id") == Some(account.id().seller.as_str())
        });
        Ok(own.filter_map(|one| profile(&one)).collect())
    }

    /// A short listing, read whole.
    async fn pages(&self, account: &Account, operation: &str) -> Result<Vec<Value>> {
        let connector = account.connector(operation)?;
        let pull = Pull {
            account: account.id().clone(),
            pipeline: operation.to_owned(),
            scope: Scope(account.id().to_string()),
            marketplaces: Vec::new(),
            window: None,
            keys: Vec::new(),
            parameters: BTreeMap::new(),
        };
        let mut checkpoint = None;
        loop {
            match connector.step(&pull, checkpoint.as_ref()).await? {
                Step::Wait { until, checkpoint: reached, .. } => {
                    checkpoint = Some(reached);
                    self.clock.sleep_until(until).await;
                }
                Step::Answer(answer) => return answer.pages.into_iter().map(|page| read(page, operation)).collect(),
                Step::NoData { .. } | Step::Found(_) => return Ok(Vec::new()),
                Step::Fatal { reason, .. } => {
                    return Err(Error::permanent(Kind::Remote, reason).at("account.ask").with("operation", operation));
                }
            }
        }
    }
}

/// A grant opens nothing in another region, which Amazon tells in the same words as a missing role.
fn elsewhere(id: &AccountId, error: Error) -> Error {
    if error.kind() != Kind::Forbidden {
        return error;
    }
    let others: Vec<&str> =
        Region::ALL.iter().map(|region| region.as_str()).filter(|r| *r != id.region.as_str()).collect();
    error.hint(format!(
        "a token opens nothing outside its region: if the seller granted access elsewhere, name that region (--region {}). \
         If {} is right, the application lacks the role \"Selling Partner Insights\": add it, then let the seller authorise \
         again",
        others.join(" or "),
        id.region
    ))
}

fn profile(one: &Value) -> Option<AdsProfile> {
    let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str);
    let zone = text("/timezone").filter(|zone| zone.parse::<Tz>().is_ok()).unwrap_or("UTC");
    Some(AdsProfile {
        id: one.get("profileId").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned))?,
        marketplace: text("/accountInfo/marketplaceStringId")?.parse().ok()?,
        currency: text("/currencyCode").unwrap_or_default().to_owned(),
        time_zone: zone.to_owned(),
    })
}

fn read(mut page: Box<dyn Read + Send>, operation: &str) -> Result<Value> {
    let strange =
        || Error::transient(Kind::Remote, "Amazon's answer isn't JSON").at("account.ask").with("operation", operation);
    let mut text = String::new();
    page.read_to_string(&mut text).map_err(|error| strange().source(error))?;
    serde_json::from_str(&text).map_err(|error| strange().source(error))
}

#[async_trait]
impl Connectors for Gateway {
    async fn connector(&self, account: &AccountId, operation: &str) -> Result<Arc<dyn Connector>> {
        self.account(account).await?.connector(operation)
    }

    async fn hold(&self, account: &AccountId, lease: &Lease) {
        self.levels.hold(account, lease).await;
    }

    async fn release(&self, account: &AccountId) -> Result<()> {
        let seat = self.seats.lock().await.accounts.get(account).cloned();
        let settled = match seat {
            Some(seat) => seat.settle().await,
            None => Ok(()),
        };
        self.levels.release(account).await;
        settled
    }

    fn pace(&self, operation: &str) -> Option<Pace> {
        sellerlake_connectors::pace(operation)
    }

    async fn misled(&self, account: &AccountId) -> Option<Error> {
        // A stepped clock jumps while answers are on their way.
        if self.stepped.is_some() {
            return None;
        }
        self.seats.lock().await.accounts.get(account).and_then(Account::misled)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn pipelines_may_name_what_connectors_offer() {
        assert_eq!(sellerlake_connectors::CONNECTORS, sellerlake_pipelines::OPERATIONS);
    }
}
