//! Listings Items 2021-08-01.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::stamp;
use crate::world::{Marketplace, Product, Seller, World, decimal, hashed, marketplace};

/// The seller's listings, newest first: all, or those with the SKUs asked for; with the sections asked for.
pub fn listings_items(
    world: &World,
    seller: &str,
    marketplaces: &[String],
    skus: Option<&[String]>,
    included: &[String],
    now: DateTime<Utc>,
) -> Vec<Value> {
    let Some(seller) = world.seller(seller) else { return Vec::new() };
    let sold_in = marketplaces.iter().filter(|id| seller.sells_in(id)).filter_map(|id| marketplace(id));
    let markets: Vec<&'static Marketplace> = sold_in.collect();
    let wanted = |product: &Product| skus.is_none_or(|skus| skus.contains(&product.sku));
    let mut products: Vec<(usize, &Product)> = seller
        .products
        .iter()
        .enumerate()
        .filter(|(_, product)| product.listed_at <= now && wanted(product) && !markets.is_empty())
        .collect();
    products.sort_by(|(_, one), (_, other)| other.listed_at.cmp(&one.listed_at).then(one.sku.cmp(&other.sku)));
    products.into_iter().map(|(place, product)| item(seller, &markets, place, product, included, now)).collect()
}

fn item(
    seller: &Seller,
    markets: &[&'static Marketplace],
    place: usize,
    product: &Product,
    included: &[String],
    now: DateTime<Utc>,
) -> Value {
    let mut found = Map::new();
    found.insert("sku".into(), json!(product.sku));
    for section in included {
        let each = |of_market: &dyn Fn(&Marketplace) -> Value| {
            Value::Array(markets.iter().map(|market| of_market(market)).collect())
        };
        let value = match section.as_str() {
            "summaries" => each(&|market| summary(market, product)),
            "offers" => each(&|market| {
                json!({
                    "marketplaceId": market.id,
                    "offerType": "B2C",
                    "price": {
                        "amount": decimal(seller.price(place, market, now), market.digits),
                        "currencyCode": market.currency,
                    },
                })
            }),
            "productTypes" => each(&|market| json!({ "marketplaceId": market.id, "productType": "TOY_FIGURE" })),
            "fulfillmentAvailability" if product.by_amazon => json!([{ "fulfillmentChannelCode": "AMAZON" }]),
            "fulfillmentAvailability" => {
                let units = 5 + hashed(&[place as u64, 42]) % 40;
                json!([{ "fulfillmentChannelCode": "DEFAULT", "quantity": units }])
            }
            "attributes" => json!({ "item_name": [{ "value": product.title.english }] }),
            "issues" => issues(place),
            "relationships" | "procurement" => json!([]),
            _ => continue,
        };
        found.insert(section.clone(), value);
    }
    Value::Object(found)
}

/// What Amazon finds wrong: something small with every fifth listing.
fn issues(place: usize) -> Value {
    if place % 5 != 2 {
        return json!([]);
    }
    json!([{
        "code": "100339",
        "message": "'bullet_point' is recommended and not there.",
        "severity": "WARNING",
        "attributeNames": ["bullet_point"],
        "categories": ["MISSING_ATTRIBUTE"],
    }])
}

fn summary(market: &Marketplace, product: &Product) -> Value {
    let mut found = json!({
        "marketplaceId": market.id,
        "asin": product.asin,
        "productType": "TOY_FIGURE",
        "conditionType": "new_new",
        "status": ["BUYABLE", "DISCOVERABLE"],
        "itemName": product.title.in_language(market.language),
        "createdDate": stamp(product.listed_at),
        "lastUpdatedDate": stamp(product.listed_at),
        "mainImage": {
            "link": format!("https://m.media-amazon.com/images/I/{}.jpg", product.asin),
            "height": 1000,
            "width": 1000,
        },
    });
    if product.by_amazon {
        found["fnSku"] = json!(product.fnsku);
    }
    found
}
