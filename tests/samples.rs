//! Real files, end to end: what each becomes, or why exactly it is refused.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::beside::shared;
use crate::books::plain;
use crate::site::{Row, Site, text};

/// Rows of a statement as lines of text, cells parted by `|`, decimals without trailing zeros.
fn lines(site: &Site, statement: &str) -> Vec<String> {
    let line = |row: Row| row.values().map(|value| plain(&text(value))).collect::<Vec<_>>().join("|");
    site.sql(statement).into_iter().map(line).collect()
}

/// Ingests a file that must come out whole: this many rows, none rejected.
fn whole(site: &Site, source: &str, file: &Path, more: &[&str], rows: usize) -> String {
    let words = site.ingest(source, file, more);
    let name = file.file_name().unwrap().to_string_lossy();
    let plural = if rows == 1 { "" } else { "s" };
    let whole = format!("{name}: {rows} row{plural}, 0 rejected, 0 units held back, 0 incomplete");
    assert!(words.contains(&whole), "{words}");
    assert!(!words.contains("doesn't balance"), "{words}");
    words
}

fn sound(site: &Site) {
    assert!(site.ok(&["verify"]).contains("everything is as it should be"));
    assert!(site.ok(&["rollup"]).contains("0 partitions computed"));
}

#[test]
fn settlements_balance_to_the_cent() {
    let Some(folder) = shared("samples/settlement") else { return };
    let site = Site::new();
    // Two headers of 33 and one of 36 columns.
    for (name, rows) in [("50011020300", 4), ("50018020314", 16), ("50034020328", 190)] {
        whole(&site, "settlement_v1", &folder.join(format!("settlement_v1_{name}.txt")), &[], rows);
    }
    let statement =
        "SELECT settlement_id, currency, total_amount, lines_total, balanced FROM settlements ORDER BY started_at";
    assert_eq!(
        lines(&site, statement),
        [
            "23874396421|CAD|-321.69|-321.69|true",
            "23874397121|CAD|-62.31|-62.31|true",
            "24288684721|CAD|1016.08|1016.08|true",
        ]
    );
    let sums = "SELECT settlement_id, sum(amount) AS total FROM settlement_lines GROUP BY settlement_id ORDER BY total";
    assert_eq!(lines(&site, sums), ["23874396421|-321.69", "23874397121|-62.31", "24288684721|1016.08"]);
    let checked =
        "SELECT count(*) AS n FROM settlement_reconciliation WHERE balanced AND difference = 0 AND unclassified = 0";
    assert_eq!(site.value(checked), "3");

    whole(&site, "settlement_v2", &folder.join("settlement_v2_sample.txt"), &[], 24);
    assert_eq!(site.value("SELECT count(*) AS n FROM settlements WHERE source = 'settlement_v2' AND balanced"), "1");
    sound(&site);
}

#[test]
fn orders_keep_every_row_in_its_columns() {
    let Some(folder) = shared("samples/orders") else { return };
    let site = Site::new();
    let as_of = ["--as-of", "2023-06-01"];
    let unshipped = folder.join("unshipped_orders_us_68cols_redacted.txt");
    whole(&site, "unshipped_orders", &unshipped, &as_of, 15);
    let kept = "SELECT count(*) AS n, count(DISTINCT order_item_id) AS items FROM sources.unshipped_orders";
    assert_eq!(lines(&site, kept), ["15|15"]);
    let raw = std::fs::read_to_string(&unshipped).unwrap();
    let inches = raw.lines().skip(1).filter(|line| line.contains('"')).count();
    assert!(inches > 0, "the file has inch marks");
    let statement = "SELECT count(*) AS n FROM sources.unshipped_orders WHERE strpos(product_name, '\"') > 0";
    assert_eq!(site.value(statement), inches.to_string());
    assert_eq!(site.value("SELECT count(*) AS n FROM sources.unshipped_orders WHERE quantity_purchased IS NULL"), "0");

    let multiline = folder.join("order_report_quoted_multiline.tsv");
    whole(&site, "order_report", &multiline, &as_of, 1);
    let title = site.value("SELECT product_name FROM sources.order_report");
    assert!(title.contains('\n') && title.starts_with("The Structur") && !title.contains('"'), "{title:?}");
    let statement = "SELECT order_id, order_item_id, quantity_purchased, currency FROM sources.order_report";
    assert_eq!(lines(&site, statement)[0].split('|').next(), Some("103-26010-55904"));

    whole(&site, "fulfilled_shipments", &folder.join("fulfilled_shipments_example.txt"), &as_of, 4);
    assert_eq!(site.value("SELECT count(*) AS n FROM sources.fulfilled_shipments WHERE quantity_shipped > 0"), "4");
    sound(&site);
}

#[test]
fn spanish_and_latin_1_files_have_their_letters_and_decimals() {
    let Some(folder) = shared("samples/eu") else { return };
    let site = Site::new();
    let guessed = |words: &str| assert!(words.contains("charset windows-1252 (guessed)"), "{words}");
    guessed(&whole(&site, "all_orders", &folder.join("pedidos-es.txt"), &[], 380));
    let raw = std::fs::read(folder.join("pedidos-es.txt")).unwrap();
    let raw: String = raw.iter().map(|byte| char::from(*byte)).collect();
    let accented = raw.lines().skip(1).filter(|line| line.contains("elásticas")).count();
    assert!(accented > 0);
    let statement = "SELECT count(*) AS n FROM sources.all_orders WHERE strpos(product_name, 'elásticas') > 0";
    assert_eq!(site.value(statement), accented.to_string());
    assert_eq!(
        site.value("SELECT count(*) AS n FROM sources.all_orders WHERE strpos(product_name, '\u{fffd}') > 0"),
        "0"
    );
    assert_eq!(site.value("SELECT sum(item_price) AS n FROM sources.all_orders"), prices(&raw));

    let window = ["--as-of", "2026-09-01", "--window", "2026-08-01..2026-08-31"];
    whole(&site, "ledger_detail", &folder.join("ledger-detail.txt"), &window, 16);
    let spanish = Site::new();
    guessed(&whole(&spanish, "ledger_detail", &folder.join("libro-inventario-es.txt"), &window, 16));
    let letters = "SELECT title, event_type FROM sources.ledger_detail WHERE strpos(title, 'elásticas') > 0 LIMIT 1";
    assert_eq!(lines(&spanish, letters), ["Set de bandas elásticas|Envíos"]);
    // The two files tell the same movements in two languages.
    let quantities = "SELECT fnsku, quantity FROM sources.ledger_detail ORDER BY fnsku, quantity";
    assert_eq!(lines(&site, quantities), lines(&spanish, quantities));

    let as_of = ["--as-of", "2026-09-01"];
    whole(&site, "inventory_planning", &folder.join("inventory-planning.txt"), &["--marketplace", "A1RKKUPIHCS9HS"], 4);
    whole(&site, "fba_reimbursements", &folder.join("reimbursements.txt"), &as_of, 4);
    whole(&site, "storage_fee_charges", &folder.join("storage-fees.txt"), &as_of, 4);
    for table in ["inventory", "reimbursements", "storage_fees"] {
        assert_ne!(site.value(&format!("SELECT count(*) AS n FROM {table}")), "0", "{table}");
    }
    let terms = ["--as-of", "2026-09-01", "--scope", "1001", "--window", "2026-06-01..2026-07-31"];
    guessed(&whole(&site, "ads_console_search_terms", &folder.join("terminos-es.csv"), &terms, 12));
    assert_eq!(site.value("SELECT count(*) AS n FROM ppc_search_terms"), "12");
    sound(&site);
}

/// Sum of the Spanish file's item prices, worked without our decoder: decimal commas, four digits after the point.
fn prices(raw: &str) -> String {
    let column = raw.lines().next().unwrap().split('\t').position(|name| name == "precio-del-articulo").unwrap();
    let cents = |cell: &str| -> i64 {
        let (whole, part) = cell.split_once([',', '.']).unwrap_or((cell, "0"));
        whole.parse::<i64>().unwrap() * 100 + format!("{part:0<2}").parse::<i64>().unwrap()
    };
    let cells = raw.lines().skip(1).filter_map(|line| line.split('\t').nth(column));
    let sum: i64 = cells.map(str::trim).filter(|cell| !cell.is_empty()).map(cents).sum();
    format!("{}.{:02}00", sum / 100, sum % 100)
}

/// All rejected rows, which lie beside the lake's tables.
fn rejects(site: &Site) -> Vec<RecordBatch> {
    let objects = site.objects("rejects");
    let paths = objects.iter().map(|(path, ..)| site.path().join("lake").join(path));
    let read = |path: PathBuf| ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build();
    paths.flat_map(|path| read(path).unwrap()).map(Result::unwrap).collect()
}

#[test]
fn shifted_rows_are_refused_with_every_line() {
    let Some(file) = shared("samples/eu/terminos-roto.csv") else { return };
    let site = Site::new();
    let path = file.display().to_string();
    let mut arguments = vec!["ingest", "--source", "ads_console_search_terms", "--seller", "A1", "--scope", "1001"];
    arguments.extend(["--as-of", "2026-09-01", "--window", "2026-06-01..2026-07-31", &path]);
    let output = site.run(&arguments);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("terminos-roto.csv: 0 rows, 12 rejected"), "{words}");
    assert!(words.contains("line 2: has 25 cells, the header 19"), "{words}");
    assert!(words.contains("and 7 more, in rejects/ads_console_search_terms"), "{words}");
    let reason = "12 of 12 rows could not be read as ads_console_search_terms, more than the 5 % allowed";
    assert!(words.contains(&format!("refused: {reason}")), "{words}");

    let rejects = rejects(&site);
    let numbers: Vec<i64> =
        rejects.iter().flat_map(|rows| rows["line"].as_primitive::<Int64Type>().values().to_vec()).collect();
    assert_eq!(numbers, (2..=13).collect::<Vec<_>>(), "every row, by its line");
    for rows in &rejects {
        assert!(rows["reason"].as_string::<i32>().iter().all(|reason| reason.unwrap().ends_with("the header 19")));
    }
    assert_eq!(site.value("SELECT status FROM meta.deliveries"), "refused");
    assert!(site.value("SELECT reason FROM meta.deliveries").starts_with(reason));
    assert!(site.objects("sources").is_empty() && site.objects("tables").is_empty(), "none is in a wrong column");
}

#[test]
fn json_answers_come_apart_completely() {
    let Some(folder) = shared("samples/json") else { return };
    let site = Site::new();
    let us = ["--as-of", "2024-03-05", "--marketplace", "ATVPDKIKX0DER"];
    whole(&site, "sales_and_traffic", &folder.join("sales_and_traffic_us_2024-02.json"), &us, 150);
    assert_eq!(lines(&site, "SELECT count(*) AS n, count(DISTINCT day) AS days FROM traffic"), ["12|12"]);
    let asins =
        "SELECT count(*) AS n, count(DISTINCT parent_asin || coalesce(child_asin, '')) AS asins FROM traffic_by_asin";
    assert_eq!(lines(&site, asins), ["138|138"]);

    let window = ["--as-of", "2024-03-05", "--window", "2023-12-01..2024-03-01"];
    let words = site.ingest("finance_event_pages", &folder.join("fetchListFinancialEvents.json"), &window);
    assert!(words.contains(" 0 rejected, 0 units held back"), "{words}");
    let document = std::fs::read_to_string(folder.join("fetchListFinancialEvents.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let lists = document["payload"]["FinancialEvents"].as_object().unwrap();
    let filled: usize = lists.values().filter(|list| list.as_array().is_some_and(|list| !list.is_empty())).count();
    assert_eq!((lists.len(), filled), (34, 5), "of all lists there are, those with events");
    let found = site.value("SELECT count(DISTINCT event_list) AS n FROM sources.finance_event_pages");
    assert_eq!(found, filled.to_string(), "every list of the answer");
    assert_ne!(site.value("SELECT count(*) AS n FROM finance_events"), "0");

    let groups = folder.join("fetchListFinancialEventGroups.json");
    let words = site.ingest("finance_event_groups", &groups, &["--as-of", "2024-03-05"]);
    assert!(words.contains("1 row, 0 rejected, 0 units held back, 0 incomplete"), "{words}");
    // Both are first pages, and the next ones aren't there.
    let told = site.value("SELECT count(*) AS n FROM meta.alerts WHERE strpos(message, 'names a next one') > 0");
    assert_eq!(told, "2");
    assert!(site.ok(&["rollup"]).contains("0 partitions computed"));
}

#[test]
fn lists_of_types_are_no_reports() {
    let Some(folder) = shared("samples/maps") else { return };
    let site = Site::new();
    for (name, source, says) in [
        (
            "payments_type_map_au.csv",
            "settlement_v2",
            "the first line starts with \"transaction_type,description,amount_field",
        ),
        ("settlement_type_map_au.csv", "settlement_v2", "the first line starts with \"transaction_type,amount_type,"),
        ("settlement_type_map_au.csv", "cost_list", "the first line starts with \"transaction_type\" where sku,"),
    ] {
        let path = folder.join(name).display().to_string();
        let arguments = ["ingest", "--source", source, "--seller", "A1", "--as-of", "2026-01-01", &path];
        let output = site.run(&arguments);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{words}");
        assert!(words.contains(&format!("refused: no header of a {source} file was found: {says}")), "{words}");
        assert!(words.contains("is it another source, or another delimiter?"), "{words}");
    }
    assert_eq!(lines(&site, "SELECT status, count(*) AS n FROM meta.deliveries GROUP BY status"), ["refused|3"]);
    assert!(site.objects("sources").is_empty() && site.objects("tables").is_empty());
}
