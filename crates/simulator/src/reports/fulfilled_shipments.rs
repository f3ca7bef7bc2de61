//! Shipments by Amazon: one row for each line of a parcel.

use chrono::TimeDelta;

use super::order_rows::{sales_channel, stamp};
use super::sheet::Sheet;
use super::{Asked, Report};
use crate::world::{Source, Thread, What, decimal, latency};

const HEADER: [&str; 48] = [
    "amazon-order-id",
    "merchant-order-id",
    "shipment-id",
    "shipment-item-id",
    "amazon-order-item-id",
    "merchant-order-item-id",
    "purchase-date",
    "payments-date",
    "shipment-date",
    "reporting-date",
    "buyer-email",
    "buyer-name",
    "buyer-phone-number",
    "sku",
    "product-name",
    "quantity-shipped",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
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
    "bill-address-1",
    "bill-address-2",
    "bill-address-3",
    "bill-city",
    "bill-state",
    "bill-postal-code",
    "bill-country",
    "item-promotion-discount",
    "ship-promotion-discount",
    "carrier",
    "tracking-number",
    "estimated-arrival-date",
    "fulfillment-center-id",
    "fulfillment-channel",
    "sales-channel",
];

pub(super) fn print(asked: &Asked<'_>) -> Report {
    let seen = asked.now - latency(Source::Shipments);
    let mut sheet = Sheet::new(&HEADER);
    for (_, event) in asked.seller.between(Thread::Parcels, asked.query.from, asked.query.to) {
        let What::Shipped { order, parcel } = &event.what else { continue };
        let placed = &asked.seller.orders[*order];
        if !placed.by_amazon || event.at > seen || !asked.wants(placed.market) {
            continue;
        }
        for (line, (item, units)) in parcel.lines.iter().enumerate() {
            let bought = &placed.items[*item];
            let product = &asked.seller.products[bought.product];
            let (city, state, postal_code) = placed.market.places[placed.place];
            sheet.set("amazon-order-id", &placed.id);
            sheet.set("merchant-order-id", &placed.id);
            sheet.set("shipment-id", parcel.shipment_id());
            sheet.set("shipment-item-id", parcel.shipment_item_id(line));
            sheet.set("amazon-order-item-id", bought.id.to_string());
            sheet.set("purchase-date", stamp(placed.placed_at));
            sheet.set("payments-date", stamp(event.at - TimeDelta::minutes(4)));
            sheet.set("shipment-date", stamp(event.at));
            sheet.set("reporting-date", stamp(event.at + latency(Source::Shipments)));
            sheet.set("buyer-email", format!("b{}@marketplace.amazon.com", bought.id % 1_000_000_007));
            sheet.set("sku", &product.sku);
            sheet.set("product-name", product.title.in_language(placed.market.language));
            sheet.set("quantity-shipped", units.to_string());
            if !placed.non_amazon {
                let money = |amount: i64| decimal(amount * units, placed.market.digits);
                sheet.set("currency", placed.market.currency);
                sheet.set("item-price", money(bought.each.price));
                sheet.set("item-tax", money(bought.each.tax));
                sheet.set("shipping-price", money(bought.each.shipping));
                sheet.set("shipping-tax", money(bought.each.shipping_tax));
                sheet.set("gift-wrap-price", money(bought.each.gift_wrap));
                sheet.set("gift-wrap-tax", money(bought.each.gift_wrap_tax));
                sheet.set("item-promotion-discount", money(-bought.each.discount));
                sheet.set("ship-promotion-discount", money(-bought.each.shipping_discount));
            }
            sheet.set("ship-service-level", "Expedited");
            sheet.set("ship-city", city);
            sheet.set("ship-state", state);
            sheet.set("ship-postal-code", postal_code);
            sheet.set("ship-country", placed.market.iso_country);
            sheet.set("carrier", "AMZN");
            sheet.set("tracking-number", format!("TBA{:012}", parcel.number));
            sheet.set("estimated-arrival-date", stamp(event.at + TimeDelta::days(2)));
            sheet.set("fulfillment-center-id", placed.market.warehouses[0]);
            sheet.set("fulfillment-channel", "AFN");
            sheet.set("sales-channel", sales_channel(placed));
            sheet.end();
        }
    }
    sheet.finish(asked.seller.region)
}
