//! Real and realistic report files that lie beside the repository, where they do; elsewhere these tests are skipped.
//! The same cases, invented, are in `tests/cases/decode`.

use std::fs;

use crate::beside::shared;
use crate::decoded::{Asked, Decoded, built_in, decode_bytes, source};

/// Decodes a sample as the command line would; `None` where there are no samples.
fn decode_sample(file: &str, source_name: &str, asked: &Asked<'_>) -> Option<Decoded> {
    let bytes = fs::read(shared(&format!("samples/{file}"))?).unwrap();
    Some(decode_bytes(&source(&built_in(), source_name), asked, &bytes, 2))
}

/// Nothing rejected, held back, unknown or outside; returns the rows.
fn clean(decoded: &Decoded, rows: u64) {
    let outcome = &decoded.outcome;
    assert_eq!(outcome.refused, None);
    assert_eq!((outcome.rows, outcome.rejected, outcome.outside_window), (rows, 0, 0), "{:?}", outcome.rejects);
    assert!(outcome.drift.is_empty(), "{:?}", outcome.drift);
    assert!(outcome.unbalanced.is_empty(), "{:?}", outcome.unbalanced);
    assert!(outcome.held_back.is_empty() && outcome.incomplete.is_empty() && !outcome.hold_back_all);
}

fn cents(amounts: &[Option<String>]) -> i64 {
    let cents = |text: &String| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{fraction:0<4}").parse::<i64>().unwrap()
    };
    amounts.iter().flatten().map(cents).sum::<i64>() / 100
}

const V1_AMOUNTS: [&str; 9] = [
    "shipment_fee_amount",
    "order_fee_amount",
    "price_amount",
    "item_related_fee_amount",
    "misc_fee_amount",
    "other_fee_amount",
    "promotion_amount",
    "direct_payment_amount",
    "other_amount",
];

#[test]
fn three_settlements_balance_although_their_headers_differ() {
    let files = [("50011020300", 4, -32_169), ("50018020314", 16, -6_231), ("50034020328", 190, 101_608)];
    for (number, rows, total) in files {
        let file = format!("settlement/settlement_v1_{number}.txt");
        let Some(decoded) = decode_sample(&file, "settlement_v1", &Asked::default()) else { return };
        clean(&decoded, rows);
        assert_eq!(decoded.full("currency"), vec!["CAD"; rows as usize]);
        assert_eq!(cents(&decoded.column("total_amount")[..1]), total, "{file}");
        let lines: i64 = V1_AMOUNTS.iter().map(|name| cents(&decoded.column(name))).sum();
        assert_eq!(lines, total, "{file}");
        // Dates of the summary row reach every row.
        let ends = decoded.full("settlement_end_date");
        assert!(ends.iter().all(|end| *end == ends[0]));
    }
}

#[test]
fn the_newer_settlement_layout_balances() {
    let asked = Asked::default();
    let Some(decoded) = decode_sample("settlement/settlement_v2_sample.txt", "settlement_v2", &asked) else { return };
    clean(&decoded, 24);
    assert_eq!(cents(&decoded.column("amount")), 58_289);
    assert_eq!(decoded.outcome.as_of.unwrap().to_rfc3339(), "2026-07-02T00:00:00+00:00");
    assert_eq!(decoded.full("_month"), vec!["2026-06-01"; 24]);
    assert_eq!(decoded.column("posted_date")[1].as_deref(), Some("2026-06-17"));
}

#[test]
fn inch_marks_and_bars_in_titles_are_data() {
    let file = "orders/unshipped_orders_us_68cols_redacted.txt";
    let Some(decoded) = decode_sample(file, "unshipped_orders", &Asked::default()) else { return };
    clean(&decoded, 15);
    let titles = decoded.full("product_name");
    assert_eq!(titles[0], "Personalized Solid Brass Plaque Memorial (3\" x 1.5\")");
    assert_eq!(titles.iter().filter(|title| title.contains('"')).count(), 5);
    assert!(titles.iter().any(|title| title.contains('¦')));
    // The day of the list follows from its newest entry.
    assert_eq!(decoded.full("snapshot_day"), vec!["2025-05-05"; 15]);
    assert!(decoded.column("buyer_name").iter().all(Option::is_none));
    assert!(decoded.column("customized_url").iter().all(Option::is_none));
}

#[test]
fn a_quoted_title_over_three_lines_is_one_row() {
    let file = "orders/order_report_quoted_multiline.tsv";
    let Some(decoded) = decode_sample(file, "order_report", &Asked::default()) else { return };
    clean(&decoded, 1);
    let title = &decoded.full("product_name")[0];
    assert_eq!(title.lines().count(), 3);
    assert!(title.starts_with("The Structure of Aikido:") && title.ends_with("(Structure of Aikido, Vol 1)"));
    assert_eq!(decoded.full("item_price"), ["19.4900"]);
}

#[test]
fn shipments_fall_in_the_month_of_their_utc_instant() {
    let file = "orders/fulfilled_shipments_example.txt";
    let Some(decoded) = decode_sample(file, "fulfilled_shipments", &Asked::default()) else { return };
    clean(&decoded, 4);
    assert_eq!(decoded.full("_month"), vec!["2020-12-01"; 4]);
    assert_eq!(decoded.full("ship_promotion_discount")[3], "-0.7500");
    assert!(decoded.column("buyer_email").iter().all(Option::is_none));
}

#[test]
fn spanish_headers_and_latin_letters_come_out_right() {
    let Some(orders) = decode_sample("eu/pedidos-es.txt", "all_orders", &Asked::default()) else { return };
    clean(&orders, 380);
    assert_eq!(orders.outcome.charset.to_lowercase(), "windows-1252");
    assert!(orders.outcome.charset_guessed);
    assert_eq!(orders.full("product_name").iter().filter(|title| *title == "Set de bandas elásticas").count(), 95);
    assert_eq!(orders.full("item_price")[0], "149.9400");

    let asked = Asked { scope: Some("EU"), window: Some("2026-08-01..2026-08-31"), ..Asked::default() };
    let asked = Asked { as_of: Some("2026-09-02T00:00:00Z"), ..asked };
    for file in ["eu/ledger-detail.txt", "eu/libro-inventario-es.txt"] {
        let ledger = decode_sample(file, "ledger_detail", &asked).unwrap();
        clean(&ledger, 16);
        assert_eq!(ledger.full("title")[1], "Set de bandas elásticas");
        assert_eq!(ledger.full("quantity")[0], "-12");
    }
}

fn search_terms() -> Asked<'static> {
    Asked {
        scope: Some("9000000002"),
        marketplace: Some("A1RKKUPIHCS9HS"),
        window: Some("2026-06-01..2026-07-31"),
        as_of: Some("2026-08-15T00:00:00Z"),
        ..Asked::default()
    }
}

#[test]
fn decimal_commas_are_read_column_by_column() {
    let name = "ads_console_search_terms";
    let Some(decoded) = decode_sample("eu/terminos-es.csv", name, &search_terms()) else { return };
    clean(&decoded, 12);
    assert_eq!(decoded.full("campaign")[0], "SP · Pulseras, exacta");
    assert_eq!(decoded.full("search_term")[3], "brazalete cuero, hombre");
    assert_eq!(decoded.full("ctr")[0], "0.280000000");
    assert_eq!(decoded.full("cpc")[0], "0.6400");
    assert_eq!(cents(&decoded.column("spend")), 59_520);
    assert_eq!(cents(&decoded.column("sales_14d")), 102_960);
    assert!(decoded.column("sales_7d").iter().all(Option::is_none));
}

#[test]
fn rows_shifted_by_unquoted_commas_are_all_rejected() {
    let name = "ads_console_search_terms";
    let Some(decoded) = decode_sample("eu/terminos-roto.csv", name, &search_terms()) else { return };
    let outcome = &decoded.outcome;
    assert_eq!((outcome.rows, outcome.rejected), (0, 12));
    let lines: Vec<u64> = outcome.rejects.iter().map(|reject| reject.line).collect();
    assert_eq!(lines, (2..=13).collect::<Vec<u64>>());
    assert!(outcome.refused.as_deref().unwrap().starts_with("12 of 12 rows"), "{:?}", outcome.refused);
}

#[test]
fn stock_fees_and_reimbursements_load() {
    let madrid = Asked { marketplace: Some("A1RKKUPIHCS9HS"), ..Asked::default() };
    let Some(stock) = decode_sample("eu/inventory-planning.txt", "inventory_planning", &madrid) else { return };
    clean(&stock, 4);
    assert_eq!(stock.full("snapshot_day"), vec!["2026-08-17"; 4]);
    assert_eq!(stock.full("available"), ["420", "180", "95", "1400"]);

    let europe = Asked { scope: Some("EU"), as_of: Some("2026-09-02T00:00:00Z"), ..Asked::default() };
    let fees = decode_sample("eu/storage-fees.txt", "storage_fee_charges", &europe).unwrap();
    clean(&fees, 4);
    assert_eq!(fees.full("month_of_charge"), vec!["2026-07-01"; 4]);
    assert_eq!(
        cents(&fees.column("estimated_monthly_storage_fee").into_iter().map(four_decimals).collect::<Vec<_>>()),
        8_654
    );

    let paid = decode_sample("eu/reimbursements.txt", "fba_reimbursements", &europe).unwrap();
    clean(&paid, 4);
    assert_eq!(paid.full("approval_date"), ["2026-08-12", "2026-08-11", "2026-08-10", "2026-08-09"]);
    assert_eq!(cents(&paid.column("amount_total")), 22_890);
}

/// Cuts a number with nine decimals to four; what is cut must be zeros.
fn four_decimals(amount: Option<String>) -> Option<String> {
    let amount = amount?;
    amount.strip_suffix("00000").map(str::to_owned).or_else(|| panic!("{amount} has more than four decimals"))
}
