//! What lies in Amazon's warehouses now, for one marketplace.

use super::sheet::Sheet;
use super::{Asked, Report};
use crate::world::{Level, Marketplace, Product, decimal, stock_levels, strands};

const UNSUPPRESSED: [&str; 22] = [
    "sku",
    "fnsku",
    "asin",
    "product-name",
    "condition",
    "your-price",
    "mfn-listing-exists",
    "mfn-fulfillable-quantity",
    "afn-listing-exists",
    "afn-warehouse-quantity",
    "afn-fulfillable-quantity",
    "afn-unsellable-quantity",
    "afn-reserved-quantity",
    "afn-total-quantity",
    "per-unit-volume",
    "afn-inbound-working-quantity",
    "afn-inbound-shipped-quantity",
    "afn-inbound-receiving-quantity",
    "afn-researching-quantity",
    "afn-reserved-future-supply",
    "afn-future-supply-buyable",
    "store",
];

const STRANDED: [&str; 18] = [
    "primary-action",
    "date-stranded",
    "Date-to-take-auto-removal",
    "status-primary",
    "status-secondary",
    "error-message",
    "stranded-reason",
    "asin",
    "sku",
    "fnsku",
    "product-name",
    "condition",
    "fulfilled-by",
    "fulfillable-qty",
    "your-price",
    "unfulfillable-qty",
    "reserved-quantity",
    "inbound-shipped-qty",
];

/// Products Amazon stores that are on sale at the moment, with their stock in the marketplace's pool.
pub(super) fn stocked<'a>(asked: &'a Asked<'_>, market: &'static Marketplace) -> Vec<(usize, &'a Product, Level)> {
    let levels = stock_levels(asked.seller, asked.now);
    let products = asked.seller.products.iter().enumerate();
    products
        .filter(|(_, product)| product.by_amazon && product.listed_at <= asked.now)
        .map(|(place, product)| (place, product, levels.get(&(place, market.pool)).copied().unwrap_or_default()))
        .collect()
}

pub(super) fn unsuppressed(asked: &Asked<'_>) -> Report {
    let Some(market) = asked.one_market() else { return Report::NoData };
    let mut sheet = Sheet::new(&UNSUPPRESSED);
    for (place, product, level) in stocked(asked, market) {
        let warehouse = level.sellable + level.unsellable;
        let price = asked.seller.price(place, market, asked.now);
        sheet.set("sku", &product.sku);
        sheet.set("fnsku", &product.fnsku);
        sheet.set("asin", &product.asin);
        sheet.set("product-name", product.title.in_language(market.language));
        sheet.set("condition", "New");
        sheet.set("your-price", decimal(price, market.digits));
        sheet.set("mfn-listing-exists", "No");
        sheet.set("afn-listing-exists", "Yes");
        sheet.set("per-unit-volume", decimal(product.volume / 100, 2));
        let units = [
            ("afn-warehouse-quantity", warehouse),
            ("afn-fulfillable-quantity", level.fulfillable()),
            ("afn-unsellable-quantity", level.unsellable),
            ("afn-reserved-quantity", level.reserved),
            ("afn-total-quantity", level.total()),
            ("afn-inbound-working-quantity", 0),
            ("afn-inbound-shipped-quantity", level.inbound),
            ("afn-inbound-receiving-quantity", 0),
            ("afn-researching-quantity", 0),
            ("afn-reserved-future-supply", 0),
            ("afn-future-supply-buyable", 0),
        ];
        for (column, units) in units {
            sheet.set(column, units.to_string());
        }
        sheet.end();
    }
    sheet.finish(asked.seller.region)
}

/// Stock without a listing: nothing in small worlds, the damaged units of every eighth product in the others.
pub(super) fn stranded(asked: &Asked<'_>) -> Report {
    let Some(market) = asked.one_market() else { return Report::NoData };
    let mut sheet = Sheet::new(&STRANDED);
    for (place, product, level) in stocked(asked, market) {
        if !strands(place) || level.unsellable == 0 {
            continue;
        }
        sheet.set("primary-action", "Create removal order");
        sheet.set("date-stranded", asked.now.format("%Y-%m-%d").to_string());
        sheet.set("status-primary", "Inactive");
        sheet.set("stranded-reason", "Listing closed");
        sheet.set("asin", &product.asin);
        sheet.set("sku", &product.sku);
        sheet.set("fnsku", &product.fnsku);
        sheet.set("product-name", product.title.in_language(market.language));
        sheet.set("condition", "New");
        sheet.set("fulfilled-by", "Amazon");
        sheet.set("fulfillable-qty", "0");
        sheet.set("your-price", decimal(asked.seller.price(place, market, asked.now), market.digits));
        sheet.set("unfulfillable-qty", level.unsellable.to_string());
        sheet.set("reserved-quantity", "0");
        sheet.set("inbound-shipped-qty", "0");
        sheet.end();
    }
    sheet.finish(asked.seller.region)
}
