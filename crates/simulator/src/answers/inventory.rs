//! FBA Inventory v1.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::stamp;
use crate::world::{Thread, World, marketplace, stock_levels};

/// Summaries with details of everything Amazon stores for the seller, as one marketplace sees it, by SKU. Marketplaces
/// of one pool show the same units.
pub fn inventory_summaries(world: &World, seller: &str, marketplace_id: &str, now: DateTime<Utc>) -> Vec<Value> {
    let (Some(seller), Some(market)) = (world.seller(seller), marketplace(marketplace_id)) else { return Vec::new() };
    let levels = stock_levels(seller, now);
    let newest = seller.between(Thread::Stock, DateTime::<Utc>::MIN_UTC, now).last().map(|(_, event)| event.at);
    let mut products: Vec<_> = seller.products.iter().enumerate().collect();
    products.sort_by(|(_, one), (_, other)| one.sku.cmp(&other.sku));
    products
        .into_iter()
        .filter(|(_, product)| product.by_amazon && product.listed_at <= now)
        .map(|(place, product)| {
            let level = levels.get(&(place, market.pool)).copied().unwrap_or_default();
            json!({
                "asin": product.asin,
                "fnSku": product.fnsku,
                "sellerSku": product.sku,
                "condition": "NewItem",
                "inventoryDetails": {
                    "fulfillableQuantity": level.fulfillable(),
                    "inboundWorkingQuantity": 0,
                    "inboundShippedQuantity": level.inbound,
                    "inboundReceivingQuantity": 0,
                    "reservedQuantity": {
                        "totalReservedQuantity": level.reserved,
                        "pendingCustomerOrderQuantity": level.reserved,
                        "pendingTransshipmentQuantity": 0,
                        "fcProcessingQuantity": 0,
                    },
                    "researchingQuantity": {
                        "totalResearchingQuantity": 0,
                        "researchingQuantityBreakdown": [
                            { "name": "researchingQuantityInShortTerm", "quantity": 0 },
                            { "name": "researchingQuantityInMidTerm", "quantity": 0 },
                            { "name": "researchingQuantityInLongTerm", "quantity": 0 },
                        ],
                    },
                    "unfulfillableQuantity": {
                        "totalUnfulfillableQuantity": level.unsellable,
                        "customerDamagedQuantity": level.unsellable,
                        "warehouseDamagedQuantity": 0,
                        "distributorDamagedQuantity": 0,
                        "carrierDamagedQuantity": 0,
                        "defectiveQuantity": 0,
                        "expiredQuantity": 0,
                    },
                },
                "lastUpdatedTime": newest.map(stamp).unwrap_or_default(),
                "productName": product.title.in_language(market.language),
                "totalQuantity": level.total(),
                "stores": [],
            })
        })
        .collect()
}
