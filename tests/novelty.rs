//! What Amazon adds is kept, counted and told, and another seller never learns of it
//! (ARCHITECTURE.md: Nothing is lost and nothing is invented; A session contains only what was granted).

use serde_json::json;

use crate::site::{Row, Site, text, tree};

fn alerts(site: &Site, like: &str) -> Vec<Row> {
    site.sql(&format!(
        "SELECT severity, seller_id, message FROM meta.alerts WHERE state = 'firing' AND message LIKE '%{like}%'"
    ))
}

fn listings(site: &Site, marketplace: &str) -> String {
    let file = site.file(
        "listings.txt",
        "seller-sku\tasin1\titem-name\tprice\tquantity\tstatus\nMUG\tB0MUG\tMug\t9.99\t3\tActive\n",
    );
    site.ingest("merchant_listings", &file, &["--marketplace", marketplace, "--as-of", "2026-03-05T00:00:00Z"])
}

#[test]
fn marketplaces_are_known_by_what_people_call_them() {
    let site = Site::new();
    for typed in ["A1RKKUPIHCS9HS", "a1rkkupihcs9hs", "ES", "es", "amazon.es", "Amazon.es", "www.amazon.es", " es "] {
        listings(&site, typed);
        let filed = site.sql("SELECT DISTINCT marketplace_id, scope FROM meta.deliveries");
        assert_eq!(filed.len(), 1, "{typed}: {filed:?}");
        assert_eq!(text(&filed[0]["marketplace_id"]), "A1RKKUPIHCS9HS");
        assert_eq!(text(&filed[0]["scope"]), "A1RKKUPIHCS9HS");
    }
    // A scope that is a marketplace is one too, and a region is written one way.
    let file = site.file(
        "listings.txt",
        "seller-sku\tasin1\titem-name\tprice\tquantity\tstatus\nMUG\tB0MUG\tMug\t9.99\t3\tActive\n",
    );
    site.ingest("merchant_listings", &file, &["--scope", "uk", "--marketplace", "GB", "--as-of", "2026-03-05"]);
    assert_eq!(
        site.value("SELECT DISTINCT scope FROM meta.deliveries WHERE scope <> 'A1RKKUPIHCS9HS'"),
        "A1F83G8C2ARO7P"
    );
    let before = site.objects("raw");
    for (typed, near) in [
        ("ATVPDKIKX0DRE", "did you mean \"ATVPDKIKX0DER\"?"),
        ("amazon.e", "did you mean"),
        ("EES", "did you mean \"ES\", A1RKKUPIHCS9HS?"),
        ("Z9Q", "write Amazon's id"),
    ] {
        let file = file.display().to_string();
        let arguments =
            ["ingest", "--source", "merchant_listings", "--seller", "A1", "--as-of", "2026-03-05", "--marketplace"];
        let output = site.run(&[arguments.as_slice(), &[typed, &file]].concat());
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{typed}: {words}");
        assert!(words.contains("is no marketplace that is known") && words.contains(near), "{typed}: {words}");
    }
    assert_eq!(site.objects("raw"), before, "nothing lands under a name nobody knows");
}

#[test]
fn a_marketplace_that_amazon_opened_is_kept_and_told() {
    let typed = "A3NEWPLACE0ZZZ";
    let site = Site::new();
    let words = listings(&site, typed);
    assert!(words.contains("is no marketplace that is known: its rows are kept"), "{typed}: {words}");
    assert_eq!(site.value("SELECT marketplace_id FROM listings"), typed, "its rows are kept");
    let told = alerts(&site, "no marketplace that is known");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(text(&told[0]["message"]).contains(" has 1 of its rows"), "{told:?}");
    assert_eq!((text(&told[0]["severity"]), text(&told[0]["seller_id"])), ("warning".into(), "A1".into()));
    let orders = tree().join("tests/cases/pnl/all_orders.tsv").display().to_string();
    site.ok(&["ingest", "--source", "all_orders", "--seller", "B2", "--no-rollup", &orders]);
    let other = site.run(&[
        "sql",
        "--format",
        "csv",
        "--seller",
        "B2",
        "SELECT count(*) AS n FROM meta.alerts WHERE state = 'firing'",
    ]);
    assert_eq!(String::from_utf8(other.stdout).unwrap(), "n\n0\n");
    let site = Site::new();
    assert!(!listings(&site, "ATVPDKIKX0DER").contains("warning"));
    assert!(site.sql("SELECT * FROM meta.alerts WHERE state = 'firing'").is_empty());
}

#[test]
fn a_marketplace_that_documents_name_is_told() {
    let site = Site::new();
    let order = |marketplace: &str, updated: &str| {
        let order = json!({
            "AmazonOrderId": "111-0000001-0000001", "PurchaseDate": "2026-03-01T12:00:00Z",
            "LastUpdateDate": updated, "OrderStatus": "Shipped", "FulfillmentChannel": "AFN",
            "SalesChannel": "Amazon.xx", "MarketplaceId": marketplace,
        });
        json!({"payload": {"Orders": [order]}}).to_string()
    };
    let words = site.ingest("orders_v0", &site.file("new.json", order("A0NEWPLACE", "2026-03-02T00:00:00Z")), &[]);
    assert!(words.contains("warning: tables/orders/"), "{words}");
    assert_eq!(site.value("SELECT marketplace_id FROM orders"), "A0NEWPLACE");
    let told = alerts(&site, "A0NEWPLACE");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(text(&told[0]["message"]).starts_with("orders__unlisted_marketplace: "), "{told:?}");
    // Corrected, the alert goes.
    site.ingest("orders_v0", &site.file("old.json", order("ATVPDKIKX0DER", "2026-03-03T00:00:00Z")), &[]);
    assert!(alerts(&site, "A0NEWPLACE").is_empty());
}

#[test]
fn an_unknown_event_list_and_fee_type_are_kept_counted_and_told() {
    let site = Site::new();
    let amount = |amount: f64| json!({"CurrencyCode": "USD", "CurrencyAmount": amount});
    let events = json!({
        "TeleportationEventList": [
            {"PostedDate": "2026-03-01T10:00:00Z", "FeeList": [{"FeeType": "BeamFee", "FeeAmount": amount(-7.25)}]},
        ],
        "ShipmentEventList": [{
            "AmazonOrderId": "111-0000001-0000001", "PostedDate": "2026-03-01T11:00:00Z", "MarketplaceName": "Amazon.com",
            "ShipmentItemList": [{
                "SellerSKU": "MUG", "OrderItemId": "1", "QuantityShipped": 1,
                "ItemFeeList": [{"FeeType": "FBAAntigravityFee", "FeeAmount": amount(-1.5)}],
            }],
        }],
    });
    let file = site.file("events.json", json!({"payload": {"FinancialEvents": events}}).to_string());
    site.ingest("finance_event_pages", &file, &["--window", "2026-03-01..2026-03-01", "--as-of", "2026-03-05"]);
    let kept = site.sql("SELECT event_list, raw_name, amount FROM finance_events ORDER BY amount");
    let kept: Vec<_> =
        kept.iter().map(|row| ["event_list", "raw_name", "amount"].map(|name| text(&row[name]))).collect();
    let expected =
        [["TeleportationEventList", "BeamFee", "-7.2500"], ["ShipmentEventList", "FBAAntigravityFee", "-1.5000"]];
    assert_eq!(kept, expected.map(|row| row.map(str::to_owned)));
    let list = alerts(&site, "finance_events__unknown_list");
    assert!(list.len() == 1 && text(&list[0]["message"]).contains("TeleportationEventList"), "{list:?}");
    let fees = alerts(&site, "finance_events__unclassified");
    assert!(fees.len() == 1 && text(&fees[0]["message"]).contains("2 rows"), "{fees:?}");
}

#[test]
fn an_undeclared_column_is_told_until_everything_is_read_again() {
    let site = Site::new();
    let with = |header: &str, value: &str| {
        format!(
            "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsku\tquantity{header}\n\
             111-0000001-0000001\t2026-03-01T12:00:00Z\t2026-03-02T00:00:00Z\tShipped\tMUG\t1{value}\n"
        )
    };
    site.ingest("all_orders", &site.file("new.txt", with("\tdrone-number", "\t42")), &[]);
    let extra = site.value("SELECT _extra FROM sources.all_orders");
    assert!(extra.contains("42"), "{extra}");
    let told = alerts(&site, "drone-number (1 values)");
    assert_eq!(told.len(), 1, "{told:?}");
    site.ingest("all_orders", &site.file("old.txt", with("", "")), &[]);
    assert_eq!(alerts(&site, "drone-number").len(), 1, "what is in _extra is there until it is read again");
    // The document is still in raw/, so reading it again tells it again.
    site.ok(&["replay"]);
    assert_eq!(alerts(&site, "drone-number").len(), 1);
}
