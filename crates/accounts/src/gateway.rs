//! The way to Amazon: connectors of every account, with the secrets it has now.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use sellerlake_config::Settings;
use sellerlake_connectors::{Amazon, AmazonAccount, Application, Endpoints, Grant, HttpOptions, SteppedClock};
use sellerlake_contracts::{AccountId, BucketStore, Clock, Connector, Error, Kind, Result, Secret};
use sellerlake_pipelines::{Connectors, Levels, Workspace};
use sellerlake_state::{Lease, State, Vault};
use tokio::sync::{Mutex, OnceCell};

use crate::secrets::{APPLICATION, Secrets, field, vault};
use crate::unkept::Unkept;

/// Hands out connectors of every account of the installation.
pub struct Gateway {
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
    accounts: BTreeMap<AccountId, AmazonAccount>,
}

impl Gateway {
    /// `stepped` is the simulator's clock, where it is the one that counts.
    pub(crate) fn new(workspace: &Workspace, stepped: Option<SteppedClock>) -> Self {
        let settings = workspace.settings();
        let endpoints = match settings.amazon.endpoint() {
            Some(url) => Endpoints::single(url),
            None if settings.amazon.sandbox => Endpoints::Sandbox,
            None => Endpoints::Amazon,
        };
        Self {
            settings: settings.clone(),
            state: workspace.state().clone(),
            vault: OnceCell::new(),
            clock: Arc::clone(workspace.clock()),
            stepped,
            endpoints,
            levels: Arc::new(Levels::new(workspace.state().clone(), APPLICATION)),
            scratch: workspace.lake().spool_dir().join("answers"),
            seats: Mutex::default(),
        }
    }

    /// The secrets of this installation.
    pub async fn vault(&self) -> Result<&Vault> {
        self.vault.get_or_try_init(|| vault(&self.settings, &self.state)).await
    }

    /// An account, with the secrets it has now.
    pub async fn account(&self, id: &AccountId) -> Result<AmazonAccount> {
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
    pub async fn trial(&self, id: &AccountId, given: &Secrets) -> Result<AmazonAccount> {
        let amazon = self.amazon(self.endpoints.clone(), self.levels(), given).await?;
        Ok(amazon.account(id.clone(), self.grant(id, given).await?))
    }

    /// An account at the sandbox, whose quotas are nobody else's.
    pub async fn sandboxed(&self, id: &AccountId) -> Result<AmazonAccount> {
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
        let http = self.stepped.as_ref().map_or_else(HttpOptions::default, SteppedClock::http);
        Amazon::new(endpoints, application, Arc::clone(&self.clock), buckets, http, &self.scratch)
    }

    async fn secret(&self, owner: &str, field: &'static str, given: &Secrets) -> Result<Option<Secret>> {
        match given.get(field) {
            Some(secret) => Ok(Some(secret.clone())),
            None => self.vault().await?.get(owner, field).await,
        }
    }
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

    async fn misled(&self, account: &AccountId) -> Option<Error> {
        // A stepped clock jumps while answers are on their way.
        if self.stepped.is_some() {
            return None;
        }
        self.seats.lock().await.accounts.get(account).and_then(AmazonAccount::misled)
    }
}
