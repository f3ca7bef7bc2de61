//! JSON at the decoder's boundary: paths, contexts, drift, refusals, and inputs nobody would write.

use proptest::prelude::*;
use sellerlake_contracts::{Error, Kind};
use sellerlake_schemas::Source;
use sellerlake_transforms::decode::{DecodeRequest, Outcome, decode};

use crate::beside::shared;
use crate::decoded::{Asked, Decoded, built_in, decode_bytes, delivery, source};

/// A source declared in the test itself.
fn declared(text: &str) -> Source {
    let mut source: Source = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    source.name = "invented".into();
    source.columns.iter_mut().for_each(|(name, column)| column.name.clone_from(name));
    source
}

const ORDERS: &str = r#"
version = 1
doc = "Orders with items and amounts."
format = "json"
scope = "account"
unit = { columns = ["order_id"] }
as_of = "placed"
wrappers = ["payload"]
amount_keys = ["amount"]
ignore = ["nextToken"]
rows = [
    { kind = "order", path = "orders[]" },
    { kind = "item", path = "orders[].items[]" },
    { kind = "amount", path = "orders[].**" },
]
[columns]
kind = { type = "text", from = "row_kind", doc = "d" }
ordinal = { type = "int", from = "ordinal", doc = "d" }
node_path = { type = "text", from = "node_path", doc = "d" }
order_id = { type = "text", path = ["orders[].id"], required = true, doc = "d" }
placed = { type = "timestamp", path = ["orders[].placed"], doc = "d" }
item_id = { type = "text", path = ["^itemId"], doc = "d" }
sku = { type = "text", path = ["orders[].items[].sku"], required = true, doc = "d" }
alias = { type = "text", path = ["orders[].names[kind=SELLER].value"], doc = "d" }
programs = { type = "json", path = ["orders[].programs"], doc = "d" }
codes = { type = "json", path = ["orders[].packages[].code"], doc = "d" }
code = { type = "text", path = ["orders[].packages[].code"], doc = "d" }
amount = { type = "decimal(18,4)", path = ["^amount"], doc = "d" }
currency = { type = "text", path = ["^currency"], doc = "d" }
until = { type = "text", path = ["until", "stated.until"], doc = "d" }
gift = { type = "bool", path = ["orders[].items[].gift"], doc = "d" }
buyer = { type = "text", path = ["orders[].buyer.name"], pii = true, doc = "d" }
"#;

fn orders(text: &str) -> Decoded {
    decode_bytes(&declared(ORDERS), &Asked::default(), text.as_bytes(), 1)
}

fn cells(decoded: &Decoded, name: &str) -> Vec<String> {
    decoded.column(name).into_iter().map(|cell| cell.unwrap_or_else(|| "-".into())).collect()
}

fn refusal(text: &str) -> String {
    orders(text).outcome.refused.unwrap_or_else(|| panic!("accepted: {text}"))
}

const PAGE: &str = r#"{"payload":{"orders":[{"id":"A","placed":"2026-03-01T10:00:00Z","programs":["X","Y"],
    "total":{"amount":"10.50","currency":"EUR"},
    "packages":[{"code":1},{"code":"two"}],
    "names":[{"kind":"OTHER","value":"no"},{"kind":"SELLER","value":"yes"}],
    "items":[{"itemId":"i1","sku":"S1","gift":"true","price":{"amount":4.10,"currency":"EUR"}},
             {"itemId":"i2","sku":"S2","gift":false,"taxes":[{"value":{"amount":0.1,"currency":"EUR"}},
                                                             {"value":{"amount":12.340000000000002,"currency":"EUR"}}]}]}],
    "until":"later","nextToken":"t"}}"#;

#[test]
fn one_record_yields_rows_of_every_set() {
    let decoded = orders(PAGE);
    assert_eq!(decoded.outcome.refused, None);
    assert_eq!(decoded.outcome.rejects, []);
    // A name nobody picks is news.
    assert_eq!(decoded.outcome.drift.keys().collect::<Vec<_>>(), ["orders[].names[].kind", "orders[].names[].value"]);
    assert_eq!(cells(&decoded, "kind"), ["order", "item", "item", "amount", "amount", "amount", "amount"]);
    assert_eq!(cells(&decoded, "ordinal"), ["0", "0", "1", "0", "0", "0", "1"]);
    assert_eq!(
        cells(&decoded, "node_path"),
        ["-", "items", "items", "total", "items.price", "items.taxes.value", "items.taxes.value"]
    );
    assert_eq!(cells(&decoded, "item_id"), ["-", "i1", "i2", "-", "i1", "i2", "i2"]);
    assert_eq!(cells(&decoded, "sku"), ["-", "S1", "S2", "-", "-", "-", "-"]);
    assert_eq!(cells(&decoded, "gift"), ["-", "true", "false", "-", "-", "-", "-"]);
    assert_eq!(cells(&decoded, "amount"), ["-", "-", "-", "10.5000", "4.1000", "0.1000", "12.3400"]);
    assert_eq!(decoded.outcome.rounded, 1);
    assert_eq!(cells(&decoded, "alias"), vec!["yes"; 7]);
    assert_eq!(cells(&decoded, "programs"), vec![r#"["X","Y"]"#; 7]);
    // A list no row set stands in: all its values as JSON, none as text.
    assert_eq!(cells(&decoded, "codes"), vec![r#"[1,"two"]"#; 7]);
    assert_eq!(cells(&decoded, "code"), vec!["-"; 7]);
    // Stated after the list, outside the records.
    assert_eq!(cells(&decoded, "until"), vec!["later"; 7]);
    assert_eq!(cells(&decoded, "_unit"), vec!["A"; 7]);
    assert_eq!(cells(&decoded, "_line"), vec!["1"; 7]);
}

#[test]
fn pages_follow_each_other_with_anything_or_nothing_between() {
    let one = r#"{"payload":{"orders":[{"id":"A"}]}}"#;
    let two = r#"{"orders":[{"id":"B"},{"id":"C"}]}"#;
    let empty = r#"{"payload":{"orders":[],"nextToken":"x"}}"#;
    for between in ["", "\n", " \r\n\t"] {
        let decoded = orders(&format!("\u{feff}{}", [one, empty, two, "{}"].join(between)));
        assert_eq!(decoded.outcome.refused, None);
        assert_eq!(cells(&decoded, "order_id"), ["A", "B", "C"]);
        assert_eq!(cells(&decoded, "_line"), ["1", "2", "3"]);
    }
}

#[test]
fn records_that_tell_themselves_apart_count_once() {
    let identity = "unit = { columns = [\"date\"] }\nidentity = [\"date\", \"clicks\"]";
    let told = DAYS.replace("unit = { day = \"date\" }", identity);
    let row = |clicks: &str| format!(r#"{{"date":"2026-03-01","clicks":{clicks},"cost":1}}"#);
    let page = |clicks: &[&str]| format!("[{}]", clicks.iter().map(|one| row(one)).collect::<Vec<_>>().join(","));
    // On a page, at the boundary of two or pages apart; what can't be told apart stays.
    let pages = [page(&["1", "1", "null"]), page(&[]), page(&["1", "null", "2"]), page(&["3"]), page(&["2"])];
    let asked = Asked { as_of: Some("2026-03-09T00:00:00Z"), scope: Some("P"), ..Asked::default() };
    let decoded = decode_bytes(&declared(&told), &asked, pages.concat().as_bytes(), 1);
    assert_eq!(cells(&decoded, "clicks"), ["1", "-", "-", "2", "3"]);
    assert_eq!((decoded.outcome.rows, decoded.outcome.repeated), (5, 3));
}

const DAYS: &str = r#"
version = 1
doc = "Days, a report's bare list."
format = "json"
scope = "profile"
unit = { day = "date" }
month = "date"
empty_counts_after_hours = 24
rows = [{ kind = "row", path = "[]" }]
[columns]
date = { type = "date", path = ["[].date"], required = true, doc = "d" }
clicks = { type = "int", path = ["[].clicks"], doc = "d" }
cost = { type = "decimal(38,9)", path = ["[].cost"], doc = "d" }
"#;

fn days(text: &str, as_of: &str) -> Decoded {
    let asked =
        Asked { scope: Some("P"), window: Some("2026-03-01..2026-03-02"), as_of: Some(as_of), ..Asked::default() };
    decode_bytes(&declared(DAYS), &asked, text.as_bytes(), 1)
}

#[test]
fn a_bare_list_may_be_empty_and_then_says_so() {
    let empty = |outcome: &Outcome| -> Vec<String> { outcome.empty.iter().map(|empty| empty.unit.clone()).collect() };
    let decoded = days(r#"[{"date":"2026-03-01","clicks":3.0,"cost":1E-3}]"#, "2026-04-01T00:00:00Z");
    assert_eq!((cells(&decoded, "clicks"), cells(&decoded, "cost")), (vec!["3".into()], vec!["0.001000000".into()]));
    assert_eq!(empty(&decoded.outcome), ["2026-03-02\u{1f}P"]);
    for text in ["[]", "{}", " [ ] \n"] {
        let decoded = days(text, "2026-04-01T00:00:00Z");
        assert_eq!((decoded.outcome.refused.clone(), decoded.rows()), (None, 0));
        assert_eq!(empty(&decoded.outcome), ["2026-03-01\u{1f}P", "2026-03-02\u{1f}P"]);
        let early = days(text, "2026-03-03T12:00:00Z");
        assert_eq!((empty(&early.outcome), early.outcome.too_early), (vec!["2026-03-01\u{1f}P".into()], 1));
    }
    let outside = days(r#"[{"date":"2026-03-05"}]"#, "2026-04-01T00:00:00Z");
    assert_eq!((outside.rows(), outside.outcome.outside_window), (0, 1));
}

#[test]
fn keys_leaves_and_names_are_bound() {
    let source = declared(
        r#"
        version = 1
        doc = "Lists under any key, and a recursive list."
        format = "json"
        scope = "account"
        strict = true
        unit = "period"
        month = "window"
        amount_keys = ["Sum"]
        rows = [{ kind = "event", path = "Events.*[]" }, { kind = "leaf", path = "Events.*[].parts{}" }]
        [columns]
        list = { type = "text", from = "key", doc = "d" }
        kind = { type = "text", from = "row_kind", doc = "d" }
        date = { type = "text", path = ["Events.*[].Date"], doc = "d" }
        names = { type = "text", path = ["@names(type)"], doc = "d" }
        sum = { type = "decimal(18,4)", path = ["Events.*[].parts{}.sum"], doc = "d" }
        path = { type = "text", from = "node_path", doc = "d" }
        to = { type = "date", from = "window_to", doc = "d" }
        "#,
    );
    let text = r#"{"Events":{"Known":[{"Date":"d1","parts":[
        {"type":"Fees","sum":3,"parts":[{"type":"Base","sum":1,"parts":[]},{"type":"Tax","sum":2,"parts":null}]},
        {"type":"Price","sum":5}]}],"New":[{"Date":"d2"}],"Odd":null,"Odder":{"a":1}}}"#;
    let at = Some("2026-04-01T00:00:00Z");
    let asked = Asked { window: Some("2026-03-01..2026-03-02"), as_of: at, ..Asked::default() };
    let decoded = decode_bytes(&source, &asked, text.as_bytes(), 1);
    assert_eq!(decoded.outcome.refused, None);
    assert_eq!(cells(&decoded, "list"), ["Known", "Known", "Known", "Known", "New"]);
    assert_eq!(cells(&decoded, "date"), ["d1", "d1", "d1", "d1", "d2"]);
    assert_eq!(cells(&decoded, "names"), ["-", "Fees > Base", "Fees > Tax", "Price", "-"]);
    assert_eq!(cells(&decoded, "sum"), ["-", "1.0000", "2.0000", "5.0000", "-"]);
    assert_eq!(cells(&decoded, "path"), ["-", "parts.parts", "parts.parts", "parts", "-"]);
    assert_eq!(cells(&decoded, "to"), vec!["2026-03-02"; 5]);
    // A parent's own sum is declared, too; the member that is no list isn't.
    let drift: Vec<(&str, u64)> = decoded.outcome.drift.iter().map(|(path, count)| (path.as_str(), *count)).collect();
    assert_eq!(drift, [("Events.Odder.a", 1)]);
    assert_eq!(decoded.outcome.empty, [], "two row sets share the unit, and one has rows");
}

#[test]
fn what_nobody_declared_is_counted_and_kept() {
    let decoded = orders(
        r#"{"stated":{"until":"x","by":"y"},"orders":[
            {"id":"A","names":[{"kind":"NEW","value":"n"},{"kind":"SELLER","value":"s"},{"kind":"SELLER","value":"t"}],
             "fresh":[1.50,null,"",{"deep":true}],"buyer":{"name":"Ann","phone":"5","nick":"A"},"items":[]},
            {"id":"B","fresh":[2]}]}"#,
    );
    let drift: Vec<(&str, u64)> = decoded.outcome.drift.iter().map(|(path, count)| (path.as_str(), *count)).collect();
    assert_eq!(
        drift,
        [
            ("orders[].fresh[]", 2),
            ("orders[].fresh[].deep", 1),
            ("orders[].names[].kind", 2),
            ("orders[].names[].value", 2),
            ("stated.by", 1),
        ]
    );
    let dropped: Vec<&String> = decoded.outcome.dropped.keys().collect();
    assert_eq!(dropped, ["orders[].buyer.nick", "orders[].buyer.phone"]);
    let extra = r#"{"orders[].fresh[]":[1.50],"orders[].fresh[].deep":[true],"orders[].names[].kind":["NEW","SELLER"],"orders[].names[].value":["n","t"]}"#;
    assert_eq!(cells(&decoded, "_extra"), [extra, r#"{"orders[].fresh[]":[2]}"#]);
    assert_eq!(cells(&decoded, "until"), ["x", "x"]);
}

#[test]
fn bad_rows_are_rejected_with_column_and_reason() {
    let decoded = orders(
        r#"{"orders":[{"id":"A","placed":{"at":1}},{"id":"B","placed":"soon"},{"placed":null},{"id":7},
            {"id":"C","items":[{"sku":"ok"},{"itemId":"no sku"}]}]}"#,
    );
    let rejects: Vec<(u64, &str, Option<&str>)> = decoded
        .outcome
        .rejects
        .iter()
        .map(|reject| (reject.line, reject.column.as_deref().unwrap_or("-"), reject.value.as_deref()))
        .collect();
    assert_eq!(rejects, [(1, "placed", None), (2, "placed", Some("soon")), (3, "order_id", None), (5, "sku", None)]);
    assert_eq!(decoded.outcome.rejects[0].reason, "is an object where timestamp is declared");
    assert_eq!(decoded.outcome.held_back.iter().collect::<Vec<_>>(), ["A", "B", "C"]);
    assert_eq!(cells(&decoded, "order_id"), ["7", "C", "C"]);
}

#[test]
fn personal_columns_are_dropped_unless_allowed() {
    let text = r#"{"orders":[{"id":"A","buyer":{"name":"Ann"}},{"id":"B","buyer":{"name":["Bo"]}}]}"#;
    let dropped = orders(text);
    assert_eq!(cells(&dropped, "buyer"), ["-", "-"]);
    assert_eq!(cells(&dropped, "_extra")[0], "-");
    let asked = Asked { allow_personal_data: true, ..Asked::default() };
    let kept = decode_bytes(&declared(ORDERS), &asked, text.as_bytes(), 1);
    assert_eq!(cells(&kept, "buyer"), ["Ann"]);
    let reject = &kept.outcome.rejects[0];
    assert_eq!((reject.column.as_deref(), reject.value.as_deref()), (Some("buyer"), None));
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    assert_eq!(
        refusal("{\"orders\":[{\"id\":\"A\"},\n  {\"id\":"),
        "the JSON document is cut off at line 2, column 8, byte 30: EOF while parsing a value"
    );
    let malformed = refusal("{\"orders\":[]}\n{\"orders\":[\n{\"id\":NaN}]}");
    assert!(malformed.starts_with("the JSON is malformed at line 3, column 7, byte 32"), "{malformed}");
    let html = refusal("\n<html>\n <body>503\u{0} Service   Unavailable</body></html>");
    assert_eq!(
        html,
        "this is HTML or XML where JSON was expected; it begins: <html> <body>503 Service Unavailable</body></html>"
    );
    let text = refusal(&format!("Forbidden {}", "x".repeat(200)));
    assert!(text.starts_with("this is not a JSON object or list; it begins: Forbidden xxx"));
    assert_eq!(text.rsplit_once("begins: ").unwrap().1.chars().count(), 80);
    assert!(refusal("").contains("empty") && refusal(" \n").contains("empty"));
    assert!(refusal("null").contains("begins: null"));
    assert!(refusal("{\"orders\":[]} trailing").contains("begins: trailing"));
    assert!(refusal("{\"orders\":[{\"id\":\"\u{1}\"}]}").contains("control character"));
    let bytes = [b"{\"orders\":[{\"id\":\"".as_slice(), b"\xff\xfe", b"\"}]}"].concat();
    let outcome = decode_bytes(&declared(ORDERS), &Asked::default(), &bytes, 1).outcome;
    assert!(outcome.refused.unwrap().contains("malformed"));
}

#[test]
fn nesting_is_refused_before_it_hurts() {
    for depth in [200, 1_000_000] {
        let nest = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let inside = refusal(&format!(r#"{{"orders":[{{"id":"A","deep":{nest}}}]}}"#));
        assert!(inside.contains("recursion limit") && inside.contains("byte"), "{inside}");
        assert!(refusal(&format!(r#"{{"orders":[],"deep":{nest}}}"#)).contains("recursion limit"));
    }
}

#[test]
fn an_error_message_or_another_document_is_no_empty_answer() {
    let error = refusal(r#"{"errors":[{"code":"QuotaExceeded","message":"You exceeded your quota","details":""}]}"#);
    assert_eq!(error, "the document is an error message, not data: QuotaExceeded You exceeded your quota");
    assert!(refusal(r#"{"traffic":[{"day":1}]}"#).contains("none of the places where invented has rows: orders[]"));
    // Beside data an error is drift; nothing but known members is an empty answer.
    assert_eq!(orders(r#"{"orders":[{"id":"A"}],"errors":[{"code":"x"}]}"#).outcome.drift.len(), 1);
    assert_eq!(orders(r#"{"payload":{"nextToken":"t"}}"#).outcome.refused, None);
    assert_eq!(orders(r#"{"payload":{"orders":null}}"#).outcome.refused, None);
}

#[test]
fn a_record_too_long_is_one_reject() {
    let mut source = declared(ORDERS);
    source.max_line_bytes = Some(60);
    let long = format!(r#"{{"orders":[{{"id":"A"}},{{"id":"B","programs":["{}"]}},{{"id":"C"}}]}}"#, "x".repeat(80));
    let decoded = decode_bytes(&source, &Asked::default(), long.as_bytes(), 1);
    assert_eq!(cells(&decoded, "order_id"), ["A", "C"]);
    let reject = &decoded.outcome.rejects[0];
    assert_eq!((reject.line, reject.reason.as_str()), (2, "is 106 bytes long, more than the 60 allowed"));
    assert_eq!(decoded.outcome.rejected, 1);
    source.strict = true;
    assert!(decode_bytes(&source, &Asked::default(), long.as_bytes(), 1).outcome.hold_back_all);
    // Outside the records, what is too long is left out and named.
    let text = format!(r#"{{"orders":[],"until":"u","news":"{}"}}"#, "x".repeat(80));
    let decoded = decode_bytes(&source, &Asked::default(), text.as_bytes(), 1);
    assert_eq!(decoded.outcome.drift.keys().collect::<Vec<_>>(), ["news"]);
}

#[test]
fn a_member_given_twice_spoils_its_record() {
    let decoded = orders(r#"{"orders":[{"id":"A","total":{"amount":1,"amount":2}},{"id":"B"}]}"#);
    assert_eq!(cells(&decoded, "order_id"), ["B"]);
    assert_eq!(decoded.outcome.rejects[0].reason, "member \"amount\" stands twice in one object");
    assert!(decoded.outcome.held_back.contains("A"));
}

#[test]
fn half_an_emoji_costs_nobody_the_row() {
    let decoded = orders(r#"{"orders":[{"id":"A","items":[{"sku":"cut \ud83d"},{"sku":"\ud83d\ude00 \u00e9"}]}]}"#);
    assert_eq!(cells(&decoded, "sku"), ["-", "cut \u{fffd}", "😀 é"]);
}

#[test]
fn one_object_is_one_row() {
    let mut source = declared(ORDERS);
    let single = r#"[{ kind = "order", path = "" }, { kind = "order", path = "orders[]" }]"#;
    source.rows =
        toml::from_str::<toml::Table>(&format!("rows = {single}")).unwrap()["rows"].clone().try_into().unwrap();
    let id = r#"["id", "orders[].id"]"#;
    let path = toml::from_str::<toml::Table>(&format!("path = {id}")).unwrap()["path"].clone().try_into().unwrap();
    source.columns["order_id"].path = path;
    let text = r#"{"payload":{"id":"A"}}{"id":"B","fresh":1}{"orders":[{"id":"C"}],"until":"u"}{}"#;
    let decoded = decode_bytes(&source, &Asked::default(), text.as_bytes(), 1);
    assert_eq!(decoded.outcome.rejects, []);
    assert_eq!(cells(&decoded, "order_id"), ["A", "B", "C"]);
    assert_eq!(cells(&decoded, "_extra"), ["-", r#"{"fresh":[1]}"#, "-"]);
    assert_eq!(cells(&decoded, "_line"), ["1", "2", "3"]);
}

#[test]
fn the_document_says_which_days_it_covers() {
    let mut source = declared(DAYS);
    source.rows[0].path = "days[]".to_owned().try_into().unwrap();
    source.columns["date"].path = vec!["days[].date".to_owned().try_into().unwrap()];
    source.window_paths = vec!["spec.from".into(), "spec.to".into()];
    let text = r#"{"days":[{"date":"2026-03-01"}],"spec":{"from":"2026-03-01","to":"2026-03-02T23:59:59Z"}}"#;
    let asked = Asked { scope: Some("P"), as_of: Some("2026-04-01T00:00:00Z"), ..Asked::default() };
    let decoded = decode_bytes(&source, &asked, text.as_bytes(), 1);
    assert_eq!(decoded.outcome.window.unwrap().to_string(), "2026-03-01T00:00:00Z..2026-03-03T00:00:00Z");
    assert_eq!((decoded.outcome.empty.len(), decoded.outcome.drift.len()), (1, 0));
    // The request's own window wins.
    let asked = Asked { window: Some("2026-03-01..2026-03-01"), ..asked };
    assert_eq!(decode_bytes(&source, &asked, text.as_bytes(), 1).outcome.empty, []);
}

#[test]
fn a_full_list_is_dated_by_its_newest_row() {
    let mut source = declared(ORDERS);
    source.unit = sellerlake_schemas::Unit::AsOfDay;
    source.as_of = Some("placed".into());
    let text = r#"{"orders":[{"id":"A","placed":"2026-03-01T10:00:00Z"}]}{"orders":[{"id":"B","placed":"2026-03-04T10:00:00Z"}]}"#;
    let decoded = decode_bytes(&source, &Asked::default(), text.as_bytes(), 1);
    assert_eq!(cells(&decoded, "_unit"), vec!["2026-03-04\u{1f}A1FIXTURE"; 2]);
    source.as_of = None;
    let delivery = delivery(&source, &Asked::default(), text.as_bytes());
    let request = DecodeRequest { source: &source, delivery: &delivery, allow_personal_data: false, threads: 1 };
    let error = decode(&request, text.as_bytes(), &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
}

#[test]
fn a_receiver_that_fails_is_heard() {
    let source = declared(ORDERS);
    let delivery = delivery(&source, &Asked::default(), b"");
    let request = DecodeRequest { source: &source, delivery: &delivery, allow_personal_data: false, threads: 1 };
    let many: String = (0..40_000).map(|n| format!(r#"{{"orders":[{{"id":"{n}"}}]}}"#)).collect();
    let mut batches = 0;
    let error = decode(&request, many.as_bytes(), &mut |_| {
        batches += 1;
        Err(Error::permanent(Kind::Storage, "disk full"))
    });
    assert_eq!((error.unwrap_err().kind(), batches), (Kind::Storage, 1));
    let mut rows = Vec::new();
    let outcome = decode(&request, many.as_bytes(), &mut |batch| {
        rows.push(batch.num_rows());
        Ok(())
    });
    assert_eq!((outcome.unwrap().rows, rows), (40_000, vec![32_768, 7_232]));
}

/// A JSON sample from beside the repository; `None` where there is none.
fn sample(file: &str, name: &str, asked: &Asked<'_>) -> Option<Decoded> {
    let path = shared(&format!("samples/json/{file}"))?;
    let decoded = decode_bytes(&source(&built_in(), name), asked, &std::fs::read(path).unwrap(), 1);
    assert_eq!((&decoded.outcome.refused, decoded.outcome.rejected), (&None, 0), "{:?}", decoded.outcome.rejects);
    Some(decoded)
}

#[test]
fn a_sales_and_traffic_report_has_days_and_asins() {
    let asked = Asked { marketplace: Some("ATVPDKIKX0DER"), as_of: Some("2024-03-10T00:00:00Z"), ..Asked::default() };
    let Some(decoded) = sample("sales_and_traffic_us_2024-02.json", "sales_and_traffic", &asked) else { return };
    let kinds = decoded.full("row_kind");
    let of_kind = |kind: &str| kinds.iter().filter(|own| *own == kind).count();
    assert_eq!((of_kind("date"), of_kind("asin"), kinds.len()), (12, 138, 150));
    assert!(decoded.outcome.drift.is_empty(), "{:?}", decoded.outcome.drift);
    assert_eq!(decoded.full("day")[0], "2024-02-14");
    assert_eq!(decoded.full("ordered_product_sales")[0], "10614.6900");
    assert_eq!(decoded.full("units_ordered")[0], "526");
    assert_eq!(decoded.full("period_to"), vec!["2024-02-26"; 150]);
    assert_eq!(decoded.outcome.window.unwrap().whole_days().count(), 13);
    let units: Vec<String> = decoded.outcome.empty.iter().map(|empty| empty.unit.clone()).collect();
    let stated: Vec<String> = decoded.full("day").drain(..12).collect();
    let missing = (14..=26).map(|day| format!("2024-02-{day}")).find(|day| !stated.contains(day)).unwrap();
    assert_eq!(units, [format!("date\u{1f}{missing}\u{1f}ATVPDKIKX0DER")]);
}

#[test]
fn financial_events_keep_every_amount() {
    let asked =
        Asked { window: Some("2024-01-01..2024-01-12"), as_of: Some("2024-01-13T00:00:00Z"), ..Asked::default() };
    let Some(decoded) = sample("fetchListFinancialEvents.json", "finance_event_pages", &asked) else { return };
    let text = std::fs::read_to_string(shared("samples/json/fetchListFinancialEvents.json").unwrap()).unwrap();
    let amounts = decoded.column("amount");
    assert_eq!(amounts.iter().flatten().count(), text.matches("CurrencyAmount").count());
    assert!(decoded.outcome.drift.is_empty(), "{:?}", decoded.outcome.drift);
    let place = decoded.full("row_kind").iter().position(|kind| kind == "amount").unwrap();
    let cell = |name: &str| decoded.column(name)[place].clone().unwrap();
    assert_eq!(cell("node_path"), "ShipmentItemList.ItemChargeList.ChargeAmount");
    assert_eq!((cell("event_list"), cell("charge_type")), ("ShipmentEventList".into(), "Principal".into()));
    assert_eq!((cell("amount"), cell("currency")), ("28.8800".into(), "USD".into()));
    assert_eq!(cell("amazon_order_id"), "105-0457358-1245022");
}

fn both(bytes: &[u8]) {
    let at = Some("2026-04-01T00:00:00Z");
    let asked = Asked { window: Some("2026-03-01..2026-03-02"), as_of: at, ..Asked::default() };
    for source in [declared(ORDERS), declared(DAYS)] {
        let decoded = decode_bytes(&source, &asked, bytes, 1);
        assert_eq!(decoded.rows() as u64, decoded.outcome.rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        both(&bytes);
        both(&[b"{\"orders\":[".as_slice(), &bytes].concat());
    }

    #[test]
    fn no_mutation_makes_it_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
    ) {
        let mut bytes = PAGE.as_bytes().to_vec();
        for (at, byte, edit) in edits {
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, br#"{}[]",:0e"#[usize::from(byte) % 9]),
                _ => drop(bytes.remove(at)),
            }
        }
        both(&bytes);
    }

    #[test]
    fn numbers_keep_every_digit(units in -99_999_999_999_999_i64..99_999_999_999_999, tenths in 0..10_000_u32) {
        let number = format!("{units}.{tenths:04}");
        let decoded = orders(&format!(r#"{{"orders":[{{"id":"A","total":{{"amount":{number}}}}}]}}"#));
        prop_assert_eq!(&cells(&decoded, "amount")[1], &number);
    }
}
