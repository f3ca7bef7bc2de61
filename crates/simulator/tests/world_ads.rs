//! Ads reports: products add up to campaigns, both to the truth; costs are corrected and sales restated.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sellerlake_simulator::answers::ads_campaigns;
use sellerlake_simulator::reports::{AdsQuery, ads_report};
use sellerlake_simulator::truth::truth;
use sellerlake_simulator::world::{AdProduct, World};
use serde_json::Value;

use crate::world_reading::{amount, end, hundredths, world};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn asked(report_type_id: &str, columns: &[&str]) -> AdsQuery {
    let (ad_product, group_by) = match report_type_id {
        "spCampaigns" => ("SPONSORED_PRODUCTS", "campaign"),
        "spSearchTerm" => ("SPONSORED_PRODUCTS", "searchTerm"),
        "sbCampaigns" => ("SPONSORED_BRANDS", "campaign"),
        "sbSearchTerm" => ("SPONSORED_BRANDS", "searchTerm"),
        "sdAdvertisedProduct" => ("SPONSORED_DISPLAY", "advertiser"),
        _ => ("SPONSORED_PRODUCTS", "advertiser"),
    };
    AdsQuery {
        ad_product: ad_product.to_owned(),
        report_type_id: report_type_id.to_owned(),
        group_by: vec![group_by.to_owned()],
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        time_unit: "DAILY".to_owned(),
        from: day("2026-10-10"),
        to: day("2026-10-31"),
    }
}

/// Sums by day of impressions, clicks, cost and sales.
fn by_day(rows: &[Value], sales: &str) -> BTreeMap<String, [i64; 4]> {
    let mut sums: BTreeMap<String, [i64; 4]> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry(row["date"].as_str().unwrap().to_owned()).or_default();
        let told = [
            row["impressions"].as_i64().unwrap(),
            row["clicks"].as_i64().unwrap(),
            amount(&row["cost"]),
            amount(&row[sales]),
        ];
        sum.iter_mut().zip(told).for_each(|(sum, more)| *sum += more);
    }
    sums
}

fn profiles(world: &World) -> Vec<(String, String)> {
    let sellers = world.sellers().iter();
    sellers.flat_map(|s| s.ads_profiles.iter().map(|profile| (s.id.clone(), profile.id.clone()))).collect()
}

#[test]
fn products_campaigns_and_truth_agree() {
    let world = world();
    for now in [end(), end() + TimeDelta::days(20)] {
        for (seller, profile) in profiles(&world) {
            let truth = truth(&world, &seller, now);
            for (kind, product, sales) in [
                ("spAdvertisedProduct", "SP", "sales7d"),
                ("spCampaigns", "SP", "sales7d"),
                ("sbCampaigns", "SB", "sales"),
                ("sdAdvertisedProduct", "SD", "sales"),
            ] {
                let asked = asked(kind, &["date", "campaignId", "impressions", "clicks", "cost", sales]);
                let rows = ads_report(&world, &profile, &asked, now).unwrap();
                let mut expected: BTreeMap<String, [i64; 4]> = BTreeMap::new();
                for row in truth.ad_spend.iter().filter(|row| row.profile_id == profile && row.ad_product == product) {
                    if day(&row.day) < asked.from || day(&row.day) > asked.to {
                        continue;
                    }
                    let told = [row.impressions, row.clicks, hundredths(&row.cost), hundredths(&row.sales)];
                    let sum = expected.entry(row.day.clone()).or_default();
                    sum.iter_mut().zip(told).for_each(|(sum, more)| *sum += more);
                }
                assert_eq!(by_day(&rows, sales), expected, "{kind}");
            }
        }
    }
}

#[test]
fn search_terms_have_clicks_and_say_less_than_campaigns() {
    let world = world();
    for (of_terms, of_campaigns, sales) in
        [("spSearchTerm", "spCampaigns", "sales7d"), ("sbSearchTerm", "sbCampaigns", "sales")]
    {
        let (mut told, mut all) = ([0; 4], [0; 4]);
        for (_, profile) in profiles(&world) {
            let columns = ["date", "campaignId", "searchTerm", "impressions", "clicks", "cost", sales];
            let terms = ads_report(&world, &profile, &asked(of_terms, &columns), end()).unwrap();
            assert!(terms.iter().all(|row| row["clicks"].as_i64().unwrap() > 0 && row["searchTerm"].is_string()));
            let campaigns = asked(of_campaigns, &["date", "impressions", "clicks", "cost", sales]);
            let campaigns = by_day(&ads_report(&world, &profile, &campaigns, end()).unwrap(), sales);
            for (day, day_told) in by_day(&terms, sales) {
                assert!(day_told.iter().zip(campaigns[&day]).all(|(term, campaign)| *term <= campaign));
                told.iter_mut().zip(day_told).for_each(|(sum, more)| *sum += more);
            }
            campaigns.values().for_each(|day| all.iter_mut().zip(day).for_each(|(sum, more)| *sum += more));
        }
        assert!(told[1] > 100 && told[3] > 0, "{of_terms}: {told:?}");
        assert!(told[1] < all[1], "{of_terms}: {told:?} of {all:?}");
    }
}

#[test]
fn brands_by_search_term_have_columns_of_their_own() {
    let world = world();
    let (_, profile) = &profiles(&world)[0];
    let columns = [
        "date",
        "campaignId",
        "campaignName",
        "campaignStatus",
        "campaignBudgetType",
        "campaignBudgetAmount",
        "campaignBudgetCurrencyCode",
        "adGroupId",
        "adGroupName",
        "keywordId",
        "keywordText",
        "keywordType",
        "matchType",
        "keywordBid",
        "adKeywordStatus",
        "searchTerm",
        "impressions",
        "viewableImpressions",
        "clicks",
        "cost",
        "costType",
        "purchases",
        "purchasesClicks",
        "unitsSold",
        "sales",
        "salesClicks",
    ];
    let asked = |columns: &[&str]| asked("sbSearchTerm", columns);
    let rows = ads_report(&world, profile, &asked(&columns), end()).unwrap();
    assert!(rows.iter().flat_map(|row| row.as_object().unwrap().values()).all(|value| !value.is_null()), "{rows:?}");
    for missing in ["unitsSoldClicks", "keyword", "detailPageViews"] {
        assert!(ads_report(&world, profile, &asked(&[missing]), end()).unwrap_err().contains(missing));
    }
    let old = AdsQuery { from: day("2026-08-30"), to: day("2026-09-01"), ..asked(&["date"]) };
    assert!(ads_report(&world, profile, &old, end()).unwrap_err().contains("60"));
}

/// Cost and sales of some old days over all profiles.
fn old_days(world: &World, now: DateTime<Utc>) -> (i64, i64) {
    let mut sums = (0, 0);
    for (_, profile) in profiles(world) {
        let mut asked = asked("spAdvertisedProduct", &["date", "impressions", "clicks", "cost", "sales7d"]);
        asked.to = day("2026-10-20");
        for [_, _, cost, sales] in by_day(&ads_report(world, &profile, &asked, now).unwrap(), "sales7d").values() {
            sums = (sums.0 + cost, sums.1 + sales);
        }
    }
    sums
}

#[test]
fn cost_goes_down_within_days_and_sales_go_up_for_weeks() {
    let world = world();
    let (first, later, last) = (
        old_days(&world, "2026-10-21T20:00:00Z".parse().unwrap()),
        old_days(&world, "2026-10-25T20:00:00Z".parse().unwrap()),
        old_days(&world, "2026-11-20T20:00:00Z".parse().unwrap()),
    );
    assert!(later.0 < first.0, "invalid clicks are taken back");
    assert_eq!(later.0, last.0);
    assert!(first.1 < later.1 && later.1 < last.1, "sales are restated");
}

#[test]
fn requests_amazon_refuses_are_refused() {
    let world = world();
    let (_, profile) = &profiles(&world)[0];
    let good = asked("spCampaigns", &["date", "cost"]);
    let refusal = |asked: &AdsQuery| ads_report(&world, profile, asked, end()).unwrap_err();
    assert!(ads_report(&world, profile, &good, end()).is_ok());
    assert!(refusal(&asked("spCampaigns", &["date", "advertisedSku"])).contains("advertisedSku"));
    assert!(refusal(&AdsQuery { group_by: vec!["advertiser".to_owned()], ..good.clone() }).contains("groupBy"));
    assert!(refusal(&AdsQuery { time_unit: "SUMMARY".to_owned(), ..good.clone() }).contains("date"));
    assert!(refusal(&AdsQuery { from: day("2026-09-01"), ..good.clone() }).contains("31 days"));
    assert!(refusal(&AdsQuery { from: day("2026-06-01"), to: day("2026-06-02"), ..good.clone() }).contains("95"));
    assert!(ads_report(&world, "1", &good, end()).is_err());
    let summary = AdsQuery {
        time_unit: "SUMMARY".to_owned(),
        columns: vec!["startDate".to_owned(), "endDate".to_owned(), "campaignId".to_owned(), "cost".to_owned()],
        ..good
    };
    let rows = ads_report(&world, profile, &summary, end()).unwrap();
    assert_eq!(rows.len(), ads_campaigns(&world, profile, AdProduct::Products).len());
    assert_eq!(rows[0].as_object().unwrap().len(), 4);
}
