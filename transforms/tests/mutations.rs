//! What happens to files on their way changes no number in silence. Every flat file of the cases, and every sample where
//! they are at hand, is cut, broken, robbed of a cell, given another decimal mark or a row twice: its rows are those of
//! the whole file, or the outcome says that something isn't.
//!
//! `just mutations 100000` tries so many a source; `SELLERLAKE_SEED` chooses others. What can't be told from a whole file
//! is listed in [`Excuse`], and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use sellerlake_schemas::{Column, ColumnType, Format, Source, normalise};

use crate::beside::shared;
use crate::cases::{folders, read};
use crate::decoded::{Asked, Decoded, built_in, decode_bytes, source};

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// It ends after any byte.
    Cut,
    /// A line end is put anywhere in a cell.
    Break,
    /// A cell is left out, with the separator beside it.
    Drop,
    /// The same, and the row is filled up with an empty cell at its end.
    Shift,
    /// A point among digits becomes a comma, a comma a point.
    Mark,
    /// A row stands twice, in a source whose rows add up to a total or tell themselves apart.
    Double,
    /// The whole file follows on itself, header and all.
    Again,
}

const KINDS: [Kind; 7] = [Kind::Cut, Kind::Break, Kind::Drop, Kind::Shift, Kind::Mark, Kind::Double, Kind::Again];

/// Why a mutated file can't be told from a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Excuse {
    /// It ends with a whole line: a file of fewer rows, and nothing in it says how many there were.
    WholeLines,
    /// It ends within the last cell of a line, a text of which nothing is left, or what other lines end with.
    EndsAsOthers,
    /// It has one row, which is longer than the header as all rows of its kind are: nothing says by how much.
    Longer,
    /// What stands twice has no amount, and rows of its kind have no identity.
    AddsNothing,
    /// What stands twice lacks a part of what tells rows apart.
    NoIdentity,
    /// The one character beyond ASCII in the file is broken, and is read as two of another charset.
    OneAccent,
    /// Nothing that counts has moved: texts, which may be anything.
    Texts,
    /// What is listed in [`ALIKE`].
    Alike,
    /// Somebody has said what stands before decimals, and is believed.
    Told,
}

/// Texts that say what is counted.
const KEYS: [&str; 8] = ["sku", "seller_sku", "msku", "asin", "fnsku", "currency", "currency_unit", "marketplace"];

/// Sources, why nothing tells that a cell was lost and those behind it have moved, and which cells those are; none named:
/// any.
const ALIKE: [(&str, &str, &[&str]); 7] = [
    (
        "fba_stranded",
        "a price and counts, any of which may be empty",
        &["fulfillable-qty", "your-price", "unfulfillable-qty", "reserved-quantity"],
    ),
    (
        "ledger_detail",
        "an instant behind the counts and texts behind it, any of which may be empty: no number moves",
        &["date-and-time", "store"],
    ),
    ("inventory_planning", "scores of counts and computed numbers, any of which may be empty", &[]),
    ("settlement_v1", "amounts in columns of their own, most of them empty: the sum stays", &[]),
    (
        "settlement_v2",
        "two dates that say the same, and ids behind them, any of which may be empty: no amount moves",
        &[
            "posted-date",
            "posted-date-time",
            "order-item-code",
            "merchant-order-item-id",
            "merchant-adjustment-item-id",
            "sku",
        ],
    ),
    (
        "storage_fee_charges",
        "flags and a discount, which may be 0, behind the fee",
        &[
            "eligible-for-inventory-discount",
            "qualifies-for-inventory-discount",
            "total-incentive-fee-amount",
            "breakdown-incentive-fee-amount",
            "average-quantity-customer-orders",
        ],
    ),
    ("tax_registrations", "two flags, the second of which may be empty", &["registered"]),
];

/// A file that is whole, and its rows. UTF-16 is held as UTF-8 here.
struct Subject {
    is_utf16: bool,
    name: String,
    source: Arc<Source>,
    asked: Asked<'static>,
    bytes: Vec<u8>,
    records: Vec<Vec<Range<usize>>>,
    rows: Vec<String>,
    whole: Decoded,
}

impl Subject {
    fn new(name: String, source: Arc<Source>, asked: Asked<'static>, bytes: Vec<u8>) -> Option<Self> {
        let decoded = decode_bytes(&source, &asked, &bytes, 1);
        let is_utf16 = bytes.starts_with(&[0xff, 0xfe]);
        let bytes = if is_utf16 { encoding_rs::UTF_16LE.decode(&bytes).0.into_owned().into_bytes() } else { bytes };
        let records = records(&bytes, &source);
        let rows = decoded.as_bag();
        is_whole(&decoded).then(|| Self { is_utf16, name, source, asked, records, rows, bytes, whole: decoded })
    }

    fn decode(&self, bytes: &[u8]) -> Decoded {
        let wide = || [0xfeff].into_iter().chain(String::from_utf8_lossy(bytes).encode_utf16().collect::<Vec<_>>());
        let wide = self.is_utf16.then(|| wide().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
        decode_bytes(&self.source, &self.asked, wide.as_deref().unwrap_or(bytes), 1)
    }

    fn has_identity(&self) -> bool {
        !self.source.controls.is_empty() || !self.source.identity.is_empty()
    }

    /// A mutation of the kind: where it was done, and the bytes. `None` where the file has no place for it.
    fn mutated(&self, kind: Kind, random: &mut fastrand::Rng) -> Option<(usize, Vec<u8>)> {
        let record = &self.records[random.usize(1..self.records.len())];
        let cell = record[random.usize(..record.len())].clone();
        let splice = |at: Range<usize>, with: &[u8]| {
            let mut bytes = self.bytes.clone();
            bytes.splice(at, with.iter().copied());
            bytes
        };
        match kind {
            Kind::Cut => {
                let at = random.usize(1..self.bytes.len());
                Some((at, self.bytes[..at].to_vec()))
            }
            Kind::Break => {
                let at = random.usize(cell.start..=cell.end);
                let end: &[u8] = if self.bytes.contains(&b'\r') { b"\r\n" } else { b"\n" };
                Some((at, splice(at..at, end)))
            }
            Kind::Drop | Kind::Shift if record.len() == 1 => None,
            Kind::Drop => {
                let is_last = record.last() == Some(&cell);
                let gone = if is_last { cell.start - 1..cell.end } else { cell.start..cell.end + 1 };
                Some((cell.start, splice(gone, b"")))
            }
            Kind::Shift => {
                let end = record[record.len() - 1].end;
                let delimiter = self.bytes[record[0].end];
                let mut bytes = splice(end..end, &[delimiter]);
                bytes.drain(cell.start..=cell.end);
                // Where nothing follows, that cell has lost its value.
                let follows = self.bytes.get(cell.end + 1..end)?.iter().any(|byte| !b"\t,; \"".contains(byte));
                follows.then_some((cell.start, bytes))
            }
            Kind::Again => {
                let gap: &[u8] = if self.bytes.ends_with(b"\n") { b"" } else { b"\n" };
                Some((self.bytes.len(), [&self.bytes, gap, &self.bytes].concat()))
            }
            Kind::Mark => {
                let marks: Vec<usize> =
                    (self.records[0][0].start..self.bytes.len() - 1).filter(|at| self.is_mark(*at)).collect();
                let at = *random.choice(&marks)?;
                Some((at, splice(at..at + 1, if self.bytes[at] == b'.' { b"," } else { b"." })))
            }
            Kind::Double if !self.has_identity() => None,
            Kind::Double => {
                let (start, end) = (record[0].start, record[record.len() - 1].end);
                let line = [&self.bytes[start..end], b"\n"].concat();
                Some((start, splice(start..start, &line)))
            }
        }
    }

    /// A point or comma in a cell of digits, marks and signs.
    fn is_mark(&self, at: usize) -> bool {
        let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        if !matches!(self.bytes[at], b'.' | b',') || !digit(self.bytes.get(at + 1)) {
            return false;
        }
        let cells = self.records.iter().skip(1).flatten();
        let mut holders = cells.filter(|cell| cell.contains(&at)).map(|cell| &self.bytes[cell.clone()]);
        holders.any(|cell| cell.iter().all(|byte| byte.is_ascii_digit() || b"-.,\" %$".contains(byte)))
    }

    /// The header over a cell that starts at a byte, normalised.
    fn header_at(&self, at: usize) -> String {
        let record = self.records.iter().find(|record| record.iter().any(|cell| cell.start == at)).unwrap();
        let place = record.iter().position(|cell| cell.start == at).unwrap();
        normalise(&String::from_utf8_lossy(&self.bytes[self.records[0][place].clone()]))
    }

    fn excuse(&self, kind: Kind, at: usize, found: &Decoded) -> Option<Excuse> {
        let high = |bytes: &[u8]| bytes.iter().filter(|byte| !byte.is_ascii()).count();
        match kind {
            Kind::Cut => self.excuse_cut(at),
            Kind::Drop => {
                let (header, rows) = (self.records[0].len(), &self.records[1..]);
                (rows.len() == 1 && rows[0].len() > header + 1).then_some(Excuse::Longer)
            }
            Kind::Again => None,
            Kind::Shift => {
                let counts = |columns: &BTreeSet<&str>| found.as_bag_of(columns) == self.whole.as_bag_of(columns);
                let is_text = |column: &&Column| column.column_type == ColumnType::Text;
                let counting =
                    self.source.columns.values().filter(|column| !is_text(column) || KEYS.contains(&&*column.name));
                let is_flag = |column: &&Column| column.column_type == ColumnType::Bool && !self.source.by_hand;
                let mut counting: BTreeSet<&str> =
                    counting.filter(|column| !is_flag(column)).map(|column| &*column.name).collect();
                counting.insert("_unit");
                if counts(&counting) {
                    return Some(Excuse::Texts);
                }
                let alike: Vec<_> = ALIKE.iter().filter(|(source, ..)| *source == self.source.name).collect();
                let header = self.header_at(at);
                let is_alike = alike
                    .iter()
                    .any(|(_, _, names)| names.is_empty() || names.iter().any(|name| normalise(name) == header));
                is_alike.then_some(Excuse::Alike)
            }
            Kind::Double if self.source.controls.is_empty() => {
                let lacks = |row: usize| self.source.identity.iter().any(|name| found.column(name)[row].is_none());
                (0..found.rows()).any(|row| found.is_twin(row) && lacks(row)).then_some(Excuse::NoIdentity)
            }
            Kind::Double => {
                let control = &self.source.controls[0];
                let (twice, other): (Vec<_>, Vec<_>) = (0..found.rows()).partition(|row| found.is_twin(*row));
                let amount = |row: &usize| {
                    control
                        .sum
                        .iter()
                        .any(|name| found.column(name)[*row].as_deref().is_some_and(|amount| amount != "0.0000"))
                };
                (!twice.is_empty() && other.len() < found.rows() && !twice.iter().all(amount))
                    .then_some(Excuse::AddsNothing)
            }
            Kind::Break => {
                (high(&self.bytes) <= 3).then_some(Excuse::OneAccent).filter(|_| found.outcome.charset_guessed)
            }
            Kind::Mark => self.asked.decimal.map(|_| Excuse::Told),
        }
    }

    fn excuse_cut(&self, at: usize) -> Option<Excuse> {
        let begun = self.records.iter().filter(|record| record[0].start < at);
        let (whole, cut): (Vec<_>, Vec<_>) = begun.partition(|record| record[record.len() - 1].end <= at);
        let Some(cut) = cut.first() else { return Some(Excuse::WholeLines) };
        let start = cut[cut.len() - 1].start;
        let others = whole.iter().skip(1).map(|record| &self.bytes[record[record.len() - 1].clone()]);
        let left = self.bytes.get(start..at)?;
        (left.is_empty() || others.into_iter().any(|other| other == left)).then_some(Excuse::EndsAsOthers)
    }
}

/// Whether an outcome says that all is well.
fn is_whole(decoded: &Decoded) -> bool {
    let outcome = &decoded.outcome;
    outcome.refused.is_none()
        && outcome.rejected == 0
        && outcome.held_back.is_empty()
        && !outcome.hold_back_all
        && outcome.incomplete.is_empty()
        && outcome.unbalanced.is_empty()
        && outcome.padded == 0
        && outcome.cut_off.is_none()
}

/// Where the cells of each record stand, quotes included.
fn records(bytes: &[u8], source: &Source) -> Vec<Vec<Range<usize>>> {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| header.split(|byte| byte == delimiter).count() - 1;
    let delimiter = source.delimiters().max_by_key(count).unwrap();
    let quoting = source.quoting() || bytes.windows(2).any(|pair| pair == [delimiter, b'"']);
    let (mut records, mut record, mut start, mut quoted) = (Vec::new(), Vec::new(), 0, false);
    for (at, byte) in bytes.iter().copied().chain([b'\n']).enumerate() {
        if byte == b'"' && quoting && (quoted || at == start || bytes[at - 1] == b'"' && bytes[start] == b'"') {
            quoted = !quoted;
        } else if !quoted && (byte == delimiter || byte == b'\n') {
            let end = if byte == b'\n' && at > start && bytes[at - 1] == b'\r' { at - 1 } else { at };
            record.push(start..end);
            start = at + 1;
            if byte == b'\n' {
                records.push(std::mem::take(&mut record));
            }
        }
    }
    records.retain(|record| record.len() > 1 || !record[0].is_empty());
    records
}

fn subjects() -> Vec<Subject> {
    let schemas = built_in();
    let mut subjects = Vec::new();
    for folder in folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let (case, bytes) = read(&folder);
        let case: &'static _ = Box::leak(Box::new(case));
        let source = source(&schemas, &case.source);
        if source.format != Format::Json {
            subjects.extend(Subject::new(name, source, case.asked(), bytes));
        }
    }
    let europe = Asked { scope: Some("EU"), as_of: Some("2026-09-02T00:00:00Z"), ..Asked::default() };
    let ledger = Asked { window: Some("2026-08-01..2026-08-31"), ..europe.clone() };
    let madrid = Asked { marketplace: Some("A1RKKUPIHCS9HS"), ..Asked::default() };
    let terms = Asked { window: Some("2026-06-01..2026-07-31"), as_of: Some("2026-08-15T00:00:00Z"), ..madrid.clone() };
    let samples = [
        ("settlement/settlement_v1_50011020300.txt", "settlement_v1", Asked::default()),
        ("settlement/settlement_v1_50018020314.txt", "settlement_v1", Asked::default()),
        ("settlement/settlement_v1_50034020328.txt", "settlement_v1", Asked::default()),
        ("settlement/settlement_v2_sample.txt", "settlement_v2", Asked::default()),
        ("orders/unshipped_orders_us_68cols_redacted.txt", "unshipped_orders", Asked::default()),
        ("orders/order_report_quoted_multiline.tsv", "order_report", Asked::default()),
        ("orders/fulfilled_shipments_example.txt", "fulfilled_shipments", Asked::default()),
        ("eu/pedidos-es.txt", "all_orders", Asked::default()),
        ("eu/ledger-detail.txt", "ledger_detail", ledger.clone()),
        ("eu/libro-inventario-es.txt", "ledger_detail", ledger),
        ("eu/terminos-es.csv", "ads_console_search_terms", terms),
        ("eu/inventory-planning.txt", "inventory_planning", madrid),
        ("eu/storage-fees.txt", "storage_fee_charges", europe.clone()),
        ("eu/reimbursements.txt", "fba_reimbursements", europe),
    ];
    for (file, name, asked) in samples {
        if let Some(path) = shared(&format!("samples/{file}")) {
            let subject = Subject::new(file.to_owned(), source(&schemas, name), asked, std::fs::read(path).unwrap());
            subjects.push(subject.unwrap_or_else(|| panic!("{file} isn't whole")));
        }
    }
    subjects
}

/// What came of the mutations of one kind.
#[derive(Default)]
struct Count {
    tried: u64,
    same: u64,
    told: u64,
    excused: BTreeMap<Excuse, u64>,
    silent: u64,
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}

/// Tries `tries` mutations of one source's files; the counts, and what was silent.
fn torment(subjects: &[&Subject], tries: u64, seed: u64) -> (BTreeMap<Kind, Count>, Vec<String>) {
    let (mut counts, mut silent) = (BTreeMap::<Kind, Count>::new(), Vec::new());
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..tries {
        let subject = *random.choice(subjects.iter()).unwrap();
        let kind = *random.choice(KINDS.iter()).unwrap();
        let Some((at, bytes)) = subject.mutated(kind, &mut random) else { continue };
        let found = subject.decode(&bytes);
        let count = counts.entry(kind).or_default();
        count.tried += 1;
        if !is_whole(&found) {
            count.told += 1;
        } else if found.as_bag() == subject.rows {
            count.same += 1;
        } else if let Some(excuse) = subject.excuse(kind, at, &found) {
            *count.excused.entry(excuse).or_default() += 1;
        } else {
            count.silent += 1;
            let around =
                String::from_utf8_lossy(&bytes[at.saturating_sub(60).min(bytes.len())..(at + 40).min(bytes.len())])
                    .into_owned();
            silent.push(format!("{} {kind:?} at {at}: {around:?}", subject.name));
        }
    }
    (counts, silent)
}

#[test]
fn nothing_that_happens_to_a_file_changes_its_rows_in_silence() {
    let (tries, seed) = (number("SELLERLAKE_MUTATIONS", 500), number("SELLERLAKE_SEED", 1));
    let subjects = subjects();
    let mut by_source = BTreeMap::<&str, Vec<&Subject>>::new();
    for subject in &subjects {
        by_source.entry(&subject.source.name).or_default().push(subject);
    }
    let (mut table, mut failures) = (String::new(), Vec::new());
    let results = std::thread::scope(|scope| {
        let torment = |subjects| move || torment(subjects, tries, seed);
        let threads: Vec<_> =
            by_source.iter().map(|(name, subjects)| (name, scope.spawn(torment(subjects.as_slice())))).collect();
        threads.into_iter().map(|(name, thread)| (*name, thread.join().unwrap())).collect::<Vec<_>>()
    });
    for (name, (counts, silent)) in results {
        for (kind, count) in counts {
            let Count { tried, same, told, excused, silent } = count;
            writeln!(
                table,
                "{name:26} {kind:?}\ttried {tried}\tsame {same}\ttold {told}\texcused {excused:?}\tsilent {silent}"
            )
            .unwrap();
        }
        failures.extend(silent.into_iter().take(12));
    }
    eprintln!("{table}");
    assert!(failures.is_empty(), "in silence:\n{}", failures.join("\n"));
}
