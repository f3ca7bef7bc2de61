//! The money: transactions of 2024-06-19 and the older events and event groups
//! (amazon.md: Finances 2024-06-19; Finances v0).

use chrono::TimeDelta;
use sellerlake_contracts::{Request, Result};

use super::operations::{LIST_FINANCIAL_EVENT_GROUPS, LIST_FINANCIAL_EVENTS, LIST_TRANSACTIONS};
use crate::ask::Ask;
use crate::paging::{Listing, Part};
use crate::parameters;

/// Windows over 180 days are answered with an empty list, not with an error.
const LONGEST: TimeDelta = TimeDelta::days(179);
const LAG: TimeDelta = TimeDelta::seconds(150);

/// `listTransactions`. Parameter: `transaction_status`. Large windows end in a 500 that never goes away, so a window
/// that fails is read in halves, which land together.
pub(crate) const TRANSACTIONS: Listing = Listing {
    token_parameter: "nextToken",
    token_at: "/payload/nextToken",
    token_life: TimeDelta::hours(1),
    items_at: "/payload/transactions",
    full_page: 500,
    longest: LONGEST,
    lag: LAG,
    halves_on_error: true,
    ..Listing::one_page(transactions)
};

/// `listFinancialEvents`. An answer over 10 MB is a 400: halves again.
pub(crate) const FINANCIAL_EVENTS_V0: Listing = Listing {
    token_parameter: "NextToken",
    token_at: "/payload/NextToken",
    // Tokens have died after three minutes, in the middle of throttled paging (amazon.md: Finances v0).
    token_life: TimeDelta::minutes(25),
    items_at: "",
    longest: LONGEST,
    lag: LAG,
    halves_on_error: true,
    ..Listing::one_page(events)
};

/// `listFinancialEventGroups`, by start of the group.
pub(crate) const FINANCIAL_EVENT_GROUPS_V0: Listing = Listing {
    token_parameter: "NextToken",
    token_at: "/payload/NextToken",
    token_life: TimeDelta::minutes(25),
    items_at: "/payload/FinancialEventGroupList",
    longest: LONGEST,
    lag: LAG,
    halves_on_error: true,
    ..Listing::one_page(groups)
};

fn transactions(request: &Request, part: &Part) -> Result<Ask> {
    let window = part.window.map_or_else(|| parameters::window(request), Ok)?;
    // A marketplace would hide orders the seller ships in the US (amazon.md: Finances 2024-06-19): name one only if
    // the request does.
    let marketplace = parameters::marketplaces(request).next().filter(|_| request.marketplaces.len() == 1);
    Ok(Ask::of(&LIST_TRANSACTIONS)
        .at("postedAfter", window.from)
        .at("postedBefore", window.to)
        .maybe("marketplaceId", marketplace)
        .maybe("transactionStatus", parameters::optional(request, "transaction_status")))
}

fn events(request: &Request, part: &Part) -> Result<Ask> {
    let window = part.window.map_or_else(|| parameters::window(request), Ok)?;
    Ok(Ask::of(&LIST_FINANCIAL_EVENTS)
        .query("MaxResultsPerPage", "100")
        .at("PostedAfter", window.from)
        .at("PostedBefore", window.to))
}

fn groups(request: &Request, part: &Part) -> Result<Ask> {
    let window = part.window.map_or_else(|| parameters::window(request), Ok)?;
    Ok(Ask::of(&LIST_FINANCIAL_EVENT_GROUPS)
        .query("MaxResultsPerPage", "100")
        .at("FinancialEventGroupStartedAfter", window.from)
        .at("FinancialEventGroupStartedBefore", window.to))
}
