//! The inventory planning report: a marketplace's stock with ages, sales and Amazon's advice.

use chrono::TimeDelta;

use super::sheet::Sheet;
use super::stock_lists::stocked;
use super::{Asked, Report};
use crate::world::{Marketplace, Thread, What, decimal};

const HEADER: [&str; 57] = [
    "snapshot-date",
    "sku",
    "fnsku",
    "asin",
    "product-name",
    "condition",
    "available",
    "pending-removal-quantity",
    "inv-age-0-to-90-days",
    "inv-age-91-to-180-days",
    "inv-age-181-to-270-days",
    "inv-age-271-to-365-days",
    "inv-age-365-plus-days",
    "currency",
    "units-shipped-t7",
    "units-shipped-t30",
    "units-shipped-t60",
    "units-shipped-t90",
    "alert",
    "your-price",
    "sales-price",
    "lowest-price-new-plus-shipping",
    "lowest-price-used",
    "recommended-action",
    "healthy-inventory-level",
    "recommended-removal-quantity",
    "sell-through",
    "item-volume",
    "volume-unit-measurement",
    "storage-type",
    "storage-volume",
    "marketplace",
    "product-group",
    "sales-rank",
    "days-of-supply",
    "estimated-excess-quantity",
    "weeks-of-cover-t30",
    "weeks-of-cover-t90",
    "featuredoffer-price",
    "sales-shipped-last-7-days",
    "sales-shipped-last-30-days",
    "sales-shipped-last-60-days",
    "sales-shipped-last-90-days",
    "inv-age-0-to-30-days",
    "inv-age-31-to-60-days",
    "inv-age-61-to-90-days",
    "estimated-storage-cost-next-month",
    "inbound-quantity",
    "inbound-working",
    "inbound-shipped",
    "inbound-received",
    "no-sale-last-6-months",
    "unfulfillable-quantity",
    "Total Reserved Quantity",
    "Reserved FC Transfer",
    "Reserved FC Processing",
    "Reserved Customer Order",
];

/// Days the report counts shipments over.
const SPANS: [i64; 4] = [7, 30, 60, 90];

pub(super) fn print(asked: &Asked<'_>) -> Report {
    let Some(market) = asked.one_market() else { return Report::NoData };
    let shipped = shipped(asked, market);
    let mut sheet = Sheet::new(&HEADER);
    for (place, product, level) in stocked(asked, market) {
        let (units, sales) = shipped[place];
        let available = level.fulfillable();
        let price = asked.seller.price(place, market, asked.now);
        sheet.set("snapshot-date", asked.now.date_naive().to_string());
        sheet.set("sku", &product.sku);
        sheet.set("fnsku", &product.fnsku);
        sheet.set("asin", &product.asin);
        sheet.set("product-name", product.title.in_language(market.language));
        sheet.set("condition", "New");
        sheet.set("currency", market.currency);
        sheet.set("your-price", decimal(price, market.digits));
        sheet.set("featuredoffer-price", decimal(price, market.digits));
        for blank in ["sales-price", "lowest-price-used", "healthy-inventory-level", "sales-rank"] {
            sheet.set(blank, "--");
        }
        let covered = if units[1] == 0 { "N/A".to_owned() } else { decimal(available * 300 / units[1], 1) };
        sheet.set("days-of-supply", covered);
        sheet.set("item-volume", decimal(product.volume, 4));
        sheet.set("volume-unit-measurement", "cubic feet");
        sheet.set("storage-type", "Standard");
        sheet.set("marketplace", market.country);
        sheet.set("product-group", "Toy");
        for (place, days) in SPANS.into_iter().enumerate() {
            sheet.set(&format!("units-shipped-t{days}"), units[place].to_string());
            sheet.set(&format!("sales-shipped-last-{days}-days"), decimal(sales[place], market.digits));
        }
        let counts = [
            ("available", available),
            ("pending-removal-quantity", 0),
            ("inv-age-0-to-90-days", available),
            ("inv-age-0-to-30-days", available / 2),
            ("inv-age-31-to-60-days", available - available / 2),
            ("inv-age-61-to-90-days", 0),
            ("inv-age-91-to-180-days", 0),
            ("inv-age-181-to-270-days", 0),
            ("inv-age-271-to-365-days", 0),
            ("inv-age-365-plus-days", 0),
            ("estimated-excess-quantity", (available - units[3]).max(0)),
            ("inbound-quantity", level.inbound),
            ("inbound-working", 0),
            ("inbound-shipped", level.inbound),
            ("inbound-received", 0),
            ("unfulfillable-quantity", level.unsellable),
            ("Total Reserved Quantity", level.reserved),
            ("Reserved FC Transfer", 0),
            ("Reserved FC Processing", 0),
            ("Reserved Customer Order", level.reserved),
        ];
        for (column, count) in counts {
            sheet.set(column, count.to_string());
        }
        sheet.end();
    }
    sheet.finish(asked.seller.region)
}

/// Units and sales shipped by product over the last days of each span.
fn shipped(asked: &Asked<'_>, market: &Marketplace) -> Vec<([i64; 4], [i64; 4])> {
    let mut found = vec![([0; 4], [0; 4]); asked.seller.products.len()];
    let from = asked.now - TimeDelta::days(SPANS[3]);
    for (_, event) in asked.seller.between(Thread::Parcels, from, asked.now) {
        let What::Shipped { order, parcel } = &event.what else { continue };
        let placed = &asked.seller.orders[*order];
        if placed.market.id != market.id {
            continue;
        }
        for (item, units) in &parcel.lines {
            let bought = &placed.items[*item];
            for (place, days) in SPANS.into_iter().enumerate() {
                if event.at >= asked.now - TimeDelta::days(days) {
                    found[bought.product].0[place] += units;
                    found[bought.product].1[place] += bought.each.price * units;
                }
            }
        }
    }
    found
}
