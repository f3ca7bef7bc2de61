//! Catalog Items 2022-04-01.

use serde_json::{Map, Value, json};

use crate::world::{Marketplace, Product, World, decimal, hashed, marketplace};

/// Items of the catalogue by ASIN, in the order asked for; what isn't in it is missing without a word.
pub fn catalog_items(world: &World, marketplace_id: &str, asins: &[String], included: &[String]) -> Vec<Value> {
    let Some(market) = marketplace(marketplace_id) else { return Vec::new() };
    let known = |asin: &String| {
        let mut products = world.sellers().iter().filter(|seller| seller.sells_in(market.id));
        products.find_map(|seller| seller.products.iter().find(|product| product.asin == *asin))
    };
    asins.iter().filter_map(known).map(|product| item(market, product, included)).collect()
}

fn item(market: &Marketplace, product: &Product, included: &[String]) -> Value {
    let mut found = Map::new();
    found.insert("asin".into(), json!(product.asin));
    for section in included {
        if let Some(value) = self::section(market, product, section) {
            found.insert(section.clone(), value);
        }
    }
    Value::Object(found)
}

fn section(market: &Marketplace, product: &Product, name: &str) -> Option<Value> {
    let title = product.title.in_language(market.language);
    let rank = hashed(&[product.volume as u64, product.fulfilment as u64, 81]) % 90_000 + 1;
    let of_market = |key: &str, value: Value| json!([{ "marketplaceId": market.id, key: value }]);
    let inches = |value: i64| json!({ "unit": "inches", "value": decimal_number(value) });
    Some(match name {
        "summaries" => json!([{
            "marketplaceId": market.id,
            "brand": "Northwind Kites",
            "browseClassification": { "displayName": "Kites", "classificationId": "166057011" },
            "color": "red",
            "itemClassification": "BASE_PRODUCT",
            "itemName": title,
            "manufacturer": "Northwind",
            "modelNumber": product.fnsku,
            "packageQuantity": 1,
            "partNumber": product.sku,
            "websiteDisplayGroup": "toy_display_on_website",
            "websiteDisplayGroupName": "Toy",
        }]),
        "attributes" => json!({
            "item_name": [{ "value": title, "language_tag": market.language, "marketplace_id": market.id }],
            "brand": [{ "value": "Northwind Kites", "marketplace_id": market.id }],
        }),
        "classifications" => {
            of_market("classifications", json!([{ "displayName": "Kites", "classificationId": "166057011" }]))
        }
        "dimensions" => {
            let size = json!({
                "height": inches(200), "length": inches(2400), "width": inches(310),
                "weight": { "unit": "pounds", "value": decimal_number(80) },
            });
            json!([{ "marketplaceId": market.id, "item": size, "package": size }])
        }
        "identifiers" => {
            let ean = format!("40{:011}", hashed(&[product.volume as u64, 82]) % 100_000_000_000);
            of_market("identifiers", json!([{ "identifierType": "EAN", "identifier": ean }]))
        }
        "images" => {
            let link = format!("https://m.media-amazon.com/images/I/{}.jpg", product.asin);
            of_market("images", json!([{ "variant": "MAIN", "link": link, "height": 1000, "width": 1000 }]))
        }
        "productTypes" => of_market("productType", json!("TOY_FIGURE")),
        "relationships" => {
            let parent = json!([{ "parentAsins": [product.parent_asin], "type": "VARIATION" }]);
            of_market("relationships", parent)
        }
        "salesRanks" => {
            let group = json!([{ "websiteDisplayGroup": "toy_display_on_website", "title": "Toys", "rank": rank }]);
            of_market("displayGroupRanks", group)
        }
        _ => return None,
    })
}

fn decimal_number(hundredths: i64) -> Value {
    decimal(hundredths, 2).parse().map_or(Value::Null, Value::Number)
}
