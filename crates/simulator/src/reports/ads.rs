//! Ads reports, version 3: rows with exactly the columns asked for.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::ads_kinds::{AdsQuery, kind};
use crate::world::{Marketplace, Seller, Source, What, World, decimal, hashed, json_amount, latency, published_at};

/// An ad's day, or a sum of such, as known by now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Metrics {
    impressions: i64,
    clicks: i64,
    cost: i64,
    purchases: i64,
    units: i64,
    sales: i64,
}

impl Metrics {
    fn add(&mut self, other: &Self) {
        self.impressions += other.impressions;
        self.clicks += other.clicks;
        self.cost += other.cost;
        self.purchases += other.purchases;
        self.units += other.units;
        self.sales += other.sales;
    }
}

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    /// None over the whole range.
    day: Option<NaiveDate>,
    campaign: usize,
    ad: Option<usize>,
    term: Option<u64>,
}

/// Rows of a report by `now`; rows without impressions are left out.
///
/// # Errors
///
/// The text of Amazon's 400: an unknown profile, report, column or grouping, or a range out of reach.
pub fn ads_report(world: &World, profile_id: &str, query: &AdsQuery, now: DateTime<Utc>) -> Result<Vec<Value>, String> {
    let (seller, profile) = world.ads_profile(profile_id).ok_or_else(|| format!("unknown profile {profile_id}"))?;
    let kind = kind(&query.report_type_id)
        .ok_or_else(|| format!("configuration reportTypeId invalid value: {}", query.report_type_id))?;
    let market = seller.ads_profiles[profile].market;
    if let Some(refusal) = kind.refusal(query, market.day(now)) {
        return Err(refusal);
    }
    let mut rows: BTreeMap<Subject, Metrics> = BTreeMap::new();
    for day in query.from.iter_days().take_while(|day| *day <= query.to) {
        for (ad, metrics) in ads_of_day(seller, profile, day, now) {
            let campaign = seller.ads[ad].campaign;
            if seller.campaigns[campaign].product != kind.product {
                continue;
            }
            let day = (query.time_unit == "DAILY").then_some(day);
            let by_ad = kind.group_by == "advertiser";
            let subject = Subject { day, campaign, ad: by_ad.then_some(ad), term: None };
            if kind.group_by == "searchTerm" {
                for (term, part) in terms(ad, &metrics) {
                    let subject = Subject { ad: Some(ad), term: Some(term), ..subject.clone() };
                    rows.entry(subject).or_default().add(&part);
                }
            } else {
                rows.entry(subject).or_default().add(&metrics);
            }
        }
    }
    Ok(rows.iter().map(|(subject, metrics)| row(seller, market, query, subject, metrics)).collect())
}

/// Every ad of a profile with the newest published counts of a day.
fn ads_of_day(seller: &Seller, profile: usize, day: NaiveDate, now: DateTime<Utc>) -> BTreeMap<usize, Metrics> {
    let mut found: BTreeMap<usize, Metrics> = BTreeMap::new();
    for event in seller.timeline.ads_of(profile, day).iter().map(|place| &seller.events[*place]) {
        match event.what {
            What::AdsCounted { ad, impressions, clicks, cost, .. }
                if published_at(Source::AdsTraffic, event.at) <= now =>
            {
                found.insert(ad, Metrics { impressions, clicks, cost, ..Metrics::default() });
            }
            What::AdsCorrected { ad, clicks, cost, .. } if event.at + latency(Source::AdsRestated) <= now => {
                if let Some(metrics) = found.get_mut(&ad) {
                    (metrics.clicks, metrics.cost) = (clicks, cost);
                }
            }
            What::AdsSold { ad, purchases, units, sales, .. } if event.at + latency(Source::AdsRestated) <= now => {
                if let Some(metrics) = found.get_mut(&ad) {
                    (metrics.purchases, metrics.units, metrics.sales) = (purchases, units, sales);
                }
            }
            _ => {}
        }
    }
    found
}

/// An ad's clicks by search term. Some belong to no term, as Amazon keeps rare ones to itself.
fn terms(ad: usize, metrics: &Metrics) -> Vec<(u64, Metrics)> {
    let told = metrics.clicks * 9 / 10;
    if told == 0 {
        return Vec::new();
    }
    let per_click = metrics.cost / metrics.clicks;
    let first = told - told / 3;
    [(0, first, metrics.purchases), (1, told - first, 0)]
        .into_iter()
        .filter(|(_, clicks, _)| *clicks > 0)
        .map(|(place, clicks, purchases)| {
            let part = Metrics {
                impressions: metrics.impressions * clicks / metrics.clicks,
                clicks,
                cost: per_click * clicks,
                purchases,
                units: if place == 0 { metrics.units } else { 0 },
                sales: if place == 0 { metrics.sales } else { 0 },
            };
            (hashed(&[ad as u64, place, 71]) % 40, part)
        })
        .collect()
}

fn row(seller: &Seller, market: &Marketplace, query: &AdsQuery, subject: &Subject, metrics: &Metrics) -> Value {
    let mut found = Map::new();
    for column in &query.columns {
        let value =
            described(seller, market, query, subject, column).unwrap_or_else(|| measured(market, metrics, column));
        found.insert(column.clone(), value);
    }
    Value::Object(found)
}

/// Columns that say what a row is about.
fn described(
    seller: &Seller,
    market: &Marketplace,
    query: &AdsQuery,
    subject: &Subject,
    column: &str,
) -> Option<Value> {
    let campaign = &seller.campaigns[subject.campaign];
    let ad = subject.ad.map(|ad| &seller.ads[ad]);
    let product = ad.and_then(|ad| ad.product).map(|product| &seller.products[product]);
    let term = subject.term.map(|term| format!("kite {} \"xl\"", term + 1));
    Some(match column {
        "date" => json!(subject.day.map(|day| day.to_string())),
        "startDate" => json!(query.from.to_string()),
        "endDate" => json!(query.to.to_string()),
        "campaignId" => json!(campaign.id),
        "campaignName" => json!(campaign.name),
        "campaignStatus" | "adKeywordStatus" => json!("ENABLED"),
        "campaignBudgetType" => json!("DAILY_BUDGET"),
        "campaignBudgetAmount" => json_amount(campaign.budget, market.digits),
        "campaignBudgetCurrencyCode" => json!(market.currency),
        "campaignBiddingStrategy" => json!("legacy"),
        "portfolioId" => Value::Null,
        "adGroupId" => json!(ad?.group_id),
        "adGroupName" => json!("Group 1"),
        "adId" => json!(ad?.id),
        "advertisedAsin" | "promotedAsin" => json!(product?.asin),
        "advertisedSku" | "promotedSku" => json!(product?.sku),
        "costType" => json!("CPC"),
        "bidOptimization" => json!("clicks"),
        "keywordId" => json!(ad?.id + subject.term?),
        "keyword" | "keywordText" | "targeting" => json!("kite"),
        "keywordType" | "matchType" => json!("BROAD"),
        "keywordBid" => json_amount(75, market.digits),
        "searchTerm" => json!(term?),
        _ => return None,
    })
}

/// Columns that count. Of the attribution windows, a day's holds about half.
fn measured(market: &Marketplace, metrics: &Metrics, column: &str) -> Value {
    let quotient = |part: i64, whole: i64| {
        if whole == 0 {
            Value::Null
        } else {
            decimal(part * 10_000 / whole, 4).parse().map_or(Value::Null, Value::Number)
        }
    };
    let money = |minor: i64| json_amount(minor, market.digits);
    match column {
        "impressions" => json!(metrics.impressions),
        "impressionsViews" | "viewableImpressions" => json!(metrics.impressions * 7 / 10),
        "clicks" => json!(metrics.clicks),
        "cost" | "spend" => money(metrics.cost),
        "costPerClick" if metrics.clicks > 0 => money(metrics.cost / metrics.clicks),
        "clickThroughRate" => quotient(metrics.clicks * 100, metrics.impressions),
        "acosClicks7d" | "acosClicks14d" => quotient(metrics.cost * 100, metrics.sales),
        "roasClicks7d" | "roasClicks14d" => quotient(metrics.sales, metrics.cost),
        "salesOtherSku7d" => money(0),
        "unitsSoldOtherSku7d" | "newToBrandPurchases" => json!(0),
        "detailPageViews" => json!(metrics.clicks * 2),
        "purchases1d" | "purchasesSameSku1d" => json!(metrics.purchases / 2),
        "unitsSoldClicks1d" | "unitsSoldSameSku1d" => json!(metrics.units / 2),
        "sales1d" | "attributedSalesSameSku1d" => money(metrics.sales / 2),
        _ if column.starts_with("purchases") => json!(metrics.purchases),
        _ if column.starts_with("unitsSold") => json!(metrics.units),
        _ if column.starts_with("sales") || column.starts_with("attributedSales") => money(metrics.sales),
        _ => Value::Null,
    }
}
