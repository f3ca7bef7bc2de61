//! `meta.slices`: the ledger of intervals, as SQL sees it.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMillisecondArray};
use chrono::{DateTime, Utc};
use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_state::{Slice, SliceFilter, SliceKey};

use crate::Granted;
use crate::asking::Asking;

impl Asking {
    /// The granted sellers' slices; times without a zone are those of the scope's own clock.
    pub(crate) async fn slice_rows(&self, granted: &Granted) -> Result<RecordBatch> {
        let mut slices = Vec::new();
        for seller in granted.sellers() {
            slices.extend(self.shared.state.all_slices(&SliceFilter { seller, ..SliceFilter::default() }).await?);
        }
        rows(&slices)
    }
}

fn rows(slices: &[(SliceKey, Slice)]) -> Result<RecordBatch> {
    type Told = (SliceKey, Slice);
    let text = |value: &dyn Fn(&Told) -> Option<String>| -> ArrayRef {
        Arc::new(slices.iter().map(value).collect::<StringArray>())
    };
    let wall = |value: &dyn Fn(&Told) -> DateTime<Utc>| -> ArrayRef {
        let values = slices.iter().map(|told| Some(value(told).timestamp_millis()));
        Arc::new(values.collect::<TimestampMillisecondArray>())
    };
    let instant = |value: &dyn Fn(&Told) -> Option<DateTime<Utc>>| -> ArrayRef {
        let values = slices.iter().map(|told| value(told).map(|at| at.timestamp_millis()));
        Arc::new(values.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
    };
    let seller = |told: &Told| told.0.account.to_string().rsplit_once('-').map(|(seller, _)| seller.to_owned());
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("seller_id", text(&seller)),
        ("account", text(&|told| Some(told.0.account.to_string()))),
        ("pipeline", text(&|told| Some(told.0.pipeline.clone()))),
        ("scope", text(&|told| Some(told.0.scope.to_string()))),
        ("window_from", wall(&|told| told.1.window.from)),
        ("window_to", wall(&|told| told.1.window.to)),
        ("status", text(&|told| Some(told.1.mark.status.to_string()))),
        ("reason", text(&|told| told.1.mark.reason.clone())),
        ("delivery_id", text(&|told| told.1.mark.delivery.as_ref().map(ToString::to_string))),
        ("again_at", instant(&|told| told.1.mark.not_before)),
        ("updated_at", instant(&|told| Some(told.1.updated_at))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true)))
        .map_err(|error| Error::permanent(Kind::Internal, "can't show the slices").source(error))
}
