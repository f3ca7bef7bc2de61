//! Flat files as Amazon really sends them, one behaviour a test, with small invented sources.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use sellerlake_contracts::Kind;
use sellerlake_schemas::{Column, Source};
use sellerlake_transforms::decode::{DecodeRequest, Outcome, decode};

use crate::decoded::{Asked, Decoded, decode_bytes, delivery};

/// A declared source, as the loader would make it of the text.
pub fn declare(text: &str) -> Source {
    let mut source: Source = toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    source.name = "invented".to_owned();
    let columns: IndexMap<String, Column> = std::mem::take(&mut source.columns);
    source.columns = columns.into_iter().map(|(name, column)| (name.clone(), Column { name, ..column })).collect();
    source
}

/// Orders: a unit per order, dated by a column.
pub const ORDERS: &str = r#"
version = 1
doc = "Orders."
format = "tsv"
charset_fallbacks = ["windows-1252", "cp932"]
scope = "account"
unit = { columns = ["order_id"] }
month = "updated"
as_of = "updated"
max_rejected_share = 0.9
max_line_bytes = 200
ignore = ["internal-note"]
[columns]
order_id = { type = "text", required = true, doc = "Order.", headers = ["Bestell Nr."] }
updated = { type = "timestamp", required = true, doc = "Update." }
title = { type = "text", doc = "Title.", null = ["N/A"] }
price = { type = "decimal(18,4)", doc = "Price.", null = ["--"] }
weight = { type = "decimal(18,4)", doc = "Weight." }
quantity = { type = "int", doc = "Quantity." }
business = { type = "bool", doc = "Business order." }
buyer_name = { type = "text", pii = true, doc = "Buyer." }
"#;

/// That source.
pub fn orders() -> Source {
    declare(ORDERS)
}

/// Decodes a text of the given source, with a window and an as-of.
pub fn decoded(source: &Source, text: impl AsRef<[u8]>) -> Decoded {
    decode_bytes(source, &asked(), text.as_ref(), 2)
}

fn asked() -> Asked<'static> {
    let asked =
        Asked { window: Some("2026-03-01..2026-03-03"), as_of: Some("2026-03-10T00:00:00Z"), ..Asked::default() };
    Asked { scope: Some("EU"), ..asked }
}

/// A file of orders with the columns under test after id and date: one order a line, numbered from 1.
pub fn with_columns(header: &str, cells: &[&str]) -> String {
    let mut text = format!("order-id\tupdated\t{header}\n");
    for (index, cell) in cells.iter().enumerate() {
        text.push_str(&format!("O{}\t2026-03-01T10:00:00+00:00\t{cell}\n", index + 1));
    }
    text
}

/// Cells, of which empty ones are NULL.
pub fn some(cells: &[&str]) -> Vec<Option<String>> {
    cells.iter().map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned())).collect()
}

/// Line and column of each reject.
pub fn reject_lines(outcome: &Outcome) -> Vec<(u64, Option<&str>)> {
    outcome.rejects.iter().map(|reject| (reject.line, reject.column.as_deref())).collect()
}

#[test]
fn types_nulls_units_and_months() {
    let text = "\u{feff}Order ID\tUPDATED\ttitle\tprice\tquantity\tbusiness\n\
                O1\t2026-03-01T23:30:00-02:00\t 24\" Monitor \t149.94\t1,000\tyes\r\n\
                O2\t2026-02-28T10:00:00Z\tN/A\t--\t\tNein\n\
                \t\t\t\t\n   \n\
                O2\t2026-02-28T10:00:00Z\t\t\t\t";
    let found = decoded(&orders(), text);
    let outcome = &found.outcome;
    assert_eq!((outcome.rows, outcome.rejected, &outcome.refused), (3, 0, &None), "{:?}", outcome.rejects);
    assert_eq!(found.column("_unit"), some(&["O1", "O2", "O2"]));
    assert_eq!(found.column("_month"), some(&["2026-03-01", "2026-02-01", "2026-02-01"]));
    assert_eq!(found.column("_line"), some(&["2", "3", "6"]));
    assert_eq!(found.column("title"), some(&["24\" Monitor", "", ""]));
    assert_eq!(found.column("price"), some(&["149.9400", "", ""]));
    assert_eq!(found.column("quantity"), some(&["1000", "", ""]));
    assert_eq!(found.column("business"), some(&["true", "false", ""]));
    assert_eq!(found.column("updated")[0].as_deref(), Some("2026-03-02T01:30:00Z"));
    assert_eq!((outcome.charset.as_str(), outcome.charset_guessed), ("utf-8", false));
}

#[test]
fn an_unknown_as_of_is_the_newest_update() {
    let text = with_columns("title", &["a"]) + "O2\t2026-04-01T00:00:00Z\tb\n";
    let found = decode_bytes(&orders(), &Asked::default(), text.as_bytes(), 1);
    assert_eq!(found.outcome.as_of.unwrap().to_rfc3339(), "2026-04-01T00:00:00+00:00");
}

#[test]
fn charsets_are_found_and_wrong_labels_noticed() {
    let text = with_columns("title", &["elástica – café"]);
    let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(&text);
    let japanese = with_columns("title", &["日本語の商品ソ表"]);
    let (sjis, _, _) = encoding_rs::SHIFT_JIS.encode(&japanese);
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let utf16_be: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    let spanish = "elástica – café";
    let cases: [(&[u8], Option<&str>, &str, bool, &str); 12] = [
        (text.as_bytes(), None, "utf-8", false, spanish),
        (text.as_bytes(), Some("utf8"), "utf-8", false, spanish),
        (text.as_bytes(), Some("text/plain; charset=Cp1252"), "utf-8", true, spanish),
        (&latin, Some("Cp1252"), "windows-1252", false, spanish),
        (&latin, Some("ISO-8859-1"), "windows-1252", false, spanish),
        (&latin, Some("UTF-8"), "windows-1252", true, spanish),
        (&latin, None, "windows-1252", true, spanish),
        (&sjis, Some("Windows-31J"), "shift_jis", false, "日本語の商品ソ表"),
        (&sjis, Some("MS932"), "shift_jis", false, "日本語の商品ソ表"),
        (&sjis, None, "shift_jis", true, "日本語の商品ソ表"),
        (&utf16, None, "utf-16le", false, spanish),
        (&utf16_be, Some("utf-8"), "utf-16be", true, spanish),
    ];
    for (bytes, label, charset, guessed, title) in cases {
        let found = decode_bytes(&orders(), &Asked { charset: label, ..asked() }, bytes, 1);
        assert_eq!(found.full("title"), [title], "{label:?}");
        assert_eq!((found.outcome.charset.as_str(), found.outcome.charset_guessed), (charset, guessed), "{label:?}");
    }
}

#[test]
fn bytes_of_no_charset_reject_their_row_only() {
    let source = declare(&ORDERS.replace("charset_fallbacks = [\"windows-1252\", \"cp932\"]", ""));
    let mut text = with_columns("title", &["fine", "x"]).into_bytes();
    text.extend(
        b"O3\t2026-03-01T10:00:00Z\tbro\xffken\nO4\t2026-03-01T10:00:00Z\tnul\0\nO5\t2026-03-01T10:00:00Z\tok\n",
    );
    let found = decoded(&source, text);
    assert_eq!(found.full("_unit"), ["O1", "O2", "O5"]);
    assert_eq!(reject_lines(&found.outcome), [(4, None), (5, None)]);
    assert_eq!(found.outcome.held_back.iter().collect::<Vec<_>>(), ["O3", "O4"]);
}

#[test]
fn headers_decide_what_a_file_is() {
    let refused = |text: &str| decoded(&orders(), text).outcome.refused.unwrap_or_else(|| panic!("{text}"));
    assert!(refused("").contains("empty"));
    assert!(refused("\n \n").contains("empty"));
    assert!(refused("<html><body>Service Unavailable").contains("\"<html><body>Service Unavailable\""));
    assert!(refused("order-idd\ttitle\nO1\tx\n").contains("lacks order_id (nearest: \"order-idd\"), updated"));
    assert!(refused("order-id\tupd").contains("lacks updated"));
    assert!(refused("order-id\tupdated").contains("cut off"));
    assert!(refused("PK\u{3}\u{4}\u{0}\u{0}\t\u{1}\n").contains("not text"));
    assert!(refused("order-id\tupdated\rO1\t2026-03-01\r").contains("carriage return"));
    assert!(refused(&"x".repeat(5_000)).contains("longer than 200 bytes"));
    let german = decoded(&orders(), "Bestell-Nr\tupdated\nO1\t2026-03-01\n");
    assert_eq!(german.full("order_id"), ["O1"]);
    let nothing = decoded(&orders(), "order-id\tupdated\n").outcome;
    assert_eq!((nothing.rows, nothing.refused), (0, None));
}

#[test]
fn unknown_columns_are_kept_counted_and_stripped_of_people() {
    let text = with_columns("colour\tRecipient e-mail\tinternal note", &["re\"d\tx@y\tn1", "\tz@y\t", "blue\t\t"]);
    let found = decoded(&orders(), &text);
    assert_eq!(found.column("_extra"), some(&[r#"{"colour":"re\"d"}"#, "", r#"{"colour":"blue"}"#]));
    assert_eq!(found.outcome.drift, BTreeMap::from([("colour".to_owned(), 2)]));
    assert_eq!(found.outcome.dropped, BTreeMap::from([("Recipient e-mail".to_owned(), 2)]));
    let kept = decode_bytes(&orders(), &Asked { allow_personal_data: true, ..asked() }, text.as_bytes(), 1);
    assert_eq!(kept.column("_extra")[1].as_deref(), Some(r#"{"Recipient e-mail":"z@y"}"#));
}

#[test]
fn personal_data_leave_no_trace_in_rows_or_rejects() {
    let text = with_columns("price\tbuyer-name", &["1\tJane Roe", "x\tJane Roe", "1\tJane Roe\tsurplus", "Jane Roe"]);
    let shown = |found: &Decoded| -> String {
        found.outcome.rejects.iter().map(|reject| format!("{:?} ", reject.value)).collect()
    };
    let found = decoded(&orders(), &text);
    assert_eq!((found.outcome.rows, found.outcome.rejected), (1, 3));
    assert_eq!(found.column("buyer_name"), [None]);
    assert_eq!(shown(&found), r#"Some("x") None None "#);
    let kept = decode_bytes(&orders(), &Asked { allow_personal_data: true, ..asked() }, text.as_bytes(), 1);
    assert_eq!(kept.full("buyer_name"), ["Jane Roe"]);
    assert!(shown(&kept).contains("surplus"));
}

#[test]
fn long_values_are_cut_in_rejects() {
    let source = declare(&ORDERS.replace("max_line_bytes = 200", "").replace("pii = true, ", ""));
    let found = decoded(&source, with_columns("price", &[&"é".repeat(500)]));
    assert_eq!(found.outcome.rejects[0].value, Some("é".repeat(200)));
}

#[test]
fn decimal_marks_are_decided_per_column_with_the_file_as_default() {
    let prices = |cells: &[&str]| {
        let found = decoded(&orders(), with_columns("price\tweight", cells));
        (found.column("price"), found.column("weight"), found.outcome.decimal_comma, found.outcome.rejected)
    };
    let comma = prices(&["29,99\t1.234", "1.234,56\t", "1.000\t2"]);
    assert_eq!(comma.0, some(&["29.9900", "1234.5600", "1000.0000"]));
    assert_eq!(comma.1, some(&["1234.0000", "", "2.0000"]), "nothing of its own: as the rest of the file");
    assert_eq!((comma.2, comma.3), (true, 0));
    let point = prices(&["29.99\t1,234", "1,234.56\t", "1,000\t2"]);
    assert_eq!(point.1, some(&["1234.0000", "", "2.0000"]));
    assert_eq!((point.2, point.3), (false, 0));
    let mixed = prices(&["0,28\t17.92", "0,64\t1.5"]);
    assert_eq!((mixed.0, mixed.1), (some(&["0.2800", "0.6400"]), some(&["17.9200", "1.5000"])));
    assert_eq!((mixed.2, mixed.3), (true, 0));
    // No word on the mark anywhere: a person has it.
    let open = decoded(&orders(), with_columns("price", &["1.234"])).outcome.refused.unwrap_or_default();
    assert!(open.contains("--decimal comma or point"), "{open}");
    // A column that has both: the minority and whatever either could explain are refused.
    assert_eq!(prices(&["29.99\t", "28.99\t", "27,99\t", "1,234\t", "5\t"]).3, 2);
    let both = decoded(&orders(), with_columns("price\tweight", &["1.234\t", "2.345\t", "1,500\t"])).outcome;
    assert!(both.refused.unwrap_or_default().contains("--decimal comma or point"), "nothing says which");
    // Decimals nearby, and not a number that separates thousands: nothing says which of the two a comma does.
    assert_eq!(prices(&["29.99\t1,500"]).3, 1);
    assert_eq!(prices(&["29.99\t1,500", "1,029.99\t"]).3, 0);
}

#[test]
fn whole_numbers_tell_the_mark_too() {
    let found = decoded(&orders(), with_columns("quantity\tprice", &["1.500\t2.500", "7\t3"]));
    assert_eq!(found.column("quantity"), some(&["1500", "7"]));
    assert_eq!(found.column("price"), some(&["2500.0000", "3.0000"]));
}

#[test]
fn a_whole_number_has_no_three_zeros_behind_a_mark() {
    let read = |cells: &[&str]| {
        let found = decoded(&orders(), with_columns("quantity\tprice", cells));
        (found.column("quantity"), found.outcome.rejected)
    };
    assert_eq!(read(&["1,000\t2.50"]), (some(&["1000"]), 0));
    assert_eq!(read(&["1.000\t2,50"]), (some(&["1000"]), 0));
    assert_eq!(read(&["1.000\t2.50", "3.0\t1"]), (some(&["3"]), 1));
}

/// Settlements: strict, dates and total in the first row only, and a sum that must match.
const SETTLEMENTS: &str = r#"
version = 1
doc = "Settlements."
format = "tsv"
scope = "account"
strict = true
unit = { columns = ["settlement_id"] }
month = "end_date"
as_of = "end_date"
max_rejected_share = 0.6
may_end_with = "total"
controls = [{ sum = ["amount", "fee"], equals = "total" }]
[columns]
settlement_id = { type = "text", required = true, doc = "Settlement." }
end_date = { type = "date", required = true, fill_down = true, doc = "End.", formats = ["%d/%m/%Y", "%m/%d/%Y"] }
total = { type = "decimal(18,4)", fill_down = true, doc = "Total." }
amount = { type = "decimal(18,4)", doc = "Amount." }
fee = { type = "decimal(38,9)", doc = "Fee." }
"#;

#[test]
fn fill_down_and_controls() {
    let text = "settlement-id\tend-date\ttotal\tamount\tfee\n\
                S1\t2026-03-05\t10.00\n\
                S1\t\t\t12.5\t-2.5\n\
                S2\t2026-04-05\t7\n\
                S2\t\t\t6.99\t\n";
    let found = decoded(&declare(SETTLEMENTS), text);
    assert_eq!(found.full("end_date"), ["2026-03-05", "2026-03-05", "2026-04-05", "2026-04-05"]);
    assert_eq!(found.full("_month"), ["2026-03-01", "2026-03-01", "2026-04-01", "2026-04-01"]);
    let off = &found.outcome.unbalanced;
    assert_eq!(off.len(), 1);
    assert_eq!((off[0].unit.as_str(), off[0].sum.as_str(), off[0].expected.as_str()), ("S2", "6.99", "7"));
}

#[test]
fn a_control_decides_what_the_numbers_leave_open() {
    let settle = |total: &str, amounts: [&str; 2]| {
        let [a, b] = amounts;
        let text = format!("settlement-id\tend-date\ttotal\tamount\nS\t2026-03-05\t{total}\nS\t\t\t{a}\nS\t\t\t{b}\n");
        let found = decoded(&declare(SETTLEMENTS), text);
        assert!(found.outcome.unbalanced.is_empty(), "{:?}", found.outcome.unbalanced);
        (found.column("amount"), found.outcome.decimal_comma)
    };
    assert_eq!(settle("2469", ["1.234", "1.235"]), (some(&["", "1234.0000", "1235.0000"]), true));
    assert_eq!(settle("2.469", ["1.234", "1.235"]).0, some(&[]), "either mark makes a sum that matches");
}

#[test]
fn a_control_proves_what_each_amount_reads_as() {
    let settle = |total: &str, amounts: &[&str]| {
        let lines: String = amounts.iter().map(|amount| format!("S\t\t\t{amount}\n")).collect();
        let text = format!("settlement-id\tend-date\ttotal\tamount\nS\t2026-03-05\t{total}\n{lines}");
        let found = decoded(&declare(SETTLEMENTS), text);
        (found.column("amount"), found.outcome.held_back.len() + found.outcome.unbalanced.len())
    };
    assert_eq!(settle("22.24", &["19,99", "5.05", "-2,80"]), (some(&["", "19.9900", "5.0500", "-2.8000"]), 0));
    assert_ne!(settle("22.25", &["19,99", "5.05", "-2,80"]).1, 0);
    assert_ne!(settle("1259.04", &["19,99", "5.05", "1,234"]).1, 0, "what reads in two ways proves nothing");
}

#[test]
fn day_and_month_are_in_the_order_of_the_file() {
    let ends = |cells: [&str; 2]| {
        let text = format!("settlement-id\tend-date\nA\t{}\nB\t{}\n", cells[0], cells[1]);
        let found = decoded(&declare(SETTLEMENTS), text);
        (found.column("end_date"), found.outcome.refused.unwrap_or_default())
    };
    assert_eq!(ends(["01/02/2026", "13/02/2026"]), (some(&["2026-02-01", "2026-02-13"]), String::new()));
    assert_eq!(ends(["01/02/2026", "02/13/2026"]), (some(&["2026-01-02", "2026-02-13"]), String::new()));
    assert_eq!(ends(["01/02/2026", "12/01/2026"]).0, some(&["2026-02-01", "2026-01-12"]), "nothing is yet to come");
    assert!(ends(["01/02/2026", "03/02/2026"]).1.contains("--day-order dmy or mdy"), "nothing says which");
    assert!(ends(["14/02/2026", "02/13/2026"]).1.contains("in both orders"), "neither can be trusted");
}

#[test]
fn a_bad_row_holds_its_unit_back_and_unattributed_ones_all() {
    let text = "settlement-id\tend-date\ttotal\tamount\tfee\n\
                S1\t2026-03-05\t1\n\
                S1\t\t\tx\t\n\
                S2\t\t\t1\t\tsurplus\n\
                S3\t2026-03-05\t5\n";
    let found = decoded(&declare(SETTLEMENTS), text).outcome;
    assert_eq!(found.held_back.iter().collect::<Vec<_>>(), ["S1", "S2"]);
    assert!(!found.hold_back_all);
    let found = decoded(&declare(SETTLEMENTS), format!("{text}\t\t\t5\t\n")).outcome;
    assert!(found.hold_back_all);
    let found =
        decoded(&declare(&SETTLEMENTS.replace("[\"settlement_id\"]", "[\"settlement_id\", \"end_date\"]")), text);
    assert_eq!(found.outcome.held_back.len(), 2);
    let unreadable = text.replacen("2026-03-05", "yesterday", 1);
    let source = declare(&SETTLEMENTS.replace("[\"settlement_id\"]", "[\"settlement_id\", \"end_date\"]"));
    assert!(decoded(&source, unreadable).outcome.hold_back_all, "half a key is no key");
    let lenient = decoded(&orders(), with_columns("price", &["1"]) + "\t2026-03-01\t2\n").outcome;
    assert!(!lenient.hold_back_all && lenient.held_back.is_empty());
}

#[test]
fn too_many_rejects_refuse_the_delivery() {
    let source = declare(&ORDERS.replace("max_rejected_share = 0.9", "max_rejected_share = 0.5"));
    let outcome = decoded(&source, with_columns("price", &["1", "x"])).outcome;
    assert_eq!(outcome.refused, None);
    let outcome = decoded(&source, with_columns("price", &["x", "y", "1"])).outcome;
    let sentence = outcome.refused.unwrap();
    assert!(sentence.starts_with("2 of 3 rows") && sentence.ends_with("line 2: price is not a number"), "{sentence}");
    assert_eq!(outcome.rejects.len(), 2);
}

#[test]
fn rounding_is_counted() {
    let found = decoded(&orders(), with_columns("price", &["0.30000000000000004", "1.5"]));
    assert_eq!(found.column("price"), some(&["0.3000", "1.5000"]));
    assert_eq!(found.outcome.rounded, 1);
}

/// Returns: a unit per day asked for.
pub const RETURNS: &str = r#"
version = 1
doc = "Returns."
format = "csv"
scope = "marketplace"
unit = { day = "day" }
month = "day"
max_rejected_share = 0.9
empty_counts_after_hours = 48
[columns]
day = { type = "timestamp", required = true, doc = "Day." }
quantity = { type = "int", doc = "Quantity." }
note = { type = "text", doc = "Note." }
covered = { type = "date", from = "window_to", doc = "Last day." }
marketplace_id = { type = "text", from = "marketplace", doc = "Marketplace." }
"#;

#[test]
fn days_asked_for_are_units_and_others_stay_outside() {
    let text = "day,quantity\n2026-03-01T05:00:00Z,1\n2026-02-28T23:59:59Z,2\n2026-03-06T00:00:00Z,3\n2026-03-01,4\n";
    let found = decoded(&declare(RETURNS), text);
    let outcome = &found.outcome;
    assert_eq!((outcome.rows, outcome.outside_window), (2, 2));
    assert_eq!(found.full("_unit"), ["2026-03-01\u{1f}EU"; 2]);
    assert_eq!(found.full("covered"), ["2026-03-03"; 2]);
    assert_eq!(found.full("marketplace_id"), ["EU"; 2], "the scope of a marketplace source is the marketplace");
    assert!(outcome.empty.is_empty(), "what has rows of other days says nothing of the days it has none of");
    let outcome = decoded(&declare(RETURNS), "day,quantity\n2026-03-01T05:00:00Z,1\n").outcome;
    let empty: Vec<&str> = outcome.empty.iter().map(|empty| empty.unit.as_str()).collect();
    assert_eq!(empty, ["2026-03-02\u{1f}EU", "2026-03-03\u{1f}EU"]);
    assert_eq!(outcome.empty[0].month.unwrap().to_string(), "2026-03-01");
}

#[test]
fn an_early_empty_answer_says_nothing() {
    let early = Asked { as_of: Some("2026-03-05T00:00:00Z"), ..asked() };
    let outcome = decode_bytes(&declare(RETURNS), &early, b"day,quantity\n", 1).outcome;
    let empty: Vec<&str> = outcome.empty.iter().map(|empty| &empty.unit[..10]).collect();
    assert_eq!((empty, outcome.too_early), (vec!["2026-03-01", "2026-03-02"], 1));
}

#[test]
fn a_unit_with_a_bad_row_is_incomplete_and_never_empty() {
    let outcome = decoded(&declare(RETURNS), "day,quantity\n2026-03-01,1\n2026-03-02,x\n").outcome;
    assert_eq!(outcome.incomplete.iter().collect::<Vec<_>>(), ["2026-03-02\u{1f}EU"]);
    assert_eq!(outcome.empty.len(), 1);
    let outcome = decoded(&declare(RETURNS), "day,quantity\n2026-03-01,1\nyesterday,2\n").outcome;
    assert_eq!((outcome.incomplete.len(), outcome.empty.len()), (3, 0), "it may belong to any of them");
}

#[test]
fn periods_and_lists_are_one_unit() {
    let period = declare(&RETURNS.replace("{ day = \"day\" }", "\"period\""));
    let outcome = decoded(&period, "day,quantity\n").outcome;
    assert_eq!(outcome.empty[0].unit, "2026-03-01..2026-03-03\u{1f}EU");
    let list = declare(
        &RETURNS
            .replace("{ day = \"day\" }", "\"as_of_day\"")
            .replace("month = \"day\"", "month = \"as_of\"\nas_of = \"day\""),
    );
    let found =
        decode_bytes(&list, &Asked { scope: Some("EU"), ..Asked::default() }, b"day\n2026-03-01\n2026-04-02\n", 2);
    assert_eq!(found.full("_unit"), ["2026-04-02\u{1f}EU"; 2], "the newest row dates the list");
    assert_eq!(found.full("_month"), ["2026-04-01"; 2]);
}

#[test]
fn missing_arguments_are_usage_errors() {
    let fails = |source: &Source, asked: &Asked<'_>| {
        let delivery = delivery(source, asked, b"");
        let request = DecodeRequest { source, delivery: &delivery, allow_personal_data: false, threads: 1 };
        decode(&request, b"day\n", &mut |_| Ok(())).unwrap_err()
    };
    let no_window = fails(&declare(RETURNS), &Asked { as_of: Some("2026-03-05T00:00:00Z"), ..Asked::default() });
    assert_eq!(no_window.kind(), Kind::Usage);
    assert!(no_window.remedy().unwrap().contains("--window"));
    let no_as_of = fails(&declare(RETURNS), &Asked { window: Some("2026-03-01..2026-03-02"), ..Asked::default() });
    assert!(no_as_of.remedy().unwrap().contains("--as-of"));
    let hours = Asked { window: Some("2026-03-01T01:00:00Z..2026-03-01T02:00:00Z"), ..asked() };
    assert!(fails(&declare(RETURNS), &hours).to_string().contains("no whole UTC day"));
}

#[test]
fn quotes_quote_where_declared() {
    let text = "day,quantity,\"note\"\r\n\
                2026-03-01,1,\"a \"\"b\"\", c\"\r\n\
                \r\n\
                2026-03-01,2,\"over\nthree\n\nlines\"\r\n\
                2026-03-01,3,24\" wide\n\
                2026-03-01,4,\"half\" quoted\n\
                2026-03-01,5,a,b\n\
                2026-03-01,6,\n";
    let found = decoded(&declare(RETURNS), text);
    assert_eq!(found.column("note"), some(&["a \"b\", c", "over\nthree\n\nlines", "24\" wide", "\"half\" quoted", ""]));
    assert_eq!(found.full("_line"), ["2", "4", "8", "9", "11"]);
    assert_eq!(reject_lines(&found.outcome), [(10, None)]);
    assert_eq!(found.outcome.rejects[0].value.as_deref(), Some("2026-03-01,5,a,b"));
}

#[test]
fn a_file_whose_every_header_is_quoted_quotes() {
    let text =
        "\"order-id\"\t\"updated\"\t\"title\"\r\n\"O1\"\t\"2026-03-01\"\t\"24\"\" wide\"\r\nO2\t2026-03-01\t\r\n";
    let found = decoded(&orders(), text);
    assert_eq!(found.full("_unit"), ["O1", "O2"]);
    assert_eq!(found.column("title"), some(&["24\" wide", ""]));
}

#[test]
fn a_quote_never_closed_costs_one_line() {
    let text = format!("day,quantity,note\n2026-03-01,1,\"open\n{}", "2026-03-02,2,fine\n".repeat(3));
    let found = decoded(&declare(RETURNS), &text);
    assert_eq!((found.outcome.rows, reject_lines(&found.outcome)), (3, vec![(2, None)]));
    assert!(found.outcome.rejects[0].reason.contains("quote"));
}

#[test]
fn a_line_too_long_is_one_reject() {
    let long = "y".repeat(300);
    let found = decoded(&orders(), with_columns("title", &["a", &long, "b"]));
    assert_eq!(found.full("_unit"), ["O1", "O3"]);
    assert_eq!(reject_lines(&found.outcome), [(3, None)]);
    let source = declare(&format!("max_line_bytes = 200\n{RETURNS}"));
    let text =
        format!("day,quantity,note\n2026-03-01,1,{long}\n2026-03-01,2,\"{}\"\n2026-03-01,3,b\n", "x\n".repeat(200));
    let found = decoded(&source, text);
    assert_eq!(found.full("quantity"), ["3"]);
    assert_eq!(reject_lines(&found.outcome)[..2], [(2, None), (3, None)]);
}

/// Two chunks of rows, and a line longer than both together: that one may not be cut into cells.
#[test]
fn chunks_and_threads_do_not_show() {
    let mut text = with_columns("title\tprice", &[]);
    let long = "x".repeat(130);
    for index in 0..60_000 {
        let price = if index % 1_000 == 7 { "x".to_owned() } else { format!("{}.{:02}", index % 900, index % 100) };
        text.push_str(&format!("O{}\t2026-03-{:02}T10:00:00Z\t{long} {index}\t{price}\n", index / 2, index % 28 + 1));
    }
    text.push_str(&"\t".repeat(20 << 20));
    text.push_str("\nlast\t2026-03-01\t\t1,5\n");
    let one = decode_bytes(&orders(), &asked(), text.as_bytes(), 1);
    assert_eq!((one.outcome.rows, one.outcome.rejected), (59_940, 62));
    assert_eq!(one.outcome.rejects.last().unwrap().line, 60_003, "one decimal comma among points");
    let last = one.full("_line").last().unwrap().clone();
    assert_eq!(last, "60001");
    for threads in [2, 5] {
        let many = decode_bytes(&orders(), &asked(), text.as_bytes(), threads);
        assert_eq!(many.outcome, one.outcome);
        assert_eq!(many.full("_line"), one.full("_line"));
        assert_eq!(many.full("_unit"), one.full("_unit"));
    }
}

#[test]
fn a_receiver_that_fails_stops_everything() {
    let text = with_columns("title", &["x"; 200]).repeat(5_000);
    let (source, asked) = (orders(), asked());
    let delivery = delivery(&source, &asked, b"");
    for threads in [1, 2] {
        let request = DecodeRequest { source: &source, delivery: &delivery, allow_personal_data: false, threads };
        let mut calls = 0;
        let error = decode(&request, text.as_bytes(), &mut |_| {
            calls += 1;
            Err(sellerlake_contracts::Error::permanent(Kind::Storage, "disk full"))
        });
        assert_eq!((error.unwrap_err().kind(), calls), (Kind::Storage, 1));
    }
}
