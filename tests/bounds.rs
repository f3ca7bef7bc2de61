//! What nobody can mean, or nothing can hold: a clear refusal, soon, and nothing left behind.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::site::{BINARY, Site};

const RETURNS: &str = "return-date\torder-id\tsku\tasin\tquantity\tdetailed-disposition\tstatus\n\
                       2026-03-02T10:00:00+00:00\t111-0000001-0000001\tMUG\tB0MUG\t1\tSELLABLE\tReimbursed\n";

/// No refusal of these takes longer, on a loaded machine either.
const SOON: Duration = Duration::from_secs(30);

/// Arguments, the file that is handed in, and what is said.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "--as-of 2026-03-10 --window 0001-01-01..9999-12-31",
        "returns.txt",
        "the window 0001-01-01..9999-12-31 can't be meant",
    ),
    (
        "--as-of 2026-03-10 --window 1969-01-01..1969-01-31",
        "returns.txt",
        "the window 1969-01-01..1969-01-31 can't be meant",
    ),
    (
        "--as-of 2026-03-10 --window 2026-03-01..2206-03-31",
        "returns.txt",
        "the window 2026-03-01..2206-03-31 can't be meant",
    ),
    ("--as-of 2026-03-10 --window 1996-01-01..2026-03-31", "returns.txt", "has 3700 days at most"),
    (
        "--as-of 2199-01-01 --window 2026-03-01..2026-03-05",
        "returns.txt",
        "the as-of 2199-01-01T00:00:00Z lies in the future",
    ),
    ("--as-of 2026-03-10 --window 2026-03-01..2026-03-05", "pipe", "this is a pipe or a device, not a file"),
    ("--as-of 2026-03-10 --window 2026-03-01..2026-03-05", "/dev/zero", "this is a pipe or a device, not a file"),
    ("--as-of 2026-03-10 --window 2026-03-01..2026-03-05", "-", "standard input isn't read"),
];

#[test]
fn what_nobody_can_mean_is_refused_before_it_lands() {
    let site = Site::new();
    site.file("returns.txt", RETURNS);
    assert!(Command::new("mkfifo").arg(site.path().join("pipe")).status().unwrap().success());
    for (arguments, file, says) in REFUSED {
        let started = Instant::now();
        let mut all = vec!["ingest", "--source", "fba_returns", "--seller", "A1", "--scope", "NA"];
        all.extend(arguments.split_whitespace());
        all.push(file);
        let output = site.run(&all);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments} {file}: {words}");
        assert!(words.contains(says) && words.contains("hint: "), "{arguments} {file}: {words}");
        assert!(started.elapsed() < SOON, "{arguments} {file}: {:?}", started.elapsed());
        assert!(site.objects("raw").is_empty(), "{arguments} {file}");
    }
    // A month that has begun can be meant.
    let window = "2026-03-01..2026-03-31";
    site.ingest(
        "fba_returns",
        &site.path().join("returns.txt"),
        &["--as-of", "2026-03-10", "--scope", "na", "--window", window],
    );
}

#[test]
fn what_unpacks_beyond_the_bound_is_refused_once() {
    let site = Site::with_settings("document_mib = 16\n");
    let pack = |text: &[u8], times: usize| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        (0..times).for_each(|_| packed.write_all(text).unwrap());
        packed.finish().unwrap()
    };
    // 10 GB, in pieces that are unpacked one after the other.
    let piece = pack(&vec![b'0'; 1 << 20], 64);
    let packed = [pack(RETURNS.as_bytes(), 1), piece.repeat(160)].concat();
    assert!(packed.len() < 12 << 20, "{}", packed.len());
    let file = site.file("returns.txt.gz", packed);
    let file = file.display().to_string();
    let arguments = ["ingest", "--source", "fba_returns", "--seller", "A1", "--scope", "NA", "--as-of", "2026-03-10"];
    let started = Instant::now();
    let output = site.run(&[&arguments[..], &["--window", "2026-03-01..2026-03-05", &file]].concat());
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("unpacked it is longer than 16 MiB") && words.contains("document_mib"), "{words}");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert_eq!(site.value("SELECT status FROM meta.deliveries"), "refused");
    assert!(!site.ok(&["rollup"]).contains("loaded"), "no later run looks at it again");
}

#[test]
fn more_files_than_may_be_open_are_handed_in() {
    let site = Site::new();
    let mut files = String::new();
    for number in 0..1500 {
        let order = RETURNS.replace("0000001", &format!("{number:07}"));
        site.file(&format!("f/{number}.txt"), order.replace("2026-03-02", &format!("2026-{:02}-02", number % 4 + 1)));
        files.push_str(&format!(" f/{number}.txt"));
    }
    let ingest =
        "ingest --source fba_returns --seller A1 --scope NA --as-of 2026-05-10 --window 2026-01-01..2026-04-30";
    let limited = format!("ulimit -n 256 && exec {BINARY} {ingest} --no-rollup{files}");
    let output = Command::new("sh").current_dir(site.path()).args(["-c", &limited]).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{:?} {}", output.status, &words[words.len().saturating_sub(2000)..]);
    assert_eq!(site.value("SELECT count(*) FROM meta.deliveries WHERE status = 'loaded'"), "1500");
}
