//! Alerts as rows: `meta.alerts`.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMillisecondArray};
use chrono::{DateTime, Utc};
use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_state::Alert;

use crate::Granted;
use crate::asking::Asking;

impl Asking {
    /// What is and was wrong with what the granted sellers have.
    pub(crate) async fn alert_rows(&self, granted: &Granted) -> Result<RecordBatch> {
        let mut alerts = self.shared.state.alerts().await?;
        if let Granted::Sellers(sellers) = granted {
            alerts.retain(|alert| sellers.contains(&alert.condition.seller));
        }
        rows(&alerts)
    }
}

fn rows(alerts: &[Alert]) -> Result<RecordBatch> {
    let text = |value: &dyn Fn(&Alert) -> Option<String>| -> ArrayRef {
        Arc::new(alerts.iter().map(value).collect::<StringArray>())
    };
    let instant = |value: &dyn Fn(&Alert) -> Option<DateTime<Utc>>| -> ArrayRef {
        let values = alerts.iter().map(|alert| value(alert).map(|at| at.timestamp_millis()));
        Arc::new(values.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("state", text(&|alert| Some(alert.state.to_string()))),
        ("severity", text(&|alert| Some(alert.condition.kind.severity().to_string()))),
        ("kind", text(&|alert| Some(alert.condition.kind.to_string()))),
        ("seller_id", text(&|alert| Some(alert.condition.seller.to_string()))),
        ("account", text(&|alert| alert.condition.account.as_ref().map(ToString::to_string))),
        ("subject", text(&|alert| Some(alert.subject.clone()))),
        ("message", text(&|alert| Some(alert.message.clone()))),
        ("first_at", instant(&|alert| Some(alert.first_at))),
        ("last_at", instant(&|alert| Some(alert.last_at))),
        ("resolved_at", instant(&|alert| alert.resolved_at)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true)))
        .map_err(|error| Error::permanent(Kind::Internal, "can't show the alerts").source(error))
}
