//! History back to where Amazon's memory ends, in hardly more time than its quotas ask for, and nothing refused.
//!
//! An ordinary run goes back a few weeks. `SELLERLAKE_BACKFILL=200` goes so many days back, and `0` as far as each
//! pipeline reaches: `just backfill`, in a release build.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};

use chrono::{DateTime, Datelike, Days, NaiveDateTime, TimeDelta, Utc};
use sellerlake_simulator::FaultPlan;
use sellerlake_simulator::world::Profile;

use crate::desk::{Desk, words};
use crate::site::eventually;

/// Days of an ordinary test run.
const FEW: i64 = 45;

/// The longest a backfill may take, as a multiple of what the reference list takes.
const MOST: f64 = 1.05;

/// Amazon's documented quotas: calls a second, and calls at once after a rest.
const QUOTAS: [(&str, f64, f64); 8] = [
    ("reports.createReport", 0.0167, 15.0),
    ("reports.getReportDocument", 0.0167, 15.0),
    ("reports.getReports", 0.0222, 10.0),
    ("finances.listTransactions", 0.5, 10.0),
    ("finances_v0.listFinancialEventGroups", 0.5, 30.0),
    ("orders_2026.searchOrders", 0.0056, 20.0),
    ("inventory.getInventorySummaries", 2.0, 2.0),
    ("catalog.searchCatalogItems", 2.0, 2.0),
];

/// What a client goes through that asks for a thousand orders one by one: `getOrders`, a hundred a page, and then
/// `getOrderItems` for each.
const ORDERS_ONE_BY_ONE: i64 = 10 + 1000;
/// `listFinancialEventsByOrderId` for each.
const MONEY_ONE_BY_ONE: i64 = 1000;

/// Calls that nobody gets by without who wants what a pipeline brings.
struct Need {
    pipeline: &'static str,
    operation: &'static str,
    calls: i64,
    /// Reports of this type are made for it, and each has a document.
    report: Option<&'static str>,
    /// Calls for a thousand orders, where they can be asked for one by one.
    one_by_one: Option<i64>,
}

/// A seller's history, and how much of it is wanted.
struct Past {
    desk: Desk,
    begun: DateTime<Utc>,
    /// 0: all that Amazon remembers.
    days: i64,
}

impl Past {
    fn new(days: i64) -> Self {
        let mut profile = Profile::demo(if days == 0 { 770 } else { days as u64 + 30 });
        // Germany and France share a currency, and so their settlements.
        profile.sellers = vec![profile.sellers.remove(1)];
        let seller = &mut profile.sellers[0];
        seller.marketplaces.truncate(2);
        (seller.orders_per_day, seller.products) = if days == 0 { (60.0, 20) } else { (6.0, 6) };
        let evening = profile.to.and_hms_opt(20, 0, 0).unwrap().and_utc();
        Self { desk: Desk::at(profile, evening, FaultPlan::default()), begun: evening, days }
    }

    /// Days that are over and that a source of this reach can be asked for: one that lies beyond it in part can't.
    fn days_over(&self, reach: i64) -> i64 {
        if self.days == 0 || self.days > reach { reach - 1 } else { self.days }
    }

    /// Requests for all that is over, so many days each.
    fn spans(&self, reach: i64, span: i64) -> i64 {
        let days = self.days_over(reach);
        days / span + i64::from(days % span > 0)
    }

    /// Months of storage fees: each is known from the middle of the next.
    fn months(&self, reach: i64) -> i64 {
        let today = self.begun.date_naive();
        let first = today - Days::new(self.days_over(reach) as u64);
        let known = today - Days::new(15);
        let month = |day: chrono::NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
        // A month that is wanted in part is asked for whole, unless part of it is beyond reach.
        let whole = self.days == 0 && first.day() > 1;
        (month(known) - month(first) - i64::from(whole)).max(0)
    }

    /// The list, source by source. Every number follows from Amazon's documentation: the longest range of a report,
    /// how far back it reaches, what can't be asked for together.
    fn needs(&self) -> Vec<Need> {
        let world = &self.desk.simulator.amazon().world;
        let seller = &world.sellers()[0];
        let markets = seller.marketplaces.len() as i64;
        let report = |pipeline, report, calls, one_by_one| Need {
            pipeline,
            operation: "reports.createReport",
            calls,
            report: Some(report),
            one_by_one,
        };
        let call =
            |pipeline, operation, calls, one_by_one| Need { pipeline, operation, calls, report: None, one_by_one };
        vec![
            // Thirty days a report, two years.
            report(
                "all_orders",
                "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
                self.spans(729, 30),
                Some(ORDERS_ONE_BY_ONE),
            ),
            // A month a report, eighteen months.
            report("shipments", "GET_AMAZON_FULFILLED_SHIPMENTS_DATA_GENERAL", self.spans(540, 30), None),
            report("returns", "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", self.spans(540, 60), None),
            report("reimbursements", "GET_FBA_REIMBURSEMENTS_DATA", self.spans(540, 180), None),
            report("ledger", "GET_LEDGER_DETAIL_VIEW_DATA", self.spans(540, 60), None),
            // One month a report.
            report("storage_fees", "GET_FBA_STORAGE_FEE_CHARGES_DATA", self.months(540), None),
            // Rows by product have no date: a day and marketplace a report. The last two days aren't known yet.
            report("traffic", "GET_SALES_AND_TRAFFIC_REPORT", (self.days_over(729) - 1) * markets, None),
            // Lists of the present, one marketplace each.
            report("listings", "GET_MERCHANT_LISTINGS_ALL_DATA", markets, None),
            report("inventory_report", "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA", markets, None),
            report("inventory_planning", "GET_FBA_INVENTORY_PLANNING_DATA", markets, None),
            call("inventory", "inventory.getInventorySummaries", markets, None),
            call("products", "catalog.searchCatalogItems", markets, None),
            // A day a request: longer ones fail.
            call("transactions", "finances.listTransactions", self.days_over(729), Some(MONEY_ONE_BY_ONE)),
            call("event_groups", "finances_v0.listFinancialEventGroups", self.spans(729, 90), None),
            call("orders_api", "orders_2026.searchOrders", 1, Some(ORDERS_ONE_BY_ONE)),
            // Listed, and each downloaded once.
            call("settlements", "reports.getReports", 1, None),
            call("settlements", "reports.getReportDocument", self.settlements(), None),
        ]
    }

    /// Settlement reports that are still listed. One settlement may be listed for each marketplace of its currency, and
    /// nothing but the document tells that from settlements of different marketplaces with the same period.
    fn settlements(&self) -> i64 {
        let since = self.begun - TimeDelta::days(if self.days == 0 { 90 } else { self.days.min(90) });
        let seller = &self.desk.simulator.amazon().world.sellers()[0];
        let listed = seller.settlements.iter().filter(|one| {
            let made = one.end + TimeDelta::hours(4);
            made > since && made <= self.begun
        });
        listed.map(|one| one.markets.len() as i64).sum()
    }

    /// The least time the list takes: each operation has a bucket of its own, so the scarcest decides; whoever waits for
    /// a report waits until it is made.
    fn least(&self, needs: &[Need]) -> f64 {
        let mut calls: BTreeMap<&str, i64> = BTreeMap::new();
        for need in needs {
            *calls.entry(need.operation).or_default() += need.calls;
            if need.report.is_some() {
                *calls.entry("reports.getReportDocument").or_default() += need.calls;
            }
        }
        let made = self.reports();
        let generated = |report: &(DateTime<Utc>, DateTime<Utc>)| (report.1 - report.0).as_seconds_f64();
        let (first, last) = (made.iter().map(generated).fold(f64::MAX, f64::min), made.last().map_or(0.0, generated));
        let waits = |operation: &str| match operation {
            "reports.createReport" => last,
            "reports.getReportDocument" => first,
            _ => 0.0,
        };
        let times = QUOTAS.iter().map(|(operation, rate, burst)| {
            let calls = calls.get(operation).copied().unwrap_or_default() as f64;
            ((calls - burst) / rate).max(0.0) + waits(operation)
        });
        times.fold(0.0, f64::max)
    }

    /// When each report was asked for and when it was made, in the order they were asked for.
    fn reports(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let amazon = self.desk.simulator.amazon();
        let all = amazon.reports.of(&amazon.world.sellers()[0].id, self.begun, amazon.now());
        let mut times: Vec<_> = all.iter().map(|report| (report.created, report.ends)).collect();
        times.sort_unstable();
        times
    }

    fn made(&self, report_type: &str) -> i64 {
        let amazon = self.desk.simulator.amazon();
        let all = amazon.reports.of(&amazon.world.sellers()[0].id, self.begun, amazon.now());
        all.iter().filter(|report| report.query.report_type == report_type).count() as i64
    }

    fn answered(&self, operation: &str, status: u16) -> i64 {
        let counts = self.desk.simulator.amazon().calls.counts();
        counts.get(operation).and_then(|ended| ended.get(&status)).copied().unwrap_or(0) as i64
    }

    fn refused(&self) -> u64 {
        let counts = self.desk.simulator.amazon().calls.counts();
        counts.values().filter_map(|ended| ended.get(&429)).sum()
    }

    fn spawn(&self) -> Child {
        let days = self.days.to_string();
        let mut command = self.desk.site.command(&["sync", "--no-rollup", "--days", &days]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// A sync from here to its end.
    fn finish(&self) {
        let output = self.spawn().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    }

    /// A sync that is told to stop once so many reports have been asked for.
    fn stopped_after(&self, reports: u64, signal: &str) {
        let mut child = self.spawn();
        eventually("reports are created", || {
            assert!(child.try_wait().unwrap().is_none(), "it was over before anybody could stop it");
            self.desk.reports_created() >= reports
        });
        std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        assert_ne!(output.status.code(), Some(0), "{}", words(&output));
    }

    /// Prints what it took beside what it must take, and insists.
    fn judge(&self, title: &str) {
        let needs = self.needs();
        let took = (self.desk.simulator.clock().now() - self.begun).as_seconds_f64();
        let least = self.least(&needs);
        eprintln!("{title}: {:.2} h, the list {:.2} h, ratio {:.3}", took / 3600.0, least / 3600.0, took / least);
        assert_eq!(self.refused(), 0, "{:?}", self.desk.simulator.amazon().calls.counts());
        let gaps = self.desk.site.sql("SELECT * FROM meta.slices WHERE status NOT IN ('loaded', 'no_data')");
        assert!(gaps.is_empty(), "{gaps:?}");
        let newest = "SELECT max(window_to) FROM meta.slices WHERE pipeline = 'all_orders'";
        let newest: NaiveDateTime = self.desk.site.value(newest).parse().unwrap();
        let age = self.desk.simulator.clock().now().naive_utc() - newest;
        assert!(age < TimeDelta::hours(6), "recent orders had to wait: {newest}");
        for need in &needs {
            let made = need.report.map_or(need.calls, |report| self.made(report));
            assert!(made >= need.calls, "{}: only {made} of {} reports were asked for", need.pipeline, need.calls);
        }
        assert!(took <= least * MOST, "{took} s, and the list takes {least} s");
    }

    /// Calls for a thousand orders, beside those of a client that goes from order to order.
    fn print_calls(&self) {
        let orders: f64 =
            self.desk.site.value("SELECT count(DISTINCT amazon_order_id) FROM sources.all_orders").parse().unwrap();
        let for_thousand = |calls: i64| calls as f64 * 1000.0 / orders;
        eprintln!("calls for 1,000 orders ({orders} in all)      ours   one by one");
        for need in self.needs() {
            let calls = match need.report {
                Some(report) => 2 * self.made(report),
                None => need.calls,
            };
            let one_by_one = need.one_by_one.map_or("-".to_owned(), |calls| calls.to_string());
            eprintln!("{:20} {:38} {:8.1} {one_by_one:>8}", need.pipeline, need.operation, for_thousand(calls));
        }
        eprintln!(
            "all reports: looked at {:.1} times for 1,000 orders",
            for_thousand(self.answered("reports.getReport", 200))
        );
        eprintln!("{:#?}", self.desk.simulator.amazon().calls.counts());
    }
}

/// Amazon makes a report anew only so often, and cancels or repeats what is asked for earlier.
#[test]
fn nothing_is_asked_for_before_amazon_would_make_it_anew() {
    let past = Past::new(20);
    for minutes in [0, 10, 20, 30, 40, 250] {
        past.desk.wait_until(past.begun + TimeDelta::minutes(minutes));
        past.desk.site.ok(&["sync", "--no-rollup", "--days", "20", "--pipeline", "shipments"]);
    }
    let amazon = past.desk.simulator.amazon();
    let all = amazon.reports.of(&amazon.world.sellers()[0].id, past.begun, amazon.now());
    let cancelled: Vec<_> = all.iter().filter(|report| format!("{:?}", report.fate) != "Generated").collect();
    assert!(cancelled.is_empty(), "{cancelled:#?}");
    let times = past.reports();
    assert!(times.len() >= 3, "{times:?}");
    let early: Vec<_> = times.windows(2).filter(|pair| pair[1].0 < pair[0].1 + TimeDelta::minutes(30)).collect();
    assert!(early.is_empty(), "{early:?}");
}

fn days() -> i64 {
    std::env::var("SELLERLAKE_BACKFILL").map_or(FEW, |days| days.parse().unwrap())
}

#[test]
fn a_backfill_takes_hardly_longer_than_the_quotas_ask_for() {
    let past = Past::new(days());
    past.finish();
    past.print_calls();
    past.judge("in one go");
}

#[test]
fn a_restart_loses_hardly_any_time_and_is_not_refused() {
    let past = Past::new(FEW);
    past.stopped_after(50, "-INT");
    past.finish();
    past.judge("with a restart");
}

#[test]
fn a_crash_is_not_refused_either() {
    let past = Past::new(20);
    past.stopped_after(30, "-KILL");
    past.finish();
    assert_eq!(past.refused(), 0);
}

#[test]
fn hour_by_hour_nothing_is_refused() {
    let past = Past::new(20);
    past.finish();
    for _ in 0..8 {
        past.desk.wait_until(past.desk.simulator.clock().now() + TimeDelta::hours(1));
        // In part: what Amazon says too early that it has nothing of is asked for again.
        past.desk.site.run(&["sync", "--no-rollup", "--days", "20"]);
    }
    assert_eq!(past.refused(), 0);
}
