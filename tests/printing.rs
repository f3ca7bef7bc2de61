//! Names and titles that would steer the reader's terminal.

use std::process::Output;

use crate::site::Site;

/// Sets a window's title, goes back to the line's start, and turns what follows around.
const EVIL: &str = "Mug\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}gum";

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn assert_tame(output: &Output, what: &str) -> String {
    let said = both(output);
    let steering: Vec<char> =
        said.chars().filter(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}')).collect();
    assert!(steering.is_empty(), "{what}: {steering:?} in\n{}", said.escape_debug());
    said
}

#[test]
fn words_and_tables_show_what_would_steer_a_terminal_and_data_has_it_as_it_is() {
    let site = Site::new();
    let header = format!(
        "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\tcurrency\t\
         item-price\tproduct-name\tnew {EVIL}\n"
    );
    let row = |number: u32, units: &str| {
        format!(
            "111-{number:07}-{number:07}\t2026-03-01T12:00:00Z\t2026-03-02T00:00:00Z\tShipped\tAmazon.com\t{EVIL}\t\
             {units}\tUSD\t9.99\t{EVIL}\tx\n"
        )
    };
    // With one bad row among few, all would be refused.
    let rows: String = (1..60).map(|number| row(number, "1")).collect();
    let file = site.file(&format!("{EVIL}.txt"), format!("{header}{rows}{}", row(60, EVIL)));
    let name = file.display().to_string();
    let output = site.run(&["ingest", "--source", "all_orders", "--seller", "A1", "--as-of", "2026-03-05", &name]);
    let said = assert_tame(&output, "ingest");
    assert!(said.contains("Mug\\u{1b}]0;owned\\u{7}\\u{9b}2J\\u{202e}gum.txt: "), "{said}");
    let statement = "SELECT sku, product_name FROM order_items";
    let table = assert_tame(&site.run(&["sql", statement]), "sql");
    assert_eq!(table.matches("Mug\\u{1b}]0;owned").count(), 2 * 59, "{table}");
    assert_tame(&site.run(&["sql", "SELECT * FROM meta.alarms"]), "alarms");
    assert_tame(&site.run(&["sql", "SELECT * FROM meta.deliveries"]), "deliveries");
    let csv = site.run(&["sql", "--format", "csv", statement]).stdout;
    assert!(String::from_utf8(csv).unwrap().contains(&format!("{EVIL},{EVIL}")), "data stays as it is");
    for arguments in [
        vec!["ingest", "--source", EVIL, "--seller", "A1", &name],
        vec!["ingest", "--source", "all_orders", "--seller", "A1", EVIL],
        vec!["sql", &format!("SELECT * FROM \"{EVIL}\"")],
        vec!["tables", EVIL],
        vec!["--config", EVIL, "tables"],
        vec!["rollup", "--table", EVIL],
        vec!["rollup", "--seller", EVIL],
        vec![EVIL],
    ] {
        let output = site.run(&arguments);
        assert!(!output.status.success());
        assert_tame(&output, arguments[0]);
    }
}
