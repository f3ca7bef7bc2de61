//! Finances v0 (amazon.md: Finances v0).

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{found, under, window};
use crate::answers::{event_groups_v0, financial_events_v0};
use crate::paging::Paging;
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their quotas (amazon.md: Default rates).
pub const OPERATIONS: &[Operation] = &[
    Operation::get("finances_v0.listFinancialEventGroups", "/finances/v0/financialEventGroups", groups)
        .rate(0.5, 30)
        .role(Role::FinanceAndAccounting),
    Operation::get("finances_v0.listFinancialEvents", "/finances/v0/financialEvents", events)
        .rate(0.5, 30)
        .role(Role::FinanceAndAccounting),
    Operation::get("finances_v0.listFinancialEventsByOrderId", OF_ORDER, events_of_order)
        .rate(0.5, 30)
        .role(Role::FinanceAndAccounting),
];

const OF_ORDER: &str = "/finances/v0/orders/{orderId}/financialEvents";

/// Longer ranges are empty, not refused.
const LONGEST: TimeDelta = TimeDelta::days(180);

fn groups(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let (after, before) = ("FinancialEventGroupStartedAfter", "FinancialEventGroupStartedBefore");
    let window = window(call, after, before)?.ok_or_else(|| Answer::invalid("Date range is invalid."))?;
    let size = call.query().number("MaxResultsPerPage", 1..=100, 10)?;
    let page = paging(size, true).page(amazon, call, |now| {
        let (from, to) = window.by(now);
        event_groups_v0(&amazon.world, call.seller(), from, to, now)
    })?;
    answer(page.next, "FinancialEventGroupList", Value::from(page.items))
}

fn events(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let window =
        window(call, "PostedAfter", "PostedBefore")?.ok_or_else(|| Answer::invalid("Date range is invalid."))?;
    events_page(amazon, call, |now| {
        let (from, to) = window.by(now);
        if to - from > LONGEST {
            return Vec::new();
        }
        flat(&financial_events_v0(&amazon.world, call.seller(), from, to, now))
    })
}

fn events_of_order(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let id = call.name("orderId");
    events_page(amazon, call, |now| {
        let mut pairs = flat(&financial_events_v0(&amazon.world, call.seller(), DateTime::UNIX_EPOCH, now, now));
        pairs.retain(|pair| pair[1]["AmazonOrderId"] == id);
        pairs
    })
}

/// The lists as one, of (name of the list, event), so that a page may end within any of them.
fn flat(events: &Value) -> Vec<Value> {
    let lists = events.as_object().into_iter().flatten();
    let pairs = lists.flat_map(|(name, events)| {
        events
            .as_array()
            .into_iter()
            .flatten()
            .map(move |event| Value::from(vec![Value::from(name.as_str()), event.clone()]))
    });
    pairs.collect()
}

fn events_page(amazon: &Amazon, call: &Call<'_>, print: impl FnOnce(DateTime<Utc>) -> Vec<Value>) -> Reply {
    let size = call.query().number("MaxResultsPerPage", 1..=100, 100)?;
    let page = paging(size, false).page(amazon, call, print)?;
    let mut lists = Map::new();
    for pair in page.items {
        let Value::Array(pair) = pair else { continue };
        let Ok([Value::String(name), event]) = <[Value; 2]>::try_from(pair) else { continue };
        if let Some(list) = lists.entry(name).or_insert_with(|| Value::Array(Vec::new())).as_array_mut() {
            list.push(event);
        }
    }
    answer(page.next, "FinancialEvents", Value::Object(lists))
}

/// Tokens die within minutes while a throttled client pages. Events have no ids and lists no order by time.
fn paging(size: usize, identified: bool) -> Paging<'static> {
    Paging { identified, ..Paging::new("NextToken", size, TimeDelta::minutes(25)) }
}

fn answer(next: Option<String>, name: &str, items: Value) -> Reply {
    let mut payload = under(name, items);
    if let Some(next) = next {
        payload["NextToken"] = json!(next);
    }
    found(&under("payload", payload))
}
