//! What sellers who ship themselves work through: what is open now, and what became ready in a range.

use chrono::TimeDelta;

use super::order_rows::stamp;
use super::sheet::Sheet;
use super::{Asked, Report};
use crate::world::{Item, ItemStanding, Order, Source, Status, Thread, What, decimal, latency, standing};

const UNSHIPPED: [&str; 38] = [
    "order-id",
    "order-item-id",
    "purchase-date",
    "payments-date",
    "reporting-date",
    "promise-date",
    "days-past-promise",
    "buyer-email",
    "buyer-name",
    "payment-method-details",
    "buyer-phone-number",
    "sku",
    "number-of-items",
    "product-name",
    "quantity-purchased",
    "quantity-shipped",
    "quantity-to-ship",
    "ship-service-level",
    "ship-service-name",
    "recipient-name",
    "ship-address-1",
    "ship-address-2",
    "ship-address-3",
    "address-type",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "is-business-order",
    "purchase-order-number",
    "price-designation",
    "is-prime",
    "is-premium-order",
    "is-replacement-order",
    "is-exchange-order",
    "original-order-id",
    "tax-collection-model",
    "tax-collection-responsible-party",
];

const READY: [&str; 30] = [
    "order-id",
    "order-item-id",
    "purchase-date",
    "payments-date",
    "buyer-email",
    "buyer-name",
    "buyer-phone-number",
    "sku",
    "product-name",
    "quantity-purchased",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "ship-service-level",
    "recipient-name",
    "ship-address-1",
    "ship-address-2",
    "ship-address-3",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "ship-phone-number",
    "item-promotion-discount",
    "item-promotion-id",
    "ship-promotion-discount",
    "is-business-order",
    "price-designation",
];

/// Orders that wait for the seller at `now`. No prices: the report has no column for them.
pub(super) fn unshipped(asked: &Asked<'_>) -> Report {
    let seen = asked.now - latency(Source::OrderReports);
    let mut sheet = Sheet::new(&UNSHIPPED);
    for number in asked.seller.orders_placed(asked.now - TimeDelta::days(30), asked.now) {
        let order = &asked.seller.orders[number];
        if order.by_amazon || !asked.wants(order.market) {
            continue;
        }
        let Some(standing) = standing(asked.seller, number, seen) else { continue };
        if !matches!(standing.status, Status::Unshipped | Status::PartiallyShipped) {
            continue;
        }
        for (item, state) in order.items.iter().zip(&standing.items).filter(|(_, state)| state.shipped < state.ordered)
        {
            let promised_at = order.placed_at + TimeDelta::days(4);
            shared_cells(&mut sheet, asked, order, item, *state);
            sheet.set("reporting-date", stamp(order.placed_at + TimeDelta::minutes(35)));
            sheet.set("payments-date", stamp(order.placed_at + TimeDelta::minutes(30)));
            sheet.set("promise-date", stamp(promised_at));
            sheet.set("days-past-promise", (asked.now - promised_at).num_days().to_string());
            sheet.set("payment-method-details", "Standard");
            sheet.set("number-of-items", "1");
            sheet.set("quantity-shipped", state.shipped.to_string());
            sheet.set("quantity-to-ship", (state.ordered - state.shipped).to_string());
            sheet.set("ship-service-name", format!("Std {} Dom", order.market.iso_country));
            sheet.set("is-prime", "false");
            sheet.set("is-premium-order", "false");
            sheet.set("is-replacement-order", "false");
            sheet.set("is-exchange-order", "false");
            sheet.end();
        }
    }
    sheet.finish(asked.seller.region)
}

/// Orders the seller ships whose payment was authorised in the range, as they stand then.
pub(super) fn became_ready(asked: &Asked<'_>) -> Report {
    let seen = asked.now - latency(Source::OrderReports);
    let mut sheet = Sheet::new(&READY);
    for (_, event) in asked.seller.between(Thread::Orders, asked.query.from, asked.query.to) {
        let What::PaymentAuthorised { order: number } = event.what else { continue };
        let order = &asked.seller.orders[number];
        if order.by_amazon || event.at > seen || !asked.wants(order.market) {
            continue;
        }
        let Some(standing) = standing(asked.seller, number, event.at) else { continue };
        for (item, state) in order.items.iter().zip(&standing.items) {
            let money = |amount: i64| decimal(amount * state.ordered, order.market.digits);
            shared_cells(&mut sheet, asked, order, item, *state);
            sheet.set("payments-date", stamp(event.at));
            sheet.set("currency", order.market.currency);
            sheet.set("item-price", money(item.each.price));
            sheet.set("item-tax", money(item.each.tax));
            sheet.set("shipping-price", money(item.each.shipping));
            sheet.set("shipping-tax", money(item.each.shipping_tax));
            sheet.set("item-promotion-discount", money(item.each.discount));
            sheet.set("item-promotion-id", item.promotion.unwrap_or_default());
            sheet.set("ship-promotion-discount", money(item.each.shipping_discount));
            sheet.end();
        }
    }
    sheet.finish(asked.seller.region)
}

fn shared_cells(sheet: &mut Sheet, asked: &Asked<'_>, order: &Order, item: &Item, state: ItemStanding) {
    let product = &asked.seller.products[item.product];
    let (city, region, postal_code) = order.market.places[order.place];
    sheet.set("order-id", &order.id);
    sheet.set("order-item-id", item.id.to_string());
    sheet.set("purchase-date", stamp(order.placed_at));
    sheet.set("buyer-email", format!("b{}@marketplace.amazon.com", item.id % 1_000_000_007));
    sheet.set("buyer-name", "Jo Customer");
    sheet.set("sku", &product.sku);
    sheet.set("product-name", product.title.in_language(order.market.language));
    sheet.set("quantity-purchased", state.ordered.to_string());
    sheet.set("ship-service-level", "Standard");
    sheet.set("recipient-name", "Jo Customer");
    sheet.set("ship-address-1", "1 Example Road");
    sheet.set("ship-city", city);
    sheet.set("ship-state", region);
    sheet.set("ship-postal-code", postal_code);
    sheet.set("ship-country", order.market.iso_country);
    sheet.set("is-business-order", if order.business { "true" } else { "false" });
}
