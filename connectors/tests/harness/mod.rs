//! A simulator, a clock that is its, and an account of ours in it.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::read::MultiGzDecoder;
use sellerlake_connectors::{Amazon, AmazonAccount, Application, Endpoints, Grant, HttpOptions, SteppedClock};
use sellerlake_contracts::{
    AccountId, AmazonAnswer, BucketLevel, BucketStore, Clock as _, Connector, Request, Result, Scope, Secret,
    SharedBucket, Step, Window,
};
use sellerlake_simulator::world::Profile;
use sellerlake_simulator::{Clock, FaultPlan, Options, Running, Simulator};
use serde_json::Value;

/// The world ends on 1 November 2026; this is a few days later, when everything has been published.
pub fn start() -> DateTime<Utc> {
    at("2026-11-06T06:00:00Z")
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Token buckets in memory.
#[derive(Default)]
pub struct Levels(Mutex<BTreeMap<String, BucketLevel>>, Mutex<BTreeMap<&'static str, (f64, DateTime<Utc>)>>);

impl Levels {
    pub fn of(&self, operation: &str) -> Option<BucketLevel> {
        self.0.lock().unwrap().get(operation).cloned()
    }
}

#[async_trait]
impl BucketStore for Levels {
    async fn load(&self, _account: &AccountId) -> Result<Vec<BucketLevel>> {
        Ok(self.0.lock().unwrap().values().cloned().collect())
    }

    async fn save(&self, _account: &AccountId, levels: &[BucketLevel]) -> Result<()> {
        let mut kept = self.0.lock().unwrap();
        kept.extend(levels.iter().map(|level| (level.operation.clone(), level.clone())));
        Ok(())
    }

    async fn settle(&self, account: &AccountId, levels: &[BucketLevel]) -> Result<()> {
        self.save(account, levels).await
    }

    async fn spend(&self, bucket: &SharedBucket, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let mut shared = self.1.lock().unwrap();
        let (tokens, at) = shared.entry(bucket.operation).or_insert((bucket.burst, now));
        let seconds = (now - *at).num_milliseconds() as f64 / 1000.0;
        (*tokens, *at) = ((*tokens + seconds * bucket.rate).min(bucket.burst), now);
        if *tokens >= 1.0 {
            *tokens -= 1.0;
            return Ok(None);
        }
        Ok(Some(now + TimeDelta::milliseconds(((1.0 - *tokens) / bucket.rate * 1000.0).ceil() as i64)))
    }

    async fn drain(&self, bucket: &SharedBucket, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<()> {
        let seconds = (until - now).num_milliseconds() as f64 / 1000.0;
        self.1.lock().unwrap().insert(bucket.operation, (1.0 - seconds * bucket.rate, now));
        Ok(())
    }
}

/// One simulated Amazon, and ours that talks to it.
pub struct Peer {
    pub running: Running,
    pub clock: SteppedClock,
    pub levels: Arc<Levels>,
    pub amazon: Amazon,
    folder: tempfile::TempDir,
}

/// How the last step of a request ended, and what it took.
pub struct Outcome {
    pub step: Step,
    pub waits: usize,
}

impl Peer {
    /// A small world: two sellers, three weeks, some three hundred orders each.
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut profile = Profile::chaos(11);
        for seller in &mut profile.sellers {
            seller.orders_per_day = 14.0;
        }
        let mut options = Options::new(profile);
        options.clock = Clock::stepped(start());
        change(&mut options);
        let running = Simulator::start(options).unwrap();
        let clock = SteppedClock::connect(running.url()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let levels = Arc::new(Levels::default());
        let amazon = amazon(&running, &clock, &levels, folder.path());
        Self { running, clock, levels, amazon, folder }
    }

    /// What a restarted process has: the same stores, nothing in memory.
    pub fn restarted(&self) -> Amazon {
        amazon(&self.running, &self.clock, &self.levels, self.folder.path())
    }

    /// Loses one file of what waits to be whole.
    pub fn lose_a_file(&self) {
        let mut files = std::fs::read_dir(self.folder.path()).unwrap();
        std::fs::remove_file(files.next().unwrap().unwrap().path()).unwrap();
    }

    /// Takes all tokens of an operation, and as many more as refill in `minutes`.
    pub async fn drain(&self, operation: &str, minutes: i64) {
        let (operation, updated_at) = (operation.to_owned(), self.now());
        let tokens = -(minutes as f64);
        let level = BucketLevel { operation, tokens, rate: 1.0 / 60.0, burst: 15.0, updated_at };
        self.levels.save(&self.id(0), &[level]).await.unwrap();
    }

    /// Follows a script of faults: `kind@operation`, or `kind@operation*times`.
    pub fn faults(&self, script: &[&str]) {
        let line = |text: &&str| {
            let (kind, rest) = text.split_once('@').unwrap();
            let (operation, times) =
                rest.split_once('x').map_or((rest, 1), |(name, times)| (name, times.parse().unwrap()));
            serde_json::json!({ "kind": kind, "operation": operation, "times": times })
        };
        let script: Vec<Value> = script.iter().map(line).collect();
        let plan: FaultPlan = serde_json::from_value(serde_json::json!({ "script": script })).unwrap();
        self.running.amazon().faults.follow(plan);
    }

    /// Faults that struck.
    pub fn struck(&self) -> u64 {
        self.running.amazon().faults.fired().values().flat_map(BTreeMap::values).sum()
    }

    /// Answers with this status to this operation.
    pub fn answered(&self, operation: &str, status: u16) -> u64 {
        let counts = self.running.amazon().calls.counts();
        counts.get(operation).and_then(|ended| ended.get(&status)).copied().unwrap_or_default()
    }

    /// All answers with this status.
    pub fn answered_anywhere(&self, status: u16) -> u64 {
        self.running.amazon().calls.counts().values().filter_map(|ended| ended.get(&status)).sum()
    }

    /// The account of the `index`th seller.
    pub fn account(&self, index: usize) -> AmazonAccount {
        self.account_in(&self.amazon, index)
    }

    pub fn account_in(&self, amazon: &Amazon, index: usize) -> AmazonAccount {
        let known = &self.running.accounts()[index];
        let ads = known.ads.as_ref().map(|ads| Secret::new(&*ads.refresh_token));
        let grant = Grant { refresh_token: Secret::new(&*known.refresh_token), ads_refresh_token: ads };
        amazon.account(self.id(index), grant)
    }

    pub fn id(&self, index: usize) -> AccountId {
        let known = &self.running.accounts()[index];
        format!("{}-{}", known.seller_id, known.region).parse().unwrap()
    }

    pub fn profile(&self, index: usize) -> String {
        self.running.accounts()[index].ads.as_ref().unwrap().profiles[0].clone()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A request of the first seller, over October, of all its marketplaces.
    pub fn request(&self, parameters: &[(&str, &str)]) -> Request {
        let account = self.id(0);
        let known = self.running.accounts();
        let marketplaces = known[0].marketplaces.iter().map(|market| market.id.parse().unwrap());
        Request {
            scope: Scope(account.to_string()),
            account,
            pipeline: "test".to_owned(),
            marketplaces: marketplaces.collect(),
            window: Some(october()),
            keys: Vec::new(),
            parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    /// The same, of one marketplace and of now.
    pub fn snapshot(&self, parameters: &[(&str, &str)]) -> Request {
        let mut request = self.request(parameters);
        request.marketplaces.truncate(1);
        request.window = None;
        request
    }

    /// Steps until there is something else than waiting; waits pass on the simulator's clock.
    pub async fn drive(&self, connector: &dyn Connector, request: &Request) -> Result<Outcome> {
        self.drive_from(connector, request, None).await
    }

    /// The same, from a checkpoint on.
    pub async fn drive_from(
        &self,
        connector: &dyn Connector,
        request: &Request,
        mut checkpoint: Option<Value>,
    ) -> Result<Outcome> {
        for waits in 0..500 {
            match connector.step(request, checkpoint.as_ref()).await? {
                Step::Wait { until, checkpoint: kept, .. } => {
                    self.clock.sleep_until(until).await;
                    checkpoint = Some(kept);
                }
                step => return Ok(Outcome { step, waits }),
            }
        }
        panic!("it waits for ever");
    }

    /// Steps until there is an answer, trying again after what may pass by itself.
    pub async fn drive_through(&self, connector: &dyn Connector, request: &Request) -> AmazonAnswer {
        let mut checkpoint = None;
        for _ in 0..500 {
            match connector.step(request, checkpoint.as_ref()).await {
                Ok(Step::Wait { until, checkpoint: kept, .. }) => {
                    self.clock.sleep_until(until).await;
                    checkpoint = Some(kept);
                }
                Ok(step) => return answer(step),
                Err(error) => {
                    assert!(error.may_pass(), "{error:?}");
                    self.clock.sleep_until(self.now() + TimeDelta::minutes(1)).await;
                }
            }
        }
        panic!("it waits for ever");
    }

    /// Drives many requests as a worker does: time passes only when none of them has anything to do.
    pub async fn drive_all(&self, connector: &dyn Connector, requests: &[Request]) -> Vec<Step> {
        let mut waiting: Vec<_> = requests.iter().map(|request| (self.now(), request, None)).collect();
        let (mut ended, mut fatal) = (Vec::new(), 0);
        let mut turns = 0;
        while let Some(next) = waiting.iter().map(|(due, ..)| *due).min() {
            turns += 1;
            assert!(turns < 10_000, "{} requests wait for ever", waiting.len());
            self.clock.sleep_until(next).await;
            let now = self.now();
            let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(due, ..)| *due <= now);
            waiting = later;
            let steps = due.iter().map(|(_, request, checkpoint)| connector.step(request, checkpoint.as_ref()));
            for ((_, request, _), step) in due.iter().zip(futures::future::join_all(steps).await) {
                match step.unwrap() {
                    Step::Wait { until, checkpoint, .. } => waiting.push((until, *request, Some(checkpoint))),
                    // Asked for again, as a run would, once Amazon would make it anew.
                    Step::Fatal { again_at, .. } if fatal < 3 => {
                        fatal += 1;
                        waiting.push((again_at, *request, None));
                    }
                    step => ended.push(step),
                }
            }
        }
        ended
    }

    /// The answer of a connector of the first seller.
    pub async fn answer(&self, name: &str, request: &Request) -> AmazonAnswer {
        let connector = self.account(0).connector(name).unwrap();
        answer(self.drive(&*connector, request).await.unwrap().step)
    }
}

pub fn october() -> Window {
    "2026-10-10..2026-10-31".parse().unwrap()
}

fn amazon(running: &Running, clock: &SteppedClock, levels: &Arc<Levels>, folder: &std::path::Path) -> Amazon {
    let known = &running.accounts()[0];
    let ads = known.ads.as_ref().unwrap();
    let application = Application {
        client_id: known.client_id.clone(),
        client_secret: Secret::new(&*known.client_secret),
        ads_client_id: ads.client_id.clone(),
        ads_client_secret: Secret::new(&*ads.client_secret),
    };
    let http = HttpOptions { read_timeout: Duration::from_secs(20), ..clock.http() };
    let endpoints = Endpoints::single(running.url());
    Amazon::new(endpoints, application, Arc::new(clock.clone()), Arc::clone(levels) as _, http, folder).unwrap()
}

pub fn answer(step: Step) -> AmazonAnswer {
    match step {
        Step::Answer(answer) => answer,
        Step::NoData { reason, .. } => panic!("no data: {reason}"),
        Step::Fatal { reason, .. } => panic!("fatal: {reason}"),
        Step::Found(found) => panic!("found {}", found.len()),
        Step::Wait { until, .. } => panic!("waits until {until}"),
    }
}

/// The bytes of every page, decompressed.
pub fn pages(answer: AmazonAnswer) -> Vec<Vec<u8>> {
    let is_gzip = answer.extension.ends_with("gz");
    let whole = |mut page: Box<dyn Read + Send>| {
        let mut bytes = Vec::new();
        if is_gzip {
            MultiGzDecoder::new(page).read_to_end(&mut bytes).unwrap();
        } else {
            page.read_to_end(&mut bytes).unwrap();
        }
        bytes
    };
    answer.pages.into_iter().map(whole).collect()
}

/// The text of a flat file.
pub fn text(answer: AmazonAnswer) -> String {
    String::from_utf8_lossy(&pages(answer).concat()).into_owned()
}

/// The items at a JSON pointer of every page.
pub fn items(answer: AmazonAnswer, pointer: &str) -> Vec<Value> {
    let pages = pages(answer);
    let parsed = pages.iter().map(|page| serde_json::from_slice::<Value>(page).unwrap());
    parsed.flat_map(|page| page.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()).collect()
}

/// The sorted, distinct texts of a field.
pub fn distinct(items: &[Value], field: &str) -> Vec<String> {
    let mut texts: Vec<String> = items.iter().map(|item| item[field].to_string()).collect();
    texts.sort();
    texts.dedup();
    texts
}

pub fn hours(count: i64) -> TimeDelta {
    TimeDelta::hours(count)
}
