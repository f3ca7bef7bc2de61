//! Finances v0 (C.3).

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{found, window};
use crate::answers::{event_groups_v0, financial_events_v0};
use crate::paging::Paging;
use crate::server::{Amazon, Answer, Call, Operation, Reply, Role};

/// The operations, with their documented quotas (B.2).
pub const OPERATIONS: &[Operation] = &[
    Operation::get("finances_v0.listFinancialEventGroups", "/finances/v0/financialEventGroups", groups)
        .rate(0.5, 30)
        .role(Role::FinanceAndAccounting),
    Operation::get("finances_v0.listFinancialEvents", "/finances/v0/financialEvents", events)
        .rate(0.5, 30)
        .role(Role::FinanceAndAccounting),
];

/// Longer ranges are empty, not refused.
const LONGEST: TimeDelta = TimeDelta::days(180);

fn groups(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let (after, before) = ("FinancialEventGroupStartedAfter", "FinancialEventGroupStartedBefore");
    let (from, to) = window(call, after, before)?.ok_or_else(|| Answer::invalid("Date range is invalid."))?;
    let size = call.query().number("MaxResultsPerPage", 1..=100, 10)?;
    let page =
        paging(size, true).page(amazon, call, |now| event_groups_v0(&amazon.world, call.seller(), from, to, now))?;
    answer(page.next, "FinancialEventGroupList", &Value::from(page.items))
}

fn events(amazon: &Amazon, call: &Call<'_>) -> Reply {
    let (from, to) =
        window(call, "PostedAfter", "PostedBefore")?.ok_or_else(|| Answer::invalid("Date range is invalid."))?;
    let size = call.query().number("MaxResultsPerPage", 1..=100, 100)?;
    let page = paging(size, false).page(amazon, call, |now| {
        if to - from > LONGEST {
            return Vec::new();
        }
        // One list of (name of the list, event), so that a page may end within any of them.
        let events = financial_events_v0(&amazon.world, call.seller(), from, to, now);
        let lists = events.as_object().into_iter().flatten();
        let pairs = lists
            .flat_map(|(name, events)| events.as_array().into_iter().flatten().map(move |event| json!([name, event])));
        pairs.collect()
    })?;
    let mut lists = Map::new();
    for pair in page.items {
        let (Some(name), event) = (pair[0].as_str(), &pair[1]) else { continue };
        let list = lists.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Some(list) = list.as_array_mut() {
            list.push(event.clone());
        }
    }
    answer(page.next, "FinancialEvents", &Value::Object(lists))
}

/// Tokens die within minutes while a throttled client pages.
fn paging(size: usize, identified: bool) -> Paging<'static> {
    Paging { token: "NextToken", size, lifetime: TimeDelta::minutes(25), free: &[], identified }
}

fn answer(next: Option<String>, name: &str, items: &Value) -> Reply {
    let mut payload = json!({ name: items });
    if let Some(next) = next {
        payload["NextToken"] = json!(next);
    }
    found(&json!({ "payload": payload }))
}
