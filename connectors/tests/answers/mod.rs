//! What whole answers look like when nothing goes wrong.

use std::io::Write;

use sellerlake_contracts::{Clock as _, Kind, Step};

use crate::harness::{Peer, answer, distinct, items, pages, start, text};

#[tokio::test]
async fn orders_go_on_past_the_first_hundred() {
    let peer = Peer::new().await;
    let found = peer.answer("orders", &peer.request(&[])).await;
    assert!(found.pages.len() > 2, "{} pages", found.pages.len());
    assert!(found.as_of <= start());
    let orders = items(found, "/orders");
    assert!(orders.len() > 200);
    assert_eq!(distinct(&orders, "orderId").len(), orders.len());
    assert!(orders.iter().any(|order| order["proceeds"]["grandTotal"].is_object()), "money has to be asked for");
}

#[tokio::test]
async fn orders_v0_and_their_items_are_whole() {
    let peer = Peer::new().await;
    let orders = items(peer.answer("orders_v0", &peer.request(&[])).await, "/payload/Orders");
    assert!(orders.len() > 200);
    let mut request = peer.snapshot(&[]);
    request.keys = orders[..3].iter().map(|order| order["AmazonOrderId"].as_str().unwrap().to_owned()).collect();
    let answer = peer.answer("order_items_v0", &request).await;
    assert_eq!(answer.pages.len(), 3);
    assert!(items(answer, "/payload/OrderItems").len() >= 3);
}

#[tokio::test]
async fn a_settlement_is_its_document_and_not_its_metadata() {
    let peer = Peer::new().await;
    let connector = peer.account(0).connector("settlements").unwrap();
    let mut request = peer.request(&[]);
    request.window = Some("2026-10-01..2026-11-05".parse().unwrap());
    let Step::Found(found) = peer.drive(&*connector, &request).await.unwrap().step else { panic!("not a list") };
    assert!(!found.is_empty());
    let mut origins: Vec<_> = found.iter().map(|request| request.parameters["origin"].clone()).collect();
    origins.sort();
    origins.dedup();
    assert_eq!(origins.len(), found.len(), "each report is found once");
    let document = answer(peer.drive(&*connector, &found[0]).await.unwrap().step);
    assert_eq!(document.origin.as_ref(), Some(&found[0].parameters["origin"]));
    assert_eq!(document.extension, "txt");
    let lines = text(document);
    assert!(lines.starts_with("settlement-id\t") && lines.lines().count() > 2, "{lines}");
}

#[tokio::test]
async fn finances_are_whole_in_all_three_views() {
    let peer = Peer::new().await;
    let transactions = items(peer.answer("transactions", &peer.request(&[])).await, "/payload/transactions");
    assert!(transactions.len() > 200);
    assert_eq!(distinct(&transactions, "transactionId").len(), transactions.len());
    let events = peer.answer("financial_events_v0", &peer.request(&[])).await;
    assert!(text(events).contains("ShipmentEventList"));
    let groups = peer.answer("financial_event_groups_v0", &peer.request(&[])).await;
    assert!(!items(groups, "/payload/FinancialEventGroupList").is_empty());
}

#[tokio::test]
async fn products_are_asked_for_twenty_at_a_time() {
    let peer = Peer::with(|options| options.profile.sellers[0].products = 25).await;
    let stock = items(peer.answer("inventory", &peer.snapshot(&[])).await, "/payload/inventorySummaries");
    assert!(!stock.is_empty());
    let listings = items(peer.answer("listings", &peer.snapshot(&[])).await, "/items");
    assert!(listings.len() > 20);
    let skus = || listings.iter().map(|item| item["sku"].as_str().unwrap().to_owned());
    let mut request = peer.snapshot(&[]);
    request.keys = listings.iter().map(|item| item["summaries"][0]["asin"].as_str().unwrap().to_owned()).collect();
    let catalog = peer.answer("catalog", &request).await;
    assert_eq!(catalog.pages.len(), 2);
    assert_eq!(items(catalog, "/items").len(), listings.len());
    request.keys = skus().collect();
    assert_eq!(items(peer.answer("prices", &request).await, "/payload").len(), listings.len());
    assert_eq!(items(peer.answer("competitive_prices", &request).await, "/payload").len(), listings.len());
    request.keys = skus().map(|sku| format!("{sku}=19.99 USD AFN")).collect();
    assert_eq!(items(peer.answer("fees", &request).await, "").len(), listings.len());
}

#[tokio::test]
async fn sellers_know_their_marketplaces_and_metrics() {
    let peer = Peer::new().await;
    assert!(items(peer.answer("participations", &peer.snapshot(&[])).await, "/payload").len() >= 2);
    let mut request = peer.request(&[]);
    request.marketplaces.truncate(1);
    assert_eq!(items(peer.answer("order_metrics", &request).await, "/payload").len(), 22);
}

#[tokio::test]
async fn data_kiosk_answers_with_json_lines() {
    let peer = Peer::new().await;
    let marketplace = peer.snapshot(&[]).marketplaces[0].to_string();
    let query = format!(
        "query Q {{ analytics_economics_2024_03_15 {{ economics(startDate: \"2026-10-12\", endDate: \"2026-10-18\", \
         marketplaceIds: [\"{marketplace}\"], aggregateBy: {{ date: DAY, productId: MSKU }}) {{ startDate msku }} }} }}"
    );
    let answer = peer.answer("data_kiosk", &peer.snapshot(&[("query", &query)])).await;
    assert_eq!(answer.extension, "jsonl.gz");
    assert!(text(answer).lines().all(|line| line.starts_with('{')));
}

#[tokio::test]
async fn data_kiosk_answers_of_several_documents_are_one() {
    let lines = async |most_per_page: usize| {
        let peer = Peer::with(|options| options.profile.most_per_page = most_per_page).await;
        let marketplace = peer.snapshot(&[]).marketplaces[0].to_string();
        let query = format!(
            "query Q {{ analytics_economics_2024_03_15 {{ economics(startDate: \"2026-10-12\", endDate: \"2026-10-18\", \
             marketplaceIds: [\"{marketplace}\"], aggregateBy: {{ date: DAY, productId: MSKU }}) {{ startDate msku }} }} }}"
        );
        let answer = peer.answer("data_kiosk", &peer.snapshot(&[("query", &query)])).await;
        (answer.pages.len(), text(answer))
    };
    let (whole, pages) = (lines(usize::MAX).await, lines(5).await);
    assert_eq!((whole.0, pages.0), (1, whole.1.lines().count().div_ceil(5)));
    assert!(pages.0 > 2);
    assert_eq!(pages.1, whole.1);
}

#[tokio::test]
async fn ads_reports_keep_their_days() {
    let peer = Peer::new().await;
    let profiles = items(peer.answer("ads_profiles", &peer.snapshot(&[])).await, "");
    assert!(!profiles.is_empty());
    let mut request = peer.request(&[
        ("report_type", "spAdvertisedProduct"),
        ("ad_product", "SPONSORED_PRODUCTS"),
        ("group_by", "advertiser"),
        ("columns", "date, campaignId, advertisedSku, impressions, clicks, cost"),
    ]);
    request.scope = sellerlake_contracts::Scope(peer.profile(0));
    let answer = peer.answer("ads_report", &request).await;
    assert_eq!(answer.extension, "json.gz");
    let rows = items(answer, "");
    assert!(distinct(&rows, "date").len() > 10, "{} rows", rows.len());
}

#[tokio::test]
async fn a_drop_folder_is_a_list_of_files() {
    let peer = Peer::new().await;
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("costs.csv", "sku,cost\n"), (".hidden", "x"), ("half.part", "x")] {
        std::fs::File::create(folder.path().join(name)).unwrap().write_all(bytes.as_bytes()).unwrap();
    }
    let connector = peer.account(0).connector("files").unwrap();
    let request = peer.snapshot(&[("folder", folder.path().to_str().unwrap())]);
    let Step::Found(found) = peer.drive(&*connector, &request).await.unwrap().step else { panic!("not a list") };
    assert_eq!(found.len(), 1);
    let answer = answer(peer.drive(&*connector, &found[0]).await.unwrap().step);
    assert_eq!((answer.extension, answer.origin.clone()), ("csv", Some("costs.csv".to_owned())));
    assert_eq!(pages(answer).concat(), b"sku,cost\n");
    let mut outside = found[0].clone();
    outside.parameters.insert("origin".to_owned(), "../../etc/passwd".to_owned());
    assert_eq!(connector.step(&outside, None).await.err().unwrap().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_window_that_has_not_begun_is_waited_for() {
    let peer = Peer::new().await;
    let mut request = peer.request(&[]);
    request.window = Some("2026-11-07..2026-11-07".parse().unwrap());
    let connector = peer.account(0).connector("orders").unwrap();
    let outcome = peer.drive(&*connector, &request).await.unwrap();
    assert!(outcome.waits > 0 && peer.clock.now() > request.window.unwrap().from);
    assert!(answer(outcome.step).as_of < peer.clock.now());
}
