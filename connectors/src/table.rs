//! Every connector, one row each. Whoever plans, checks or runs pipelines reads the rows' facts ([`offered`]); what
//! makes a connector, and the check against the sandbox, read the rest of a row.

use chrono::TimeDelta;
use sellerlake_contracts::{ConnectorFacts, Keyed, Pace};

use crate::ads::profiles::{LIST_PROFILES, PROFILES};
use crate::ads::report::{CREATE_ADS_REPORT, GET_ADS_REPORT};
use crate::ask::Sample;
use crate::operation::Operation;
use crate::paging::Listing;
use crate::spapi::finances::{
    self, FINANCIAL_EVENT_GROUPS_V0, FINANCIAL_EVENTS_V0, LIST_FINANCIAL_EVENT_GROUPS, LIST_FINANCIAL_EVENTS,
    LIST_TRANSACTIONS, TRANSACTIONS,
};
use crate::spapi::inventory::{GET_INVENTORY_SUMMARIES, INVENTORY};
use crate::spapi::kiosk::{self, CREATE_QUERY, GET_DOCUMENT, GET_QUERIES, GET_QUERY};
use crate::spapi::orders::{self, ORDERS, SEARCH_ORDERS};
use crate::spapi::orders_v0::{self, GET_ORDER_ITEMS, GET_ORDERS, ORDER_ITEMS_V0, ORDERS_V0};
use crate::spapi::products::{
    self, CATALOG, COMPETITIVE_PRICES, FEES, GET_COMPETITIVE_PRICING, GET_MY_FEES_ESTIMATES, GET_PRICING, LISTINGS,
    PRICES, SEARCH_CATALOG_ITEMS, SEARCH_LISTINGS_ITEMS,
};
use crate::spapi::report;
use crate::spapi::report_operations::{
    CREATE_REPORT, CREATE_RESTRICTED_DATA_TOKEN, GET_REPORT, GET_REPORT_DOCUMENT, GET_REPORTS,
};
use crate::spapi::sellers::{self, GET_MARKETPLACE_PARTICIPATIONS, GET_ORDER_METRICS, ORDER_METRICS, PARTICIPATIONS};

/// Bounds must be two minutes old (amazon.md: Orders 2026-01-01; Finances 2024-06-19); a little more, because clocks
/// differ.
const LATELY: TimeDelta = TimeDelta::seconds(150);

/// Ten calls of twenty keys.
const SOME_KEYS: usize = 200;

/// All connectors, by name.
pub(crate) static TABLE: [ConnectorRow; 20] = [
    ConnectorRow::paged("ads_profiles", &[&LIST_PROFILES], &PROFILES),
    // The longest window Amazon takes; there is no sandbox (amazon.md: Ads reports).
    ConnectorRow::new("ads_report", &[&CREATE_ADS_REPORT, &GET_ADS_REPORT], Way::AdsReport)
        .needs(&["ad_product", "columns", "group_by", "report_type"])
        .cooldown(TimeDelta::hours(1))
        .chunk(TimeDelta::days(31)),
    ConnectorRow::paged("catalog", &[&SEARCH_CATALOG_ITEMS], &CATALOG)
        .keyed(Keyed::Always, SOME_KEYS)
        .samples(products::catalog_samples),
    ConnectorRow::paged("competitive_prices", &[&GET_COMPETITIVE_PRICING], &COMPETITIVE_PRICES)
        .keyed(Keyed::Always, SOME_KEYS)
        .samples(products::competitive_price_samples),
    ConnectorRow::new("data_kiosk", &[&CREATE_QUERY, &GET_QUERY, &GET_DOCUMENT, &GET_QUERIES], Way::DataKiosk)
        .needs(&["query"])
        .cooldown(TimeDelta::minutes(30))
        .samples(kiosk::samples),
    // Fees are estimated for what a request says, which no static answer is.
    ConnectorRow::paged("fees", &[&GET_MY_FEES_ESTIMATES], &FEES).keyed(Keyed::Always, SOME_KEYS),
    ConnectorRow::new("files", &[], Way::Files).needs(&["folder"]),
    ConnectorRow::paged("financial_event_groups_v0", &[&LIST_FINANCIAL_EVENT_GROUPS], &FINANCIAL_EVENT_GROUPS_V0)
        .lag(LATELY)
        .samples(finances::group_samples),
    ConnectorRow::paged("financial_events_v0", &[&LIST_FINANCIAL_EVENTS], &FINANCIAL_EVENTS_V0)
        .lag(LATELY)
        .samples(finances::event_samples),
    // The sandbox makes stock up for whoever puts some there first.
    ConnectorRow::paged("inventory", &[&GET_INVENTORY_SUMMARIES], &INVENTORY),
    ConnectorRow::paged("listings", &[&SEARCH_LISTINGS_ITEMS], &LISTINGS)
        .keyed(Keyed::Perhaps, SOME_KEYS)
        .samples(products::listing_samples),
    ConnectorRow::paged("order_items_v0", &[&GET_ORDER_ITEMS], &ORDER_ITEMS_V0)
        .keyed(Keyed::Always, SOME_KEYS)
        .samples(orders_v0::item_samples),
    ConnectorRow::paged("order_metrics", &[&GET_ORDER_METRICS], &ORDER_METRICS).samples(sellers::metrics_samples),
    ConnectorRow::paged("orders", &[&SEARCH_ORDERS], &ORDERS).lag(LATELY).samples(orders::samples),
    ConnectorRow::paged("orders_v0", &[&GET_ORDERS], &ORDERS_V0).lag(LATELY).samples(orders_v0::order_samples),
    ConnectorRow::paged("participations", &[&GET_MARKETPLACE_PARTICIPATIONS], &PARTICIPATIONS)
        .samples(sellers::participation_samples),
    ConnectorRow::paged("prices", &[&GET_PRICING], &PRICES)
        .keyed(Keyed::Always, SOME_KEYS)
        .samples(products::price_samples),
    ConnectorRow::new(
        "report",
        &[&CREATE_REPORT, &GET_REPORT, &GET_REPORT_DOCUMENT, &GET_REPORTS, &CREATE_RESTRICTED_DATA_TOKEN],
        Way::Report,
    )
    .needs(&["report_type"])
    .cooldown(TimeDelta::minutes(30))
    .samples(report::samples),
    ConnectorRow::new(
        "settlements",
        &[&GET_REPORTS, &GET_REPORT_DOCUMENT, &CREATE_RESTRICTED_DATA_TOKEN],
        Way::Settlements,
    ),
    ConnectorRow::paged("transactions", &[&LIST_TRANSACTIONS], &TRANSACTIONS)
        .lag(LATELY)
        .samples(finances::transaction_samples),
];

/// What is known of each connector before it is used.
pub fn offered() -> Vec<ConnectorFacts> {
    TABLE.iter().map(|row| row.facts).collect()
}

/// The row of this name.
pub(crate) fn row(name: &str) -> Option<&'static ConnectorRow> {
    TABLE.iter().find(|row| row.facts.name == name)
}

/// An operation that some connector calls.
pub(crate) fn operation(name: &str) -> Option<&'static Operation> {
    TABLE.iter().flat_map(|row| row.operations).copied().find(|operation| operation.name == name)
}

/// How a connector works.
pub(crate) enum Way {
    Paged(&'static Listing),
    Report,
    DataKiosk,
    AdsReport,
    Settlements,
    Files,
}

/// One connector.
pub(crate) struct ConnectorRow {
    pub facts: ConnectorFacts,
    /// The operations it calls.
    pub operations: &'static [&'static Operation],
    pub way: Way,
    /// What the sandbox is asked.
    pub samples: fn() -> Vec<Sample>,
}

impl ConnectorRow {
    const fn paged(name: &'static str, operations: &'static [&'static Operation], listing: &'static Listing) -> Self {
        Self::new(name, operations, Way::Paged(listing))
    }

    const fn new(name: &'static str, operations: &'static [&'static Operation], way: Way) -> Self {
        let facts = ConnectorFacts {
            name,
            keyed: Keyed::Never,
            lag: TimeDelta::zero(),
            pace: scarcest(operations),
            cooldown: TimeDelta::zero(),
            chunk: TimeDelta::days(1),
            chunk_keys: 0,
            parameters: &[],
        };
        Self { facts, operations, way, samples: Vec::new }
    }

    /// Its answers end so long before the present.
    const fn lag(mut self, lag: TimeDelta) -> Self {
        self.facts.lag = lag;
        self
    }

    /// It takes keys, so many in a request.
    const fn keyed(mut self, keyed: Keyed, a_request: usize) -> Self {
        self.facts.keyed = keyed;
        self.facts.chunk_keys = a_request;
        self
    }

    /// What Amazon gave up on is left alone for so long.
    const fn cooldown(mut self, cooldown: TimeDelta) -> Self {
        self.facts.cooldown = cooldown;
        self
    }

    /// A request asks for so much.
    const fn chunk(mut self, chunk: TimeDelta) -> Self {
        self.facts.chunk = chunk;
        self
    }

    /// Parameters it can't do without.
    const fn needs(mut self, parameters: &'static [&'static str]) -> Self {
        self.facts.parameters = parameters;
        self
    }

    const fn samples(mut self, samples: fn() -> Vec<Sample>) -> Self {
        self.samples = samples;
        self
    }
}

/// The quota of the operation that may be called least often; `None` where Amazon publishes none.
const fn scarcest(operations: &[&Operation]) -> Option<Pace> {
    let mut pace: Option<Pace> = None;
    let mut index = 0;
    while index < operations.len() {
        let operation = operations[index];
        let is_scarcer = match pace {
            Some(Pace { rate, .. }) => operation.rate < rate,
            None => true,
        };
        if !operation.shared && is_scarcer {
            pace = Some(Pace { rate: operation.rate, burst: operation.burst as f64 });
        }
        index += 1;
    }
    pace
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::operation::Api;

    #[test]
    fn each_connector_has_one_row() {
        assert!(TABLE.is_sorted_by(|one, next| one.facts.name < next.facts.name));
        let pace = |name: &str| row(name).unwrap().facts.pace.map(|pace| pace.rate);
        assert_eq!(pace("report"), Some(CREATE_REPORT.rate));
        assert_eq!(pace("settlements"), Some(GET_REPORT_DOCUMENT.rate));
        assert_eq!((pace("ads_report"), pace("files")), (None, None));
    }

    #[test]
    fn the_sandbox_is_asked_for_every_operation_it_can_answer() {
        let asked: BTreeSet<&str> =
            TABLE.iter().flat_map(|row| (row.samples)()).map(|sample| sample.ask.operation.name).collect();
        let sold = TABLE.iter().flat_map(|row| row.operations).filter(|operation| operation.api == Api::Selling);
        let missing: BTreeSet<&str> =
            sold.map(|operation| operation.name).filter(|name| !asked.contains(name)).collect();
        let unanswered = ["createRestrictedDataToken", "getInventorySummaries", "getMyFeesEstimates", "getQueries"];
        assert_eq!(missing, BTreeSet::from(unanswered));
    }
}
