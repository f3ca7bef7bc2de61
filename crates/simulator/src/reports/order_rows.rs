//! The All Orders reports: one row for each order item, whatever became of the order.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};

use super::sheet::Sheet;
use super::{Asked, Report};
use crate::world::{Item, ItemStanding, Order, Source, Standing, Status, Tax, Thread, decimal, standing};

const HEADER: [&str; 42] = [
    "amazon-order-id",
    "merchant-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "order-channel",
    "url",
    "ship-service-level",
    "product-name",
    "sku",
    "asin",
    "number-of-items",
    "item-status",
    "tax-collection-model",
    "tax-collection-responsible-party",
    "quantity",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
    "address-type",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "promotion-ids",
    "is-business-order",
    "purchase-order-number",
    "price-designation",
    "is-replacement-order",
    "original-order-id",
    "fulfilled-by",
    "is-iba",
    "is-sold-by-ab",
    "signature-confirmation-recommended",
];

/// Orders whose newest change lies in the range.
pub(super) fn by_last_update(asked: &Asked<'_>) -> Report {
    let changed = asked.seller.between(Thread::Orders, asked.query.from, asked.query.to);
    let orders: BTreeSet<usize> = changed.filter_map(|(_, event)| event.what.order()).collect();
    let within = |standing: &Standing| standing.updated_at >= asked.query.from && standing.updated_at < asked.query.to;
    print(asked, orders.into_iter(), within)
}

/// Orders placed in the range.
pub(super) fn by_order_date(asked: &Asked<'_>) -> Report {
    print(asked, asked.seller.orders_placed(asked.query.from, asked.query.to), |_| true)
}

fn print(asked: &Asked<'_>, orders: impl Iterator<Item = usize>, within: impl Fn(&Standing) -> bool) -> Report {
    let seen = asked.now - crate::world::latency(Source::OrderReports);
    let mut sheet = Sheet::new(&HEADER);
    for number in orders {
        let order = &asked.seller.orders[number];
        if !asked.wants(order.market) {
            continue;
        }
        let Some(standing) = standing(asked.seller, number, seen).filter(&within) else { continue };
        for (item, state) in order.items.iter().zip(&standing.items) {
            order_cells(&mut sheet, asked, order, &standing);
            if standing.emptied {
                sheet.set("quantity", "0");
                sheet.set("item-status", "Cancelled");
                sheet.end();
                break;
            }
            item_cells(&mut sheet, asked, order, &standing, item, *state);
            sheet.end();
        }
    }
    sheet.finish(asked.seller.region)
}

fn order_cells(sheet: &mut Sheet, asked: &Asked<'_>, order: &Order, standing: &Standing) {
    let (city, state, postal_code) = order.market.places[order.place];
    sheet.set("amazon-order-id", &order.id);
    sheet.set("merchant-order-id", &order.id);
    sheet.set("purchase-date", stamp(order.placed_at));
    sheet.set("last-updated-date", stamp(standing.updated_at));
    sheet.set("order-status", order_status(standing.status));
    sheet.set("fulfillment-channel", if order.by_amazon { "Amazon" } else { "Merchant" });
    sheet.set("sales-channel", sales_channel(order));
    sheet.set("ship-service-level", if order.by_amazon { "Expedited" } else { "Standard" });
    sheet.set("ship-city", city);
    sheet.set("ship-state", state);
    sheet.set("ship-postal-code", postal_code);
    sheet.set("ship-country", order.market.iso_country);
    sheet.set("is-business-order", if order.business { "true" } else { "false" });
    sheet.set("is-replacement-order", if order.replaces.is_some() { "true" } else { "false" });
    if let Some(original) = order.replaces {
        sheet.set("original-order-id", &asked.seller.orders[original].id);
    }
    sheet.set("is-iba", "false");
    sheet.set("is-sold-by-ab", "false");
    sheet.set("signature-confirmation-recommended", "false");
}

fn item_cells(
    sheet: &mut Sheet,
    asked: &Asked<'_>,
    order: &Order,
    standing: &Standing,
    item: &Item,
    state: ItemStanding,
) {
    let product = &asked.seller.products[item.product];
    sheet.set("product-name", product.title.in_language(order.market.language));
    sheet.set("sku", &product.sku);
    sheet.set("asin", &product.asin);
    sheet.set("item-status", item_status(standing.status, state));
    sheet.set("quantity", state.ordered.to_string());
    if !standing.is_priced() || order.non_amazon || state.ordered == 0 {
        return;
    }
    sheet.set("currency", order.market.currency);
    let digits = order.market.digits;
    sheet.set("item-price", decimal(item.each.price * state.ordered, digits));
    let each = &item.each;
    let others = [
        ("item-tax", each.tax),
        ("shipping-price", each.shipping),
        ("shipping-tax", each.shipping_tax),
        ("gift-wrap-price", each.gift_wrap),
        ("gift-wrap-tax", each.gift_wrap_tax),
        ("item-promotion-discount", each.discount),
        ("ship-promotion-discount", each.shipping_discount),
    ];
    for (column, amount) in others.into_iter().filter(|(_, amount)| *amount != 0) {
        sheet.set(column, decimal(amount * state.ordered, digits));
    }
    if let Some(promotion) = item.promotion {
        sheet.set("promotion-ids", promotion);
    }
    if order.business {
        sheet.set("price-designation", "Business Price");
    }
    if each.tax != 0 && !matches!(order.market.tax, Tax::Split(_)) {
        sheet.set("tax-collection-model", "MarketplaceFacilitator");
        sheet.set("tax-collection-responsible-party", "Amazon Services, Inc.");
    }
}

/// Where an order was sold, as reports name it.
pub(super) fn sales_channel(order: &Order) -> String {
    if order.non_amazon { format!("Non-Amazon {}", order.market.country) } else { order.market.name.to_owned() }
}

/// An instant as order reports print it.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, false)
}

fn order_status(status: Status) -> &'static str {
    match status {
        Status::Pending => "Pending",
        Status::Unshipped => "Unshipped",
        Status::PartiallyShipped => "Partially Shipped",
        Status::Shipped => "Shipped",
        Status::Cancelled => "Cancelled",
    }
}

fn item_status(status: Status, item: ItemStanding) -> &'static str {
    if status == Status::Cancelled || item.ordered == 0 {
        "Cancelled"
    } else if item.shipped >= item.ordered {
        "Shipped"
    } else {
        "Unshipped"
    }
}
