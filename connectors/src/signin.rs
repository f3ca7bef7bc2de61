//! Login with Amazon: access tokens out of refresh tokens (amazon.md: Login with Amazon).

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderMap;
use sellerlake_contracts::{AccountId, Clock, Error, Kind, Secret};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::credentials::{Application, Grant};
use crate::endpoints::Endpoints;
use crate::failure::{CallFault, Failure, Stop, reauthorise};
use crate::operation::{Api, Method};
use crate::quota::span;
use crate::retry::Tries;
use crate::transport::{Arrived, Transport, named, plain};

/// A token is replaced this long before it ends.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

#[derive(Debug, Clone)]
struct Token {
    text: Secret,
    given_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

/// An access token and how old it is.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub token: Secret,
    pub age: TimeDelta,
}

/// The sign-in of one account: one token per grant, refreshed by one caller while the others wait for it.
pub(crate) struct SignIn {
    account: AccountId,
    application: Arc<Application>,
    grant: Grant,
    endpoints: Arc<Endpoints>,
    transport: Transport,
    clock: Arc<dyn Clock>,
    selling: Mutex<Option<Token>>,
    ads: Mutex<Option<Token>>,
}

impl SignIn {
    pub(crate) fn new(
        account: AccountId,
        application: Arc<Application>,
        grant: Grant,
        endpoints: Arc<Endpoints>,
        transport: Transport,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (selling, ads) = (Mutex::default(), Mutex::default());
        Self { account, application, grant, endpoints, transport, clock, selling, ads }
    }

    /// The LWA client id of an API's application.
    pub(crate) fn client_id(&self, api: Api) -> &str {
        match api {
            Api::Selling => &self.application.client_id,
            Api::Ads => &self.application.ads_client_id,
        }
    }

    /// Whether the seller granted access to an API.
    pub(crate) fn has_grant(&self, api: Api) -> bool {
        match api {
            Api::Selling => !self.grant.refresh_token.is_empty(),
            Api::Ads => self.grant.ads_refresh_token.as_ref().is_some_and(|token| !token.is_empty()),
        }
    }

    /// An access token that is good for a while yet.
    pub(crate) async fn access(&self, api: Api) -> Result<Access, Stop> {
        let mut cached = self.cache(api).lock().await;
        let now = self.clock.now();
        let aged = |token: &Token| Access { token: token.text.clone(), age: now - token.given_at };
        if let Some(token) = cached.as_ref().filter(|token| now < token.ends_at - AHEAD) {
            return Ok(aged(token));
        }
        match self.refresh(api).await {
            Ok(token) => Ok(aged(cached.insert(token))),
            Err(Stop::Failed(failure)) if failure.error.may_pass() => {
                // The old one is still good for its last minutes.
                let still = cached.as_ref().filter(|token| now < token.ends_at).map(aged);
                still.ok_or(Stop::Failed(failure))
            }
            Err(stop) => Err(stop),
        }
    }

    /// Drops a token Amazon refused, unless somebody has already replaced it.
    pub(crate) async fn forget(&self, api: Api, refused: &Secret) {
        let mut cached = self.cache(api).lock().await;
        if cached.as_ref().is_some_and(|token| token.text == *refused) {
            *cached = None;
        }
    }

    fn cache(&self, api: Api) -> &Mutex<Option<Token>> {
        match api {
            Api::Selling => &self.selling,
            Api::Ads => &self.ads,
        }
    }

    async fn refresh(&self, api: Api) -> Result<Token, Stop> {
        let form = self.form(api)?;
        let mut tries = Tries::default();
        loop {
            let failure = match self.exchange(api, &form).await {
                Err(Stop::Failed(failure)) => failure,
                other => return other,
            };
            let Some(delay) = tries.after(&failure, false, fastrand::f64()) else {
                let error = failure.error.with("account", &self.account).with("attempts", tries.made()).spent();
                return Err(error.into());
            };
            tracing::warn!(account = %self.account, error = %failure.error, ?delay, "signing in again");
            let now = self.clock.now();
            self.clock.sleep_until(now + span(delay)).await;
        }
    }

    fn form(&self, api: Api) -> Result<String, Error> {
        let application = &self.application;
        let (id, secret, refresh) = match api {
            Api::Selling => (&application.client_id, &application.client_secret, Some(&self.grant.refresh_token)),
            Api::Ads => {
                (&application.ads_client_id, &application.ads_client_secret, self.grant.ads_refresh_token.as_ref())
            }
        };
        let refresh = refresh.filter(|token| !token.is_empty()).ok_or_else(|| {
            Error::permanent(refused(api), "there is no grant for this API")
                .at("lwa.refresh")
                .with("api", if api == Api::Ads { "Ads" } else { "Selling Partner" })
                .with("account", &self.account)
                .hint("let the seller grant access and store the refresh token; Ads needs a grant of its own")
        })?;
        Ok(url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", refresh.expose())
            .append_pair("client_id", id)
            .append_pair("client_secret", secret.expose())
            .finish())
    }

    async fn exchange(&self, api: Api, form: &str) -> Result<Token, Stop> {
        let mut headers = HeaderMap::new();
        headers.insert(named("content-type"), plain("application/x-www-form-urlencoded;charset=UTF-8")?);
        headers.insert(named("accept"), plain("application/json")?);
        let url = self.endpoints.sign_in(api, self.account.region);
        let given_at = self.clock.now();
        let arrived = self.transport.send(Method::Post, &url, headers, Some(form.to_owned())).await?;
        let json: Option<Value> = serde_json::from_slice(&arrived.body).ok();
        let field = |name: &str| json.as_ref()?.get(name);
        let text = field("access_token").and_then(Value::as_str).filter(|_| arrived.status == 200);
        if let Some(text) = text {
            let seconds = field("expires_in").and_then(Value::as_i64).unwrap_or(3600);
            return Ok(Token { text: Secret::new(text), given_at, ends_at: given_at + TimeDelta::seconds(seconds) });
        }
        let words = |name| field(name).and_then(Value::as_str).unwrap_or_default();
        Err(refusal(&self.account, api, &arrived, words("error"), words("error_description")))
    }
}

/// What it means not to be signed in. Advertising is a grant of its own: without it the seller's other data still comes.
fn refused(api: Api) -> Kind {
    match api {
        Api::Selling => Kind::Unauthorized,
        Api::Ads => Kind::Forbidden,
    }
}

/// LWA's table of errors (amazon.md: Login with Amazon), with what to do about each.
fn refusal(account: &AccountId, api: Api, arrived: &Arrived, code: &str, words: &str) -> Stop {
    let name = if api == Api::Ads { "the Ads API" } else { "the Selling Partner API" };
    let (fault, message, hint) = match (arrived.status, code) {
        (_, "invalid_grant") => (
            CallFault::Invalid,
            format!("Amazon no longer accepts the grant of account {account} for {name}"),
            Some(format!(
                "{}. It ends when the seller revokes it, after a year without renewal, and works only in its own region \
                 and with the application it was given to",
                reauthorise(account)
            )),
        ),
        (401, _) | (_, "invalid_client") => (
            CallFault::Invalid,
            format!("Amazon doesn't accept the application's client id and secret for {name}"),
            Some("client secrets end after 180 days: make a new one in the developer console and store it".to_owned()),
        ),
        (429, _) => (CallFault::Throttled, "Login with Amazon wants us to slow down".to_owned(), None),
        (200 | 500.., _) | (_, "server_error" | "temporarily_unavailable") => {
            (CallFault::Unavailable, "Login with Amazon gave no token".to_owned(), None)
        }
        _ => (
            CallFault::Invalid,
            format!("Login with Amazon refuses how account {account} signs in to {name}"),
            Some("check client id, client secret and refresh token: they belong together".to_owned()),
        ),
    };
    let error = match fault {
        CallFault::Invalid => Error::permanent(refused(api), message),
        _ => fault.error(message),
    };
    let mut error = error.at("lwa.refresh").with("status", arrived.status);
    for (key, value) in [("code", code), ("description", words)] {
        if !value.is_empty() {
            error = error.with(key, value);
        }
    }
    if let Some(id) = arrived.request_id() {
        error = error.with("request id", id);
    }
    let error = match hint {
        Some(hint) => error.hint(hint),
        None => error,
    };
    Stop::Failed(Box::new(Failure { fault, text: code.to_owned(), hint: None, error }))
}
