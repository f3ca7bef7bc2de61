//! Orders v0: orders without items, and items order by order.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{OrderFilter, matching, one, stamp};
use crate::world::{Item, ItemStanding, Marketplace, Order, Seller, Standing, Status, Tax, World, decimal};

/// Orders that pass the filter.
pub fn orders_v0(world: &World, seller: &str, filter: &OrderFilter, now: DateTime<Utc>) -> Vec<Value> {
    let Some(seller) = world.seller(seller) else { return Vec::new() };
    matching(seller, filter, now).iter().map(|(order, standing)| shown(seller, order, standing)).collect()
}

/// One order by its id; nothing if it isn't published yet.
pub fn order_v0(world: &World, seller: &str, order_id: &str, now: DateTime<Utc>) -> Option<Value> {
    let seller = world.seller(seller)?;
    let (order, standing) = one(seller, order_id, now)?;
    Some(shown(seller, order, &standing))
}

/// The items of an order; nothing if there is no such order yet.
pub fn order_items_v0(world: &World, seller: &str, order_id: &str, now: DateTime<Utc>) -> Option<Vec<Value>> {
    let seller = world.seller(seller)?;
    let (order, standing) = one(seller, order_id, now)?;
    if standing.emptied {
        return Some(Vec::new());
    }
    let rows = order.items.iter().zip(&standing.items);
    Some(rows.map(|(row, state)| item(seller, order, &standing, row, *state)).collect())
}

fn money(market: &Marketplace, minor: i64) -> Value {
    json!({ "CurrencyCode": market.currency, "Amount": decimal(minor, market.digits) })
}

fn shown(seller: &Seller, order: &Order, standing: &Standing) -> Value {
    let status = match standing.status {
        Status::Pending => "Pending",
        Status::Unshipped => "Unshipped",
        Status::PartiallyShipped => "PartiallyShipped",
        Status::Shipped => "Shipped",
        Status::Cancelled => "Canceled",
    };
    let (city, state, postal_code) = order.market.places[order.place];
    let shipped: i64 = standing.items.iter().map(|item| item.shipped).sum();
    let ordered: i64 = standing.items.iter().map(|item| item.ordered).sum();
    let days = |days| stamp(order.placed_at + TimeDelta::days(days));
    let mut found = json!({
        "AmazonOrderId": order.id,
        "SellerOrderId": order.id,
        "PurchaseDate": stamp(order.placed_at),
        "LastUpdateDate": stamp(standing.updated_at),
        "OrderStatus": status,
        "FulfillmentChannel": if order.by_amazon { "AFN" } else { "MFN" },
        "SalesChannel": channel(order),
        "ShipServiceLevel": if order.by_amazon { "Expedited" } else { "Standard" },
        "NumberOfItemsShipped": shipped,
        "NumberOfItemsUnshipped": ordered - shipped,
        "PaymentMethod": "Other",
        "PaymentMethodDetails": ["Standard"],
        "ShipmentServiceLevelCategory": if order.by_amazon { "Expedited" } else { "Standard" },
        "OrderType": "StandardOrder",
        "EarliestShipDate": days(0),
        "LatestShipDate": days(4),
        "IsBusinessOrder": order.business,
        "IsPrime": order.by_amazon,
        "IsPremiumOrder": false,
        "IsGlobalExpressEnabled": false,
        "IsReplacementOrder": order.replaces.is_some(),
        "IsSoldByAB": false,
        "IsIBA": false,
        "IsISPU": false,
        "IsAccessPointOrder": false,
        "HasRegulatedItems": false,
        "ShippingAddress": {
            "City": city,
            "StateOrRegion": state,
            "PostalCode": postal_code,
            "CountryCode": order.market.iso_country,
        },
    });
    if !order.non_amazon {
        found["MarketplaceId"] = json!(order.market.id);
    }
    if let Some(original) = order.replaces {
        found["ReplacedOrderId"] = json!(seller.orders[original].id);
    }
    if standing.is_priced() && !order.non_amazon {
        let total = order.items.iter().zip(&standing.items).map(|(item, state)| {
            let each = &item.each;
            let added = matches!(order.market.tax, Tax::Added(_));
            let tax = if added { each.tax + each.shipping_tax + each.gift_wrap_tax } else { 0 };
            (each.price + each.shipping + each.gift_wrap + tax - each.discount - each.shipping_discount) * state.ordered
        });
        found["OrderTotal"] = money(order.market, total.sum());
    }
    found
}

fn channel(order: &Order) -> String {
    if order.non_amazon { format!("Non-Amazon {}", order.market.country) } else { order.market.name.to_owned() }
}

fn item(seller: &Seller, order: &Order, standing: &Standing, row: &Item, state: ItemStanding) -> Value {
    let product = &seller.products[row.product];
    let mut found = Map::new();
    for (name, value) in [
        ("ASIN", json!(product.asin)),
        ("SellerSKU", json!(product.sku)),
        ("OrderItemId", json!(row.id.to_string())),
        ("Title", json!(product.title.in_language(order.market.language))),
        ("QuantityOrdered", json!(state.ordered)),
        ("QuantityShipped", json!(state.shipped)),
        ("ProductInfo", json!({ "NumberOfItems": "1" })),
        ("IsGift", json!(if row.each.gift_wrap > 0 { "true" } else { "false" })),
        ("ConditionId", json!("New")),
        ("ConditionSubtypeId", json!("New")),
        ("IsTransparency", json!(false)),
    ] {
        found.insert(name.into(), value);
    }
    if !standing.is_priced() || order.non_amazon || state.ordered == 0 {
        return Value::Object(found);
    }
    let each = &row.each;
    let amount = |one: i64| money(order.market, one * state.ordered);
    found.insert("ItemPrice".into(), amount(each.price));
    for (name, one) in [
        ("ItemTax", each.tax),
        ("ShippingPrice", each.shipping),
        ("ShippingTax", each.shipping_tax),
        ("PromotionDiscount", each.discount),
        ("ShippingDiscount", each.shipping_discount),
    ] {
        if one != 0 {
            found.insert(name.into(), amount(one));
        }
    }
    if each.gift_wrap != 0 {
        let mut wrapped = json!({ "GiftWrapPrice": amount(each.gift_wrap) });
        if each.gift_wrap_tax != 0 {
            wrapped["GiftWrapTax"] = amount(each.gift_wrap_tax);
        }
        found.insert("BuyerInfo".into(), wrapped);
    }
    if let Some(promotion) = row.promotion {
        found.insert("PromotionIds".into(), json!([promotion]));
    }
    if each.tax != 0 && !matches!(order.market.tax, Tax::Split(_)) {
        let collected = json!({ "Model": "MarketplaceFacilitator", "ResponsibleParty": "Amazon Services, Inc." });
        found.insert("TaxCollection".into(), collected);
    }
    Value::Object(found)
}
