//! One bit that flips, in any file there is: every command gives the answer it gave before, or says which file it is.
//!
//! `just flips 400` tries so many and counts what became of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::SystemTime;

use sellerlake_state::State;

use crate::desk::words;
use crate::papers::Dice;
use crate::site::Site;

/// How many flips; `SELLERLAKE_FLIPS` says otherwise.
const FLIPS: usize = 16;

const KINDS: [&str; 8] =
    ["sources/", "tables/", "rollups/", "rejects/", "raw/", "meta.json", "state.db", "state.db-wal"];

/// What is asked of each lake: rows as they came, as they stand, and what they add up to.
const QUESTIONS: [&str; 3] = [
    "SELECT * FROM sources.all_orders",
    "SELECT * FROM order_items",
    "SELECT d.*, (SELECT count(*) FROM orders) AS counted FROM daily_sales d",
];

fn orders() -> String {
    let mut text = String::from(
        "amazon-order-id\tpurchase-date\tlast-updated-date\torder-status\tsales-channel\tsku\tquantity\t\
         currency\titem-price\tnobody-declared-this\n",
    );
    for number in 0..400 {
        let (month, day, price) = (3 + number % 2, 1 + number % 28, number * 7 % 1000);
        writeln!(
            text,
            "111-{number:07}-0000000\t2026-0{month}-{day:02}T12:00:00Z\t2026-05-01T00:00:00Z\tShipped\tAmazon.com\t\
             SKU-{}\t{}\tUSD\t{price}.99\tnote {number}",
            number % 17,
            1 + number % 3,
        )
        .unwrap();
    }
    text.push_str("111-9999999-0000000\tnever\t2026-05-01T00:00:00Z\tShipped\tAmazon.com\tSKU\t1\tUSD\t1.00\t\n");
    text
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() { files_below(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

/// The same lake once more. Objects are the same files, so that they are the versions the catalogue knows: sellerlake
/// never writes into one. The database is a copy.
fn twin(site: &Site) -> Site {
    let twin = Site::new();
    copy(site, &twin);
    twin
}

fn copy(site: &Site, twin: &Site) {
    let mut files = Vec::new();
    files_below(site.path(), &mut files);
    for file in files {
        let to = twin.path().join(file.strip_prefix(site.path()).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        if file.to_string_lossy().contains("state.db") || file.extension().is_some_and(|end| end == "toml") {
            fs::copy(&file, to).unwrap();
        } else {
            fs::hard_link(&file, to).unwrap();
        }
    }
}

/// A flipped bit, until it is dropped.
struct Flip {
    file: PathBuf,
    at: usize,
    bit: u8,
    written: SystemTime,
}

impl Flip {
    fn new(file: &Path, at: usize, bit: u8, tells_time: bool) -> Self {
        let written = fs::metadata(file).unwrap().modified().unwrap();
        let flip = Self { file: file.to_owned(), at, bit, written };
        flip.turn(if tells_time { SystemTime::now() } else { written });
        flip
    }

    fn turn(&self, time: SystemTime) {
        let mut bytes = fs::read(&self.file).unwrap();
        bytes[self.at] ^= 1 << self.bit;
        fs::write(&self.file, bytes).unwrap();
        File::options().write(true).open(&self.file).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
    }
}

impl Drop for Flip {
    fn drop(&mut self) {
        // A log that was read whole is gone.
        if self.file.exists() {
            self.turn(self.written);
        }
    }
}

/// Where in a file of this length: its head, its middle, what comes last but one, its very end.
fn place(dice: &mut Dice, turn: usize, length: usize) -> usize {
    let (from, to) = match turn % 5 {
        0 => (0, length.min(300)),
        1 => (0, length),
        2 => (length / 2, length),
        3 => (length.saturating_sub(3000), length),
        _ => (length.saturating_sub(12), length),
    };
    from + dice.below(to - from)
}

/// What a lake answers; `None`, with a reason that names a file, where it doesn't.
fn answers(site: &Site, told: &mut Vec<String>) -> Option<Vec<Vec<String>>> {
    let ask = |question: &&str| {
        let output = site.run(&["sql", "--format", "csv", question]);
        let mut lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        lines.sort_unstable();
        (output, lines)
    };
    let answers: Vec<(Output, Vec<String>)> = QUESTIONS.iter().map(ask).collect();
    for (output, _) in &answers {
        check(output, told);
    }
    let all = answers.iter().all(|(output, _)| output.status.success());
    all.then(|| answers.into_iter().map(|(_, lines)| lines).collect())
}

/// A command that fails says where, and never breaks off.
fn check(output: &Output, told: &mut Vec<String>) {
    let said = words(output) + &String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("panicked"), "{said}");
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1 | 3)), "{code:?} {said}");
    if code != Some(0) {
        assert!(
            [".parquet", "raw/", "state database", "meta.alerts"].iter().any(|place| said.contains(place)),
            "no place in {said}"
        );
        told.push(said);
    }
}

/// Whether verify found anything wrong; the line that is rejected from the start is an alert, which is none of it.
fn complains(verified: &Output) -> bool {
    !verified.stdout.is_empty()
}

/// What became of the flips of one kind.
#[derive(Debug, Default)]
struct Count {
    flips: usize,
    answered_as_before: usize,
    refused: usize,
    seen_by_verify: usize,
    mended_by_repair: usize,
}

fn try_flip(site: &Site, kind: &str, before: &[Vec<String>], flip: impl Fn(&Site) -> Flip, count: &mut Count) {
    let [looking, mending, replaying] = [twin(site), twin(site), twin(site)];
    let of_state = kind.starts_with("state.db");
    // A database is a copy in each; objects are one file.
    let flipped: Vec<Flip> =
        if of_state { [&looking, &mending, &replaying].map(&flip).into() } else { vec![flip(&looking)] };
    let mut told = Vec::new();
    count.flips += 1;
    match answers(&looking, &mut told) {
        Some(found) => {
            assert_eq!(found, before, "another answer");
            count.answered_as_before += 1;
        }
        None => count.refused += 1,
    }
    let verified = looking.run(&["verify"]);
    check(&verified, &mut told);
    count.seen_by_verify += usize::from(complains(&verified));
    assert!(of_state || complains(&verified), "verify sees nothing");

    check(&mending.run(&["verify", "--repair"]), &mut told);
    if let Some(found) = answers(&mending, &mut told) {
        assert_eq!(found, before, "another answer after a repair");
        count.mended_by_repair += usize::from(!complains(&mending.run(&["verify"])));
    }
    check(&replaying.run(&["replay"]), &mut told);
    if let Some(found) = answers(&replaying, &mut told) {
        assert_eq!(found, before, "another answer after a replay");
    }
    drop(flipped);
}

#[test]
fn a_flipped_bit_never_makes_another_answer() {
    let many = std::env::var("SELLERLAKE_FLIPS").ok().and_then(|flips| flips.parse().ok()).unwrap_or(FLIPS);
    let site = Site::new();
    let file = site.file("orders.txt", orders()).display().to_string();
    site.run(&["ingest", "--source", "all_orders", "--seller", "A1", &file]);
    fs::remove_file(&file).unwrap();
    let before = answers(&site, &mut Vec::new()).unwrap();
    assert!(before.iter().all(|lines| lines.len() > 1), "{before:?}");

    let (killed, before_it) = killed(&site);
    let mut dice = Dice::new(20_260_301);
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    for turn in 0..many {
        let kind = KINDS[turn % KINDS.len()];
        let (site, before) = if kind == "state.db-wal" { (&killed, &before_it) } else { (&site, &before) };
        let mut files = Vec::new();
        files_below(site.path(), &mut files);
        files.sort();
        let of_kind: Vec<&PathBuf> = files.iter().filter(|file| is_of(site.path(), file, kind)).collect();
        assert!(!of_kind.is_empty(), "there is no {kind}");
        let file = of_kind[dice.below(of_kind.len())];
        let at = place(&mut dice, turn / KINDS.len(), fs::metadata(file).unwrap().len() as usize);
        let (bit, tells_time) = (dice.below(8) as u8, turn % 2 == 0);
        eprintln!("flip {turn}: {} byte {at} bit {bit}", file.strip_prefix(site.path()).unwrap().display());
        let named = file.strip_prefix(site.path()).unwrap();
        let flip = |site: &Site| Flip::new(&site.path().join(named), at, bit, tells_time);
        try_flip(site, kind, before, flip, counts.entry(kind).or_default());
    }
    eprintln!("{counts:#?}");
}

/// The same lake as a process leaves it that was killed after it had loaded one more file, and what it answers.
fn killed(site: &Site) -> (Site, Vec<Vec<String>>) {
    let (working, left) = (twin(site), Site::new());
    let more = working.file("more.txt", orders().replace("111-", "112-")).display().to_string();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let file = working.path().join("state.db").display().to_string();
    // As long as somebody else has the database open, its log stays.
    let state = runtime.block_on(State::open(&file, SystemTime::now().into())).unwrap();
    working.run(&["ingest", "--source", "all_orders", "--seller", "A1", &more]);
    fs::remove_file(&more).unwrap();
    copy(&working, &left);
    runtime.block_on(state.close());
    let before = answers(&working, &mut Vec::new()).unwrap();
    assert!(fs::metadata(left.path().join("state.db-wal")).unwrap().len() > 100_000);
    (left, before)
}

#[test]
fn commands_leave_no_log() {
    let site = Site::new();
    let file = site.file("orders.txt", orders()).display().to_string();
    for command in [
        "init",
        &format!("ingest --source all_orders --seller A1 {file}"),
        "sql SELECT(1)",
        "sql SELECT(nothing_of_this_name)",
        "tables",
        "coverage",
        "rollup",
        "rollup --table nothing_of_this_name",
        "replay",
        "replay --until 2099-01-01 --into then",
        "changed --since 2026-11-01",
        "withdraw 00",
        "account list",
        "sync",
        "verify",
        "verify --repair",
    ] {
        site.run(&command.split(' ').collect::<Vec<_>>());
        for place in ["state.db", "then/state.db"].map(|file| site.path().join(file)) {
            let log = place.with_extension("db-wal");
            assert!(!log.exists(), "{command}: {}", log.display());
        }
    }
    assert!(site.path().join("state.db").exists() && site.path().join("then/state.db").exists());
}

fn is_of(root: &Path, file: &Path, kind: &str) -> bool {
    let path = file.strip_prefix(root).unwrap().to_string_lossy().into_owned();
    match kind {
        "meta.json" | "state.db" | "state.db-wal" => path.ends_with(kind),
        "raw/" => path.contains("/raw/") && !path.ends_with("meta.json"),
        area => path.contains(&format!("/{area}")) && path.ends_with(".parquet"),
    }
}
