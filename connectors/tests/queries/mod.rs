//! Data Kiosk's queries: asked for once, whatever is lost on the way.

use sellerlake_contracts::{Clock, Request, Step};
use serde_json::Value;

use crate::harness::{Peer, answer, text};

const CREATE: &str = "data_kiosk.createQuery";
const LIST: &str = "data_kiosk.getQueries";

fn economics(peer: &Peer, last: &str) -> Request {
    let marketplace = peer.snapshot(&[]).marketplaces[0].to_string();
    let query = format!(
        "query Q {{ analytics_economics_2024_03_15 {{ economics(startDate: \"2026-10-12\", endDate: \"{last}\", \
         marketplaceIds: [\"{marketplace}\"], aggregateBy: {{ date: DAY, productId: MSKU }}) {{ startDate msku }} }} }}"
    );
    peer.snapshot(&[("query", &query)])
}

/// Goes on until the answer is there, and dies after each request for a query, before its id is stored.
async fn with_crashes(peer: &Peer, request: &Request) -> String {
    let mut connector = peer.account(0).connector("data_kiosk").unwrap();
    let (mut stored, mut died_after) = (None::<Value>, peer.answered(CREATE, 202));
    for _ in 0..500 {
        match connector.step(request, stored.as_ref()).await.unwrap() {
            Step::Wait { until, checkpoint, .. } => {
                if peer.answered(CREATE, 202) > died_after {
                    died_after = peer.answered(CREATE, 202);
                    connector = peer.account_in(&peer.restarted(), 0).connector("data_kiosk").unwrap();
                    continue;
                }
                peer.clock.sleep_until(until).await;
                stored = Some(checkpoint);
            }
            step => return text(answer(step)),
        }
    }
    panic!("it waits for ever");
}

#[tokio::test]
async fn a_crash_before_the_id_was_stored_adopts_the_query_of_each_page() {
    let peer = Peer::with(|options| options.profile.most_per_page = 2).await;
    let request = economics(&peer, "2026-10-14");
    let whole = peer.answer("data_kiosk", &request).await;
    let (pages, whole) = (whole.pages.len() as u64, text(whole));
    assert!(pages >= 3, "{pages} pages");
    let before = peer.answered(CREATE, 202);
    assert_eq!(peer.answered(LIST, 200), 0, "nothing was in doubt");
    peer.clock.sleep_until(peer.now() + chrono::TimeDelta::hours(1)).await;
    assert_eq!(with_crashes(&peer, &request).await, whole);
    assert_eq!(peer.answered(CREATE, 202) - before, pages, "one query a page");
    assert_eq!(peer.answered(LIST, 200), pages);
}

#[tokio::test]
async fn a_lost_answer_to_creating_adopts_the_query() {
    let peer = Peer::new().await;
    for (fault, last) in [("timeout", "2026-10-14"), ("truncated_body", "2026-10-15"), ("empty_body", "2026-10-16")] {
        let before = peer.answered(CREATE, 202);
        peer.faults(&[&format!("{fault}@{CREATE}")]);
        let connector = peer.account(0).connector("data_kiosk").unwrap();
        answer(peer.drive(&*connector, &economics(&peer, last)).await.unwrap().step);
        assert_eq!(peer.answered(CREATE, 202) - before, 1, "{fault}");
    }
}

#[tokio::test]
async fn a_query_of_another_text_is_not_adopted() {
    let peer = Peer::new().await;
    let connector = peer.account(0).connector("data_kiosk").unwrap();
    let [first, second] = ["2026-10-14", "2026-10-15"].map(|last| economics(&peer, last));
    let Step::Wait { checkpoint: stored, .. } = connector.step(&second, None).await.unwrap() else {
        panic!("too fast")
    };
    peer.answer("data_kiosk", &first).await;
    let connector = peer.account_in(&peer.restarted(), 0).connector("data_kiosk").unwrap();
    let Step::Wait { checkpoint, .. } = connector.step(&second, Some(&stored)).await.unwrap() else {
        panic!("too fast")
    };
    assert!(checkpoint["errand"]["id"].is_string());
    assert_eq!((peer.answered(LIST, 200), peer.answered(CREATE, 202)), (1, 2));
}
