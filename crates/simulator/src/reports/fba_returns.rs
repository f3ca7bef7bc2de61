//! Returns to Amazon's warehouses, and what Amazon paid for stock it lost or damaged.

use chrono::SecondsFormat;

use super::sheet::Sheet;
use super::{Asked, Report};
use crate::world::{Source, Thread, What, decimal, latency};

const RETURNS: [&str; 13] = [
    "return-date",
    "order-id",
    "sku",
    "asin",
    "fnsku",
    "product-name",
    "quantity",
    "fulfillment-center-id",
    "detailed-disposition",
    "reason",
    "status",
    "license-plate-number",
    "customer-comments",
];

const REIMBURSEMENTS: [&str; 18] = [
    "approval-date",
    "reimbursement-id",
    "case-id",
    "amazon-order-id",
    "reason",
    "sku",
    "fnsku",
    "asin",
    "product-name",
    "condition",
    "currency-unit",
    "amount-per-unit",
    "amount-total",
    "quantity-reimbursed-cash",
    "quantity-reimbursed-inventory",
    "quantity-reimbursed-total",
    "original-reimbursement-id",
    "original-reimbursement-type",
];

/// Returns received in the range, in the region; their status is the one known by now.
pub(super) fn returns(asked: &Asked<'_>) -> Report {
    let seen = asked.now - latency(Source::Returns);
    let mut sheet = Sheet::new(&RETURNS);
    for (_, event) in asked.seller.between(Thread::Returns, asked.query.from, asked.query.to) {
        let What::Returned { entry } = event.what else { continue };
        if event.at > seen {
            continue;
        }
        let entry = &asked.seller.returns[entry];
        let order = &asked.seller.orders[entry.order];
        let product = &asked.seller.products[order.items[entry.item].product];
        let status = match (entry.settled_at <= seen, entry.disposition) {
            (false, _) => "Pending repackaging",
            (true, "SELLABLE") => "Unit returned to inventory",
            (true, _) => "Reimbursed",
        };
        let local = entry.at.with_timezone(&order.market.zone);
        sheet.set("return-date", local.to_rfc3339_opts(SecondsFormat::Secs, false));
        sheet.set("order-id", &order.id);
        sheet.set("sku", &product.sku);
        sheet.set("asin", &product.asin);
        sheet.set("fnsku", &product.fnsku);
        sheet.set("product-name", product.title.in_language(order.market.language));
        sheet.set("quantity", entry.units.to_string());
        sheet.set("fulfillment-center-id", entry.warehouse);
        sheet.set("detailed-disposition", entry.disposition);
        sheet.set("reason", entry.reason);
        sheet.set("status", status);
        if !entry.plate.is_multiple_of(5) {
            sheet.set("license-plate-number", format!("LPN{:010}", entry.plate % 10_000_000_000));
        }
        if entry.plate.is_multiple_of(7) {
            sheet.set("customer-comments", "doesn't fit, \"too small");
        }
        sheet.end();
    }
    sheet.finish(asked.seller.region)
}

/// Reimbursements approved in the range, in the region.
pub(super) fn reimbursements(asked: &Asked<'_>) -> Report {
    let seen = asked.now - latency(Source::Returns);
    let mut sheet = Sheet::new(&REIMBURSEMENTS);
    for (_, event) in asked.seller.between(Thread::Reimbursements, asked.query.from, asked.query.to) {
        let What::Reimbursed { entry } = event.what else { continue };
        if event.at > seen {
            continue;
        }
        let entry = &asked.seller.reimbursements[entry];
        let product = &asked.seller.products[entry.product];
        let digits = entry.market.digits;
        let local = entry.at.with_timezone(&entry.market.zone);
        sheet.set("approval-date", local.to_rfc3339_opts(SecondsFormat::Secs, false));
        sheet.set("reimbursement-id", entry.number.to_string());
        sheet.set("reason", entry.reason);
        sheet.set("sku", &product.sku);
        sheet.set("fnsku", &product.fnsku);
        sheet.set("asin", &product.asin);
        sheet.set("product-name", product.title.in_language(entry.market.language));
        sheet.set("condition", "Sellable");
        sheet.set("currency-unit", entry.market.currency);
        let (cash, stock) = if entry.in_stock { (0, entry.units) } else { (entry.units, 0) };
        sheet.set("amount-per-unit", decimal(entry.per_unit, digits));
        sheet.set("amount-total", decimal(entry.per_unit * entry.units, digits));
        sheet.set("quantity-reimbursed-cash", cash.to_string());
        sheet.set("quantity-reimbursed-inventory", stock.to_string());
        sheet.set("quantity-reimbursed-total", entry.units.to_string());
        if let Some(original) = entry.reverses {
            sheet.set("original-reimbursement-id", original.to_string());
            sheet.set("original-reimbursement-type", "Lost_Warehouse");
        }
        sheet.end();
    }
    sheet.finish(asked.seller.region)
}
