//! A small client and a small world for the other tests.

use std::io::Read;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_simulator::faults::{FaultPlan, Kind, Scripted};
use sellerlake_simulator::world::Profile;
use sellerlake_simulator::{Account, Clock, Options, Running, Simulator};
use serde_json::{Value, json};

pub const ALL_ORDERS: &str = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL";
pub const INVENTORY: &str = "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA";

/// A day after the last order of the small world.
pub fn start() -> DateTime<Utc> {
    "2026-11-02T12:00:00Z".parse().unwrap()
}

pub fn options() -> Options {
    let mut options = Options::new(Profile::chaos(11));
    options.clock = Clock::stepped(start());
    options
}

pub fn script(lines: &[(Kind, &str)]) -> FaultPlan {
    let line = |(kind, operation): &(Kind, &str)| Scripted {
        kind: *kind,
        operation: (*operation).to_owned(),
        seller: None,
        nth: 1,
        times: 1,
    };
    FaultPlan { script: lines.iter().map(line).collect(), seeded: None }
}

/// What came back.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The first error's code and details.
    pub fn error(&self) -> (u16, String, String) {
        let error = self.json()["errors"][0].clone();
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (self.status, text("code"), text("details"))
    }
}

/// A seller's client.
pub struct Client {
    pub simulator: Running,
    pub account: Account,
    pub token: String,
    http: reqwest::Client,
}

impl Client {
    /// Starts a simulator and signs in as its first seller.
    pub async fn start(options: Options) -> Self {
        let simulator = Simulator::start(options).unwrap();
        let account = simulator.accounts().remove(0);
        let http = reqwest::Client::new();
        let mut client = Self { simulator, account, token: String::new(), http };
        client.sign_in().await;
        client
    }

    pub async fn sign_in(&mut self) {
        let got = self.lwa(&self.refresh()).await;
        self.token = got.json()["access_token"].as_str().map(str::to_owned).unwrap_or_default();
    }

    pub fn refresh(&self) -> Vec<(&'static str, String)> {
        vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", self.account.refresh_token.clone()),
            ("client_id", self.account.client_id.clone()),
            ("client_secret", self.account.client_secret.clone()),
        ]
    }

    pub async fn lwa(&self, form: &[(&str, String)]) -> Got {
        got(self.http.post(&self.account.token_url).form(form)).await.unwrap()
    }

    /// The body of a refresh that may go wrong in any way; empty if the connection did.
    pub async fn try_lwa(&self) -> Vec<u8> {
        got(self.http.post(&self.account.token_url).form(&self.refresh())).await.map(|got| got.body).unwrap_or_default()
    }

    /// A token for grantless operations.
    pub async fn grantless(&self, scope: &str) -> String {
        let mut form = self.refresh();
        form[0].1 = "client_credentials".to_owned();
        form[1] = ("scope", scope.to_owned());
        self.lwa(&form).await.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.account.endpoint)
    }

    pub fn request(&self, method: &str, url: &str, token: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method.parse().unwrap(), url);
        if token.is_empty() { request } else { request.header("x-amz-access-token", token) }
    }

    /// Calls the Selling Partner API; fails only where the connection does.
    pub async fn attempt(&self, method: &str, path: &str, body: Option<Value>) -> reqwest::Result<Got> {
        let request = self.request(method, &self.url(path), &self.token);
        got(match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Got {
        self.attempt("GET", path, None).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Got {
        self.attempt("POST", path, Some(body)).await.unwrap()
    }

    pub async fn delete(&self, path: &str) -> Got {
        self.attempt("DELETE", path, None).await.unwrap()
    }

    /// Fetches any address without a token.
    pub async fn fetch(&self, url: &str) -> Got {
        self.try_fetch(url).await.unwrap()
    }

    pub async fn try_fetch(&self, url: &str) -> reqwest::Result<Got> {
        got(self.http.get(url)).await
    }

    pub async fn control(&self, method: &str, path: &str, body: Value) -> Got {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.simulator.url()));
        got(request.body(body.to_string())).await.unwrap()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.simulator.clock().now()
    }

    pub fn pass(&self, time: TimeDelta) {
        self.simulator.clock().sleep_until(self.now() + time);
    }

    pub fn marketplace(&self) -> &str {
        &self.account.marketplaces[0].id
    }

    /// Follows another plan from here on.
    pub fn follow(&self, plan: FaultPlan) {
        self.simulator.amazon().faults.follow(plan);
    }

    /// How often a kind has struck.
    pub fn fired(&self, kind: Kind) -> u64 {
        self.simulator.amazon().faults.fired().get(&kind).map_or(0, |operations| operations.values().sum())
    }

    /// The request of an all-orders report of the last 20 days.
    pub fn orders_request(&self) -> Value {
        json!({
            "reportType": ALL_ORDERS,
            "marketplaceIds": [self.marketplace()],
            "dataStartTime": start() - TimeDelta::days(20),
            "dataEndTime": start(),
        })
    }

    pub async fn create(&self, request: Value) -> String {
        let got = self.post("/reports/2021-06-30/reports", request).await;
        assert_eq!(got.status, 202, "{}", String::from_utf8_lossy(&got.body));
        got.json()["reportId"].as_str().unwrap().to_owned()
    }

    pub async fn report(&self, id: &str) -> Value {
        self.get(&format!("/reports/2021-06-30/reports/{id}")).await.json()
    }

    /// The address of a report's document.
    pub async fn document_url(&self, report: &Value) -> String {
        let id = report["reportDocumentId"].as_str().unwrap_or_else(|| panic!("no document: {report}"));
        self.get(&format!("/reports/2021-06-30/documents/{id}")).await.json()["url"].as_str().unwrap().to_owned()
    }
}

/// An Ads client over the same simulator.
impl Client {
    pub async fn ads_token(&self) -> String {
        let ads = self.account.ads.clone().unwrap();
        let form = [
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", ads.refresh_token),
            ("client_id", ads.client_id),
            ("client_secret", ads.client_secret),
        ];
        self.lwa(&form).await.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn ads(&self, method: &str, path: &str, token: &str, media: &str, body: Value) -> Got {
        let ads = self.account.ads.clone().unwrap();
        let request = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", ads.endpoint))
            .header("authorization", format!("Bearer {token}"))
            .header("amazon-advertising-api-clientid", ads.client_id)
            .header("amazon-advertising-api-scope", &ads.profiles[0])
            .header("content-type", media);
        got(if body.is_null() { request } else { request.body(body.to_string()) }).await.unwrap()
    }
}

pub async fn got(request: reqwest::RequestBuilder) -> reqwest::Result<Got> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Got { status, headers, body: response.bytes().await?.to_vec() })
}

pub fn gunzip(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut plain)?;
    Ok(plain)
}
