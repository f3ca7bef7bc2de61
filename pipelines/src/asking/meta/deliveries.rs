//! `meta.deliveries`: the ledger of deliveries.

use sellerlake_state::{DeliveryFilter, DeliveryRecord};

use super::declared::{TableOf, at_once, count, instant, text};

pub(super) static TABLE: TableOf<DeliveryRecord> = TableOf {
    name: "deliveries",
    doc: "What came from Amazon or from files, and how far each has come. A delivery that was taken back isn't here.",
    columns: &[
        text("delivery_id", "The delivery.", |record| Some(record.id.to_string())),
        text("source", "The source it is of.", |record| Some(record.source.clone())),
        text("seller_id", "Whose it is.", |record| Some(record.seller.to_string())),
        text("scope", "What the request covered: an account, a region, a marketplace or a profile.", |record| {
            Some(record.scope.to_string())
        }),
        text("marketplace_id", "The marketplace, where there was exactly one.", |record| {
            record.marketplace.as_ref().map(ToString::to_string)
        }),
        instant("window_from", "Start of the span asked for.", |record| record.window.map(|window| window.from)),
        instant("window_to", "End of that span, itself not asked for.", |record| record.window.map(|window| window.to)),
        instant("as_of", "When its data was true, where somebody said so.", |record| record.as_of),
        instant("fetched_at", "When it arrived.", |record| Some(record.fetched_at)),
        text("status", "landing, landed, loaded, in_part, held_back or refused.", |record| {
            Some(record.status.to_string())
        }),
        text("reason", "Why not all of it is loaded.", |record| record.reason.clone()),
        count("rows", "Rows read, rejected ones not among them.", |record| {
            record.report.as_ref().map(|report| report.rows)
        }),
        count("rejected", "Rows that couldn't be read: see meta.rejects.", |record| {
            record.report.as_ref().map(|report| report.rejected)
        }),
        text("report", "Everything else that was counted when it was read, as JSON.", |record| {
            record.report.as_ref().map(|report| report.details.to_string())
        }),
        count("size_bytes", "Length of what is stored.", |record| Some(record.size_bytes)),
        text("data_path", "Path of its bytes in the lake.", |record| Some(record.data_path.clone())),
    ],
    read: |sight, seller| {
        at_once(
            async move { sight.shared.state.deliveries(&DeliveryFilter { seller, ..DeliveryFilter::default() }).await },
        )
    },
};
