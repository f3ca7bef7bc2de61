//! `meta.drift`: columns that nobody declared, by delivery.

use chrono::{DateTime, Utc};
use sellerlake_state::{DeliveryFilter, DeliveryRecord};
use serde_json::Value;

use super::declared::{TableOf, at_once, count, instant, text};

/// A column of a delivery that nobody declared.
pub(super) struct Undeclared {
    delivery: String,
    source: String,
    seller: String,
    fetched_at: DateTime<Utc>,
    column: String,
    fate: &'static str,
    cells: Option<u64>,
}

pub(super) static TABLE: TableOf<Undeclared> = TableOf {
    name: "drift",
    doc: "Columns that deliveries had and nobody declared, as of when each was last read.",
    columns: &[
        text("source", "The source.", |found| Some(found.source.clone())),
        text("seller_id", "Whose delivery it was.", |found| Some(found.seller.clone())),
        text("delivery_id", "The delivery.", |found| Some(found.delivery.clone())),
        instant("fetched_at", "When it arrived.", |found| Some(found.fetched_at)),
        text("column_name", "The column's header, or its path in a JSON document.", |found| Some(found.column.clone())),
        text("fate", "kept, in _extra, or dropped, because its name is personal.", |found| Some(found.fate.to_owned())),
        count("cells", "How many cells of it held a value.", |found| found.cells),
    ],
    read: |sight, seller| {
        at_once(async move {
            let filter = DeliveryFilter { seller, ..DeliveryFilter::default() };
            let deliveries = sight.shared.state.deliveries(&filter).await?;
            Ok(deliveries.iter().flat_map(undeclared).collect())
        })
    },
};

/// What a delivery's report says of such columns.
fn undeclared(delivery: &DeliveryRecord) -> impl Iterator<Item = Undeclared> {
    let details = delivery.report.as_ref().map(|report| &report.details);
    let listed = move |list: &str| details.and_then(|details| details.get(list)).and_then(Value::as_object);
    let lists = [(listed("drift"), "kept"), (listed("dropped"), "dropped")];
    let found = lists.into_iter().flat_map(|(list, fate)| list.into_iter().flatten().map(move |found| (found, fate)));
    found.map(|((column, cells), fate)| Undeclared {
        delivery: delivery.id.to_string(),
        source: delivery.source.clone(),
        seller: delivery.seller.to_string(),
        fetched_at: delivery.fetched_at,
        column: column.clone(),
        fate,
        cells: cells.as_u64(),
    })
}
