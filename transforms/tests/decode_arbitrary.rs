//! Whatever the bytes: no panic, and no line that is neither row nor reject nor blank.

use proptest::prelude::*;
use sellerlake_schemas::Source;

use crate::decode_text::declare;
use crate::decoded::{Asked, decode_bytes};

const EVENTS: &str = r#"
version = 1
doc = "Events."
format = "tsv"
charset_fallbacks = ["windows-1252", "cp932"]
scope = "account"
unit = { day = "day" }
max_rejected_share = 1.0
max_line_bytes = 60
[columns]
id = { type = "text", required = true, doc = "Id." }
day = { type = "date", doc = "Day.", formats = ["%d/%m/%Y", "%m/%d/%Y"] }
amount = { type = "decimal(18,4)", doc = "Amount." }
count = { type = "int", doc = "Count." }
flag = { type = "bool", doc = "Flag." }
at = { type = "timestamp", doc = "Instant." }
detail = { type = "json", doc = "Detail." }
"#;

const HEADER: &str = "id\tday\tamount\tcount\tflag\tat\tdetail\tunknown\t\n";

fn events(quoting: bool) -> Source {
    declare(&format!("quoting = {quoting}\n{EVENTS}"))
}

fn asked() -> Asked<'static> {
    Asked { window: Some("2026-01-01..2026-12-30"), as_of: Some("2027-01-01T00:00:00Z"), ..Asked::default() }
}

/// A cell that is often right, sometimes nearly so.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "2026-0[1-9]-[0-3][0-9]",
        "[0-3][0-9]/[01][0-9]/2026",
        "-?[0-9]{1,4}[.,]?[0-9]{0,3}",
        "true|no|sí|x",
        "[ \\t\"\r\u{0}éソ�]{0,4}",
        "\\{\"a\":[0-9]\\}",
        "",
    ]
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::collection::vec(cell(), 0..11).prop_map(|cells| cells.join("\t"));
    let text = prop::collection::vec(line, 0..30).prop_map(|lines| format!("{HEADER}{}", lines.join("\n")));
    (text, prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)).prop_map(|(text, hits)| {
        let mut bytes = text.into_bytes();
        for (index, byte) in hits {
            let at = HEADER.len() + index.index(bytes.len() - HEADER.len() + 1);
            if at < bytes.len() {
                bytes[at] = byte;
            }
        }
        bytes
    })
}

/// Physical lines after the header that hold more than white space, in the charset found.
fn lines_with_content(bytes: &[u8], charset: &str) -> u64 {
    let encoding = encoding_rs::Encoding::for_label(charset.as_bytes()).unwrap();
    let body = bytes[HEADER.len()..].split(|byte| *byte == b'\n');
    body.filter(|line| !encoding.decode_without_bom_handling(line).0.trim().is_empty()).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_accounted_for(bytes in file()) {
        let found = decode_bytes(&events(false), &asked(), &bytes, 2);
        let outcome = &found.outcome;
        prop_assert_eq!(found.rows() as u64, outcome.rows);
        let accounted = outcome.rows + outcome.rejected + outcome.outside_window + outcome.repeated;
        let lines = lines_with_content(&bytes, &outcome.charset);
        // A file whose dates or numbers could mean several things is refused before any row is read.
        let asks = outcome.refused.as_ref().is_some_and(|sentence| sentence.contains("; say "));
        // A record that was put together is made of several lines.
        let whole = accounted <= lines && (accounted == lines || outcome.joined > 0);
        prop_assert!(asks || whole, "{lines} {outcome:?}");
        prop_assert_eq!(outcome.rejects.len() as u64, outcome.rejected);
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
        prop_assert!(outcome.rejects.iter().all(|reject| (2..=lines).contains(&reject.line)));
    }

    #[test]
    fn quoted_files_never_panic(bytes in file()) {
        let found = decode_bytes(&events(true), &asked(), &bytes, 1);
        prop_assert!(found.outcome.rows + found.outcome.rejected <= lines_with_content(&bytes, &found.outcome.charset) + 1);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), quoting: bool, header: bool) {
        let mut file = if header { HEADER.as_bytes().to_vec() } else { Vec::new() };
        file.extend(bytes);
        let found = decode_bytes(&events(quoting), &asked(), &file, 2);
        prop_assert_eq!(found.rows() as u64, found.outcome.rows);
    }
}
