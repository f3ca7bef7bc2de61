//! The inventory ledger, movement by movement.

use chrono::{SecondsFormat, TimeDelta};

use super::sheet::Sheet;
use super::{Asked, Report};
use crate::world::{MovementKind, Source, Thread, What, latency};

const HEADER: [&str; 15] = [
    "Date",
    "FNSKU",
    "ASIN",
    "MSKU",
    "Title",
    "Event Type",
    "Reference ID",
    "Quantity",
    "Fulfillment Center",
    "Disposition",
    "Reason",
    "Country",
    "Reconciled Quantity",
    "Unreconciled Quantity",
    "Date and Time",
];

/// Movements of the range, in the region: those within it as instants, or those whose local day is one of its days. The
/// days printed are local ones either way.
pub(super) fn print(asked: &Asked<'_>, by_instant: bool) -> Report {
    let seen = asked.now - latency(Source::Ledger);
    let mut sheet = Sheet::new(&HEADER);
    let margin = TimeDelta::days(1);
    let (from, to) = (asked.query.from, asked.query.to);
    let (first, last) = (from.date_naive(), (to - TimeDelta::seconds(1)).date_naive());
    for (_, event) in asked.seller.between(Thread::Stock, from - margin, to + margin) {
        let What::StockMoved(movement) = &event.what else { continue };
        let day = movement.market.day(event.at);
        let is_asked = if by_instant { from <= event.at && event.at < to } else { first <= day && day <= last };
        if event.at > seen || !is_asked {
            continue;
        }
        let product = &asked.seller.products[movement.product];
        let (kind, reference) = match movement.kind {
            MovementKind::Receipt => ("Receipts", format!("FBA{:09}", movement.reference % 1_000_000_000)),
            MovementKind::Shipment => ("Shipments", format!("D{:09}", movement.reference)),
            MovementKind::CustomerReturn => ("CustomerReturns", format!("R{}", movement.reference)),
            MovementKind::Adjustment => ("Adjustments", movement.reference.to_string()),
            MovementKind::Transfer => ("WhseTransfers", String::new()),
        };
        let local = event.at.with_timezone(&movement.market.zone);
        sheet.set("Date", day.format("%m/%d/%Y").to_string());
        sheet.set("FNSKU", &product.fnsku);
        sheet.set("ASIN", &product.asin);
        sheet.set("MSKU", &product.sku);
        sheet.set("Title", product.title.in_language(movement.market.language));
        sheet.set("Event Type", kind);
        sheet.set("Reference ID", reference);
        sheet.set("Quantity", movement.units.to_string());
        sheet.set("Fulfillment Center", movement.warehouse);
        sheet.set("Disposition", movement.disposition);
        sheet.set("Reason", movement.reason);
        sheet.set("Country", movement.market.iso_country);
        sheet.set("Reconciled Quantity", "0");
        sheet.set("Unreconciled Quantity", "0");
        sheet.set("Date and Time", local.to_rfc3339_opts(SecondsFormat::Secs, false));
        sheet.end();
    }
    sheet.finish(asked.seller.region)
}
