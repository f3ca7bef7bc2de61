//! Decodes bytes as a delivery of a source and shows the rows as text.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use sellerlake_contracts::{Delivery, DeliveryId, META_VERSION, Scope};
use sellerlake_schemas::{Files, Findings, Schemas, Source, add_built_in};
use sellerlake_transforms::decode::{DecodeRequest, Outcome, decode};

/// The declarations that come with the binary.
pub fn built_in() -> Schemas {
    let mut files = Files::default();
    add_built_in(&mut files);
    let mut findings = Findings::default();
    let schemas = Schemas::load(&files, &mut findings);
    let found: Vec<String> = findings.sorted().iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    schemas
}

/// What is known of the request besides its source. Dates as on the command line.
#[derive(Debug, Clone, Default)]
pub struct Asked<'a> {
    /// Selling partner id; a fixture's where empty.
    pub seller: &'a str,
    /// What the request covered; the marketplace or the seller where not given.
    pub scope: Option<&'a str>,
    /// The one marketplace it named.
    pub marketplace: Option<&'a str>,
    /// `2026-03-01..2026-03-31`, both included.
    pub window: Option<&'a str>,
    /// RFC 3339.
    pub as_of: Option<&'a str>,
    /// RFC 3339; some day after the fixtures' where not given.
    pub fetched_at: Option<&'a str>,
    /// Label that came with the bytes.
    pub charset: Option<&'a str>,
    /// Keep buyers' personal data.
    pub allow_personal_data: bool,
    /// `dmy` or `mdy`, where a person has said so.
    pub day_order: Option<&'a str>,
    /// `comma` or `point`, where a person has said so.
    pub decimal: Option<&'a str>,
}

/// The delivery such a request would have landed. Its identity plays no part in decoding.
pub fn delivery(source: &Source, asked: &Asked<'_>, bytes: &[u8]) -> Delivery {
    let seller = if asked.seller.is_empty() { "A1FIXTURE" } else { asked.seller };
    Delivery {
        version: META_VERSION,
        id: DeliveryId::try_from("0".repeat(32)).unwrap(),
        source: source.name.clone(),
        seller: seller.parse().unwrap(),
        scope: Scope(asked.scope.or(asked.marketplace).unwrap_or(seller).to_owned()),
        marketplace: asked.marketplace.map(|id| id.parse().unwrap()),
        window: asked.window.map(|window| window.parse().unwrap()),
        options: [("day_order", asked.day_order), ("decimal", asked.decimal)]
            .into_iter()
            .filter_map(|(name, said)| Some((name.to_owned(), said?.to_owned())))
            .collect(),
        as_of: asked.as_of.map(|at| at.parse().unwrap()),
        fetched_at: asked.fetched_at.unwrap_or("2026-12-31T00:00:00Z").parse().unwrap(),
        charset: asked.charset.map(str::to_owned),
        sha256: "0".repeat(64),
        size_bytes: bytes.len() as u64,
        extension: "txt".into(),
        page_offsets: vec![0],
        origin: None,
        personal_data_until: None,
    }
}

/// The rows of one delivery, and what came of decoding it.
pub struct Decoded {
    /// Everything but the rows.
    pub outcome: Outcome,
    batches: Vec<RecordBatch>,
}

/// Decodes `bytes`; the number of threads must not show.
pub fn decode_bytes(source: &Source, asked: &Asked<'_>, bytes: &[u8], threads: usize) -> Decoded {
    let delivery = delivery(source, asked, bytes);
    let request =
        DecodeRequest { source, delivery: &delivery, allow_personal_data: asked.allow_personal_data, threads };
    let mut batches = Vec::new();
    let outcome = decode(&request, bytes, &mut |batch| {
        batches.push(batch);
        Ok(())
    })
    .unwrap_or_else(|error| panic!("{}: {error:?}", source.name));
    Decoded { outcome, batches }
}

impl Decoded {
    /// Rows in all batches.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The cells of one column as text; NULL is `None`.
    pub fn column(&self, name: &str) -> Vec<Option<String>> {
        let of_batch = |batch: &RecordBatch| texts(batch.column_by_name(name).unwrap_or_else(|| panic!("{name}")));
        self.batches.iter().flat_map(of_batch).collect()
    }

    /// The same, for a column without NULLs.
    pub fn full(&self, name: &str) -> Vec<String> {
        self.column(name).into_iter().map(|cell| cell.unwrap_or_else(|| panic!("{name} has a NULL"))).collect()
    }

    /// Whether another row says the same.
    pub fn is_twin(&self, row: usize) -> bool {
        let rows = self.as_lines();
        rows.iter().filter(|other| **other == rows[row]).count() > 1
    }

    /// The rows as text, in no order; line numbers and line ends within cells don't count.
    pub fn as_bag(&self) -> Vec<String> {
        let mut bag = self.as_lines();
        bag.sort_unstable();
        bag
    }

    /// The same of some columns.
    pub fn as_bag_of(&self, columns: &BTreeSet<&str>) -> Vec<String> {
        let mut bag = self.lines_of(|name| columns.contains(name));
        bag.sort_unstable();
        bag
    }

    fn as_lines(&self) -> Vec<String> {
        self.lines_of(|name| name != "_line")
    }

    fn lines_of(&self, has: impl Fn(&str) -> bool) -> Vec<String> {
        let Some(first) = self.batches.first() else { return Vec::new() };
        let schema = first.schema();
        let names = schema.fields().iter().map(|field| field.name()).filter(|name| has(name));
        let columns: Vec<Vec<Option<String>>> = names.map(|name| self.column(name)).collect();
        let row = |row: usize| {
            let cells = columns.iter().map(|cells| cells[row].as_deref().unwrap_or("\u{2205}"));
            cells.collect::<Vec<_>>().join("|").replace(['\r', '\n'], "").replace("\\r", "").replace("\\n", "")
        };
        (0..self.rows()).map(row).collect()
    }

    /// The rows as CSV: columns with any value, in the order of the schema. Parts of `_unit` are joined by `␟`.
    pub fn to_csv(&self) -> String {
        let Some(first) = self.batches.first() else { return String::new() };
        let names: Vec<String> = first.schema().fields().iter().map(|field| field.name().clone()).collect();
        let columns: Vec<(String, Vec<Option<String>>)> = names
            .into_iter()
            .map(|name| (name.clone(), self.column(&name)))
            .filter(|(_, cells)| cells.iter().any(Option::is_some))
            .collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(columns.iter().map(|(name, _)| name)).unwrap();
        for row in 0..self.rows() {
            let cell = |(_, cells): &(String, Vec<Option<String>>)| cells[row].clone().unwrap_or_default();
            writer.write_record(columns.iter().map(cell)).unwrap();
        }
        String::from_utf8(writer.into_inner().unwrap()).unwrap().replace('\u{1f}', "\u{241f}")
    }
}

fn texts(array: &ArrayRef) -> Vec<Option<String>> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options).unwrap();
    let cell = |row| array.is_valid(row).then(|| formatter.value(row).to_string());
    (0..array.len()).map(cell).collect()
}

/// The first line in which two texts differ, with both versions of it.
pub fn first_difference(expected: &str, found: &str) -> Option<String> {
    let (mut left, mut right) = (expected.lines(), found.lines());
    for line in 1.. {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (expected, found) if expected == found => {}
            (expected, found) => {
                let show = |line: Option<&str>| line.unwrap_or("(the end)").to_owned();
                return Some(format!("line {line}:\n  expected {}\n  found    {}", show(expected), show(found)));
            }
        }
    }
    None
}

/// A built-in source by name.
pub fn source(schemas: &Schemas, name: &str) -> Arc<Source> {
    Arc::clone(schemas.source(name).unwrap_or_else(|| panic!("no source {name}")))
}
