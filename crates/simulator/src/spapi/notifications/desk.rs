//! Who wants to be told what, and the messages that wait.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::message;
use super::subscription::Subscription;
use crate::server::{Amazon, chance, held};

/// One message in so many comes twice: delivery is at least once (amazon.md: Messages).
const DOUBLED_ONE_IN: u64 = 10;

/// Where messages go.
#[derive(Clone, Debug)]
pub struct Destination {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) region: String,
    pub(super) resource: Value,
}

impl Destination {
    pub(super) fn shown(&self) -> Value {
        json!({ "name": self.name, "destinationId": self.id, "resource": self.resource })
    }
}

/// Destinations, subscriptions and messages.
pub struct NotificationDesk {
    seed: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    destinations: Vec<Destination>,
    subscriptions: Vec<Subscription>,
    /// (destination id, message).
    messages: Vec<(String, Value)>,
}

impl NotificationDesk {
    /// A desk at which nobody has subscribed.
    pub fn new(seed: u64) -> Self {
        Self { seed, state: Mutex::default() }
    }

    /// `false` if the resource has a destination already.
    pub(super) fn add_destination(&self, destination: Destination) -> bool {
        let mut state = held(&self.state);
        let known = state.destinations.iter().any(|known| known.id == destination.id);
        if !known {
            state.destinations.push(destination);
        }
        !known
    }

    pub(super) fn destinations(&self, region: &str) -> Vec<Destination> {
        held(&self.state).destinations.iter().filter(|known| known.region == region).cloned().collect()
    }

    pub(super) fn delete_destination(&self, region: &str, id: &str) -> bool {
        let mut state = held(&self.state);
        let before = state.destinations.len();
        state.destinations.retain(|known| known.id != id || known.region != region);
        state.destinations.len() < before
    }

    /// `false` if there is such a subscription already.
    pub(super) fn subscribe(&self, subscription: Subscription) -> bool {
        let mut state = held(&self.state);
        let known = state.subscriptions.iter().any(|known| known.id == subscription.id);
        if !known {
            state.subscriptions.push(subscription);
        }
        !known
    }

    pub(super) fn subscription(&self, wanted: impl Fn(&Subscription) -> bool) -> Option<Subscription> {
        held(&self.state).subscriptions.iter().find(|known| wanted(known)).cloned()
    }

    pub(super) fn unsubscribe(&self, region: &str, id: &str) -> bool {
        let mut state = held(&self.state);
        let before = state.subscriptions.len();
        state.subscriptions.retain(|known| known.id != id || known.region != region);
        state.subscriptions.len() < before
    }

    pub(super) fn send_test(&self, destination: &str, kind: &str, now: DateTime<Utc>) {
        let message = message::test(self.seed, destination, kind, now);
        held(&self.state).messages.push((destination.to_owned(), message));
    }

    /// Tells every destination that the client secret was rotated: there is no other way to learn the new one.
    pub fn secret_rotated(
        &self,
        client_id: &str,
        secret: &str,
        end: DateTime<Utc>,
        old_end: DateTime<Utc>,
        now: DateTime<Utc>,
    ) {
        let message = message::secret_rotated(self.seed, client_id, secret, [end, old_end, now]);
        // The developer's own queue, not a seller's destination.
        held(&self.state).messages.push((String::new(), message));
    }

    /// The messages sent by `now`, oldest first; all of them, or those of one destination. Reading doesn't remove them.
    /// The secret's rotation stands under the empty destination.
    pub fn messages(&self, amazon: &Amazon, destination: Option<&str>, now: DateTime<Utc>) -> Vec<Value> {
        self.send_due(amazon, now);
        let state = held(&self.state);
        let wanted = state.messages.iter().filter(|(to, _)| destination.is_none_or(|destination| destination == to));
        wanted.map(|(to, message)| json!({ "destinationId": to, "body": message })).collect()
    }

    /// Forgets the messages of one destination, or all.
    pub fn purge(&self, destination: Option<&str>) {
        held(&self.state).messages.retain(|(to, _)| destination.is_some_and(|destination| destination != to));
    }

    fn send_due(&self, amazon: &Amazon, now: DateTime<Utc>) {
        let subscriptions = held(&self.state).subscriptions.clone();
        for subscription in subscriptions {
            let sent = message::since(amazon, &subscription, now);
            let mut state = held(&self.state);
            let Some(known) = state.subscriptions.iter_mut().find(|known| known.id == subscription.id) else {
                continue;
            };
            if known.sent_until >= now {
                continue;
            }
            known.sent_until = now;
            for message in sent {
                let twice = chance::draw(self.seed, &["twice", &message.to_string()]).is_multiple_of(DOUBLED_ONE_IN);
                for _ in 0..=u8::from(twice) {
                    state.messages.push((subscription.destination_id.clone(), message.clone()));
                }
            }
        }
    }
}
