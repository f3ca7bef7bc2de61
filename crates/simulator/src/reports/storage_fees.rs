//! What storage will cost, estimated, one row for each product, country and month.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};

use super::sheet::Sheet;
use super::{Asked, Report};
use crate::world::{Marketplace, Thread, What, decimal};

const HEADER: [&str; 31] = [
    "asin",
    "fnsku",
    "product_name",
    "fulfillment_center",
    "country_code",
    "longest_side",
    "median_side",
    "shortest_side",
    "measurement_units",
    "weight",
    "weight_units",
    "item_volume",
    "volume_units",
    "product_size_tier",
    "average_quantity_on_hand",
    "average_quantity_pending_removal",
    "estimated_total_item_volume",
    "month_of_charge",
    "storage_utilization_ratio",
    "storage_utilization_ratio_units",
    "base_rate",
    "utilization_surcharge_rate",
    "storage_rate",
    "currency",
    "estimated_monthly_storage_fee",
    "dangerous_goods_storage_type",
    "eligible_for_inventory_discount",
    "qualifies_for_inventory_discount",
    "total_incentive_fee_amount",
    "breakdown_incentive_fee_amount",
    "average_quantity_customer_orders",
];

/// Months that touch the range and are over for a week, in the region.
pub(super) fn print(asked: &Asked<'_>) -> Report {
    let mut sheet = Sheet::new(&HEADER);
    let first = asked.query.from.date_naive();
    let mut month = first.with_day(1).unwrap_or(first);
    while month < asked.query.to.date_naive() {
        for (place, market) in asked.seller.marketplaces.iter().enumerate() {
            let known = asked.seller.marketplaces[..place].iter().any(|other| other.pool == market.pool);
            let published_at = market.midnight(month + Months::new(1)) + TimeDelta::days(7);
            if !known && published_at <= asked.now {
                print_month(&mut sheet, asked, market, month);
            }
        }
        month = month + Months::new(1);
    }
    sheet.finish(asked.seller.region)
}

fn print_month(sheet: &mut Sheet, asked: &Asked<'_>, market: &'static Marketplace, month: NaiveDate) {
    let (began, ended) = (market.midnight(month), market.midnight(month + Months::new(1)));
    for (place, doubled) in doubled_averages(asked, market.pool, began, ended) {
        if doubled <= 0 {
            continue;
        }
        let product = &asked.seller.products[place];
        let rate = 78 * market.per_cent / 1000;
        sheet.set("asin", &product.asin);
        sheet.set("fnsku", &product.fnsku);
        sheet.set("product_name", product.title.in_language(market.language));
        sheet.set("fulfillment_center", market.warehouses[0]);
        sheet.set("country_code", market.iso_country);
        sheet.set("longest_side", "24.0");
        sheet.set("median_side", "3.10");
        sheet.set("shortest_side", "2.00");
        sheet.set("measurement_units", "inches");
        sheet.set("weight", "0.80");
        sheet.set("weight_units", "pounds");
        sheet.set("item_volume", decimal(product.volume, 4));
        sheet.set("volume_units", "cubic feet");
        sheet.set("product_size_tier", "Standard-Size");
        sheet.set("average_quantity_on_hand", decimal(doubled * 5, 1));
        sheet.set("average_quantity_pending_removal", "0.00");
        sheet.set("estimated_total_item_volume", decimal(doubled * product.volume * 5, 5));
        sheet.set("month_of_charge", month.format("%Y-%m").to_string());
        sheet.set("storage_utilization_ratio", "--");
        sheet.set("base_rate", decimal(rate, market.digits));
        sheet.set("utilization_surcharge_rate", "0");
        sheet.set("storage_rate", decimal(rate, market.digits));
        sheet.set("currency", market.currency);
        // Units halves, ten-thousandths of a foot and the minor unit together: five and two decimals.
        sheet.set("estimated_monthly_storage_fee", decimal(doubled * product.volume * 5 * rate, 5 + market.digits));
        sheet.set("dangerous_goods_storage_type", "--");
        sheet.set("eligible_for_inventory_discount", "N");
        sheet.set("qualifies_for_inventory_discount", "N");
        sheet.set("total_incentive_fee_amount", "0");
        sheet.set("average_quantity_customer_orders", "0.0");
        sheet.end();
    }
}

/// Twice the units on hand, averaged over the first and last moment of a month, by product.
fn doubled_averages(asked: &Asked<'_>, pool: &str, began: DateTime<Utc>, ended: DateTime<Utc>) -> BTreeMap<usize, i64> {
    let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
    for (_, event) in asked.seller.between(Thread::Stock, DateTime::<Utc>::MIN_UTC, ended) {
        if let What::StockMoved(movement) = &event.what
            && movement.market.pool == pool
        {
            let weight = if event.at < began { 2 } else { 1 };
            *sums.entry(movement.product).or_default() += movement.units * weight;
        }
    }
    sums
}
