//! The life of a report, with the ways it can end.

use chrono::TimeDelta;
use sellerlake_contracts::{Clock as _, Kind, Request, Step, Window};

use crate::harness::{Peer, answer, hours, pages, text};

const ORDERS: &str = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL";
const RETURNS: &str = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA";
const CREATE: &str = "reports.createReport";

fn orders(peer: &Peer) -> Request {
    peer.request(&[("report_type", ORDERS)])
}

#[tokio::test]
async fn a_report_is_created_once_and_comes_as_it_is() {
    let peer = Peer::new().await;
    let answer = peer.answer("report", &orders(&peer)).await;
    assert_eq!(peer.answered(CREATE, 202), 1);
    assert_eq!(answer.extension, "txt.gz");
    assert!(answer.charset.is_some() && answer.origin.is_some());
    assert!(answer.as_of <= peer.now());
    let lines = text(answer);
    assert!(lines.starts_with("amazon-order-id\t") && lines.lines().count() > 200);
}

#[tokio::test]
async fn restricted_reports_need_a_token_of_their_own() {
    let peer = Peer::new().await;
    let request = peer.request(&[("report_type", "GET_FLAT_FILE_ORDER_REPORT_DATA_SHIPPING")]);
    let answer = peer.answer("report", &request).await;
    assert!(text(answer).contains("order-id"));
    assert_eq!(peer.answered("tokens.createRestrictedDataToken", 200), 1);
}

#[tokio::test]
async fn a_restart_never_asks_for_the_report_again() {
    let peer = Peer::new().await;
    let request = orders(&peer);
    let connector = peer.account(0).connector("report").unwrap();
    let mut checkpoint = None;
    for _ in 0..2 {
        let Step::Wait { until, checkpoint: kept, .. } = connector.step(&request, checkpoint.as_ref()).await.unwrap()
        else {
            panic!("too fast")
        };
        peer.clock.sleep_until(until).await;
        checkpoint = Some(kept);
    }
    assert_eq!(peer.answered(CREATE, 202), 1);
    let connector = peer.account_in(&peer.restarted(), 0).connector("report").unwrap();
    let outcome = peer.drive_from(&*connector, &request, checkpoint).await.unwrap();
    assert!(!pages(answer(outcome.step)).is_empty());
    assert_eq!(peer.answered(CREATE, 202), 1);
}

#[tokio::test]
async fn a_crash_before_the_id_was_stored_adopts_the_report() {
    let peer = Peer::new().await;
    let request = orders(&peer);
    let connector = peer.account(0).connector("report").unwrap();
    let Step::Wait { checkpoint: stored, .. } = connector.step(&request, None).await.unwrap() else {
        panic!("too fast")
    };
    // The id comes, and the process dies before it is stored.
    assert!(matches!(connector.step(&request, Some(&stored)).await.unwrap(), Step::Wait { .. }));
    let connector = peer.account_in(&peer.restarted(), 0).connector("report").unwrap();
    let Step::Wait { checkpoint, .. } = connector.step(&request, Some(&stored)).await.unwrap() else {
        panic!("too fast")
    };
    assert!(checkpoint["errand"]["id"].is_string());
    assert_eq!(peer.answered(CREATE, 202), 1);
}

#[tokio::test]
async fn a_lost_answer_to_creating_adopts_the_report() {
    let peer = Peer::new().await;
    for fault in ["timeout", "truncated_body", "empty_body"] {
        let before = peer.answered(CREATE, 202);
        peer.faults(&[&format!("{fault}@{CREATE}")]);
        let mut request = orders(&peer);
        request.window.as_mut().unwrap().to -= hours(before as i64);
        let connector = peer.account(0).connector("report").unwrap();
        answer(peer.drive(&*connector, &request).await.unwrap().step);
        assert_eq!(peer.answered(CREATE, 202) - before, 1, "{fault}");
    }
    peer.faults(&[&format!("http_500@{CREATE}")]);
    let mut request = orders(&peer);
    request.window.as_mut().unwrap().to -= hours(9);
    peer.answer("report", &request).await;
}

#[tokio::test]
async fn cancelled_is_asked_once_more_when_a_new_one_can_be_made() {
    let peer = Peer::new().await;
    peer.faults(&[&format!("report_cancelled@{CREATE}")]);
    let before = peer.now();
    let found = peer.answer("report", &peer.request(&[("report_type", RETURNS)])).await;
    assert!(text(found).contains("return-date"));
    assert_eq!(peer.answered(CREATE, 202), 2);
    assert!(peer.now() - before >= hours(4), "a daily report wants four hours");
}

#[tokio::test]
async fn cancelled_twice_is_no_data_and_not_three_requests() {
    let peer = Peer::new().await;
    let connector = peer.account(0).connector("report").unwrap();
    let mut request = peer.request(&[("report_type", RETURNS)]);
    request.window = Some("2025-03-01..2025-03-31".parse().unwrap());
    let outcome = peer.drive(&*connector, &request).await.unwrap();
    assert!(matches!(outcome.step, Step::NoData { .. }));
    assert_eq!(peer.answered(CREATE, 202), 2);
}

#[tokio::test]
async fn what_is_refused_among_others_of_its_kind_is_no_empty_answer() {
    let peer = Peer::with(|options| options.profile.types_rest = true).await;
    let connector = peer.account(0).connector("report").unwrap();
    let whole = peer.request(&[("report_type", RETURNS), ("cooldown", "240")]);
    // Six weeks at once, two of them before the world began.
    let from = |week: i64| whole.window.unwrap().to - TimeDelta::weeks(6 - week);
    let weeks = (0..6).map(|week| {
        let window = Window { from: from(week), to: from(week + 1) };
        Request { window: Some(window), ..whole.clone() }
    });
    let steps = peer.drive_all(&*connector, &weeks.collect::<Vec<_>>()).await;
    let (empty, full): (Vec<_>, Vec<_>) = steps.into_iter().partition(|step| matches!(step, Step::NoData { .. }));
    let rows: usize = full.into_iter().map(|step| text(answer(step)).lines().count() - 1).sum();
    let peer = Peer::new().await;
    let all = Request { window: Some(Window { from: from(0), to: from(6) }), ..whole.clone() };
    let expected = text(peer.answer("report", &all).await).lines().count() - 1;
    assert_eq!(rows, expected, "{} weeks were empty", empty.len());
}

#[tokio::test]
async fn fatal_tells_why_and_is_left_alone() {
    let peer = Peer::new().await;
    let connector = peer.account(0).connector("report").unwrap();
    let mut explained = 0;
    for day in 0..6 {
        peer.faults(&[&format!("report_fatal@{CREATE}")]);
        let mut request = orders(&peer);
        request.window.as_mut().unwrap().to -= hours(24 * day);
        let before = peer.answered(CREATE, 202);
        let Step::Fatal { reason, again_at } = peer.drive(&*connector, &request).await.unwrap().step else {
            panic!("not fatal")
        };
        assert_eq!(peer.answered(CREATE, 202) - before, 1);
        assert!(again_at > peer.now() + hours(0));
        explained += usize::from(reason.contains("internal failure"));
    }
    assert!(explained > 0, "a failed report's document is read where there is one");
}

#[tokio::test]
async fn slow_reports_are_looked_at_ever_less_often() {
    let peer = Peer::new().await;
    peer.faults(&[&format!("slow_report@{CREATE}")]);
    let connector = peer.account(0).connector("report").unwrap();
    let outcome = peer.drive(&*connector, &orders(&peer)).await.unwrap();
    assert!(outcome.waits < 60, "{} looks in three hours", outcome.waits);
    answer(outcome.step);
}

#[tokio::test]
async fn damaged_downloads_come_again_whole() {
    let peer = Peer::new().await;
    let whole = text(peer.answer("report", &orders(&peer)).await);
    for fault in ["corrupt_gzip", "truncated_body", "empty_body", "timeout", "http_503_html", "expired_url"] {
        peer.faults(&[&format!("{fault}@files.download")]);
        let before = peer.struck();
        let found = peer.answer("report", &orders(&peer)).await;
        assert_eq!(peer.struck() - before, 1, "{fault} struck");
        assert_eq!(text(found), whole, "{fault}");
    }
}

#[tokio::test]
async fn an_address_is_minted_again_only_when_it_has_expired() {
    let peer = Peer::new().await;
    peer.faults(&["corrupt_gzip@files.downloadx2"]);
    peer.answer("report", &orders(&peer)).await;
    assert_eq!(peer.answered("reports.getReportDocument", 200), 1);
    peer.faults(&["expired_url@files.download"]);
    peer.answer("report", &orders(&peer)).await;
    assert_eq!(peer.answered("reports.getReportDocument", 200), 3);
}

#[tokio::test]
async fn amazons_charset_label_is_passed_on_even_if_it_lies() {
    let peer = Peer::new().await;
    let labels: Vec<_> = [None, Some("wrong_charset_label@files.download")].into_iter().collect();
    for script in labels {
        peer.faults(&script.into_iter().collect::<Vec<_>>());
        assert!(peer.answer("report", &orders(&peer)).await.charset.is_some());
    }
}

#[tokio::test]
async fn a_request_amazon_refuses_is_not_repeated() {
    let peer = Peer::new().await;
    let mut request = orders(&peer);
    request.window = Some("2026-08-01..2026-10-31".parse().unwrap());
    let connector = peer.account(0).connector("report").unwrap();
    let error = peer.drive(&*connector, &request).await.err().unwrap();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(error.to_string().contains("30 days") && error.to_string().contains("request id"), "{error}");
    assert_eq!(peer.answered(CREATE, 400), 1);
}
