//! How long a report type wants to be left alone after a request (amazon.md: How often a report is made).

use chrono::TimeDelta;
use sellerlake_contracts::{Request, Result};

use crate::parameters;

const NEAR_REAL_TIME: TimeDelta = TimeDelta::minutes(30);
const DAILY: TimeDelta = TimeDelta::hours(4);
const ONCE_A_DAY: TimeDelta = TimeDelta::hours(24);

/// Types that are made anew at most every four hours; what is not named here is near-real-time.
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

/// The regeneration window of a request's report: the parameter `cooldown` (`near_real_time`, `daily`, `once_a_day` or a
/// number of minutes), or what is known of the type.
pub(crate) fn cooldown(request: &Request, report_type: &str) -> Result<TimeDelta> {
    let told = match parameters::optional(request, "cooldown") {
        None => None,
        Some("near_real_time") => Some(NEAR_REAL_TIME),
        Some("daily") => Some(DAILY),
        Some("once_a_day") => Some(ONCE_A_DAY),
        Some(text) => {
            let minutes = text.parse().map(TimeDelta::minutes).map_err(|error| {
                parameters::lacking(request, format!("{text:?} is not a cooldown"))
                    .source(error)
                    .hint("near_real_time, daily, once_a_day or a number of minutes")
            });
            Some(minutes?)
        }
    };
    Ok(told.unwrap_or_else(|| of_type(report_type)))
}

fn of_type(report_type: &str) -> TimeDelta {
    if report_type == "GET_REFERRAL_FEE_PREVIEW_REPORT" {
        return ONCE_A_DAY;
    }
    let is_daily = DAILY_TYPES.iter().any(|daily| report_type.starts_with(daily));
    if is_daily { DAILY } else { NEAR_REAL_TIME }
}
