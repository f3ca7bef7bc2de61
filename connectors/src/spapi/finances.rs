//! The money: transactions of 2024-06-19 and the older events and event groups
//! (amazon.md: Finances 2024-06-19; Finances v0).

use chrono::TimeDelta;
use sellerlake_contracts::{Request, Result};

use super::roles;
use crate::ask::{Ask, Sample};
use crate::operation::Operation;
use crate::paging::{Listing, Part};
use crate::parameters;

pub(crate) const LIST_TRANSACTIONS: Operation =
    Operation::get("listTransactions", "/finances/2024-06-19/transactions").rate(0.5, 10).role(roles::FINANCE);
pub(crate) const LIST_FINANCIAL_EVENTS: Operation =
    Operation::get("listFinancialEvents", "/finances/v0/financialEvents").rate(0.5, 30).role(roles::FINANCE);
pub(crate) const LIST_FINANCIAL_EVENT_GROUPS: Operation =
    Operation::get("listFinancialEventGroups", "/finances/v0/financialEventGroups").rate(0.5, 30).role(roles::FINANCE);

/// Windows over 180 days are answered with an empty list, not with an error.
const LONGEST: TimeDelta = TimeDelta::days(179);

/// `listTransactions`. Parameter: `transaction_status`. Large windows end in a 500 that never goes away, so a window
/// that fails is read in halves, which land together.
pub(crate) const TRANSACTIONS: Listing = Listing {
    token_parameter: "nextToken",
    token_at: "/payload/nextToken",
    token_life: TimeDelta::hours(1),
    items_at: "/payload/transactions",
    full_page: 500,
    longest: LONGEST,
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

/// The page token of both APIs' samples.
const SAMPLE_PAGE: &str = "jehgri34yo7jr9e8f984tr9i4o";

/// Transactions, as the sandbox knows them.
pub(crate) fn transaction_samples() -> Vec<Sample> {
    let ask = Ask::of(&LIST_TRANSACTIONS).query("postedAfter", "2023-03-07").query("nextToken", SAMPLE_PAGE);
    vec![Sample::new(ask, "/payload/transactions/0")]
}

/// Events, as the sandbox knows them.
pub(crate) fn event_samples() -> Vec<Sample> {
    let ask = Ask::of(&LIST_FINANCIAL_EVENTS).query("MaxResultsPerPage", "10").query("NextToken", SAMPLE_PAGE);
    vec![Sample::new(ask, "/payload/FinancialEvents")]
}

/// Groups, as the sandbox knows them.
pub(crate) fn group_samples() -> Vec<Sample> {
    let ask = Ask::of(&LIST_FINANCIAL_EVENT_GROUPS)
        .query("MaxResultsPerPage", "1")
        .query("FinancialEventGroupStartedBefore", "2019-10-31")
        .query("FinancialEventGroupStartedAfter", "2019-10-13");
    vec![Sample::new(ask, "/payload/FinancialEventGroupList/0/FinancialEventGroupId")]
}
