//! Bad input: an exit code, a sentence that helps, and a lake that stays as it was.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::site::{Site, text, tree};

/// What must become of a delivery.
enum Fate {
    /// Its bytes stand in `raw/`, and the ledger says why they can't be used.
    Refused,
    /// It is a valid document without rows.
    Loaded,
    /// Arguments are wrong, or the file can't be read: nothing is stored.
    NotLanded,
}

struct Bad {
    what: &'static str,
    /// Everything after `ingest --seller A1`, without the file.
    arguments: &'static str,
    file: PathBuf,
    fate: Fate,
    /// Parts of what must be said.
    says: &'static [&'static str],
}

const TEXT: &str = "--source all_orders";
const JSON: &str = "--source sales_and_traffic --marketplace ATVPDKIKX0DER --as-of 2026-04-01";

fn orders() -> PathBuf {
    tree().join("tests/cases/pnl/all_orders.tsv")
}

fn gzip(bytes: &mut dyn std::io::Read) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::copy(bytes, &mut packed).unwrap();
    packed.finish().unwrap()
}

/// Bytes that are no text and no archive, the same each time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(length).collect()
}

/// A lake with orders in two months and everything that follows from them.
fn standing() -> Site {
    let site = Site::new();
    site.ingest("all_orders", &orders(), &[]);
    assert!(site.objects("rollups").len() >= 2);
    site
}

fn lake(site: &Site) -> [Vec<(String, u64, std::time::SystemTime)>; 3] {
    ["sources", "tables", "rollups"].map(|area| site.objects(area))
}

/// Runs one ingest and returns its exit code and words; nobody may panic.
fn ingest(site: &Site, arguments: &str, file: &Path) -> (i32, String) {
    let file = file.display().to_string();
    let mut all = vec!["ingest", "--seller", "A1"];
    all.extend(arguments.split_whitespace());
    all.push(&file);
    let output = site.run(&all);
    let words = String::from_utf8(output.stderr).expect("words are text, whatever the input was");
    assert!(!words.contains("panicked"), "{words}");
    assert!(!words.contains(|c: char| c.is_control() && c != '\n'), "{words:?}");
    (output.status.code().expect("no signal"), words)
}

impl Bad {
    fn check(&self, site: &Site) {
        let Self { what, arguments, file, fate, says } = self;
        let (before, raw) = (lake(site), site.objects("raw"));
        let deliveries = "SELECT delivery_id, status, reason, data_path FROM meta.deliveries ORDER BY fetched_at";
        let known = site.sql(deliveries);
        let (code, words) = ingest(site, arguments, file);
        for part in *says {
            assert!(words.contains(part), "{what}: expected {part:?} in\n{words}");
        }
        assert_eq!(lake(site), before, "{what}: the lake stays as it was");
        let new: Vec<_> = site.sql(deliveries).into_iter().filter(|row| !known.contains(row)).collect();
        let expected = match fate {
            Fate::NotLanded => {
                assert_eq!(code, 2, "{what}: {words}");
                assert!(new.is_empty(), "{what}: {new:?}");
                assert_eq!(site.objects("raw"), raw, "{what}: nothing lands");
                return;
            }
            Fate::Refused => (3, "refused"),
            Fate::Loaded => (0, "loaded"),
        };
        assert_eq!(new.len(), 1, "{what}: {new:?}");
        assert_eq!((code, text(&new[0]["status"]).as_str()), expected, "{what}: {words}");
        let landed = std::fs::read(site.path().join("lake").join(text(&new[0]["data_path"]))).unwrap();
        assert!(landed == std::fs::read(file).unwrap(), "{what}: the bytes stand as they came");
        let reason = text(&new[0]["reason"]);
        assert_eq!(reason.is_empty(), matches!(fate, Fate::Loaded), "{what}: {reason}");
        assert!(words.contains(&format!("refused: {reason}")) || reason.is_empty(), "{what}: {reason}\n{words}");
    }
}

fn check_all(cases: &[Bad], site: &Site) {
    cases.iter().for_each(|case| case.check(site));
    let verified = site.ok(&["verify"]);
    assert!(verified.contains("everything is as it should be"), "{verified}");
}

#[test]
fn documents_that_arent_what_they_should_be() {
    use Fate::{Loaded, Refused};
    let site = standing();
    let whole = std::fs::read(orders()).unwrap();
    let header = whole.split_inclusive(|byte| *byte == b'\n').next().unwrap().to_vec();
    let packed = gzip(&mut whole.as_slice());
    let (empty, head) = (site.file("empty.txt", ""), site.file("header.txt", &header));
    let cut = |length: usize| site.file(&format!("cut-{length}.txt.gz"), &packed[..length]);
    let (cut_head, cut_body, cut_tail) = (cut(5), cut(300), cut(packed.len() - 4));
    let mut flipped = packed.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let mut wide = header.clone();
    wide.extend(vec![b'a'; 3 << 20]);
    let half = site.file("half.json", "{\"salesAndTrafficByDate\": [{\"date\": \"2026-03-01\", ");
    let bad = |what, arguments, file: &PathBuf, fate, says| Bad { what, arguments, file: file.clone(), fate, says };
    let truncated: &[&str] = &["refused: the gzip data end before they should: the file is truncated"];
    check_all(
        &[
            bad("empty", TEXT, &empty, Refused, &["refused: the file is empty: it has no header line"]),
            bad("empty JSON", JSON, &empty, Refused, &["the file is empty where a JSON document was expected"]),
            bad("header only", TEXT, &head, Loaded, &["header.txt: 0 rows, 0 rejected", "partitions touched: 0"]),
            bad("another source's header", "--source settlement_v2", &head, Refused, &[
                "refused: the header lacks settlement_id",
                "without which this is no settlement_v2 file",
            ]),
            bad("binary", TEXT, &site.file("noise.bin", noise(100_000)), Refused, &["the file is not text"]),
            bad("binary JSON", JSON, &site.file("noise.json", noise(5_000)), Refused, &["this is not a JSON object"]),
            bad("zeros", TEXT, &site.file("zeros.txt", vec![0; 70_000]), Refused, &["the file is not text"]),
            bad("gzip cut in its head", TEXT, &cut_head, Refused, truncated),
            bad("gzip cut in its middle", TEXT, &cut_body, Refused, truncated),
            bad("gzip cut in its checksum", TEXT, &cut_tail, Refused, truncated),
            bad("gzip JSON cut", JSON, &cut_body, Refused, truncated),
            bad("gzip with a flipped bit", TEXT, &site.file("flipped.gz", flipped), Refused, &["refused: the gzip data"]),
            bad("half a JSON document", JSON, &half, Refused, &["refused: "]),
            bad("flat file as JSON", JSON, &orders(), Refused, &["this is not a JSON object or list; it begins: amazon"]),
            bad("a row of megabytes", TEXT, &site.file("wide.txt", wide), Refused, &["line 2", "1048576 bytes"]),
        ],
        &site,
    );
}

/// A gzip file of one line that is larger than memory should ever be asked to hold.
#[test]
fn a_line_without_end_is_refused_in_bounded_memory() {
    let length: u64 = if std::env::var_os("SELLERLAKE_BIG").is_some() { 3_000_000_000 } else { 64 << 20 };
    let site = standing();
    let file = site.file("endless.txt.gz", gzip(&mut std::io::Read::take(std::io::repeat(b'a'), length)));
    let says: &[&str] = &["refused: the first line is no header: it is longer than 1048576 bytes"];
    let arguments = ["", " --as-of 2026-04-01"].map(|more| format!("--source all_orders{more}"));
    let limited = |command: &mut Command| {
        // Address space is no measure where files are mapped; what is written to is.
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    };
    let mut command = site.command(&["ingest", "--seller", "A1", "--source", "all_orders"]);
    limited(command.arg(&file));
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(3));
    Bad { what: "endless", arguments: &arguments[1], file, fate: Fate::Refused, says }.check(&site);
}
