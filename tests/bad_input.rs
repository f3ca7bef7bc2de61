//! Bad input: an exit code, a sentence that helps, and a lake that stays as it was.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::site::{BINARY, Site, text, tree};

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

pub fn orders() -> PathBuf {
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
pub fn standing() -> Site {
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
    // What was refused is told until it is taken back.
    let refused = site.sql("SELECT delivery_id FROM meta.deliveries WHERE status = 'refused'");
    let verified = site.run(&["verify"]);
    assert_eq!(verified.status.code(), Some(if refused.is_empty() { 0 } else { 3 }));
    for delivery in &refused {
        site.ok(&["withdraw", &text(&delivery["delivery_id"]), "--yes"]);
    }
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
            bad(
                "another source's header",
                "--source settlement_v2",
                &head,
                Refused,
                &["refused: the header lacks settlement_id", "without which this is no settlement_v2 file"],
            ),
            bad("binary", TEXT, &site.file("noise.bin", noise(100_000)), Refused, &["the file is not text"]),
            bad("binary JSON", JSON, &site.file("noise.json", noise(5_000)), Refused, &["this is not a JSON object"]),
            bad("zeros", TEXT, &site.file("zeros.txt", vec![0; 70_000]), Refused, &["the file is not text"]),
            bad("gzip cut in its head", TEXT, &cut_head, Refused, truncated),
            bad("gzip cut in its middle", TEXT, &cut_body, Refused, truncated),
            bad("gzip cut in its checksum", TEXT, &cut_tail, Refused, truncated),
            bad("gzip JSON cut", JSON, &cut_body, Refused, truncated),
            bad(
                "gzip with a flipped bit",
                TEXT,
                &site.file("flipped.gz", flipped),
                Refused,
                &["refused: the gzip data"],
            ),
            bad("half a JSON document", JSON, &half, Refused, &["refused: "]),
            bad(
                "flat file as JSON",
                JSON,
                &orders(),
                Refused,
                &["this is not a JSON object or list; it begins: amazon"],
            ),
            bad("a row of megabytes", TEXT, &site.file("wide.txt", wide), Refused, &["line 2", "1048576 bytes"]),
        ],
        &site,
    );
}

/// A gzip file of one line that is larger than what reading it may take.
#[test]
fn a_line_without_end_is_refused_in_bounded_memory() {
    let length = if std::env::var_os("SELLERLAKE_BIG").is_some() { 3_000_000_000 } else { 64 << 20 };
    let site = standing();
    let before = lake(&site);
    let endless = gzip(&mut std::io::Read::take(std::io::repeat(b'a'), length));
    let mut rows = gzip(&mut std::fs::read(orders()).unwrap().as_slice());
    rows.extend(&endless);
    for (name, bytes, says) in [
        ("endless.txt.gz", endless, "refused: the first line is no header: it is longer than 1048576 bytes"),
        ("rows.txt.gz", rows, "line 11: is longer than the 1048576 bytes a line may have"),
    ] {
        let file = site.file(name, bytes);
        // 768 MiB of private memory; files that are mapped don't count.
        let mut command = Command::new("sh");
        command.current_dir(site.path()).args(["-c", "ulimit -d 786432 && exec \"$0\" \"$@\"", BINARY]);
        let output = command.args(["ingest", "--seller", "A1", "--source", "all_orders"]).arg(&file).output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{name}: {words}");
        assert!(words.contains(says), "{name}: {words}");
        assert_eq!(lake(&site), before, "{name}");
    }
}

#[test]
fn arguments_that_make_no_sense_land_nothing() {
    let site = standing();
    let bad = |what, arguments, says| Bad { what, arguments, file: orders(), fate: Fate::NotLanded, says };
    let file = |what, file: &str, says| Bad { what, arguments: TEXT, file: file.into(), fate: Fate::NotLanded, says };
    check_all(
        &[
            bad(
                "misspelt source",
                "--source all_ordres",
                &[
                    "error: \"all_ordres\" is not a declared source",
                    "hint: did you mean \"all_orders\"? `sellerlake sources` lists them all",
                ],
            ),
            bad("nothing like a source", "--source 42", &["hint: `sellerlake sources` lists them all"]),
            bad("no source", "--charset utf-8", &["--source <SOURCE>"]),
            bad(
                "no window",
                "--source fba_returns --as-of 2026-04-01",
                &[
                    "error: fba_returns needs the window that was asked for: its documents don't say",
                    "hint: add --window 2026-03-01..2026-03-31",
                ],
            ),
            bad(
                "no as-of",
                "--source merchant_listings",
                &[
                    "error: merchant_listings needs the moment the data was true, and the marketplace that was asked for",
                    "hint: add --as-of 2026-04-01T06:00:00Z --marketplace ATVPDKIKX0DER",
                ],
            ),
            bad(
                "no marketplace",
                "--source sales_and_traffic --as-of 2026-04-01",
                &[
                    "error: sales_and_traffic needs the marketplace that was asked for: its documents don't say",
                    "hint: add --marketplace ATVPDKIKX0DER",
                ],
            ),
            bad("window the wrong way round", "--source all_orders --window 2026-03-31..2026-03-01", &["is empty"]),
            bad("window of nonsense", "--source all_orders --window march", &["invalid value 'march' for '--window"]),
            bad("as-of of nonsense", "--source all_orders --as-of yesterday", &["write 2026-04-01 or 2026-04-01T06:"]),
            bad(
                "seller with a slash",
                "--source all_orders --seller ../x",
                &["the argument '--seller <SELLER>' cannot"],
            ),
            file("no such file", "nowhere.txt", &["error: can't read the file (path: nowhere.txt)", "No such file"]),
            file("a directory", ".", &["error: this is a directory (path: .)", "hint: name the files in it"]),
            file("one of two files is missing", "nowhere.txt", &["can't read the file"]),
        ],
        &site,
    );
    let (good, raw) = (orders().display().to_string(), site.objects("raw"));
    let output =
        site.run(&["ingest", "--seller", "A1", "--source", "all_orders", "--as-of", "2026-05-01", &good, "gone.txt"]);
    assert_eq!((output.status.code(), site.objects("raw")), (Some(2), raw), "all files are looked at before any lands");
    let output = site.run(&["ingest", "--seller", "../A1", "--source", "all_orders", &good]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("\"../A1\" is not a selling partner id"));
    let bare = tempfile::tempdir().unwrap();
    let output = Command::new(BINARY).current_dir(bare.path()).args(["sql", "SELECT 1"]).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("hint: run `sellerlake init` to make a lake here"), "{words}");
    assert_eq!(std::fs::read_dir(bare.path()).unwrap().count(), 0);
}

#[test]
fn statements_that_cant_be_answered() {
    let site = standing();
    let before = (lake(&site), site.objects("raw"));
    let only_reads = "hint: a session only reads: SELECT, WITH, VALUES, EXPLAIN, SHOW and DESCRIBE";
    for (statement, says) in [
        ("SELCT 1", &["error: Expected: an SQL statement, found: SELCT at Line: 1, Column: 1"][..]),
        ("SELECT * FROM ordrs", &["there is no table \"ordrs\"", "hint: did you mean \"orders\"?"]),
        ("SELECT shp_state FROM orders", &["there is no column \"shp_state\"", "hint: "]),
        ("SELECT 1 / 0", &["Divide by zero"]),
        ("SELECT 1; SELECT 2", &["several statements at once", "hint: send one statement at a time"]),
        ("", &["an empty statement is not allowed here"]),
        ("DROP TABLE orders", &["DROP TABLE is not allowed here", only_reads]),
        ("CREATE TABLE mine AS SELECT 1", &["CREATE TABLE is not allowed here", only_reads]),
        ("INSERT INTO orders SELECT * FROM orders", &["INSERT is not allowed here", only_reads]),
        ("DELETE FROM orders", &["DELETE is not allowed here", only_reads]),
        ("COPY (SELECT 1) TO 'out.csv'", &["COPY is not allowed here", "hint: choose a format for the answer instead"]),
        ("CREATE EXTERNAL TABLE e STORED AS CSV LOCATION '/etc'", &["CREATE EXTERNAL TABLE is not allowed here"]),
        ("SET datafusion.execution.batch_size = 1", &["SET is not allowed here"]),
    ] {
        let output = site.run(&["sql", statement]);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{statement}: {words}");
        assert!(output.stdout.is_empty(), "{statement}");
        for part in says {
            assert!(words.contains(part), "{statement}: expected {part:?} in\n{words}");
        }
    }
    assert_eq!((lake(&site), site.objects("raw")), before);
    assert!(!site.path().join("out.csv").exists());
}

#[test]
fn a_lake_that_cant_be_written() {
    for (lake, says) in [("afile/lake", "Not a directory"), ("/proc/lake", "can't make or open the lake's folder")] {
        let site = Site::with_settings(&format!("lake = {lake:?}\n"));
        site.file("afile", "not a folder");
        let (code, words) = ingest(&site, TEXT, &orders());
        assert_eq!(code, 1, "{words}");
        assert!(words.contains("error: can't make or open the lake's folder (path: "), "{words}");
        assert!(words.contains(says) && words.contains("hint: choose another place for the lake"), "{words}");
        let mut left: Vec<_> =
            std::fs::read_dir(site.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["afile", "sellerlake.toml"], "nothing was made");
    }
    let site = Site::with_settings("state = \"/proc/state.db\"\n");
    let (code, words) = ingest(&site, TEXT, &orders());
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("/proc/state.db"), "{words}");
    assert!(site.objects("").iter().all(|(path, ..)| path.starts_with('.')), "nothing landed");
}

/// Puts half of an object in its place, as a copy that broke off would.
fn cut_in_half(site: &Site, area: &str) -> String {
    let path = site.objects(area).remove(0).0;
    let file = site.path().join("lake").join(&path);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    path
}

#[test]
fn a_half_written_partition_is_told_and_made_again() {
    let site = standing();
    let contents = "SELECT (SELECT count(DISTINCT sku) FROM order_items) AS skus, \
                    (SELECT sum(gross_sales) FROM daily_sales) \
                    AS sales, (SELECT count(DISTINCT amazon_order_id) FROM orders) AS orders, \
                    (SELECT max(sku) FROM sources.all_orders) AS last";
    let answer = site.sql(contents);
    for area in ["tables/orders", "rollups/daily_sales", "sources/all_orders"] {
        for damage in ["half", "empty", "gone"] {
            let path = cut_in_half(&site, area);
            let file = site.path().join("lake").join(&path);
            match damage {
                "empty" => std::fs::write(&file, "").unwrap(),
                "gone" => std::fs::remove_file(&file).unwrap(),
                _ => {}
            }
            let output = site.run(&["sql", contents]);
            let words = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{damage} {path}: {words}");
            assert!(words.contains(&path) && words.contains("verify --repair"), "{damage} {path}: {words}");
            assert!(words.contains("hint: ") && !words.contains("panicked"), "{damage} {path}: {words}");
            assert!(output.stdout.is_empty(), "no half answers");

            let output = site.run(&["verify"]);
            let complaints = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(3));
            assert!(complaints.starts_with(&format!("{path}: ")) && complaints.lines().count() == 1, "{complaints}");

            let others = |objects: [Vec<(String, u64, std::time::SystemTime)>; 3]| -> Vec<_> {
                objects.into_iter().flatten().filter(|(other, ..)| *other != path).collect()
            };
            let before = others(lake(&site));
            let words = site.ok(&["verify", "--repair"]);
            assert!(words.contains("everything is as it should be"), "{damage} {path}: {words}");
            assert_eq!(site.sql(contents), answer, "{damage} {path}");
            assert_eq!(others(lake(&site)), before, "{damage} {path}: nothing else is written");
        }
    }
}

/// Files that may not grow fail where a full disk does, and need no file system of their own.
#[test]
fn a_limit_on_files_loses_nothing() {
    let site = standing();
    let later = std::fs::read_to_string(orders()).unwrap().replace("\t1\tUSD\t", "\t2\tUSD\t");
    let enough = standing();
    let more = ["--as-of", "2026-06-01"];
    enough.ingest("all_orders", &enough.file("later.tsv", &later), &more);
    let sales = "SELECT * FROM daily_sales ORDER BY local_day, marketplace_id, sku";
    let file = site.file("later.tsv", &later);
    let mut failed = 0;
    // Blocks of 512 bytes: less than the document, than an object, than the state.
    for blocks in [1, 8, 16, 64, 4096] {
        let limited = format!("trap '' XFSZ && ulimit -f {blocks} && exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.current_dir(site.path()).args(["-c", &limited, BINARY]).args(["ingest", "--seller", "A1"]);
        let output = command.args(["--source", "all_orders"]).args(more).arg(&file).output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(!words.contains("panicked"), "{blocks}: {words}");
        match output.status.code() {
            Some(0) => {}
            Some(1) => {
                failed += 1;
                assert!(words.contains("hint: "), "{blocks}: {words}");
            }
            code => panic!("{blocks}: {code:?}: {words}"),
        }
        // Where the state can't be written, the catalogue may not know yet what was just swapped.
        let complaints = String::from_utf8(site.run(&["verify"]).stdout).unwrap();
        assert!(complaints.lines().all(|line| line.contains(": the catalogue ")), "{blocks}: {complaints}");
    }
    assert!(failed > 0, "no limit was small enough");
    site.ingest("all_orders", &file, &more);
    assert_eq!(site.sql(sales), enough.sql(sales), "with room again, nothing is missing");
    assert!(site.ok(&["verify"]).contains("everything is as it should be"));
}

/// A small file system of its own, where this user may mount one.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// One of so many MiB; `None`, aloud, where nobody may mount.
    pub fn new(folder: PathBuf, mib: u32) -> Option<Self> {
        std::fs::create_dir_all(&folder).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"]).arg(&folder).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        // Not even where tools are insisted on: it is a right, not a tool, and `a_limit_on_files` needs none.
        eprintln!("SKIPPED: this user may not mount a small file system");
        None
    }

    /// From now on nobody writes to it, whoever it is.
    pub fn seal(&self) {
        let sealed = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap();
        assert!(sealed.success());
    }

    /// Leaves this many bytes, or all of them.
    pub fn leave(&self, free: Option<u64>) {
        let filler = self.0.join("filler");
        drop(std::fs::remove_file(&filler));
        let Some(free) = free else { return };
        let mut file = std::fs::File::create(&filler).unwrap();
        while file.write_all(&[7; 4096]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(free)).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).output());
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let later = std::fs::read_to_string(orders()).unwrap().replace("\t1\tUSD\t", "\t2\tUSD\t");
    let enough = standing();
    enough.ingest("all_orders", &enough.file("later.tsv", &later), &["--as-of", "2026-06-01"]);
    let sales = "SELECT * FROM daily_sales ORDER BY local_day, marketplace_id, sku";
    for state in ["state.db", "lake/state.db"] {
        let site = Site::with_settings(&format!("state = {state:?}\n"));
        let Some(disk) = SmallDisk::new(site.path().join("lake"), 2) else { return };
        site.ingest("all_orders", &orders(), &[]);
        let (before, raw, sold) = (lake(&site), site.objects("raw"), site.sql(sales));
        let file = site.file("later.tsv", &later);
        for free in [0, 20_000, 60_000, 120_000, 200_000] {
            disk.leave(Some(free));
            let (code, words) = ingest(&site, "--source all_orders --as-of 2026-06-01", &file);
            assert!(
                code == 1 && words.contains("hint: the disk is full") || code == 0 && free > 0,
                "{state} {free}: {words}"
            );
            if free == 0 {
                assert_eq!((lake(&site), site.objects("raw")), (before.clone(), raw.clone()), "{state}");
                disk.leave(None);
                assert_eq!(site.sql(sales), sold, "{state}");
            }
            disk.leave(None);
            // Where the state can't be written, the catalogue may not know yet what was just swapped.
            let complaints = String::from_utf8(site.run(&["verify"]).stdout).unwrap();
            let is_late = |line: &str| {
                line.contains("not made from all that is loaded")
                    || state != "state.db" && line.contains(": the catalogue ")
            };
            assert!(complaints.lines().all(is_late), "{state} {free}: every object is whole: {complaints}");
        }
        assert_ne!(sold, enough.sql(sales));
        ingest(&site, "--source all_orders --as-of 2026-06-01", &file);
        assert_eq!(site.sql(sales), enough.sql(sales), "{state}: with room again, nothing is missing");
        assert!(site.ok(&["verify"]).contains("everything is as it should be"));
    }
}

#[test]
fn a_file_of_another_kind_or_another_month_takes_nothing_away() {
    let site = Site::new();
    let header = "settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency";
    let first = "900\t2026-03-01 00:00:00 UTC\t2026-03-14 00:00:00 UTC\t2026-03-16 00:00:00 UTC\t12.50\tUSD";
    let older = format!("{header}\tprice-type\tprice-amount\n{first}\t\t\n900\t\t\t\t\t\tPrincipal\t12.50\n");
    let file = site.file("older.txt", older);
    site.ingest("settlement_v1", &file, &[]);
    let path = file.display().to_string();
    let output = site.run(&["ingest", "--source", "settlement_v2", "--seller", "A1", &path]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && words.contains("the header lacks amount"), "{words}");
    assert_eq!(site.value("SELECT sum(amount) FROM settlement_lines"), "12.5000");

    let returns = |day: &str| {
        format!(
            "return-date\torder-id\tsku\tasin\tquantity\tdetailed-disposition\tstatus\n\
             {day}T10:00:00+00:00\t111-0000001-0000001\tMUG\tB0MUG\t1\tSELLABLE\tReimbursed\n"
        )
    };
    let march = ["--window", "2026-03-01..2026-03-03", "--as-of", "2026-03-10", "--scope", "NA"];
    site.ingest("fba_returns", &site.file("march.txt", returns("2026-03-02")), &march);
    let april = site.file("april.txt", returns("2026-04-02")).display().to_string();
    let later = ["--window", "2026-03-01..2026-03-03", "--as-of", "2026-03-11", "--scope", "NA"];
    let command = ["ingest", "--source", "fba_returns", "--seller", "A1"].iter().chain(&later).copied();
    let command: Vec<&str> = command.chain([april.as_str()]).collect();
    let output = site.run(&command);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("every row lies outside the window"), "{words}");
    assert_eq!(site.value("SELECT count(*) FROM \"returns\""), "1");
}
