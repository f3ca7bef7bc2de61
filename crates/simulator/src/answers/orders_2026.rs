//! Orders 2026-01-01: items inside, and money only for those who ask.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{OrderFilter, matching, one, stamp};
use crate::world::{
    CancelledBy, Item, ItemStanding, Marketplace, Order, Seller, Standing, Status, Tax, What, World, decimal,
};

/// What is included, and where.
struct Printing<'a> {
    seller: &'a Seller,
    included: &'a [String],
}

/// Orders that pass the filter, with the parts asked for.
pub fn orders_2026(
    world: &World,
    seller: &str,
    filter: &OrderFilter,
    included: &[String],
    now: DateTime<Utc>,
) -> Vec<Value> {
    let Some(seller) = world.seller(seller) else { return Vec::new() };
    let printing = Printing { seller, included };
    matching(seller, filter, now).iter().map(|(order, standing)| printing.order(order, standing)).collect()
}

/// One order by its id; nothing if it isn't published yet.
pub fn order_2026(
    world: &World,
    seller: &str,
    order_id: &str,
    included: &[String],
    now: DateTime<Utc>,
) -> Option<Value> {
    let seller = world.seller(seller)?;
    let (order, standing) = one(seller, order_id, now)?;
    Some(Printing { seller, included }.order(order, &standing))
}

fn money(market: &Marketplace, minor: i64) -> Value {
    json!({ "amount": decimal(minor, market.digits), "currencyCode": market.currency })
}

impl Printing<'_> {
    fn includes(&self, part: &str) -> bool {
        self.included.iter().any(|wanted| wanted == part)
    }

    fn order(&self, order: &Order, standing: &Standing) -> Value {
        let mut found = Map::new();
        found.insert("orderId".into(), json!(order.id));
        found.insert("orderAliases".into(), json!([{ "aliasId": order.id, "aliasType": "SELLER_ORDER_ID" }]));
        found.insert("createdTime".into(), json!(stamp(order.placed_at)));
        found.insert("lastUpdatedTime".into(), json!(stamp(standing.updated_at)));
        let programs: Vec<&str> = [("AMAZON_BUSINESS", order.business), ("PRIME", order.by_amazon)]
            .into_iter()
            .filter_map(|(program, in_it)| in_it.then_some(program))
            .collect();
        found.insert("programs".into(), json!(programs));
        if let Some(original) = order.replaces {
            let original = &self.seller.orders[original].id;
            let association = json!([{ "orderId": original, "associationType": "REPLACEMENT_ORIGINAL_ID" }]);
            found.insert("associatedOrders".into(), association);
        }
        found.insert("salesChannel".into(), sales_channel(order));
        if self.includes("BUYER") {
            let email = format!("b{}@marketplace.amazon.com", order.items[0].id % 1_000_000_007);
            found.insert("buyer".into(), json!({ "buyerName": "Jo Customer", "buyerEmail": email }));
        }
        if self.includes("RECIPIENT") {
            found.insert("recipient".into(), json!({ "deliveryAddress": address(order) }));
        }
        let shows_money = shows_money(order, standing);
        if shows_money && self.includes("PROCEEDS") {
            let total = order.items.iter().zip(&standing.items).map(|(item, state)| total(order, item, *state)).sum();
            found.insert("proceeds".into(), json!({ "grandTotal": money(order.market, total) }));
        }
        if self.includes("FULFILLMENT") {
            found.insert("fulfillment".into(), fulfillment(order, standing));
        }
        let items: Vec<Value> = if standing.emptied {
            Vec::new()
        } else {
            order
                .items
                .iter()
                .zip(&standing.items)
                .map(|(item, state)| self.item(order, item, *state, shows_money))
                .collect()
        };
        found.insert("orderItems".into(), json!(items));
        if self.includes("PACKAGES") && !order.by_amazon {
            found.insert("packages".into(), json!(self.packages(order, standing)));
        }
        Value::Object(found)
    }

    fn item(&self, order: &Order, item: &Item, state: ItemStanding, shows_money: bool) -> Value {
        let product = &self.seller.products[item.product];
        let mut found = Map::new();
        found.insert("orderItemId".into(), json!(item.id.to_string()));
        found.insert("quantityOrdered".into(), json!(state.ordered));
        let mut described = json!({
            "asin": product.asin,
            "title": product.title.in_language(order.market.language),
            "sellerSku": product.sku,
            "condition": { "conditionType": "NEW", "conditionSubtype": "NEW", "conditionNote": "" },
        });
        let shows_money = shows_money && state.ordered > 0;
        if shows_money && self.includes("PROCEEDS") {
            let mut price = json!({ "unitPrice": money(order.market, item.each.price) });
            if order.business {
                price["priceDesignation"] = json!("BUSINESS_PRICE");
            }
            described["price"] = price;
            found.insert("product".into(), described);
            found.insert("proceeds".into(), proceeds(order, item, state));
        } else {
            found.insert("product".into(), described);
        }
        if let Some(promotion) = item.promotion.filter(|_| shows_money && self.includes("PROMOTION")) {
            found.insert("promotion".into(), json!({ "breakdowns": [{ "promotionId": promotion }] }));
        }
        if let Some(by) = state.cancelled_by.filter(|_| self.includes("CANCELLATION")) {
            let (who, why) = match by {
                CancelledBy::Buyer => ("BUYER", "BUYER_CANCELED"),
                CancelledBy::Seller => ("MERCHANT", "NO_INVENTORY"),
            };
            let cancelled = json!({ "cancellationExecution": { "cancelledBy": who, "cancelReason": why } });
            found.insert("cancellation".into(), cancelled);
        }
        if self.includes("FULFILLMENT") {
            let open = state.ordered - state.shipped;
            let shipped = json!({ "quantityFulfilled": state.shipped, "quantityUnfulfilled": open });
            found.insert("fulfillment".into(), shipped);
        }
        if self.includes("TAX") && item.each.tax != 0 && !matches!(order.market.tax, Tax::Split(_)) {
            let collected = json!({ "model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc." });
            found.insert("tax".into(), json!({ "taxCollections": [collected] }));
        }
        Value::Object(found)
    }

    fn packages(&self, order: &Order, standing: &Standing) -> Vec<Value> {
        let events = order.history.iter().map(|place| &self.seller.events[*place]);
        events
            .take_while(|event| event.at <= standing.updated_at)
            .filter_map(|event| match &event.what {
                What::Shipped { parcel, .. } => {
                    let items = parcel.lines.iter().map(
                        |(item, units)| json!({ "orderItemId": order.items[*item].id.to_string(), "quantity": units }),
                    );
                    Some(json!({
                        "packageReferenceId": parcel.shipment_id(),
                        "createdTime": stamp(event.at),
                        "packageStatus": { "status": "SHIPPED" },
                        "carrier": "Post",
                        "shipTime": stamp(event.at),
                        "shippingService": "Standard",
                        "trackingNumber": format!("P{:012}", parcel.number),
                        "packageItems": items.collect::<Vec<_>>(),
                    }))
                }
                _ => None,
            })
            .collect()
    }
}

fn shows_money(order: &Order, standing: &Standing) -> bool {
    standing.is_priced() && !order.non_amazon
}

fn sales_channel(order: &Order) -> Value {
    if order.non_amazon {
        return json!({ "channelName": "NON_AMAZON" });
    }
    json!({ "channelName": "AMAZON", "marketplaceId": order.market.id, "marketplaceName": order.market.name })
}

fn address(order: &Order) -> Value {
    let (city, state, postal_code) = order.market.places[order.place];
    json!({
        "name": "Jo Customer",
        "addressLine1": "1 Example Road",
        "city": city,
        "stateOrRegion": state,
        "postalCode": postal_code,
        "countryCode": order.market.iso_country,
        "addressType": "RESIDENTIAL",
    })
}

fn fulfillment(order: &Order, standing: &Standing) -> Value {
    let status = match standing.status {
        Status::Pending => "PENDING",
        Status::Unshipped => "UNSHIPPED",
        Status::PartiallyShipped => "PARTIALLY_SHIPPED",
        Status::Shipped => "SHIPPED",
        Status::Cancelled => "CANCELLED",
    };
    let days = |days| stamp(order.placed_at + TimeDelta::days(days));
    json!({
        "fulfillmentStatus": status,
        "fulfilledBy": if order.by_amazon { "AMAZON" } else { "MERCHANT" },
        "fulfillmentServiceLevel": if order.by_amazon { "EXPEDITED" } else { "STANDARD" },
        "shipByWindow": { "earliestDateTime": days(0), "latestDateTime": days(4) },
        "deliverByWindow": { "earliestDateTime": days(2), "latestDateTime": days(8) },
    })
}

/// What a buyer pays for an item, in minor units; tax in the price isn't paid twice.
fn total(order: &Order, item: &Item, state: ItemStanding) -> i64 {
    let each = &item.each;
    let tax =
        if matches!(order.market.tax, Tax::Added(_)) { each.tax + each.shipping_tax + each.gift_wrap_tax } else { 0 };
    let sum = each.price + each.shipping + each.gift_wrap + tax - each.discount - each.shipping_discount;
    sum * state.ordered
}

fn proceeds(order: &Order, item: &Item, state: ItemStanding) -> Value {
    let each = &item.each;
    let amount = |one: i64| money(order.market, one * state.ordered);
    let mut breakdowns = vec![json!({ "type": "ITEM", "subtotal": amount(each.price) })];
    for (kind, one) in [("SHIPPING", each.shipping), ("GIFT_WRAP", each.gift_wrap)] {
        if one != 0 {
            breakdowns.push(json!({ "type": kind, "subtotal": amount(one) }));
        }
    }
    let taxes = [("ITEM", each.tax), ("SHIPPING", each.shipping_tax), ("GIFT_WRAP", each.gift_wrap_tax)];
    let discounts = [("ITEM", -each.discount), ("SHIPPING", -each.shipping_discount), ("GIFT_WRAP", 0)];
    for (kind, parts) in [("TAX", taxes), ("DISCOUNT", discounts)] {
        let told: Vec<Value> = parts
            .iter()
            .filter(|(_, one)| *one != 0)
            .map(|(subtype, one)| json!({ "subtype": subtype, "value": amount(*one) }))
            .collect();
        if !told.is_empty() {
            let subtotal = amount(parts.iter().map(|(_, one)| one).sum());
            breakdowns.push(json!({ "type": kind, "subtotal": subtotal, "detailedBreakdowns": told }));
        }
    }
    json!({ "proceedsTotal": money(order.market, total(order, item, state)), "breakdowns": breakdowns })
}
