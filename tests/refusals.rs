//! What isn't loaded, or would count twice, is told until somebody mends it.

use std::path::Path;

use crate::desk::words;
use crate::site::Site;

/// What `ingest` ends with and says.
fn ingest(site: &Site, source: &str, file: &Path, more: &[&str]) -> (Option<i32>, String) {
    let file = file.display().to_string();
    let output = site.run(&[&["ingest", "--source", source, "--seller", "A1"], more, &[file.as_str()]].concat());
    (output.status.code(), words(&output))
}

fn firing(site: &Site, like: &str) -> String {
    site.value(&format!("SELECT count(*) FROM meta.alerts WHERE state = 'firing' AND message LIKE '%{like}%'"))
}

#[test]
fn a_refused_file_is_told_until_it_comes_right() {
    let site = Site::new();
    let wrong = site.file("costs.csv", "sku,valid_from,unit_cost,currency\nMUG,2026-01-01,x,EUR\n");
    assert_eq!(ingest(&site, "cost_list", &wrong, &[]).0, Some(3));
    assert_eq!(firing(&site, "(costs.csv) is refused"), "1");
    let other = site.file("others.csv", "sku,valid_from,unit_cost,currency\nCUP,2026-01-01,1.00,EUR\n");
    assert_eq!(ingest(&site, "cost_list", &other, &[]).0, Some(0));
    assert_eq!(firing(&site, "is refused"), "1", "another list says nothing of it");
    let right = site.file("costs.csv", "sku,valid_from,unit_cost,currency\nMUG,2026-01-01,2.00,EUR\n");
    assert_eq!(ingest(&site, "cost_list", &right, &[]).0, Some(0));
    assert_eq!(firing(&site, "is refused"), "0");
}

#[test]
fn a_refused_file_that_should_never_have_come_is_taken_back() {
    let site = Site::new();
    let wrong = site.file("costs.csv", "sku,valid_from,unit_cost,currency\nMUG,2026-01-01,x,EUR\n");
    assert_eq!(ingest(&site, "cost_list", &wrong, &[]).0, Some(3));
    site.run(&["replay"]);
    assert_eq!(firing(&site, "is refused"), "1");
    site.ok(&["withdraw", &site.value("SELECT delivery_id FROM meta.deliveries"), "--yes"]);
    assert_eq!(firing(&site, "is refused"), "0");
}

const RETURNS: &str = "return-date\torder-id\tsku\tasin\tfnsku\tquantity\tdetailed-disposition\tstatus\n\
                       2026-03-02T10:00:00+00:00\t111-0000001-0000001\tMUG\tB0MUGBLUE1\tX001ABCDEF\t1\tSELLABLE\tReimbursed\n\
                       2026-03-20T10:00:00+00:00\t111-0000001-0000002\tMUG\tB0MUGBLUE1\tX001ABCDEF\t1\tSELLABLE\tReimbursed\n";

#[test]
fn the_same_file_under_another_region_is_refused() {
    let site = Site::new();
    let file = site.file("r.txt", RETURNS);
    let of = |scope: &'static str| ["--window", "2026-03-01..2026-03-31", "--as-of", "2026-04-01", "--scope", scope];
    assert_eq!(ingest(&site, "fba_returns", &file, &of("NA")).0, Some(0));
    let (code, said) = ingest(&site, "fba_returns", &file, &of("DE"));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("the same bytes came as delivery") && said.contains("of the region NA"), "{said}");
    assert_eq!(site.value("SELECT sum(units) FROM returns"), "2");
}

#[test]
fn days_beyond_the_window_are_told_until_they_stand() {
    let site = Site::new();
    let file = site.file("r.txt", RETURNS);
    let of = |window: &'static str| ["--window", window, "--as-of", "2026-04-01", "--scope", "NA"];
    let (code, said) = ingest(&site, "fba_returns", &file, &of("2026-03-16..2026-03-31"));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("rows of 1 day beyond the window are left out"), "{said}");
    assert_eq!(site.value("SELECT status FROM meta.deliveries"), "in_part");
    assert_eq!(firing(&site, "1 row of delivery % is left out, of 1 day beyond the window"), "1");
    assert_eq!(ingest(&site, "fba_returns", &file, &of("2026-03-01..2026-03-31")).0, Some(0));
    assert_eq!(firing(&site, "left out"), "0");
    assert_eq!(site.value("SELECT sum(units) FROM returns"), "2");
}

#[test]
fn a_unit_whose_month_moves_is_told_until_one_is_taken_back() {
    let site = Site::new();
    let header = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\tcurrency\titem-price\n";
    let order = |name: &str, bought: &str, updated: &str| {
        let row = format!("117-0000000-0000001\t{bought}\t{updated}\tShipped\tAmazon.com\tMUG\t1\tUSD\t10.00\n");
        site.file(name, header.to_owned() + &row)
    };
    let first = order("first.txt", "2026-03-31T23:30:00+00:00", "2026-04-01T00:00:00+00:00");
    assert_eq!(ingest(&site, "all_orders", &first, &[]).0, Some(0));
    let then = order("then.txt", "2026-04-01T01:30:00+00:00", "2026-04-02T00:00:00+00:00");
    let (code, said) = ingest(&site, "all_orders", &then, &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("\"117-0000000-0000001\" stands in 2026-03 and in 2026-04"), "{said}");
    assert_eq!(firing(&site, "stands in 2026-03 and in 2026-04%purchase_date has changed"), "1");
    let delivery = site.value("SELECT delivery_id FROM meta.deliveries ORDER BY fetched_at LIMIT 1");
    site.ok(&["withdraw", &delivery, "--yes"]);
    assert_eq!(firing(&site, "stands in"), "0");
    assert_eq!(site.value("SELECT count(*) FROM order_items"), "1");
}
