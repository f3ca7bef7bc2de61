//! What Amazon still owes of stock it lost or damaged, and the tax in prices: what follows from more than one source.

use sellerlake_simulator::lists;

use crate::midway::{compared, pulled};
use crate::site::Site;

/// A ledger of adjustments: day, FNSKU, units, disposition, reason, country.
fn ledger(rows: &[[&str; 6]]) -> String {
    let header = "Date\tFNSKU\tASIN\tMSKU\tTitle\tEvent Type\tReference ID\tQuantity\tFulfillment Center\tDisposition\tReason\tCountry\tReconciled Quantity\tUnreconciled Quantity\tDate and Time\n";
    let line = |[day, fnsku, units, disposition, reason, country]: &[&str; 6]| {
        format!(
            "{day}\t{fnsku}\tB0FIXTURE1\tS-1\tMug\tAdjustments\t1\t{units}\tLEJ1\t{disposition}\t{reason}\t{country}\t0\t0\t{day} 10:00:00\n"
        )
    };
    header.to_owned() + &rows.iter().map(line).collect::<String>()
}

/// Reimbursements: day, id, reason, FNSKU, currency, per unit, in all, units in cash, units in stock, the id and type of what is reversed.
fn reimbursements(rows: &[[&str; 10]]) -> String {
    let header = "approval-date\treimbursement-id\tcase-id\tamazon-order-id\treason\tsku\tfnsku\tasin\tproduct-name\tcondition\tcurrency-unit\tamount-per-unit\tamount-total\tquantity-reimbursed-cash\tquantity-reimbursed-inventory\tquantity-reimbursed-total\toriginal-reimbursement-id\toriginal-reimbursement-type\n";
    let line = |[day, id, reason, fnsku, currency, each, all, cash, stock, reversed]: &[&str; 10]| {
        let units: i64 = cash.parse::<i64>().unwrap() + stock.parse::<i64>().unwrap();
        let (original, reversed) = reversed.split_once(' ').unwrap_or_default();
        format!(
            "{day}T10:00:00+00:00\t{id}\t\t\t{reason}\tS-1\t{fnsku}\tB0FIXTURE1\tMug\tSellable\t{currency}\t{each}\t{all}\t{cash}\t{stock}\t{units}\t{original}\t{reversed}\n"
        )
    };
    header.to_owned() + &rows.iter().map(line).collect::<String>()
}

#[test]
fn what_amazon_still_owes_is_counted_by_hand() {
    let site = Site::new();
    let movements = ledger(&[
        // X1 in the EU: 5 lost, 2 of them in a warehouse of a country without a marketplace; 1 found; 2 damaged, and set
        // down as damaged; a correction of the count is no loss. Given: 2 in cash, 1 in stock, 1 taken back. 5 - 1 + 2 - 2.
        ["03/02/2026", "X001", "-3", "SELLABLE", "M", "DE"],
        ["03/03/2026", "X001", "-2", "SELLABLE", "5", "CZ"],
        ["03/04/2026", "X001", "1", "SELLABLE", "F", "FR"],
        ["03/15/2026", "X001", "-2", "SELLABLE", "E", "DE"],
        ["03/15/2026", "X001", "2", "WAREHOUSE_DAMAGED", "P", "DE"],
        ["03/16/2026", "X001", "-7", "SELLABLE", "2", "DE"],
        // The same stock in Great Britain is another pool, paid in another currency; its loss is made good twice over.
        ["03/05/2026", "X001", "-1", "SELLABLE", "M", "GB"],
        // A find of what was lost before the history begins hides no damage.
        ["03/06/2026", "X002", "4", "SELLABLE", "F", "DE"],
        ["03/07/2026", "X002", "-1", "SELLABLE", "E", "DE"],
        ["03/07/2026", "X004", "-2", "SELLABLE", "M", "DE"],
        // A code nobody knows is in no sum, and told.
        ["03/08/2026", "X003", "-9", "SELLABLE", "?9", "DE"],
    ]);
    let given = reimbursements(&[
        ["2026-03-18", "R1", "Lost_Warehouse", "X001", "EUR", "6.00", "12.00", "2", "0", ""],
        ["2026-03-19", "R2", "Lost_Warehouse", "X001", "EUR", "0.00", "0.00", "0", "1", ""],
        ["2026-03-20", "R3", "Reimbursement_Reversal", "X001", "EUR", "6.00", "-6.00", "-1", "0", "R1 Lost_Warehouse"],
        ["2026-03-21", "R4", "CustomerReturn", "X001", "EUR", "20.00", "20.00", "1", "0", ""],
        ["2026-03-22", "R5", "Lost_Warehouse", "X001", "GBP", "5.00", "10.00", "2", "0", ""],
        // Taken back without a type: the reimbursement it names has one. One that names nothing is unknown.
        ["2026-03-22", "R6", "Lost_Warehouse", "X004", "EUR", "6.00", "12.00", "2", "0", ""],
        ["2026-03-23", "R7", "Reimbursement_Reversal", "X004", "EUR", "6.00", "-6.00", "-1", "0", "R6 "],
        ["2026-03-23", "R8", "Reimbursement_Reversal", "X005", "EUR", "6.00", "-6.00", "-1", "0", ""],
    ]);
    let more = ["--window", "2026-03-01..2026-03-31", "--as-of", "2026-04-10"];
    site.ingest("ledger_detail", &site.file("ledger.txt", movements), &more);
    let words = site.ingest("fba_reimbursements", &site.file("reimbursements.txt", given), &more);
    assert!(words.contains("a reason that loss_reasons doesn't know"), "{words}");
    let rows = "SELECT string_agg(concat_ws(' ', fnsku, stock_pool, units_lost, units_found, units_damaged,
            units_reimbursed_cash, units_reimbursed_stock, units_owed, units_overpaid, units_unknown, last_loss_day,
            currency, amount_reimbursed, amount_per_unit, amount_owed), '; ' ORDER BY fnsku, stock_pool) AS n
        FROM reimbursement_gap";
    assert_eq!(
        site.value(rows),
        "X001 EU 5 1 2 1 1 4 0 0 2026-03-15 EUR 6.0000 6.0000 24.0000; \
         X001 GB 1 0 0 2 0 0 1 0 2026-03-05 GBP 10.0000 5.0000 0.0000; \
         X002 EU 0 4 1 0 0 1 0 0 2026-03-07; \
         X003 EU 0 0 0 0 0 0 0 9; \
         X004 EU 2 0 0 1 0 1 0 0 2026-03-07 EUR 6.0000 6.0000 6.0000; \
         X005 EU 0 0 0 0 0 0 0 1"
    );
}

#[test]
fn what_amazon_still_owes_is_what_is_true() {
    let desk = pulled("200", &["ledger", "reimbursements"]);
    desk.assert_true();
    assert!(compared(&desk, "reimbursement_gap") > 0);
    for kind in
        ["units_lost", "units_found", "units_damaged", "units_reimbursed_cash", "units_reimbursed_stock", "units_owed"]
    {
        assert_ne!(desk.site.value(&format!("SELECT sum({kind}) AS n FROM reimbursement_gap")), "0", "{kind}");
    }
}

#[test]
fn the_tax_in_prices_is_unknown_until_somebody_says_it() {
    let desk = pulled("60", &["transactions"]);
    let unknown =
        "SELECT concat(count(*) FILTER (WHERE vat_unknown), ' ', count(*) FILTER (WHERE profit_before_cogs IS NULL))
        AS n FROM daily_profit WHERE currency = ";
    let mexico = desk.site.value(&format!("{unknown}'MXN' AND net_sales <> 0"));
    assert!(mexico != "0 0" && mexico.split(' ').next() == mexico.split(' ').nth(1), "{mexico}");
    assert_eq!(desk.site.value(&format!("{unknown}'USD'")), "0 0");
    for (source, list) in [("tax_rates", lists::tax_rates()), ("tax_registrations", lists::tax_registrations())] {
        let file = desk.site.file(source, list).display().to_string();
        desk.site.ok(&["ingest", "--source", source, "--seller", "shared", "--as-of", "2026-01-01", &file]);
    }
    assert_eq!(desk.site.value(&format!("{unknown}'MXN'")), "0 0");
    desk.assert_true();
    assert!(compared(&desk, "daily_profit") > 0);
}

#[test]
fn what_was_cancelled_or_sold_elsewhere_has_no_revenue() {
    let site = Site::new();
    let header = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\titem-status\tquantity\tcurrency\titem-price\n";
    let row = |order: &str, channel: &str, status: &str, item: &str, units: u8| {
        format!(
            "{order}\t2026-03-01T12:00:00+00:00\t2026-03-02T12:00:00+00:00\t{status}\t{channel}\tMUG\t{item}\t{units}\tUSD\t20.00\n"
        )
    };
    let rows = [
        // Amazon leaves the price, and sometimes the units, of what was called off.
        row("114-0000001-0000001", "Amazon.com", "Cancelled", "Cancelled", 1),
        row("114-0000002-0000002", "Amazon.com", "Cancelled", "Cancelled", 0),
        row("114-0000003-0000003", "Amazon.com", "Shipped", "Shipped", 1),
        row("114-0000003-0000003", "Amazon.com", "Shipped", "Cancelled", 1),
        // Another shop's order has that shop's price.
        row("S02-0000004-0000004", "Non-Amazon", "Shipped", "Shipped", 1),
    ];
    site.ingest("all_orders", &site.file("orders.tsv", header.to_owned() + &rows.concat()), &["--as-of", "2026-03-03"]);
    let said = "SELECT string_agg(concat_ws(' ', substr(amazon_order_id, 5, 7), units, item_revenue), '; '
        ORDER BY amazon_order_id) AS n FROM orders";
    assert_eq!(site.value(said), "0000001 0 0.0000; 0000002 0 0.0000; 0000003 1 20.0000; 0000004 1 0.0000");
    assert_eq!(site.value("SELECT sum(units) AS n FROM order_items"), "2");
    assert_eq!(site.value("SELECT sum(gross_sales) AS n FROM daily_sales"), "20.0000");
}

/// A later attribution may be all that a campaign has beyond its products.
#[test]
fn what_products_lack_of_their_campaign_is_there_whatever_it_is() {
    let site = Site::new();
    let row = |more: &str, sales: &str, orders: u8| {
        format!(
            r#"[{{"date": "2026-03-01", "campaignId": 1, "campaignName": "Mugs", "campaignBudgetCurrencyCode": "USD",
                "impressions": 100, "clicks": 5, "cost": 2.5, "sales7d": {sales}, "purchases7d": {orders},
                "unitsSoldClicks7d": {orders}{more}}}]"#
        )
    };
    let product = r#", "adGroupId": 2, "adId": 3, "advertisedAsin": "B01", "advertisedSku": "MUG""#;
    let documents = [("ads_sp_campaigns", row("", "30.0", 3)), ("ads_sp_advertised_product", row(product, "20.0", 2))];
    for (source, document) in documents {
        let asked =
            ["--scope", "900", "--marketplace", "US", "--window", "2026-03-01..2026-03-01", "--as-of", "2026-03-05"];
        site.ingest(source, &site.file(source, document), &asked);
    }
    let sums = "SELECT concat_ws(' ', sum(cost), sum(attributed_sales), sum(attributed_orders)) AS n FROM ppc";
    assert_eq!(site.value(sums), "2.5000 30.0000 3");
}

/// Two marketplaces of one pool list the same 100 units, just before and just after midnight.
#[test]
fn stock_of_a_pool_counts_once_although_its_lists_are_of_two_days() {
    let site = Site::new();
    let list = std::fs::read_to_string(crate::site::tree().join("tests/cases/decode/myi_inventory/input.tsv")).unwrap();
    let list = site.file("list.tsv", list.lines().take(2).collect::<Vec<_>>().join("\n") + "\n");
    for (place, as_of) in [("DE", "2026-04-01T23:59:50Z"), ("FR", "2026-04-02T00:00:10Z")] {
        site.ingest("myi_inventory", &list, &["--marketplace", place, "--as-of", as_of]);
    }
    let units = |which: &str| site.value(&format!("SELECT sum(available_units) AS n FROM inventory_health {which}"));
    assert_eq!((units("").as_str(), units("WHERE NOT is_pool_repeat").as_str()), ("200", "100"));
}
