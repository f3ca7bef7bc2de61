//! What the APIs answer: the items of each list in Amazon's exact shapes, whole and sorted. Paging, wrapping and
//! metering is the wire's business.

mod advertising;
mod catalog;
mod events_v0;
mod fees;
mod inventory;
mod kiosk;
mod listings;
mod metrics;
mod orders_2026;
mod orders_v0;
mod pricing;
mod sellers;
mod transactions;

pub use advertising::ads_campaigns;
pub use catalog::catalog_items;
pub use events_v0::{event_groups_v0, financial_events_v0};
pub use fees::fees_estimate;
pub use inventory::inventory_summaries;
pub use kiosk::data_kiosk;
pub use listings::listings_items;
pub use metrics::{MetricsQuery, order_metrics};
pub use orders_2026::{order_2026, orders_2026};
pub use orders_v0::{order_items_v0, order_v0, orders_v0};
pub use pricing::{competitive_prices, prices};
pub use sellers::participations;
pub use transactions::transactions;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::world::{Order, Seller, Source, Standing, Thread, latency, standing};

/// Which orders are wanted. Both ends of a range are inclusive, as in both Orders APIs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Placed within.
    pub created: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Last changed within.
    pub last_updated: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Marketplace ids; empty for all.
    pub marketplaces: Vec<String>,
}

/// An instant as the newer APIs print it.
fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// An order as it stands by `now`; nothing if it isn't published yet.
fn one<'a>(seller: &'a Seller, order_id: &str, now: DateTime<Utc>) -> Option<(&'a Order, Standing)> {
    let number = seller.order(order_id)?;
    Some((&seller.orders[number], standing(seller, number, now - latency(Source::Orders))?))
}

/// Orders that pass a filter as they stand by `now`, in the order they were placed or last changed.
fn matching<'a>(seller: &'a Seller, filter: &OrderFilter, now: DateTime<Utc>) -> Vec<(&'a Order, Standing)> {
    let seen = now - latency(Source::Orders);
    let moment = TimeDelta::microseconds(1);
    let numbers: Vec<usize> = match (filter.created, filter.last_updated) {
        (Some((from, to)), _) => seller.orders_placed(from, (to + moment).min(now)).collect(),
        (None, Some((from, to))) => {
            let changed = seller.between(Thread::Orders, from, to.min(now) + moment);
            let mut numbers: Vec<usize> = changed.filter_map(|(_, event)| event.what.order()).collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        }
        (None, None) => (0..seller.orders.len()).collect(),
    };
    let wanted = |order: &Order| {
        filter.marketplaces.is_empty() || filter.marketplaces.iter().any(|marketplace| marketplace == order.market.id)
    };
    let mut found: Vec<(&Order, Standing)> = numbers
        .into_iter()
        .filter(|number| wanted(&seller.orders[*number]))
        .filter_map(|number| Some((&seller.orders[number], standing(seller, number, seen)?)))
        .filter(|(_, standing)| {
            filter.last_updated.is_none_or(|(from, to)| standing.updated_at >= from && standing.updated_at <= to)
        })
        .collect();
    if filter.last_updated.is_some() {
        found.sort_by(|(one, first), (other, second)| {
            first.updated_at.cmp(&second.updated_at).then(one.id.cmp(&other.id))
        });
    }
    found
}
