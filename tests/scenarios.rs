//! What happens to an order, a list, a day over several deliveries: each story runs on any kind of lake.

use serde_json::json;

use crate::site::{Site, text};

/// A story, told to a fresh lake.
pub type Story = fn(&Site);

/// All of them.
pub const STORIES: [(&str, Story); 8] = [
    ("an order updated after its window was pulled stays", updated_after_its_window),
    ("an order emptied by cancellation loses its items", emptied_by_cancellation),
    ("identical item rows survive", identical_rows),
    ("an older delivery arriving late changes nothing", older_and_late),
    ("yesterday's stock list is there after today's", lists_of_two_days),
    ("an empty answer given too early wipes nothing", empty_too_early),
    ("a unit with a bad row is held back whole", held_back),
    ("figures by parent and by SKU stand side by side", by_parent_and_by_sku),
];

const HEADER: &str = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tfulfillment-channel\t\
                      sales-channel\tsku\tasin\titem-status\tquantity\tcurrency\titem-price\n";

/// A file of item rows: order, last update in March 2026, status, SKU, quantity, price.
fn orders(rows: &[(&str, &str, &str, &str, u32, &str)]) -> String {
    let rows = rows.iter().map(|(order, updated, status, sku, quantity, price)| {
        let head = format!("{order}\t2026-03-01T12:00:00+00:00\t2026-03-{updated}:00+00:00\t{status}\tAmazon");
        format!("{head}\tAmazon.com\t{sku}\tB0{sku}\t{status}\t{quantity}\tUSD\t{price}\n")
    });
    HEADER.to_owned() + &rows.collect::<String>()
}

const A: &str = "111-0000001-0000001";
const B: &str = "111-0000002-0000002";

/// Path and version of every table and rollup, as the catalogue and, after a check, the lake know them.
fn versions(site: &Site) -> Vec<(String, String)> {
    assert!(site.ok(&["verify"]).contains("everything is as it should be"));
    let rows = site.sql("SELECT path, etag FROM meta.objects WHERE area <> 'sources' ORDER BY path");
    rows.iter().map(|row| (text(&row["path"]), text(&row["etag"]))).collect()
}

fn items(site: &Site) -> Vec<[String; 4]> {
    let rows = site.sql(
        "SELECT amazon_order_id, sku, units, item_price FROM order_items
         ORDER BY amazon_order_id, sku, units, item_price",
    );
    rows.iter().map(|row| ["amazon_order_id", "sku", "units", "item_price"].map(|name| text(&row[name]))).collect()
}

fn item(order: &str, sku: &str, units: &str, price: &str) -> [String; 4] {
    [order, sku, units, price].map(str::to_owned)
}

fn updated_after_its_window(site: &Site) {
    let first = orders(&[(A, "01T13:00", "Pending", "MUG", 1, ""), (B, "01T14:00", "Shipped", "RUG", 1, "30.00")]);
    let first = site.file("first.txt", first);
    site.ingest("all_orders", &first, &["--window", "2026-03-01..2026-03-01", "--as-of", "2026-03-02T00:00:00Z"]);
    let second = site.file("second.txt", orders(&[(A, "02T09:00", "Shipped", "MUG", 1, "20.00")]));
    site.ingest("all_orders", &second, &["--window", "2026-03-02..2026-03-02", "--as-of", "2026-03-03T00:00:00Z"]);
    // Pulled again, the first window no longer has the order: it was updated since.
    let again = site.file("again.txt", orders(&[(B, "01T14:00", "Shipped", "RUG", 1, "30.00")]));
    site.ingest("all_orders", &again, &["--window", "2026-03-01..2026-03-01", "--as-of", "2026-03-04T00:00:00Z"]);
    assert_eq!(items(site), [item(A, "MUG", "1", "20.0000"), item(B, "RUG", "1", "30.0000")]);
    let status = format!("SELECT status FROM orders WHERE amazon_order_id = '{A}'");
    assert_eq!(site.value(&status), "Shipped");
}

fn emptied_by_cancellation(site: &Site) {
    let order = |updated: &str, status: &str| {
        let order = json!({
            "AmazonOrderId": A, "PurchaseDate": "2026-03-01T12:00:00Z", "LastUpdateDate": updated,
            "OrderStatus": status,
            "FulfillmentChannel": "AFN", "SalesChannel": "Amazon.com", "MarketplaceId": "ATVPDKIKX0DER",
        });
        json!({"payload": {"Orders": [order]}}).to_string()
    };
    let item = json!({
        "OrderItemId": "1", "ASIN": "B0MUG", "SellerSKU": "MUG", "QuantityOrdered": 1,
        "ItemPrice": {"CurrencyCode": "USD", "Amount": "20.00"},
    });
    let pages = |items: serde_json::Value| json!({"payload": {"AmazonOrderId": A, "OrderItems": items}}).to_string();
    let placed = site.file("placed.json", order("2026-03-01T12:30:00Z", "Unshipped"));
    site.ingest("orders_v0", &placed, &[]);
    let full = site.file("full.json", pages(json!([item])));
    site.ingest("order_items_v0", &full, &["--as-of", "2026-03-01T13:00:00Z"]);
    assert_eq!(items(site).len(), 1);
    let cancelled = site.file("cancelled.json", order("2026-03-02T08:00:00Z", "Canceled"));
    site.ingest("orders_v0", &cancelled, &[]);
    let empty = site.file("empty.json", pages(json!([])));
    site.ingest("order_items_v0", &empty, &["--as-of", "2026-03-02T09:00:00Z"]);
    assert_eq!(items(site).len(), 0);
    assert_eq!(site.value("SELECT status FROM orders"), "Cancelled");
    assert_eq!(site.value("SELECT coalesce(sum(item_revenue), 0) AS n FROM orders"), "0.0000");
    // The full answer coming late, under whatever name, doesn't bring them back.
    site.ingest("order_items_v0", &full, &["--as-of", "2026-03-01T13:00:00Z"]);
    assert_eq!(items(site).len(), 0);
}

fn identical_rows(site: &Site) {
    let twin = (A, "01T13:00", "Shipped", "MUG", 1, "20.00");
    let file = site.file("twins.txt", orders(&[twin, twin]));
    for _ in 0..2 {
        site.ingest("all_orders", &file, &[]);
        assert_eq!(items(site), [item(A, "MUG", "1", "20.0000"), item(A, "MUG", "1", "20.0000")]);
    }
    // Named twice in one call, they still are two and not four.
    let name = file.display().to_string();
    site.ok(&["ingest", "--source", "all_orders", "--seller", "A1", &name, &name]);
    assert_eq!(items(site).len(), 2);
    assert_eq!(site.value("SELECT sum(units) AS units FROM daily_sales"), "2");
}

fn older_and_late(site: &Site) {
    let older = orders(&[(A, "01T13:00", "Pending", "MUG", 2, ""), (A, "01T13:00", "Pending", "RUG", 1, "")]);
    let older = site.file("older.txt", older);
    let newer = site.file("newer.txt", orders(&[(A, "02T13:00", "Shipped", "MUG", 1, "20.00")]));
    site.ingest("all_orders", &newer, &["--as-of", "2026-03-03T00:00:00Z"]);
    let before = (versions(site), items(site), site.objects("tables"), site.objects("rollups"));
    assert!(!before.0.is_empty());
    site.ingest("all_orders", &older, &["--as-of", "2026-03-02T00:00:00Z"]);
    // Fetched later, but what it says is older.
    site.ingest("all_orders", &older, &["--as-of", "2026-03-09T00:00:00Z"]);
    assert_eq!((versions(site), items(site), site.objects("tables"), site.objects("rollups")), before);
}

fn lists_of_two_days(site: &Site) {
    let list = |quantity: u32| {
        format!(
            "sku\tfnsku\tasin\tafn-fulfillable-quantity\tafn-total-quantity\n\
             MUG\tX0MUG\tB0MUG\t{quantity}\t{quantity}\n"
        )
    };
    let ingest = |quantity: u32, as_of: &str| {
        let file = site.file(&format!("stock-{quantity}.txt"), list(quantity));
        site.ingest("myi_inventory", &file, &["--marketplace", "ATVPDKIKX0DER", "--as-of", as_of]);
    };
    let stock = || {
        let rows = site.sql("SELECT snapshot_day, total_units FROM inventory ORDER BY snapshot_day");
        let rows = rows.iter().map(|row| format!("{} {}", text(&row["snapshot_day"]), text(&row["total_units"])));
        rows.collect::<Vec<_>>()
    };
    ingest(10, "2026-03-31T06:00:00Z");
    ingest(7, "2026-04-01T06:00:00Z");
    assert_eq!(stock(), ["2026-03-31 10", "2026-04-01 7"]);
    // A later list of a day takes the place of its earlier one, and of no other.
    ingest(6, "2026-04-01T18:00:00Z");
    assert_eq!(stock(), ["2026-03-31 10", "2026-04-01 6"]);
}

fn empty_too_early(site: &Site) {
    let report = |by_date: serde_json::Value| {
        let specification = json!({
            "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
            "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "SKU"},
            "dataStartTime": "2026-03-05", "dataEndTime": "2026-03-05", "marketplaceIds": ["ATVPDKIKX0DER"],
        });
        json!({"reportSpecification": specification, "salesAndTrafficByDate": by_date, "salesAndTrafficByAsin": []})
            .to_string()
    };
    let day = json!([{
        "date": "2026-03-05",
        "salesByDate": {"orderedProductSales": {"amount": 20.5, "currencyCode": "USD"}, "unitsOrdered": 3},
        "trafficByDate": {"pageViews": 9, "sessions": 4},
    }]);
    let (full, empty) = (site.file("full.json", report(day)), site.file("empty.json", report(json!([]))));
    let ingest =
        |file, as_of| site.ingest("sales_and_traffic", file, &["--marketplace", "ATVPDKIKX0DER", "--as-of", as_of]);
    let units = || site.value("SELECT sum(ordered_units) AS units FROM traffic");
    ingest(&full, "2026-03-07T06:00:00Z");
    assert_eq!(units(), "3");
    let words = ingest(&empty, "2026-03-08T06:00:00Z");
    assert!(words.contains("too early"), "{words}");
    assert_eq!(units(), "3");
    ingest(&empty, "2026-03-20T06:00:00Z");
    assert_eq!(units(), "");
    // And what is older than the empty answer stays away.
    ingest(&full, "2026-03-09T06:00:00Z");
    assert_eq!(units(), "");
}

fn held_back(site: &Site) {
    let first = orders(&[(A, "01T13:00", "Shipped", "MUG", 1, "20.00"), (B, "01T13:00", "Shipped", "RUG", 1, "30.00")]);
    let first = site.file("first.txt", first);
    site.ingest("all_orders", &first, &[]);
    let mut rows = vec![(B, "02T13:00", "Shipped", "RUG", 1, "31.00"); 30];
    rows.push((A, "02T13:00", "Shipped", "MUG", 1, "21.00"));
    rows.push((A, "02T13:00", "Shipped", "LAMP", 1, "n0t a price"));
    let second = site.file("second.txt", orders(&rows));
    let words = site.ingest("all_orders", &second, &[]);
    assert!(words.contains("1 rejected, 1 unit held back"), "{words}");
    let items = items(site);
    assert_eq!(items.len(), 31);
    assert_eq!(items[0], item(A, "MUG", "1", "20.0000"), "the earlier version stands");
    assert_eq!(items[1], item(B, "RUG", "1", "31.0000"));
}

fn by_parent_and_by_sku(site: &Site) {
    let ingest = |name: &str, options: serde_json::Value, asins: serde_json::Value, as_of: &str| {
        let report = json!({
            "reportSpecification": {
                "reportType": "GET_SALES_AND_TRAFFIC_REPORT", "reportOptions": options,
                "dataStartTime": "2026-03-05", "dataEndTime": "2026-03-05", "marketplaceIds": ["ATVPDKIKX0DER"],
            },
            "salesAndTrafficByDate": [], "salesAndTrafficByAsin": asins,
        });
        let file = site.file(name, report.to_string());
        site.ingest("sales_and_traffic", &file, &["--marketplace", "ATVPDKIKX0DER", "--as-of", as_of]);
    };
    let row = |sku: &str, units: u32| json!({"parentAsin": "B0P", "sku": sku, "salesByAsin": {"unitsOrdered": units}});
    let stand = || {
        let rows =
            site.sql("SELECT granularity, ordered_units FROM traffic_by_asin ORDER BY granularity, ordered_units");
        rows.iter()
            .map(|row| format!("{} {}", text(&row["granularity"]), text(&row["ordered_units"])))
            .collect::<Vec<_>>()
    };
    let by_sku = json!({"asinGranularity": "SKU"});
    ingest("sku.json", by_sku.clone(), json!([row("A", 1), row("B", 2)]), "2026-03-20T06:00:00Z");
    ingest(
        "parent.json",
        json!({}),
        json!([{"parentAsin": "B0P", "salesByAsin": {"unitsOrdered": 3}}]),
        "2026-03-21T06:00:00Z",
    );
    assert_eq!(stand(), ["PARENT 3", "SKU 1", "SKU 2"]);
    // What isn't stated is by parent, so the newer of the two stands; and an empty answer empties its own kind.
    let parent = json!({"asinGranularity": "PARENT"});
    ingest(
        "again.json",
        parent,
        json!([{"parentAsin": "B0P", "salesByAsin": {"unitsOrdered": 4}}]),
        "2026-03-22T06:00:00Z",
    );
    ingest("none.json", by_sku, json!([]), "2026-03-23T06:00:00Z");
    assert_eq!(stand(), ["PARENT 4"]);
}

#[test]
fn stories_on_a_disk() {
    for (title, story) in STORIES {
        eprintln!("{title}");
        story(&Site::new());
    }
}
