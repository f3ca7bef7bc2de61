//! A subscription to one type of notification.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Who wants to be told.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) seller: String,
    pub(super) region: String,
    pub(super) payload_version: String,
    pub(super) destination_id: String,
    pub(super) directive: Option<Value>,
    /// What happened up to this moment has been sent.
    pub(super) sent_until: DateTime<Utc>,
}

impl Subscription {
    pub(super) fn shown(&self) -> Value {
        let (id, version, destination) = (&self.id, &self.payload_version, &self.destination_id);
        let mut shown = json!({ "subscriptionId": id, "payloadVersion": version, "destinationId": destination });
        if let Some(directive) = &self.directive {
            shown["processingDirective"] = directive.clone();
        }
        shown
    }
}
