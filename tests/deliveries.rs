//! What makes a delivery another one, and which are loaded together.

use std::io::Write;

use crate::site::{Site, text};

const HEADER: &str = "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\t\
                      currency\titem-price\tproduct-name\n";

fn row(number: u32, title: &str) -> String {
    let id = format!("111-{number:07}-{number:07}");
    format!("{id}\t2026-03-01T12:00:00Z\t2026-03-02T00:00:00Z\tShipped\tAmazon.com\tMUG\t1\tUSD\t9.99\t{title}\n")
}

/// The label a user gives decides how bytes are read: the same bytes under another label are another delivery, and a
/// replay reads each as it was read.
#[test]
fn a_charset_given_by_hand_is_part_of_a_deliverys_identity() {
    let site = Site::new();
    let mut bytes = format!("{HEADER}{}", row(1, "caf_ Gr__e")).into_bytes();
    bytes.iter_mut().filter(|byte| **byte == b'_').for_each(|byte| *byte = 0xe9);
    // The ids have no underscore, so only the title changed.
    let file = site.file("latin.txt", &bytes);
    let titles = || text(&site.sql("SELECT DISTINCT product_name FROM sources.all_orders")[0]["product_name"]);
    let as_of = ["--as-of", "2026-03-05T00:00:00Z", "--charset"];
    for (charset, title) in [("windows-1252", "café Grééé"), ("iso-8859-5", "cafщ Grщщe")] {
        let site_arguments = [as_of.as_slice(), &[charset]].concat();
        site.ingest("all_orders", &file, &site_arguments);
        let known = site.sql("SELECT delivery_id FROM meta.deliveries").len();
        assert_eq!(known, if charset == "windows-1252" { 1 } else { 2 }, "{title}");
    }
    let read = titles();
    site.ok(&["replay"]);
    assert_eq!(titles(), read, "the same of the two stands, read as before");
    // Given again, nothing is new; that the other one stands, which was true at the same moment, is told.
    let before = site.objects("raw");
    let path = file.display().to_string();
    let again = ["ingest", "--source", "all_orders", "--seller", "A1", "--as-of", "2026-03-05T00:00:00Z", "--charset"];
    let output = site.run(&[&again[..], &["Windows-1252", &path]].concat());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("same as-of, different content: 1 unit"), "{words}");
    assert_eq!(site.objects("raw"), before);
    assert_eq!(site.sql("SELECT delivery_id FROM meta.deliveries").len(), 2);
}

/// Groups are cut by what deliveries inflate to.
#[test]
fn packed_deliveries_count_as_what_they_unpack_to() {
    let site = Site::new();
    let title = "x".repeat(900_000);
    let pack = |numbers: std::ops::Range<u32>| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(HEADER.as_bytes()).unwrap();
        numbers.for_each(|number| packed.write_all(row(number, &title).as_bytes()).unwrap());
        packed.finish().unwrap()
    };
    let files = [0..19, 20..39].map(|numbers| {
        let packed = pack(numbers.clone());
        assert!(packed.len() < 1 << 20);
        site.file(&format!("{}.txt.gz", numbers.start), packed).display().to_string()
    });
    let ingest = ["ingest", "--source", "all_orders", "--seller", "A1", &files[0], &files[1]];
    let words = site.ok(&ingest);
    let groups = words.lines().filter(|line| line.starts_with("units: ")).count();
    assert_eq!(groups, 2, "{words}");
    assert_eq!(site.value("SELECT count(*) AS n FROM orders"), "38");
}
