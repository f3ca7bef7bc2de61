//! Calls and pages that go wrong.

use chrono::TimeDelta;
use sellerlake_contracts::{Clock as _, Kind, Scope, Status, Step};

use crate::harness::{Peer, answer, distinct, items};

const ORDERS: &str = "orders_2026.searchOrders";
const LIST: &str = "reports.getReports";

#[tokio::test]
async fn an_html_503_or_half_a_page_is_never_the_end_of_the_orders() {
    let peer = Peer::new().await;
    let whole = distinct(&items(peer.answer("orders", &peer.request(&[])).await, "/orders"), "orderId");
    for fault in ["http_429", "http_500", "http_503_html", "timeout", "truncated_body", "empty_body"] {
        peer.faults(&[&format!("{fault}@*.searchOrdersx2")]);
        let before = peer.struck();
        let found = peer.answer("orders", &peer.request(&[])).await;
        assert_eq!(peer.struck() - before, 2, "{fault} struck");
        assert_eq!(distinct(&items(found, "/orders"), "orderId"), whole, "{fault}");
    }
}

#[tokio::test]
async fn pages_that_gap_repeat_or_expire_still_make_a_whole() {
    let peer = Peer::new().await;
    for (connector, pointer, id) in [
        ("orders", "/orders", "orderId"),
        ("orders_v0", "/payload/Orders", "AmazonOrderId"),
        ("transactions", "/payload/transactions", "transactionId"),
    ] {
        peer.faults(&[]);
        let whole = distinct(&items(peer.answer(connector, &peer.request(&[])).await, pointer), id);
        for fault in ["page_gap", "page_duplicate", "empty_page_with_token", "expired_page_token"] {
            peer.faults(&[&format!("{fault}@*")]);
            let found = peer.answer(connector, &peer.request(&[])).await;
            assert_eq!(distinct(&items(found, pointer), id), whole, "{connector} {fault}");
        }
    }
    assert!(peer.struck() >= 7, "only {} faults struck", peer.struck());
}

#[tokio::test]
async fn stock_starts_over_when_its_thirty_second_token_dies() {
    let peer = Peer::with(|options| options.profile.sellers[0].products = 120).await;
    let whole = distinct(
        &items(peer.answer("inventory", &peer.snapshot(&[])).await, "/payload/inventorySummaries"),
        "sellerSku",
    );
    assert!(whole.len() > 50);
    for script in ["expired_page_token@*x2", "http_503_html@*x3", "timeout@*x2"] {
        peer.faults(&[script]);
        let found = peer.answer("inventory", &peer.snapshot(&[])).await;
        assert_eq!(distinct(&items(found, "/payload/inventorySummaries"), "sellerSku"), whole, "{script}");
    }
}

#[tokio::test]
async fn a_window_that_always_fails_is_read_in_halves() {
    let peer = Peer::new().await;
    let whole = distinct(
        &items(peer.answer("transactions", &peer.request(&[])).await, "/payload/transactions"),
        "transactionId",
    );
    // As many as one call tries: then the window is cut.
    peer.faults(&["http_500@finances.*x4"]);
    let found = peer.answer("transactions", &peer.request(&[])).await;
    assert!(found.pages.len() >= 2);
    assert_eq!(distinct(&items(found, "/payload/transactions"), "transactionId"), whole);
}

#[tokio::test]
async fn long_windows_are_not_answered_with_an_empty_list() {
    let peer = Peer::new().await;
    let mut request = peer.request(&[]);
    request.window = Some("2025-11-01..2026-10-31".parse().unwrap());
    assert!(items(peer.answer("transactions", &request).await, "/payload/transactions").len() > 100);
}

#[tokio::test]
async fn amazon_being_down_may_pass_and_was_tried_enough() {
    let peer = Peer::new().await;
    peer.faults(&["http_503_html@*x99"]);
    let connector = peer.account(0).connector("inventory").unwrap();
    // The sign-in is down as well: five attempts, then somebody else decides.
    let error = peer.drive(&*connector, &peer.snapshot(&[])).await.err().unwrap();
    assert_eq!((error.kind(), error.status()), (Kind::Remote, Status::Spent));
    assert_eq!(peer.answered("lwa.token", 503), 5);
}

#[tokio::test]
async fn pages_before_a_failure_are_kept() {
    let peer = Peer::new().await;
    let connector = peer.account(0).connector("orders").unwrap();
    let request = peer.request(&[]);
    let plan = serde_json::json!({ "script": [
        { "kind": "http_503_html", "operation": ORDERS, "nth": 3, "times": 5 }
    ] });
    peer.running.amazon().faults.follow(serde_json::from_value(plan).unwrap());
    let Step::Wait { until, checkpoint, .. } = connector.step(&request, None).await.unwrap() else { panic!("no wait") };
    peer.clock.sleep_until(until).await;
    // Another process goes on with the pages of the first.
    let connector = peer.account_in(&peer.restarted(), 0).connector("orders").unwrap();
    let before = peer.answered(ORDERS, 200);
    let found = answer(connector.step(&request, Some(&checkpoint)).await.unwrap());
    let pages = found.pages.len() as u64;
    assert_eq!(peer.answered(ORDERS, 200) - before, pages - 2);
    let orders = items(found, "/orders");
    assert_eq!(distinct(&orders, "orderId").len(), orders.len());
}

#[tokio::test]
async fn a_list_whose_tokens_keep_dying_is_given_up_for_now() {
    let peer = Peer::with(|options| options.profile.most_per_page = 1).await;
    let connector = peer.account(0).connector("settlements").unwrap();
    let mut request = peer.request(&[]);
    request.window = Some("2026-10-01..2026-11-05".parse().unwrap());
    peer.faults(&["expired_page_token@reports.getReportsx9"]);
    let error = peer.drive(&*connector, &request).await.err().unwrap();
    assert_eq!((error.kind(), error.status()), (Kind::Remote, Status::Transient));
    assert_eq!((peer.answered(LIST, 200), peer.answered(LIST, 400)), (2, 2), "it started over once");
    peer.faults(&["expired_page_token@reports.getReports"]);
    let Step::Found(found) = peer.drive(&*connector, &request).await.unwrap().step else { panic!("not a list") };
    assert!(found.len() > 1);
}

#[tokio::test]
async fn a_duplicate_ads_request_waits_for_the_first_one() {
    let peer = Peer::new().await;
    peer.faults(&["ads_425@ads.*", "http_429@ads.*x3"]);
    let mut request = peer.request(&[
        ("report_type", "spCampaigns"),
        ("ad_product", "SPONSORED_PRODUCTS"),
        ("group_by", "campaign"),
        ("columns", "date,campaignId,cost"),
    ]);
    request.scope = Scope(peer.profile(0));
    assert!(!items(peer.answer("ads_report", &request).await, "").is_empty());
    assert_eq!((peer.answered("ads.createReport", 425), peer.answered("ads.createReport", 200)), (1, 0));
}

#[tokio::test]
async fn a_revoked_grant_says_whom_to_ask_and_is_not_hammered() {
    let peer = Peer::new().await;
    peer.running.amazon().sign_in.revoke(peer.id(0).seller.as_str(), peer.now());
    let connector = peer.account(0).connector("inventory").unwrap();
    let error = peer.drive(&*connector, &peer.snapshot(&[])).await.err().unwrap();
    assert_eq!((error.kind(), error.status()), (Kind::Unauthorized, Status::Permanent));
    let remedy = error.remedy().unwrap();
    assert!(remedy.contains("re-authorise account") && remedy.contains(&peer.id(0).to_string()), "{remedy}");
    assert_eq!(peer.answered("lwa.token", 400), 1);
}

#[tokio::test]
async fn a_token_that_dies_in_the_middle_is_replaced_once() {
    let peer = Peer::new().await;
    let connector = peer.account(0).connector("inventory").unwrap();
    peer.drive(&*connector, &peer.snapshot(&[])).await.unwrap();
    let seller = peer.id(0).seller;
    peer.running.amazon().sign_in.revoke(seller.as_str(), peer.now());
    let error = peer.drive(&*connector, &peer.snapshot(&[])).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Unauthorized);
    peer.running.amazon().sign_in.restore(seller.as_str());
    peer.drive(&*connector, &peer.snapshot(&[])).await.unwrap();
    assert_eq!((peer.answered("lwa.token", 200), peer.answered("lwa.token", 400)), (2, 1));
}

#[tokio::test]
async fn a_missing_role_is_told_by_its_name() {
    let peer = Peer::with(|options| options.roles_withheld = vec!["Finance and Accounting".to_owned()]).await;
    let account = peer.account(0);
    let connector = account.connector("transactions").unwrap();
    let error = peer.drive(&*connector, &peer.request(&[])).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Forbidden);
    assert!(error.remedy().unwrap().contains("Finance and Accounting"));
    let findings = account.check(&[]).await;
    let bad: Vec<_> =
        findings.iter().filter(|finding| !finding.is_ok).map(|finding| finding.subject.as_str()).collect();
    assert_eq!(bad, ["Finance and Accounting"], "{findings:?}");
    assert!(findings.len() >= 6);
}

#[tokio::test]
async fn tokens_are_replaced_before_they_end() {
    let peer = Peer::new().await;
    let connector = peer.account(0).connector("inventory").unwrap();
    for _ in 0..10 {
        peer.drive(&*connector, &peer.snapshot(&[])).await.unwrap();
        peer.clock.sleep_until(peer.now() + TimeDelta::minutes(20)).await;
    }
    assert_eq!(peer.answered_anywhere(403), 0);
    assert!((3..=5).contains(&peer.answered("lwa.token", 200)), "{}", peer.answered("lwa.token", 200));
}

#[tokio::test]
async fn whatever_strikes_the_answers_are_the_same() {
    let peer = Peer::new().await;
    let kinds = [
        "http_429",
        "http_500",
        "http_503_html",
        "timeout",
        "truncated_body",
        "empty_body",
        "corrupt_gzip",
        "expired_url",
        "page_duplicate",
        "empty_page_with_token",
        "expired_page_token",
    ];
    let report = peer.request(&[("report_type", "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL")]);
    let asked = [
        ("orders_v0", peer.request(&[])),
        ("transactions", peer.request(&[])),
        ("inventory", peer.snapshot(&[])),
        ("report", report),
    ];
    for (name, request) in asked {
        peer.faults(&[]);
        let calm = told(peer.answer(name, &request).await);
        for seed in 0..4 {
            let plan = serde_json::json!({ "seeded": { "seed": seed, "rate": 0.12, "kinds": kinds } });
            peer.running.amazon().faults.follow(serde_json::from_value(plan).unwrap());
            let connector = peer.account(0).connector(name).unwrap();
            let found = peer.drive_through(&*connector, &request).await;
            assert_eq!(told(found), calm, "{name}, seed {seed}");
        }
    }
    assert!(peer.struck() > 20, "only {} faults struck", peer.struck());
}

/// Everything an answer says about ids, whatever its pages.
fn told(answer: sellerlake_contracts::AmazonAnswer) -> Vec<String> {
    let text = crate::harness::text(answer);
    let marks = ["\"AmazonOrderId\":\"", "\"transactionId\":\"", "\"sellerSku\":\""];
    let ids = marks.iter().flat_map(|mark| text.split(mark).skip(1).filter_map(|rest| rest.split('"').next()));
    let mut ids: Vec<String> = ids.map(str::to_owned).collect();
    if ids.is_empty() {
        ids = text.lines().map(str::to_owned).collect();
        assert!(ids.len() > 100);
        return ids;
    }
    ids.sort();
    ids.dedup();
    ids
}
