//! Documents read back, as simply as possible, so that tests can add up what they say.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sellerlake_simulator::reports::{Document, Report, ReportQuery, report};
use sellerlake_simulator::world::{Profile, World};
use serde_json::Value;

/// One row of a flat file by column.
pub type Row = BTreeMap<String, String>;

/// A small world that holds every marketplace.
pub fn world() -> World {
    World::grow(&small())
}

/// What it is grown from.
pub fn small() -> Profile {
    let mut profile = Profile::demo(40);
    for seller in &mut profile.sellers {
        seller.orders_per_day = 9.0;
        seller.products = 7;
    }
    profile
}

/// When the small world's orders end.
pub fn end() -> DateTime<Utc> {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

/// When nothing is left to happen.
pub fn long_after() -> DateTime<Utc> {
    end() + TimeDelta::days(120)
}

pub fn text(document: &Document) -> String {
    let label = match document.charset {
        "Cp1252" => "windows-1252",
        "Windows-31J" => "shift_jis",
        other => other,
    };
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
    let (text, _, broken) = encoding.decode(&document.bytes);
    assert!(!broken, "bytes that aren't {label}");
    text.into_owned()
}

/// The rows of a flat file; every row is as wide as the header.
pub fn rows(document: &Document) -> Vec<Row> {
    let text = text(document);
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!(cells.len(), header.len(), "{line}");
        header.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect()
    };
    lines.map(row).collect()
}

pub fn query(kind: &str, from: DateTime<Utc>, to: DateTime<Utc>) -> ReportQuery {
    ReportQuery { report_type: kind.to_owned(), marketplaces: Vec::new(), from, to, options: BTreeMap::new() }
}

/// The document of a report, if there is one.
pub fn printed(world: &World, seller: &str, query: &ReportQuery, now: DateTime<Utc>) -> Option<Document> {
    match report(world, seller, query, now) {
        Report::Document(document) => Some(document),
        Report::NoData => None,
        Report::Refused(reason) => panic!("{}: {reason}", query.report_type),
    }
}

/// All rows of a report over windows of some days, one after the other.
pub fn rows_of_windows(world: &World, seller: &str, kind: &str, days: i64, now: DateTime<Utc>) -> Vec<Row> {
    let (mut from, mut found) = (end() - TimeDelta::days(45), Vec::new());
    while from < now {
        let to = (from + TimeDelta::days(days)).min(now);
        found.extend(printed(world, seller, &query(kind, from, to), now).iter().flat_map(rows));
        from = to;
    }
    found
}

/// An amount in hundredths, whatever decimal sign it has and whatever floating point left behind; 0 for a blank.
pub fn hundredths(text: &str) -> i64 {
    let plain = if text.contains(',') { text.replace('.', "").replace(',', ".") } else { text.to_owned() };
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let (part, rest) = part.split_at(part.len().min(2));
    assert!(rest.len() > 9 || rest.trim_matches('0').is_empty(), "{text}");
    if plain.is_empty() { 0 } else { format!("{whole}{part:0<2}").parse().unwrap() }
}

/// The same of a JSON number or text.
pub fn amount(value: &Value) -> i64 {
    match value {
        Value::String(text) => hundredths(text),
        Value::Number(number) => hundredths(&number.to_string()),
        other => panic!("no amount: {other}"),
    }
}
