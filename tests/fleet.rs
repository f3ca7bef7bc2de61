//! What planning, scheduling and token buckets of ten thousand accounts cost: the real ones, over a real state, for
//! connectors that answer at once and a clock that moves when everybody waits. `just fleet` runs it in a release build.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_config::Settings;
use sellerlake_connectors::{Amazon, AmazonAccount, Application, Endpoints, Grant, HttpOptions};
use sellerlake_contracts::{
    AccountId, BucketStore, Clock, Connector, MarketplaceId, Region, Request, Result, Scope, Secret, SellerId, Step,
    Window,
};
use sellerlake_pipelines::{
    Cancel, Connectors, Holder, Levels, Need, Pipelines, ProfileScope, Puller, SyncOptions, Watch, Workspace, scopes,
};
use sellerlake_state::{Lease, NewAccount, SliceMark, SliceStatus};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::desk::Desk;

/// Most CPU time a simulated hour of ten thousand accounts may take.
const MOST_CPU: f64 = 60.0;

/// Most memory, in KiB.
const MOST_MEMORY_KIB: u64 = 2 << 20;

/// Every so many-th account advertises.
const ADVERTISERS: usize = 3;

/// Time that moves on to the next moment somebody waits for, as soon as everybody waits.
#[derive(Debug)]
struct FleetClock {
    now_us: AtomicI64,
    busy: AtomicI64,
    waiting: Mutex<BTreeMap<i64, Vec<oneshot::Sender<()>>>>,
}

impl FleetClock {
    fn new(start: DateTime<Utc>, tasks: usize) -> Self {
        let now_us = AtomicI64::new(start.timestamp_micros());
        Self { now_us, busy: AtomicI64::new(tasks as i64), waiting: Mutex::default() }
    }

    /// One of those who may wait has nothing more to do, or waits.
    fn rest(&self) {
        if self.busy.fetch_sub(1, Ordering::SeqCst) > 1 {
            return;
        }
        let Some((until, sleepers)) = self.waiting.lock().unwrap().pop_first() else { return };
        self.now_us.fetch_max(until, Ordering::SeqCst);
        self.busy.fetch_add(sleepers.len() as i64, Ordering::SeqCst);
        for sleeper in sleepers {
            let _ = sleeper.send(());
        }
    }
}

#[async_trait]
impl Clock for FleetClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.now_us.load(Ordering::SeqCst)).unwrap()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        if until <= self.now() {
            return;
        }
        let (sender, woken) = oneshot::channel();
        // Rounded up: nobody wakes before his time.
        self.waiting.lock().unwrap().entry(until.timestamp_micros() + 1).or_default().push(sender);
        self.rest();
        let _ = woken.await;
    }
}

/// Answers at once that there is what was asked for, after the calls that would have brought it were admitted.
struct Stub {
    account: AmazonAccount,
    clock: Arc<FleetClock>,
    operation: String,
    calls: Arc<AtomicU64>,
}

impl Stub {
    /// `None`: the call may be made.
    async fn admit(&self, operation: &str, checkpoint: &Value) -> Result<Option<Step>> {
        let later = self.account.admit(operation).await?;
        self.calls.fetch_add(u64::from(later.is_none()), Ordering::Relaxed);
        let wait = |until| Step::Wait { until, checkpoint: checkpoint.clone(), bucket: Some(operation.to_owned()) };
        Ok(later.map(wait))
    }

    /// Asked for, looked at now and then, made after one to five minutes, downloaded.
    async fn report(&self, names: [&str; 3], request: &Request, checkpoint: Option<&Value>) -> Result<Step> {
        let now = self.clock.now();
        let [create, look, download] = names;
        let wait = |until, checkpoint| Ok(Step::Wait { until, checkpoint, bucket: None });
        let Some(kept) = checkpoint.filter(|kept| !kept.is_null()) else {
            return wait(now, json!({ "asked": now.timestamp_millis() }));
        };
        let Some(made) = kept.get("made").and_then(Value::as_i64) else {
            if let Some(later) = self.admit(create, kept).await? {
                return Ok(later);
            }
            return wait(now + TimeDelta::seconds(30), json!({ "made": now.timestamp_millis() }));
        };
        if let Some(later) = self.admit(look, kept).await? {
            return Ok(later);
        }
        let age = now - DateTime::from_timestamp_millis(made).unwrap();
        let takes = TimeDelta::seconds(60 + (made / 7 + request.pipeline.len() as i64) % 240);
        if age < takes {
            return wait(now + (age / 2).clamp(TimeDelta::seconds(30), TimeDelta::minutes(5)), kept.clone());
        }
        Ok(self.admit(download, kept).await?.unwrap_or(Step::Found(Vec::new())))
    }
}

#[async_trait]
impl Connector for Stub {
    async fn step(&self, request: &Request, checkpoint: Option<&Value>) -> Result<Step> {
        let call = match self.operation.as_str() {
            "report" => {
                let names = ["createReport", "getReport", "getReportDocument"];
                return self.report(names, request, checkpoint).await;
            }
            "ads_report" => {
                return self
                    .report(["createAsyncReport", "getAsyncReport", "getAsyncReport"], request, checkpoint)
                    .await;
            }
            "data_kiosk" => return self.report(["createQuery", "getQuery", "getDocument"], request, checkpoint).await,
            "settlements" => "getReports",
            "transactions" => "listTransactions",
            "financial_event_groups_v0" => "listFinancialEventGroups",
            "orders" => "searchOrders",
            "inventory" => "getInventorySummaries",
            "catalog" => "searchCatalogItems",
            "listings" => "searchListingsItems",
            "prices" => "getPricing",
            "competitive_prices" => "getCompetitivePricing",
            "fees" => "getMyFeesEstimates",
            "order_metrics" => "getOrderMetrics",
            other => panic!("{other} is new here"),
        };
        Ok(self.admit(call, &Value::Null).await?.unwrap_or(Step::Found(Vec::new())))
    }
}

struct Stubs {
    accounts: BTreeMap<AccountId, AmazonAccount>,
    levels: Arc<Levels>,
    clock: Arc<FleetClock>,
    calls: Arc<AtomicU64>,
}

#[async_trait]
impl Connectors for Stubs {
    async fn connector(&self, account: &AccountId, operation: &str) -> Result<Arc<dyn Connector>> {
        let (account, clock) = (self.accounts[account].clone(), Arc::clone(&self.clock));
        Ok(Arc::new(Stub { account, clock, operation: operation.to_owned(), calls: Arc::clone(&self.calls) }))
    }

    async fn hold(&self, account: &AccountId, lease: &Lease) {
        self.levels.hold(account, lease).await;
    }

    async fn release(&self, account: &AccountId) -> Result<()> {
        self.accounts[account].settle().await?;
        self.levels.release(account).await;
        Ok(())
    }
}

struct Nobody;

impl Watch for Nobody {
    fn planned(&self, _: &AccountId, _: u64, _: TimeDelta) {}
    fn concluded(&self, _: &AccountId, _: &str) {}
}

/// What the machine has spent on this process so far: its CPU seconds, and those of processes it waited for.
fn cpu() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<f64> =
        stat.rsplit_once(')').unwrap().1.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    // utime, stime, cutime, cstime, in hundredths of a second.
    ((fields[11] + fields[12]) / 100.0, (fields[13] + fields[14]) / 100.0)
}

fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

struct Fleet {
    puller: Arc<Puller>,
    clock: Arc<FleetClock>,
    calls: Arc<AtomicU64>,
    requests: AtomicU64,
    runs: AtomicU64,
    end: DateTime<Utc>,
}

impl Fleet {
    /// One account from its first turn on.
    async fn keep_up(&self, holder: Holder, start: DateTime<Utc>) {
        let (pipelines, mut since) = (&self.puller.pipelines, start);
        while let Some(due) = pipelines.next_due(&holder.id, since) {
            if due >= self.end {
                break;
            }
            self.clock.sleep_until(due).await;
            let now = self.clock.now();
            let names: Vec<String> = pipelines.due(&holder.id, since, now).into_iter().map(str::to_owned).collect();
            let options = SyncOptions { pipelines: names, ..SyncOptions::default() };
            let synced = self.puller.sync(&holder, &options, &Nobody, &Cancel::never()).await.unwrap();
            assert!(synced.troubles.is_empty() && synced.stopped.is_none(), "{synced:?}");
            self.requests.fetch_add(synced.requests, Ordering::Relaxed);
            self.runs.fetch_add(1, Ordering::Relaxed);
            since = now;
        }
        self.clock.rest();
    }

    /// Prints what each hour costs; CPU seconds and requests of the last.
    async fn last_hour(&self, start: DateTime<Utc>, hours: i64) -> (f64, u64) {
        let counts = || [&self.requests, &self.runs, &*self.calls].map(|count| count.load(Ordering::Relaxed));
        let (mut before, mut had) = (cpu().0, counts());
        let mut last = (0.0, 0);
        for hour in 1..=hours {
            self.clock.sleep_until(start + TimeDelta::hours(hour) - TimeDelta::milliseconds(1)).await;
            let (now, have) = (cpu().0, counts());
            let [requests, runs, calls] = [0, 1, 2].map(|index| have[index] - had[index]);
            eprintln!(
                "hour {hour}: {:.1} s of CPU, {requests} requests, {runs} runs, {calls} calls admitted; peak {} MiB",
                now - before,
                peak_memory_kib() >> 10
            );
            last = (now - before, requests);
            (before, had) = (now, have);
        }
        last
    }
}

fn holder(index: usize) -> Holder {
    let seller: SellerId = format!("A{index:012}").parse().unwrap();
    let marketplaces: Vec<MarketplaceId> =
        ["A1PA6795UKMFR9", "A13V1IB3VIYZZH"].iter().map(|id| id.parse().unwrap()).collect();
    let profile = ProfileScope {
        id: format!("{index:015}"),
        marketplace: marketplaces.first().cloned(),
        zone: "Europe/Berlin".parse().unwrap(),
    };
    let profiles = if index.is_multiple_of(ADVERTISERS) { vec![profile] } else { Vec::new() };
    Holder { id: AccountId::new(&seller, Region::Eu), marketplaces, profiles, since: None }
}

/// Everything up to the last day has been pulled; the recent past comes to be asked for again in the course of a rhythm.
async fn settle_down(workspace: &Workspace, pipelines: &Pipelines, holder: &Holder, index: usize, now: DateTime<Utc>) {
    let (state, zones) = (&workspace.state(), sellerlake_pipelines::Zones::of(&workspace.declarations().schemas));
    let account = NewAccount {
        seller: holder.id.seller.clone(),
        region: holder.id.region,
        application: "default".into(),
        marketplaces: holder.marketplaces.clone(),
    };
    state.add_account(&account, now).await.unwrap();
    let lease = state.acquire_lease(&holder.id, "before", Duration::from_mins(15), now).await.unwrap();
    let mut leased = state.leased(&lease, now).await.unwrap();
    for pipeline in pipelines.iter() {
        let Need::Window(rule) = &pipeline.need else { continue };
        for scoped in scopes(pipeline, holder, &zones) {
            let midnight = |at: DateTime<Utc>| at.date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc();
            let to = midnight(now - rule.lag.0);
            let mut spans = vec![(midnight(now - rule.reach.0), None)];
            let mut horizons = rule.restate.clone();
            horizons.sort_by_key(|restate| std::cmp::Reverse(restate.horizon));
            for restate in horizons {
                let every = restate.every.0.num_seconds();
                let due = TimeDelta::seconds((index as i64 * 7919 + 1) % every);
                spans.push((midnight(now - restate.horizon.0), Some(now + due)));
            }
            let ends = spans.iter().skip(1).map(|span| span.0).chain([to]).collect::<Vec<_>>();
            for ((from, not_before), to) in spans.into_iter().zip(ends) {
                let mark = SliceMark { not_before, ..SliceMark::of(SliceStatus::Loaded) };
                if let Ok(window) = Window::new(from, to) {
                    cover(&mut leased, &pipeline.name, &scoped.scope, window, mark).await;
                }
            }
        }
    }
    leased.commit().await.unwrap();
    state.release_lease(&lease).await.unwrap();
}

async fn cover(leased: &mut sellerlake_state::Leased, pipeline: &str, scope: &Scope, window: Window, mark: SliceMark) {
    if window.from < window.to {
        leased.cover(pipeline, scope, window, mark).await.unwrap();
    }
}

/// CPU seconds of one delivery where an account is kept up to date by the hour, tables, rollups and the start of the
/// process included.
fn one_delivery() -> f64 {
    let desk = Desk::new(1);
    desk.site.ok(&["sync"]);
    let deliveries = || desk.site.value("SELECT count(*) FROM meta.deliveries").parse::<f64>().unwrap();
    let (before, mut spent) = (deliveries(), 0.0);
    for _ in 0..8 {
        desk.wait_until(desk.simulator.clock().now() + TimeDelta::hours(1));
        let start = cpu().1;
        desk.site.run(&["sync"]);
        spent += cpu().1 - start;
    }
    spent / (deliveries() - before)
}

async fn measure(accounts: usize, hours: i64) {
    let folder = tempfile::tempdir().unwrap();
    let start: DateTime<Utc> = "2026-11-02T09:00:00Z".parse().unwrap();
    let end = start + TimeDelta::hours(hours);
    let clock = Arc::new(FleetClock::new(start, accounts + 1));
    let settings = Settings::below(folder.path()).unwrap();
    let workspace = Arc::new(Workspace::open(settings, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap());
    let pipelines =
        Arc::new(Pipelines::load(None, workspace.declarations(), &sellerlake_connectors::offered()).unwrap());
    let levels = Arc::new(Levels::new(workspace.state().clone(), "default"));
    let amazon = Amazon::new(
        Endpoints::single("http://127.0.0.1:1"),
        Application {
            client_id: "client".into(),
            client_secret: Secret::new("secret"),
            ads_client_id: "client".into(),
            ads_client_secret: Secret::new("secret"),
        },
        Arc::clone(workspace.clock()),
        Arc::clone(&levels) as Arc<dyn BucketStore>,
        HttpOptions::default(),
        &folder.path().join("answers"),
    )
    .unwrap();
    let holders: Vec<Holder> = (0..accounts).map(holder).collect();
    for (index, holder) in holders.iter().enumerate() {
        settle_down(&workspace, &pipelines, holder, index, start).await;
    }
    let grant = || Grant { refresh_token: Secret::new("token"), ads_refresh_token: Some(Secret::new("token")) };
    let seats = holders.iter().map(|holder| (holder.id.clone(), amazon.account(holder.id.clone(), grant())));
    let calls = Arc::new(AtomicU64::new(0));
    let stubs = Stubs { accounts: seats.collect(), levels, clock: Arc::clone(&clock), calls: Arc::clone(&calls) };
    let puller = Arc::new(Puller::new(workspace, pipelines, Arc::new(stubs), "fleet"));
    let counters = (AtomicU64::new(0), AtomicU64::new(0));
    let fleet = Arc::new(Fleet { puller, clock, calls, requests: counters.0, runs: counters.1, end });
    eprintln!("{accounts} accounts, {:.0} s of CPU to set them up, {} MiB", cpu().0, peak_memory_kib() >> 10);
    let tasks: Vec<_> = holders
        .into_iter()
        .map(|holder| {
            let fleet = Arc::clone(&fleet);
            tokio::spawn(async move { fleet.keep_up(holder, start).await })
        })
        .collect();
    let (spent, requests) = fleet.last_hour(start, hours).await;
    fleet.clock.rest();
    for task in tasks {
        task.await.unwrap();
    }
    let share = accounts as f64 / 10_000.0;
    let (delivery, per_account) = (one_delivery(), requests as f64 / accounts as f64);
    let overhead = spent / accounts as f64;
    eprintln!(
        "a real delivery: {delivery:.3} s of CPU; {per_account:.2} an hour and account, so {:.0} accounts a core",
        3600.0 / (per_account * delivery + overhead)
    );
    assert!(spent <= MOST_CPU * share.max(0.1), "{spent} s of CPU for an hour");
    assert!(peak_memory_kib() <= MOST_MEMORY_KIB);
}

#[test]
#[ignore = "a measurement: `just fleet`"]
fn ten_thousand_accounts() {
    let number = |name: &str, otherwise: &str| std::env::var(name).unwrap_or(otherwise.to_owned()).parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure(number("SELLERLAKE_FLEET", "10000"), number("SELLERLAKE_FLEET_HOURS", "2") as i64));
}
