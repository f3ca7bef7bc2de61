//! The Ads API's operations in use. Its limits aren't published and change (amazon.md: Ads reports); these rates are
//! polite ones, and a refusal's hint counts.

use crate::operation::Operation;

const ADS: &str = "Advertising API access";

pub(crate) const LIST_PROFILES: Operation = Operation::get("listProfiles", "/v2/profiles").ads().rate(1.0, 5).role(ADS);
pub(crate) const CREATE_ADS_REPORT: Operation =
    Operation::post("createAsyncReport", "/reporting/reports").ads().rate(0.5, 10).role(ADS).creates();
// A shared bucket doesn't know of calls under way, so its burst stays well below what may be admitted.
pub(crate) const GET_ADS_REPORT: Operation =
    Operation::get("getAsyncReport", "/reporting/reports/{reportId}").ads().rate(5.0, 10).role(ADS);
