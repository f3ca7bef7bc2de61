//! How fast each connector may be used: the bound for anybody who says how long requests will take.

use sellerlake_contracts::Pace;

use crate::ads::operations::{CREATE_ADS_REPORT, GET_ADS_REPORT};
use crate::operation::Operation;
use crate::spapi::operations::{
    CREATE_QUERY, CREATE_REPORT, GET_COMPETITIVE_PRICING, GET_DOCUMENT, GET_INVENTORY_SUMMARIES, GET_MY_FEES_ESTIMATES,
    GET_ORDER_ITEMS, GET_ORDER_METRICS, GET_ORDERS, GET_PRICING, GET_QUERY, GET_REPORT, GET_REPORT_DOCUMENT,
    GET_REPORTS, LIST_FINANCIAL_EVENT_GROUPS, LIST_FINANCIAL_EVENTS, LIST_TRANSACTIONS, SEARCH_CATALOG_ITEMS,
    SEARCH_LISTINGS_ITEMS, SEARCH_ORDERS,
};

/// Operations that somebody else may call within our quotas.
pub(crate) const OPERATIONS: [&Operation; 20] = [
    &CREATE_REPORT,
    &GET_REPORT,
    &GET_REPORT_DOCUMENT,
    &GET_REPORTS,
    &SEARCH_ORDERS,
    &LIST_TRANSACTIONS,
    &LIST_FINANCIAL_EVENTS,
    &LIST_FINANCIAL_EVENT_GROUPS,
    &GET_INVENTORY_SUMMARIES,
    &SEARCH_CATALOG_ITEMS,
    &SEARCH_LISTINGS_ITEMS,
    &GET_PRICING,
    &GET_COMPETITIVE_PRICING,
    &GET_MY_FEES_ESTIMATES,
    &GET_ORDER_METRICS,
    &CREATE_QUERY,
    &GET_QUERY,
    &GET_DOCUMENT,
    &CREATE_ADS_REPORT,
    &GET_ADS_REPORT,
];

/// The scarcest call each use of a connector needs.
const SCARCEST: [(&str, &Operation); 9] = [
    ("data_kiosk", &CREATE_QUERY),
    ("financial_event_groups_v0", &LIST_FINANCIAL_EVENT_GROUPS),
    ("financial_events_v0", &LIST_FINANCIAL_EVENTS),
    ("order_items_v0", &GET_ORDER_ITEMS),
    ("orders", &SEARCH_ORDERS),
    ("orders_v0", &GET_ORDERS),
    ("report", &CREATE_REPORT),
    ("settlements", &GET_REPORT_DOCUMENT),
    ("transactions", &LIST_TRANSACTIONS),
];

/// The quota that holds a connector up; `None` where it is not worth mentioning, or Amazon publishes none (Ads).
pub fn pace(connector: &str) -> Option<Pace> {
    let (_, operation) = SCARCEST.iter().find(|(name, _)| *name == connector)?;
    Some(Pace { rate: operation.rate, burst: f64::from(operation.burst) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CONNECTORS;

    #[test]
    fn connectors_that_are_held_up_exist() {
        assert!(SCARCEST.iter().all(|(name, operation)| CONNECTORS.contains(name) && operation.rate < 1.0));
    }
}
