//! Advertising profiles: one per marketplace, each with a time zone and a currency of its own
//! (amazon.md: Ads sign-in and profiles).

use sellerlake_contracts::{Request, Result};

use super::ACCESS;
use crate::ask::Ask;
use crate::operation::Operation;
use crate::paging::{Listing, Part};
use crate::parameters;

pub(crate) const LIST_PROFILES: Operation =
    Operation::get("listProfiles", "/v2/profiles").ads().rate(1.0, 5).role(ACCESS);

/// `listProfiles`. Parameters: `access_level`, `api_program`; the defaults also show profiles that may only be read.
pub(crate) const PROFILES: Listing = Listing::one_page(ask);

#[expect(clippy::unnecessary_wraps, reason = "every listing asks through one type")]
fn ask(request: &Request, _part: &Part) -> Result<Ask> {
    Ok(Ask::of(&LIST_PROFILES)
        .query("accessLevel", parameters::optional(request, "access_level").unwrap_or("view"))
        .query("apiProgram", parameters::optional(request, "api_program").unwrap_or("report")))
}
