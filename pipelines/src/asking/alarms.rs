//! Alarms as rows: `meta.alarms`.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMillisecondArray};
use chrono::{DateTime, Utc};
use sellerlake_contracts::{Error, Kind, Partition, Result, SellerId};
use sellerlake_state::Alarm;

use crate::{Granted, Workspace};

/// An alarm and whose it is; nobody's, if it isn't about an object.
struct Owned {
    alarm: Alarm,
    seller: Option<SellerId>,
}

impl Workspace {
    /// What is wrong now with the granted sellers' objects; with everything, where every seller is granted.
    pub(crate) async fn alarm_rows(&self, granted: &Granted) -> Result<RecordBatch> {
        let owned = self.state.alarms().await?.into_iter().map(|alarm| {
            let seller = Partition::parse(&alarm.subject).map(|partition| partition.seller);
            Owned { alarm, seller }
        });
        let visible = owned.filter(|owned| match (granted, &owned.seller) {
            (Granted::All, _) => true,
            (Granted::Sellers(sellers), Some(seller)) => sellers.contains(seller),
            (Granted::Sellers(_), None) => false,
        });
        rows(&visible.collect::<Vec<_>>())
    }
}

fn rows(alarms: &[Owned]) -> Result<RecordBatch> {
    let text = |value: &dyn Fn(&Owned) -> Option<String>| -> ArrayRef {
        Arc::new(alarms.iter().map(value).collect::<StringArray>())
    };
    let instant = |value: &dyn Fn(&Alarm) -> DateTime<Utc>| -> ArrayRef {
        let values = alarms.iter().map(|owned| Some(value(&owned.alarm).timestamp_millis()));
        Arc::new(values.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("raised_at", instant(&|alarm| alarm.raised_at)),
        ("updated_at", instant(&|alarm| alarm.updated_at)),
        ("severity", text(&|owned| Some(owned.alarm.severity.to_string()))),
        ("seller_id", text(&|owned| owned.seller.as_ref().map(ToString::to_string))),
        ("subject", text(&|owned| Some(owned.alarm.subject.clone()))),
        ("message", text(&|owned| Some(owned.alarm.message.clone()))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true)))
        .map_err(|error| Error::permanent(Kind::Internal, "can't show the alarms").source(error))
}
