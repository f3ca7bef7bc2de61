//! Product Pricing v0: the seller's own prices, and what others ask.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::world::{Marketplace, Seller, World, json_amount, marketplace};

/// The seller's own offers for SKUs or ASINs; each item has a status of its own.
pub fn prices(
    world: &World,
    seller: &str,
    marketplace_id: &str,
    by_sku: bool,
    items: &[String],
    now: DateTime<Utc>,
) -> Vec<Value> {
    answer(world, seller, marketplace_id, by_sku, items, |seller, market, place| {
        let product = &seller.products[place];
        let price = money(market, seller.price(place, market, now));
        let offer = json!({
            "BuyingPrice": { "ListingPrice": price, "LandedPrice": price, "Shipping": money(market, 0) },
            "RegularPrice": price,
            "FulfillmentChannel": if product.by_amazon { "AMAZON" } else { "MERCHANT" },
            "ItemCondition": "New",
            "ItemSubCondition": "New",
            "SellerSKU": product.sku,
        });
        ("Offers", json!([offer]))
    })
}

/// What the featured offer asks for SKUs or ASINs: the seller itself, or somebody a little cheaper.
pub fn competitive_prices(
    world: &World,
    seller: &str,
    marketplace_id: &str,
    by_sku: bool,
    items: &[String],
    now: DateTime<Utc>,
) -> Vec<Value> {
    answer(world, seller, marketplace_id, by_sku, items, |seller, market, place| {
        let own = seller.price(place, market, now);
        let (asked, belongs) = if place % 3 == 1 { (own - own / 50, false) } else { (own, true) };
        let price = money(market, asked);
        let told = json!({
            "CompetitivePrices": [{
                "CompetitivePriceId": "1",
                "Price": { "ListingPrice": price, "LandedPrice": price, "Shipping": money(market, 0) },
                "condition": "New",
                "subcondition": "New",
                "belongsToRequester": belongs,
            }],
            "NumberOfOfferListings": [{ "Count": 1 + i64::from(!belongs), "condition": "New" }],
        });
        ("CompetitivePricing", told)
    })
}

fn money(market: &Marketplace, minor: i64) -> Value {
    json!({ "CurrencyCode": market.currency, "Amount": json_amount(minor, market.digits) })
}

fn answer(
    world: &World,
    seller: &str,
    marketplace_id: &str,
    by_sku: bool,
    items: &[String],
    told: impl Fn(&Seller, &'static Marketplace, usize) -> (&'static str, Value),
) -> Vec<Value> {
    let (Some(seller), Some(market)) = (world.seller(seller), marketplace(marketplace_id)) else { return Vec::new() };
    let answer = |item: &String| {
        let place =
            seller.products.iter().position(|product| *item == *if by_sku { &product.sku } else { &product.asin });
        let Some(place) = place else {
            let name = if by_sku { "SellerSKU" } else { "ASIN" };
            return json!({ "status": "ClientError", name: item });
        };
        let product = &seller.products[place];
        let (name, value) = told(seller, market, place);
        json!({
            "status": "Success",
            "SellerSKU": product.sku,
            "ASIN": product.asin,
            "Product": {
                "Identifiers": {
                    "MarketplaceASIN": { "MarketplaceId": market.id, "ASIN": product.asin },
                    "SKUIdentifier": {
                        "MarketplaceId": market.id,
                        "SellerId": seller.id,
                        "SellerSKU": product.sku,
                    },
                },
                name: value,
            },
        })
    };
    items.iter().map(answer).collect()
}
