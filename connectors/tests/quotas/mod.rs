//! Amazon's quotas: used to the full and not beyond, by everybody together, across restarts.

use sellerlake_contracts::{Clock as _, Request, Step};

use crate::harness::{Peer, answer, hours, text};

const REPORT: &str = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL";

#[tokio::test]
async fn the_burst_is_used_and_nothing_is_refused_after_it() {
    let peer = Peer::new().await;
    let account = peer.account(0);
    let connector = account.connector("transactions").unwrap();
    let mut request = peer.request(&[]);
    let before = peer.now();
    for _ in 0..15 {
        request.window.as_mut().unwrap().to -= hours(1);
        peer.drive(&*connector, &request).await.unwrap();
    }
    let calls = peer.answered("finances.listTransactions", 200);
    let seconds = (peer.now() - before).num_seconds();
    let bound = (calls as i64 - 10) * 2;
    assert!(seconds >= bound && seconds <= bound + bound / 20 + 2, "{calls} calls took {seconds} s");
    assert_eq!(peer.answered_anywhere(429), 0);
}

#[tokio::test]
async fn many_reports_at_once_share_one_bucket() {
    let peer = Peer::new().await;
    let connector = peer.account(0).connector("report").unwrap();
    let before = peer.now();
    let requests = (0..22).map(|day| {
        let mut request = peer.request(&[("report_type", REPORT)]);
        request.window.as_mut().unwrap().to -= hours(day * 12);
        request
    });
    let requests: Vec<_> = requests.collect();
    let reports = peer.drive_all(&*connector, &requests).await.len();
    assert_eq!((reports, peer.answered_anywhere(429)), (22, 0));
    // Fifteen at once, then one a minute; the rest is Amazon's own time.
    assert!(peer.now() - before < hours(2), "{}", peer.now() - before);
}

#[tokio::test]
async fn a_restart_does_not_burst_again() {
    let peer = Peer::new().await;
    for round in 0..4 {
        let connector = peer.account_in(&peer.restarted(), 0).connector("orders_v0").unwrap();
        for _ in 0..3 {
            peer.drive(&*connector, &peer.request(&[])).await.unwrap();
        }
        assert_eq!(peer.answered_anywhere(429), 0, "in round {round}");
    }
    assert!(peer.levels.of("getOrders").unwrap().tokens < 5.0);
}

/// A query whose answer has several documents where there are few lines on one.
fn economics(peer: &Peer) -> Request {
    let marketplace = peer.snapshot(&[]).marketplaces[0].to_string();
    let query = format!(
        "query Q {{ analytics_economics_2024_03_15 {{ economics(startDate: \"2026-10-12\", endDate: \"2026-10-14\", \
         marketplaceIds: [\"{marketplace}\"], aggregateBy: {{ date: DAY, productId: MSKU }}) {{ startDate msku }} }} }}"
    );
    peer.snapshot(&[("query", &query)])
}

#[tokio::test]
async fn a_token_a_minute_brings_every_document_of_a_query_once() {
    let peer = Peer::with(|options| options.profile.most_per_page = 2).await;
    peer.drain("getDocument", 60).await;
    let connector = peer.account(0).connector("data_kiosk").unwrap();
    let outcome = peer.drive(&*connector, &economics(&peer)).await.unwrap();
    let pages = answer(outcome.step).pages.len() as u64;
    assert!(pages >= 3, "{pages} documents");
    assert_eq!(peer.answered("data_kiosk.getDocument", 200), pages);
    assert!(peer.levels.of("getDocument").unwrap().tokens < 1.0, "there was never more than one");
}

#[tokio::test]
async fn documents_that_a_crash_took_are_fetched_again_and_the_others_are_not() {
    let peer = Peer::with(|options| options.profile.most_per_page = 2).await;
    let request = economics(&peer);
    let mut connector = peer.account(0).connector("data_kiosk").unwrap();
    let whole = text(answer(peer.drive(&*connector, &request).await.unwrap().step));
    let before = peer.answered("data_kiosk.getDocument", 200);
    let mut checkpoint: Option<serde_json::Value> = None;
    let (mut crashed, mut steps) = (false, 0);
    let found = loop {
        steps += 1;
        assert!(steps < 500, "it waits for ever");
        match connector.step(&request, checkpoint.as_ref()).await.unwrap() {
            Step::Wait { until, checkpoint: kept, .. } => {
                peer.clock.sleep_until(until).await;
                if !crashed && kept["fetched"].as_object().is_some_and(|fetched| fetched.len() == 2) {
                    crashed = true;
                    peer.lose_a_file();
                    connector = peer.account_in(&peer.restarted(), 0).connector("data_kiosk").unwrap();
                }
                checkpoint = Some(kept);
            }
            step => break answer(step),
        }
    };
    let pages = found.pages.len() as u64;
    assert_eq!((crashed, peer.answered("data_kiosk.getDocument", 200) - before), (true, pages + 1));
    assert_eq!(text(found), whole);
}

#[tokio::test]
async fn a_refusal_empties_the_bucket() {
    let peer = Peer::new().await;
    peer.faults(&["http_429@*.getMarketplaceParticipations"]);
    let before = peer.now();
    peer.answer("participations", &peer.snapshot(&[])).await;
    assert_eq!(peer.answered_anywhere(429), 1);
    assert!((peer.now() - before).num_seconds() >= 60, "{}", peer.now() - before);
}

#[tokio::test]
async fn one_sign_in_serves_all_who_wait_and_each_account_has_its_own() {
    let peer = Peer::new().await;
    let (first, second) = (peer.account(0), peer.account(1));
    let calls = (0..12).map(|index| {
        let account = if index % 2 == 0 { &first } else { &second };
        let connector = account.connector("participations").unwrap();
        let request = peer.snapshot(&[]);
        async move { connector.step(&request, None).await.map(|_| ()) }
    });
    for done in futures::future::join_all(calls).await {
        done.unwrap();
    }
    assert_eq!(peer.answered("lwa.token", 200), 2);
}

#[tokio::test]
async fn waiting_moves_the_simulators_clock_and_passes_no_time() {
    let peer = Peer::new().await;
    let until = peer.now() + hours(1000) + chrono::TimeDelta::nanoseconds(1);
    let begun = std::time::Instant::now();
    peer.clock.sleep_until(until).await;
    assert!(peer.clock.now() >= until && begun.elapsed().as_secs() < 60);
    assert_eq!(peer.running.clock().now(), peer.clock.now());
}
