//! What has been granted: applications, codes, refresh and access tokens.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use super::accounts;
use crate::server::{chance, held};

/// A consent's code lives so long, and is good once (amazon.md: Consent).
const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// Access tokens and restricted data tokens live so long (amazon.md: Login with Amazon; Restricted data).
pub const ACCESS_LIFETIME: TimeDelta = TimeDelta::hours(1);
/// An old secret works so long after its rotation (amazon.md: Client secrets).
const SECRET_GRACE: TimeDelta = TimeDelta::days(7);
/// A revoked grant that nobody restores comes back by itself after so long.
const REVOKED_FOR: TimeDelta = TimeDelta::hours(1);

/// A registered client.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its LWA client id.
    pub client_id: String,
    /// Its secrets and their ends, newest last.
    pub secrets: Vec<(String, DateTime<Utc>)>,
    /// Whether it is for the Ads API.
    pub is_ads: bool,
}

impl Application {
    /// The secret that was made last.
    pub fn newest_secret(&self) -> String {
        self.secrets.last().map(|(secret, _)| secret.clone()).unwrap_or_default()
    }

    /// `sp` or `ads`.
    pub fn api(&self) -> &'static str {
        if self.is_ads { "ads" } else { "sp" }
    }
}

/// What an access token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A seller who granted access to the Selling Partner API.
    Seller,
    /// The application itself, with a scope.
    Scope(String),
    /// A seller's restricted data: method and path of each resource.
    Restricted(Vec<(String, String)>),
    /// A seller who granted access to the Ads API.
    Advertiser,
}

/// An access token's meaning.
#[derive(Clone, Debug)]
pub struct Access {
    /// The application it was given to.
    pub client_id: String,
    /// The seller; empty for scopes.
    pub seller: String,
    /// What it opens.
    pub subject: Subject,
    /// When it ends.
    pub expires: DateTime<Utc>,
}

/// Who makes a call.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The selling partner id; empty for grantless calls.
    pub seller: String,
    /// The LWA client id.
    pub client_id: String,
    /// What the token stands for.
    pub subject: Subject,
}

/// The ledger of grants.
pub struct SignIn {
    seed: u64,
    state: Mutex<State>,
}

struct State {
    applications: [Application; 2],
    /// Refresh token → (seller, is for Ads).
    grants: HashMap<String, (String, bool)>,
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    /// Seller → when its revoked grant comes back.
    revoked: HashMap<String, DateTime<Utc>>,
    issued: u64,
}

struct Code {
    seller: String,
    redirect_uri: String,
    expires: DateTime<Utc>,
}

impl SignIn {
    /// The ledger at the start: two applications, a grant per seller and API.
    pub fn new<'a>(seed: u64, start: DateTime<Utc>, sellers: impl Iterator<Item = &'a str>) -> Self {
        let grants = sellers.flat_map(|seller| {
            let grant = |api: &str, is_ads| (accounts::refresh_token(seed, api, seller), (seller.to_owned(), is_ads));
            [grant("sp", false), grant("ads", true)]
        });
        let state = State {
            applications: accounts::applications(seed, start),
            grants: grants.collect(),
            codes: HashMap::new(),
            access: HashMap::new(),
            revoked: HashMap::new(),
            issued: 0,
        };
        Self { seed, state: Mutex::new(state) }
    }

    /// The applications: Selling Partner, Ads.
    pub fn applications(&self) -> [Application; 2] {
        held(&self.state).applications.clone()
    }

    /// The application of these credentials, if they are right and the secret hasn't ended.
    pub fn authenticate(&self, client_id: &str, secret: &str, now: DateTime<Utc>) -> Option<Application> {
        let state = held(&self.state);
        let application = state.applications.iter().find(|application| application.client_id == client_id)?;
        let good = application.secrets.iter().any(|(known, end)| known == secret && now < *end);
        good.then(|| application.clone())
    }

    /// Makes a new secret for the Selling Partner application; the old ones end after their grace. Returns the new
    /// secret, its end, and the end of the old one.
    pub fn rotate(&self, now: DateTime<Utc>) -> (String, DateTime<Utc>, DateTime<Utc>) {
        let mut state = held(&self.state);
        let application = &mut state.applications[0];
        let old_end = now + SECRET_GRACE;
        for (_, end) in &mut application.secrets {
            *end = (*end).min(old_end);
        }
        let secret = accounts::secret(self.seed, "sp", application.secrets.len());
        let end = now + accounts::SECRET_LIFETIME;
        application.secrets.push((secret.clone(), end));
        (secret, end, old_end)
    }

    /// A consent page's code for `seller`.
    pub fn consent(&self, seller: &str, redirect_uri: &str, now: DateTime<Utc>) -> String {
        let mut state = held(&self.state);
        let number = state.next();
        let code = chance::letters(self.seed, &["code", &number], accounts::TOKEN_LETTERS, 20);
        let entry =
            Code { seller: seller.to_owned(), redirect_uri: redirect_uri.to_owned(), expires: now + CODE_LIFETIME };
        state.codes.insert(code.clone(), entry);
        // A seller who consents has granted again.
        state.revoked.remove(seller);
        code
    }

    /// Uses a code up; the seller it stands for, if it was good.
    pub fn redeem(&self, code: &str, redirect_uri: &str, now: DateTime<Utc>) -> Option<String> {
        let code = held(&self.state).codes.remove(code)?;
        (code.redirect_uri == redirect_uri && now < code.expires).then_some(code.seller)
    }

    /// The seller of a refresh token, if the token is this application's and the grant stands.
    pub fn granted(&self, refresh_token: &str, application: &Application, now: DateTime<Utc>) -> Option<String> {
        let state = held(&self.state);
        let (seller, is_ads) = state.grants.get(refresh_token)?;
        (*is_ads == application.is_ads && !state.is_revoked(seller, now)).then(|| seller.clone())
    }

    /// The seller named in a refresh token, whatever its standing.
    pub fn owner(&self, refresh_token: &str) -> Option<String> {
        held(&self.state).grants.get(refresh_token).map(|(seller, _)| seller.clone())
    }

    /// Takes a seller's grants back for a while.
    pub fn revoke(&self, seller: &str, now: DateTime<Utc>) {
        held(&self.state).revoked.insert(seller.to_owned(), now + REVOKED_FOR);
    }

    /// Gives a seller's grants back at once.
    pub fn restore(&self, seller: &str) {
        held(&self.state).revoked.remove(seller);
    }

    /// A new access token.
    pub fn issue(&self, client_id: &str, seller: &str, subject: Subject, now: DateTime<Utc>) -> String {
        let mut state = held(&self.state);
        let number = state.next();
        let prefix = if matches!(subject, Subject::Restricted(_)) { "Atz.sprdt" } else { "Atza" };
        let token =
            format!("{prefix}|{}", chance::letters(self.seed, &["access", &number], accounts::TOKEN_LETTERS, 300));
        let expires = now + ACCESS_LIFETIME;
        let (client_id, seller) = (client_id.to_owned(), seller.to_owned());
        state.access.insert(token.clone(), Access { client_id, seller, subject, expires });
        token
    }

    /// What an access token stands for; `None` if it never was one or its grant was revoked.
    pub fn access(&self, token: &str, now: DateTime<Utc>) -> Option<Access> {
        let state = held(&self.state);
        state.access.get(token).filter(|access| !state.is_revoked(&access.seller, now)).cloned()
    }
}

impl State {
    fn is_revoked(&self, seller: &str, now: DateTime<Utc>) -> bool {
        self.revoked.get(seller).is_some_and(|back| now < *back)
    }

    fn next(&mut self) -> String {
        self.issued += 1;
        self.issued.to_string()
    }
}
