//! Sellers v1.

use serde_json::{Value, json};

use crate::world::{Region, World};

/// Where the seller takes part. Pseudo-marketplaces nobody sells in are among them, as at Amazon; some say of
/// themselves that the seller takes part in them (amazon.md: Marketplaces).
pub fn participations(world: &World, seller: &str) -> Vec<Value> {
    let Some(seller) = world.seller(seller) else { return Vec::new() };
    let mut found: Vec<Value> = seller
        .marketplaces
        .iter()
        .map(|market| {
            json!({
                "marketplace": {
                    "id": market.id,
                    "name": market.name,
                    "countryCode": market.iso_country,
                    "defaultCurrencyCode": market.currency,
                    "defaultLanguageCode": market.language,
                    "domainName": format!("www.{}", market.name.to_lowercase()),
                },
                "participation": { "isParticipating": true, "hasSuspendedListings": false },
                "storeName": seller.name,
            })
        })
        .collect();
    let home = seller.marketplaces.first();
    found.extend(home.map(|market| {
        json!({
            "marketplace": {
                "id": format!("A0NON{}PSEUDO1", market.country),
                "name": format!("Non-Amazon {}", market.country),
                "countryCode": market.iso_country,
                "defaultCurrencyCode": market.currency,
                "defaultLanguageCode": market.language,
                "domainName": "siprod.stores.amazonservices.com",
            },
            "participation": { "isParticipating": seller.region != Region::FarEast, "hasSuspendedListings": false },
            "storeName": seller.name,
        })
    }));
    found
}
