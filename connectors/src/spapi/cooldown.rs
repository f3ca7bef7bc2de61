//! How long a report type wants to be left alone after a request (amazon.md: How often a report is made).

use chrono::TimeDelta;
use sellerlake_contracts::{Request, Result};

use crate::parameters;

const DAILY: TimeDelta = TimeDelta::hours(4);
const ONCE_A_DAY: TimeDelta = TimeDelta::hours(24);

/// Types that are made anew at most every four hours.
const DAILY_TYPES: [&str; 10] = [
    "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
    "GET_FBA_REIMBURSEMENTS_DATA",
    "GET_LEDGER_",
    "GET_FBA_INVENTORY_PLANNING_DATA",
    "GET_FBA_STORAGE_FEE_CHARGES_DATA",
    "GET_FBA_FULFILLMENT_LONGTERM_STORAGE_FEE_CHARGES_DATA",
    "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA",
    "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_",
    "GET_PROMOTION_PERFORMANCE_REPORT",
    "GET_COUPON_PERFORMANCE_REPORT",
];

/// How long a request's report rests: the minutes of the parameter `cooldown`, or what is known of the type, or else
/// `otherwise`.
pub(crate) fn cooldown(request: &Request, report_type: &str, otherwise: TimeDelta) -> Result<TimeDelta> {
    let Some(minutes) = parameters::optional(request, "cooldown") else {
        return Ok(of_type(report_type).unwrap_or(otherwise));
    };
    minutes.parse().map(TimeDelta::minutes).map_err(|error| {
        parameters::lacking(request, format!("{minutes:?} is no number of minutes to leave a report alone for"))
            .source(error)
    })
}

fn of_type(report_type: &str) -> Option<TimeDelta> {
    if report_type == "GET_REFERRAL_FEE_PREVIEW_REPORT" {
        return Some(ONCE_A_DAY);
    }
    DAILY_TYPES.iter().any(|daily| report_type.starts_with(daily)).then_some(DAILY)
}
