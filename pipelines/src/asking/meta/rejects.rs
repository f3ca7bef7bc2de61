//! `meta.rejects`: rows that couldn't be read.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::stream::{self, StreamExt, TryStreamExt};
use sellerlake_contracts::{Result, SellerId};
use sellerlake_state::{DeliveryFilter, DeliveryRecord};

use super::declared::{TableOf, count, instant, text};
use crate::shared::Shared;

/// A row of a delivery that couldn't be read.
pub(super) struct Rejected {
    delivery: Arc<DeliveryRecord>,
    line: Option<u64>,
    column: Option<String>,
    reason: Option<String>,
    value: Option<String>,
}

pub(super) static TABLE: TableOf<Rejected> = TableOf {
    name: "rejects",
    doc: "Rows that couldn't be read, and why: of each delivery the first 10,000. meta.deliveries counts them all.",
    columns: &[
        text("source", "The source.", |row| Some(row.delivery.source.clone())),
        text("seller_id", "Whose delivery it was.", |row| Some(row.delivery.seller.to_string())),
        text("delivery_id", "The delivery.", |row| Some(row.delivery.id.to_string())),
        instant("fetched_at", "When it arrived.", |row| Some(row.delivery.fetched_at)),
        count("line", "Line of the file, its header counted, or record of a JSON document, from 1.", |row| row.line),
        text("column_name", "The column at fault, where it is one.", |row| row.column.clone()),
        text("reason", "What is wrong.", |row| row.reason.clone()),
        text("value", "The text at fault, at most 200 characters; NULL where it may be personal.", |row| {
            row.value.clone()
        }),
    ],
    read: |sight, seller| {
        let shared = Arc::clone(&sight.shared);
        let deliveries = stream::once(async move { with_rejects(&sight.shared, seller).await });
        let one_by_one = deliveries.map_ok(|deliveries| stream::iter(deliveries.into_iter().map(Ok))).try_flatten();
        one_by_one.and_then(move |delivery| of_delivery(Arc::clone(&shared), delivery)).boxed()
    },
};

async fn with_rejects(shared: &Shared, seller: Option<SellerId>) -> Result<Vec<DeliveryRecord>> {
    let filter = DeliveryFilter { seller, ..DeliveryFilter::default() };
    let mut deliveries = shared.state.deliveries(&filter).await?;
    deliveries.retain(|delivery| delivery.report.as_ref().is_some_and(|report| report.rejected > 0));
    Ok(deliveries)
}

async fn of_delivery(shared: Arc<Shared>, delivery: DeliveryRecord) -> Result<Vec<Rejected>> {
    let kept = shared.lake.rejects(&delivery.source, &delivery.seller, &delivery.id).await?;
    let delivery = Arc::new(delivery);
    Ok(kept.iter().flat_map(|batch| rejected(batch, &delivery)).collect())
}

fn rejected(batch: &RecordBatch, delivery: &Arc<DeliveryRecord>) -> Vec<Rejected> {
    let lines = batch.column_by_name("line").and_then(|column| column.as_primitive_opt::<Int64Type>());
    let text = |name: &str, row: usize| {
        let texts = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        texts.filter(|texts| texts.is_valid(row)).map(|texts| texts.value(row).to_owned())
    };
    let row = |row: usize| Rejected {
        delivery: Arc::clone(delivery),
        line: lines.filter(|lines| lines.is_valid(row)).map(|lines| lines.value(row) as u64),
        column: text("column_name", row),
        reason: text("reason", row),
        value: text("value", row),
    };
    (0..batch.num_rows()).map(row).collect()
}
