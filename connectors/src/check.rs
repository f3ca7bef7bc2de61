//! Does this account work? A few cheap calls, and what to do about those that fail.

use chrono::TimeDelta;
use sellerlake_contracts::{Kind, MarketplaceId};
use serde_json::Value;

use crate::ads::profiles::LIST_PROFILES;
use crate::ask::Ask;
use crate::call::Caller;
use crate::failure::Stop;
use crate::operation::Api;
use crate::skew::synchronise;
use crate::spapi::finances::LIST_TRANSACTIONS;
use crate::spapi::inventory::GET_INVENTORY_SUMMARIES;
use crate::spapi::products::SEARCH_LISTINGS_ITEMS;
use crate::spapi::report_operations::GET_REPORTS;
use crate::spapi::sellers::GET_MARKETPLACE_PARTICIPATIONS;

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckFinding {
    /// What was tried: `sign-in`, `marketplaces`, `clock` if it is wrong, `reports`, or the name of a role.
    pub subject: String,
    /// Whether it works. What Amazon couldn't say at the moment counts as working, with a word in `detail`.
    pub is_ok: bool,
    /// What was found.
    pub detail: String,
    /// What an operator does about it.
    pub remedy: Option<String>,
}

/// Everything that can be tried without touching a scarce quota.
pub(crate) async fn check(caller: &Caller, chosen: &[MarketplaceId]) -> Vec<CheckFinding> {
    let sign_in = caller.sign_in.access(Api::Selling).await;
    let mut findings = vec![finding("sign-in", sign_in.map(|_| "Amazon accepts the grant".to_owned()))];
    if !findings[0].is_ok {
        return findings;
    }
    let participations = caller.call(&Ask::of(&GET_MARKETPLACE_PARTICIPATIONS)).await;
    let marketplaces = participations.as_ref().map(|reply| selling(&reply.json)).unwrap_or_default();
    findings.push(finding("marketplaces", participations.map(|_| marketplaces.join(", "))));
    if let Some(skew) = caller.skew.told() {
        let remedy = Some(synchronise(&skew));
        findings.push(CheckFinding { subject: "clock".to_owned(), is_ok: false, detail: skew, remedy });
    }
    let is_chosen = |id: &&String| chosen.iter().any(|chosen| chosen.as_str() == id.as_str());
    let tried = marketplaces.iter().find(is_chosen).or(marketplaces.first());
    for (subject, ask) in trials(caller, tried.map(String::as_str)) {
        let tried = caller.call(&ask).await;
        findings.push(finding(subject, tried.map(|_| "works".to_owned())));
    }
    if !caller.sign_in.client_id(Api::Ads).is_empty() {
        let profiles =
            caller.call(&Ask::of(&LIST_PROFILES).query("accessLevel", "view").query("apiProgram", "report")).await;
        let count = |json: &Value| match json.as_array().map_or(0, Vec::len) {
            1 => "1 profile".to_owned(),
            many => format!("{many} profiles"),
        };
        findings.push(finding("Ads", profiles.map(|reply| count(&reply.json))));
    }
    findings
}

fn trials(caller: &Caller, marketplace: Option<&str>) -> Vec<(&'static str, Ask)> {
    let now = caller.clock.now();
    let (from, to) = (now - TimeDelta::hours(1), now - TimeDelta::minutes(5));
    let reports = Ask::of(&GET_REPORTS).query("reportTypes", "GET_MERCHANT_LISTINGS_ALL_DATA").query("pageSize", "1");
    let money = Ask::of(&LIST_TRANSACTIONS).at("postedAfter", from).at("postedBefore", to);
    let mut trials = vec![("reports", reports), (LIST_TRANSACTIONS.role, money)];
    if let Some(marketplace) = marketplace {
        let stock = Ask::of(&GET_INVENTORY_SUMMARIES)
            .query("granularityType", "Marketplace")
            .query("granularityId", marketplace)
            .query("marketplaceIds", marketplace)
            .at("startDateTime", from);
        let listings = Ask::of(&SEARCH_LISTINGS_ITEMS)
            .name(caller.account.seller.as_str())
            .query("marketplaceIds", marketplace)
            .query("pageSize", "1");
        trials.extend([(GET_INVENTORY_SUMMARIES.role, stock), (SEARCH_LISTINGS_ITEMS.role, listings)]);
    }
    trials
}

/// Marketplaces the seller takes part in, as ids.
fn selling(json: &Value) -> Vec<String> {
    let all = json.get("payload").and_then(Value::as_array).into_iter().flatten();
    let taking_part = all.filter(|one| one.pointer("/participation/isParticipating") == Some(&Value::Bool(true)));
    taking_part.filter_map(|one| one.pointer("/marketplace/id")?.as_str()).map(str::to_owned).collect()
}

/// What a try came to.
pub(crate) fn finding(subject: &str, tried: Result<String, Stop>) -> CheckFinding {
    let subject = subject.to_owned();
    match tried.map_err(Stop::into_error) {
        Ok(detail) => CheckFinding { subject, is_ok: true, detail, remedy: None },
        Err(error) => {
            let later = matches!(error.kind(), Kind::Throttled);
            CheckFinding { subject, is_ok: later, detail: error.to_string(), remedy: error.remedy().map(str::to_owned) }
        }
    }
}
