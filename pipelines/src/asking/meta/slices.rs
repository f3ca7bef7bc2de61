//! `meta.slices`: the ledger of intervals.

use sellerlake_state::{Slice, SliceFilter, SliceKey};

use super::declared::{TableOf, at_once, instant, text, wall};

pub(super) static TABLE: TableOf<(SliceKey, Slice)> = TableOf {
    name: "slices",
    doc: "What is known of each interval of a pipeline and scope, and why. What has no row was never looked at.",
    columns: &[
        text("seller_id", "Whose it is.", |(key, _)| Some(key.account.seller.to_string())),
        text("account", "The account it is asked of.", |(key, _)| Some(key.account.to_string())),
        text("pipeline", "The pipeline.", |(key, _)| Some(key.pipeline.clone())),
        text("scope", "What one request covers.", |(key, _)| Some(key.scope.to_string())),
        wall("window_from", "Start of the interval, by the scope's own clock.", |(_, slice)| Some(slice.window.from)),
        wall("window_to", "Its end, itself not part of it.", |(_, slice)| Some(slice.window.to)),
        text("status", "loaded, no_data, cancelled, fatal, waiting, unreachable, failed or missing.", |(_, slice)| {
            Some(slice.mark.status.to_string())
        }),
        text("reason", "Why, in words.", |(_, slice)| slice.mark.reason.clone()),
        text("delivery_id", "The delivery it was loaded from.", |(_, slice)| {
            slice.mark.delivery.as_ref().map(ToString::to_string)
        }),
        instant("again_at", "When it is asked for again.", |(_, slice)| slice.mark.not_before),
        instant("updated_at", "When that was last said.", |(_, slice)| Some(slice.updated_at)),
    ],
    read: |sight, seller| {
        at_once(async move { sight.shared.state.all_slices(&SliceFilter { seller, ..SliceFilter::default() }).await })
    },
};
