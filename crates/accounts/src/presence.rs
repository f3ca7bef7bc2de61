//! Where an account sells and advertises, as Amazon says.

use std::collections::BTreeMap;
use std::io::Read;

use chrono_tz::Tz;
use sellerlake_connectors::AmazonAccount;
use sellerlake_contracts::{AccountId, Clock, Error, Kind, MarketplaceId, Region, Request, Result, Scope, Step};
use sellerlake_state::AdsProfile;
use serde_json::Value;

/// Where an account sells and advertises.
pub struct Presence {
    /// Marketplaces in which the seller takes part.
    pub marketplaces: Vec<MarketplaceId>,
    /// Its profiles for Ads.
    pub profiles: Vec<AdsProfile>,
}

/// Asks Amazon where the account sells and advertises; without a grant for advertising, nowhere.
pub async fn presence(account: &AmazonAccount, clock: &dyn Clock) -> Result<Presence> {
    let marketplaces = participations(account, clock).await.map_err(|error| elsewhere(account.id(), error))?;
    let profiles = if account.advertises() { profiles(account, clock).await? } else { Vec::new() };
    Ok(Presence { marketplaces, profiles })
}

async fn participations(account: &AmazonAccount, clock: &dyn Clock) -> Result<Vec<MarketplaceId>> {
    let mut marketplaces = Vec::new();
    for page in pages(account, "participations", clock).await? {
        let all = page.get("payload").unwrap_or(&page).as_array().cloned().unwrap_or_default();
        for one in all {
            let takes_part = one.pointer("/participation/isParticipating") == Some(&Value::Bool(true));
            let id = one.pointer("/marketplace/id").and_then(Value::as_str).and_then(|id| id.parse().ok());
            marketplaces.extend(id.filter(|_| takes_part));
        }
    }
    Ok(marketplaces)
}

async fn profiles(account: &AmazonAccount, clock: &dyn Clock) -> Result<Vec<AdsProfile>> {
    let pages = pages(account, "ads_profiles", clock).await?;
    let all = pages.into_iter().filter_map(|page| page.as_array().cloned()).flatten();
    let own = all.filter(|one| {
        let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str);
        text("/accountInfo/type") == Some("seller") && text("/accountInfo/id") == Some(account.id().seller.as_str())
    });
    Ok(own.filter_map(|one| profile(&one)).collect())
}

/// A short listing, read whole.
async fn pages(account: &AmazonAccount, operation: &str, clock: &dyn Clock) -> Result<Vec<Value>> {
    let connector = account.connector(operation)?;
    let request = Request {
        account: account.id().clone(),
        pipeline: operation.to_owned(),
        scope: Scope(account.id().to_string()),
        marketplaces: Vec::new(),
        window: None,
        keys: Vec::new(),
        parameters: BTreeMap::new(),
    };
    let mut checkpoint = None;
    loop {
        match connector.step(&request, checkpoint.as_ref()).await? {
            Step::Wait { until, checkpoint: reached, .. } => {
                checkpoint = Some(reached);
                clock.sleep_until(until).await;
            }
            Step::Answer(answer) => return answer.pages.into_iter().map(|page| read(page, operation)).collect(),
            Step::NoData { .. } | Step::Found(_) => return Ok(Vec::new()),
            Step::Fatal { reason, .. } => {
                return Err(Error::permanent(Kind::Remote, reason).at("account.ask").with("operation", operation));
            }
        }
    }
}

/// A grant opens nothing in another region, which Amazon tells in the same words as a missing role.
fn elsewhere(id: &AccountId, error: Error) -> Error {
    if error.kind() != Kind::Forbidden {
        return error;
    }
    let others: Vec<&str> =
        Region::ALL.iter().map(|region| region.as_str()).filter(|r| *r != id.region.as_str()).collect();
    error.hint(format!(
        "a token opens nothing outside its region: if the seller granted access elsewhere, name that region (--region {}). \
         If {} is right, the application lacks the role \"Selling Partner Insights\": add it, then let the seller authorise \
         again",
        others.join(" or "),
        id.region
    ))
}

fn profile(one: &Value) -> Option<AdsProfile> {
    let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str);
    let zone = text("/timezone").filter(|zone| zone.parse::<Tz>().is_ok()).unwrap_or("UTC");
    Some(AdsProfile {
        id: one.get("profileId").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned))?,
        marketplace: text("/accountInfo/marketplaceStringId")?.parse().ok()?,
        currency: text("/currencyCode").unwrap_or_default().to_owned(),
        time_zone: zone.to_owned(),
    })
}

fn read(mut page: Box<dyn Read + Send>, operation: &str) -> Result<Value> {
    let strange =
        || Error::transient(Kind::Remote, "Amazon's answer isn't JSON").at("account.ask").with("operation", operation);
    let mut text = String::new();
    page.read_to_string(&mut text).map_err(|error| strange().source(error))?;
    serde_json::from_str(&text).map_err(|error| strange().source(error))
}
