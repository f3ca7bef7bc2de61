//! The smaller APIs: they speak of the same products, prices and fees as everything else.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use sellerlake_simulator::answers::{
    MetricsQuery, catalog_items, competitive_prices, data_kiosk, fees_estimate, listings_items, order_metrics,
    participations, prices,
};
use sellerlake_simulator::truth::truth;
use serde_json::{Value, json};

use crate::world_reading::{amount, end, hundredths, long_after, world};

fn lines(document: &str) -> Vec<Value> {
    document.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn data_kiosk_counts_what_was_ordered() {
    let world = world();
    let seller = &world.sellers()[1];
    let market = seller.marketplaces[0];
    let query = format!(
        "query {{ analytics_economics_2024_03_15 {{ economics(startDate: \"2026-10-05\", endDate: \"2026-10-11\", \
         aggregateBy: {{ date: DAY, productId: MSKU }}, marketplaceIds: [\"{}\"]) {{ msku }} }} }}",
        market.id
    );
    let rows = lines(&data_kiosk(&world, &seller.id, &query, long_after()).unwrap().unwrap());
    let mut units: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in &rows {
        let key = (row["startDate"].as_str().unwrap().to_owned(), row["msku"].as_str().unwrap().to_owned());
        *units.entry(key).or_default() += row["sales"]["unitsOrdered"].as_i64().unwrap();
    }
    units.retain(|_, units| *units > 0);
    let truth = truth(&world, &seller.id, long_after());
    let expected = truth.daily_sales.iter().filter(|row| {
        row.marketplace_id.as_deref() == Some(market.id)
            && ("2026-10-05"..="2026-10-11").contains(&row.local_day.as_str())
    });
    let expected: BTreeMap<(String, String), i64> =
        expected.filter(|row| row.units > 0).map(|row| ((row.local_day.clone(), row.sku.clone()), row.units)).collect();
    assert_eq!(units, expected);
    assert_eq!(data_kiosk(&world, &seller.id, &query, end() - TimeDelta::days(60)), Ok(None));
    assert!(data_kiosk(&world, &seller.id, "query { nothing }", end()).is_err());
}

#[test]
fn a_fee_estimate_is_the_fee_that_is_charged() {
    let world = world();
    let seller = &world.sellers()[0];
    let market = seller.marketplaces[0];
    let order = seller.orders.iter().find(|order| {
        let item = &order.items[0];
        order.market.id == market.id
            && order.by_amazon
            && !order.non_amazon
            && item.each.discount == 0
            && item.each.price > 0
    });
    let item = &order.unwrap().items[0];
    let product = &seller.products[item.product];
    let price = sellerlake_simulator::world::decimal(item.each.price, 2).parse::<serde_json::Number>().unwrap();
    let request = json!({
        "MarketplaceId": market.id,
        "IsAmazonFulfilled": true,
        "Identifier": "one",
        "PriceToEstimateFees": { "ListingPrice": { "CurrencyCode": "USD", "Amount": price } },
    });
    let estimate = fees_estimate(&world, &seller.id, "SellerSKU", &product.sku, &request, end());
    assert_eq!(estimate["Status"], "Success");
    let details = estimate["FeesEstimate"]["FeeDetailList"].as_array().unwrap();
    assert_eq!(amount(&details[0]["FeeAmount"]["Amount"]), item.each.price * product.referral / 1000);
    assert_eq!(amount(&details[1]["FeeAmount"]["Amount"]), product.fulfilment);
    let unknown = fees_estimate(&world, &seller.id, "ASIN", "B000000000", &request, end());
    assert_eq!(unknown["Status"], "ClientError");
}

#[test]
fn listings_prices_and_catalogue_speak_of_the_same_products() {
    let world = world();
    for seller in world.sellers() {
        let market = seller.marketplaces[0];
        let markets = [market.id.to_owned()];
        let sections = ["summaries", "offers", "fulfillmentAvailability"].map(String::from);
        let listings = listings_items(&world, &seller.id, &markets, None, &sections, end());
        assert_eq!(listings.len(), seller.products.len());
        let skus: Vec<String> = listings.iter().map(|item| item["sku"].as_str().unwrap().to_owned()).collect();
        let asked = prices(&world, &seller.id, market.id, true, &skus, end());
        for (listing, price) in listings.iter().zip(&asked) {
            let listed = hundredths(listing["offers"][0]["price"]["amount"].as_str().unwrap());
            assert_eq!(amount(&price["Product"]["Offers"][0]["RegularPrice"]["Amount"]), listed);
            assert_eq!(listing["summaries"][0]["asin"], price["ASIN"]);
        }
        let asins: Vec<String> = seller.products.iter().map(|product| product.asin.clone()).collect();
        let mut with_unknown = asins.clone();
        with_unknown.insert(1, "B000000000".to_owned());
        let catalogue = catalog_items(&world, market.id, &with_unknown, &["summaries".to_owned()]);
        assert_eq!(catalogue.len(), asins.len(), "unknown ASINs are missing");
        let failed = competitive_prices(&world, &seller.id, market.id, false, &with_unknown[1..2], end());
        assert_eq!(failed[0]["status"], "ClientError");
        let one = listings_items(&world, &seller.id, &markets, Some(&skus[2..3]), &sections, end());
        assert_eq!(one.len(), 1);
    }
}

#[test]
fn participations_hold_a_marketplace_nobody_sells_in() {
    let world = world();
    let mut told = Vec::new();
    for seller in world.sellers() {
        let all = participations(&world, &seller.id);
        assert_eq!(all.len(), seller.marketplaces.len() + 1);
        let real = |entry: &&Value| seller.sells_in(entry["marketplace"]["id"].as_str().unwrap());
        let (real, pseudo): (Vec<_>, Vec<_>) = all.iter().partition(real);
        let takes_part = |entry: &&Value| entry["participation"]["isParticipating"] == true;
        assert_eq!(real.iter().copied().filter(takes_part).count(), seller.marketplaces.len());
        told.extend(pseudo.iter().map(takes_part));
    }
    assert_eq!(told, [true, true, false], "most say of themselves that the seller takes part");
}

#[test]
fn hours_add_up_to_days_even_when_clocks_go_back() {
    let world = world();
    let seller = &world.sellers()[1];
    let market = seller.marketplaces[0];
    // Berlin's clocks go back on 25 October 2026: that day has 25 hours.
    let moment = |text: &str| text.parse::<DateTime<chrono::Utc>>().unwrap();
    let ask = |granularity: &str| {
        let query = MetricsQuery {
            marketplace: market.id.to_owned(),
            from: moment("2026-10-24T22:00:00Z"),
            to: moment("2026-10-25T23:00:00Z"),
            granularity: granularity.to_owned(),
            zone: "Europe/Berlin".to_owned(),
            asin: None,
            sku: None,
        };
        order_metrics(&world, &seller.id, &query, long_after()).unwrap()
    };
    let units = |rows: &[Value]| rows.iter().map(|row| row["unitCount"].as_i64().unwrap()).sum::<i64>();
    let (hours, days) = (ask("Hour"), ask("Day"));
    assert_eq!((hours.len(), days.len(), ask("Total").len()), (25, 1, 1));
    assert_eq!(units(&hours), units(&days));
}
