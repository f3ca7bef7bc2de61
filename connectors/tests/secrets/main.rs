//! Nothing secret is ever shown. A program of its own: whether anybody listens to a line of the log is kept once for
//! a process, so beside other tests this one would come to see nothing.

#![allow(clippy::unwrap_used)] // a test that can't go on should stop

#[path = "../harness/mod.rs"]
#[allow(dead_code)] // the other program uses more of it
mod harness;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::harness::Peer;

/// Keeps every field of every event and span, of our code and of all it uses.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

struct Writer<'a>(&'a mut String);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Writer(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Writer(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = self.0.lock().unwrap();
        text.push('\n');
        event.record(&mut Writer(&mut text));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn tokens_secrets_and_signed_addresses_appear_nowhere() {
    let seen = Everything::default();
    tracing::subscriber::set_global_default(seen.clone()).unwrap();
    let peer = Peer::new().await;
    let mut errors = String::new();
    let report = peer.request(&[("report_type", "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL")]);
    peer.faults(&[
        "http_500@*.*",
        "timeout@orders*x2",
        "http_503_html@reports.*x2",
        "expired_url@*",
        "truncated_body@files.download",
        "expired_page_token@*",
    ]);
    for (name, request) in [("orders", peer.request(&[])), ("report", report), ("inventory", peer.snapshot(&[]))] {
        let connector = peer.account(0).connector(name).unwrap();
        if let Err(error) = peer.drive(&*connector, &request).await {
            let _ = write!(errors, "{error} {error:#} {error:?} {:?}", error.remedy());
        }
    }
    for script in ["http_503_html@*x99", "timeout@*.*sx99", "truncated_body@*.*sx99"] {
        peer.faults(&[script]);
        for name in ["orders", "settlements", "ads_profiles"] {
            let connector = peer.account(0).connector(name).unwrap();
            let error = peer.drive(&*connector, &peer.request(&[])).await.err().unwrap();
            let _ = write!(errors, "{error} {error:#} {error:?} {:?}", error.remedy());
        }
    }
    peer.faults(&[]);
    peer.running.amazon().sign_in.revoke(peer.id(0).seller.as_str(), peer.now());
    let connector = peer.account(0).connector("orders").unwrap();
    let error = peer.drive(&*connector, &peer.request(&[])).await.err().unwrap();
    let _ = write!(errors, "{error} {error:#} {error:?} {:?}", error.remedy());
    let logged = seen.0.lock().unwrap().clone();
    assert!(logged.contains("calling again") && errors.contains("Amazon"), "nothing was seen at all");
    let account = &peer.running.accounts()[0];
    let ads = account.ads.as_ref().unwrap();
    let secrets = [&account.client_secret, &account.refresh_token, &ads.client_secret, &ads.refresh_token];
    for (place, text) in [("the log", &logged), ("an error", &errors)] {
        for secret in secrets {
            assert!(!text.contains(secret.as_str()), "a secret in {place}");
        }
        for mark in ["Atza|", "Atzr|", "Atza%7C", "Atz.sprdt", "X-Amz-Signature", "refresh_token="] {
            assert!(!text.contains(mark), "{mark} in {place}");
        }
    }
}
