//! What must hold inside one source declaration.

use std::collections::BTreeMap;

use crate::column::{Column, ColumnType, Context};
use crate::findings::Findings;
use crate::header::normalise;
use crate::path::{ColumnPath, Segment};
use crate::source::{Format, Source, Unit};
use crate::table_rules::{check_doc, check_name, is_plain_name};

const SCOPES: [&str; 4] = ["account", "region", "marketplace", "profile"];

pub(crate) fn check_source(file: &str, source: &Source, findings: &mut Findings) {
    if !is_plain_name(&source.name) {
        findings.add(file, "", "the file's name must be lowercase letters, digits and '_'");
    }
    check_doc(file, "doc".into(), &source.doc, findings);
    if !SCOPES.contains(&source.scope.as_str()) {
        findings.unknown(file, "scope", "a scope", &source.scope, SCOPES);
    }
    if !(0.0..=1.0).contains(&source.max_rejected_share) {
        findings.add(file, "max_rejected_share", "expected a share between 0 and 1");
    }
    for column in source.columns.values() {
        check_column(file, source, column, findings);
    }
    check_headers(file, source, findings);
    check_format(file, source, findings);
    check_references(file, source, findings);
}

fn check_column(file: &str, source: &Source, column: &Column, findings: &mut Findings) {
    let key = |part: &str| format!("columns.{}{part}", column.name);
    check_name(file, key(""), &column.name, findings);
    check_doc(file, key(".doc"), &column.doc, findings);
    if column.pii && column.required {
        findings.add(file, key(".pii"), "a personal column is dropped by default, so it can't be required");
    }
    if let Some(zone) = &column.zone
        && zone.parse::<chrono_tz::Tz>().is_err()
    {
        findings.add(file, key(".zone"), format!("{zone:?} is not an IANA time zone such as Europe/Madrid"));
    }
    for format in &column.formats {
        let broken = chrono::format::StrftimeItems::new(format).any(|item| item == chrono::format::Item::Error);
        if broken {
            findings.add(file, key(".formats"), format!("{format:?} is not a date pattern such as %d.%m.%Y"));
        }
    }
    let is_json = source.format == Format::Json;
    if !column.only.is_empty() && is_json && !column.path.iter().any(is_outside_rows) {
        findings.add(
            file,
            key(".only"),
            "of a JSON document only a value that it states once, outside its rows, decides this",
        );
    }
    if column.line_ends && (column.column_type != ColumnType::Text || source.format == Format::Json) {
        findings.add(file, key(".line_ends"), "only a text of a flat file can hold line ends");
    }
    if column.ahead && !matches!(column.column_type, ColumnType::Date | ColumnType::Timestamp) {
        findings.add(file, key(".ahead"), "only days and instants can lie ahead");
    }
    if column.percent && !matches!(column.column_type, ColumnType::Decimal(..)) {
        findings.add(file, key(".percent"), "only decimals are per cent");
    }
    if column.id.is_some() && (column.column_type != ColumnType::Text || source.format == Format::Json) {
        findings.add(file, key(".id"), "only a text of a flat file is read so");
    }
    if column.names.is_some() && !matches!(column.column_type, ColumnType::Text | ColumnType::Json) {
        findings.add(file, key(".names"), "only text, or a list of texts, names something");
    }
    let names_months = |format: &String| format.contains("%b") || format.contains("%B");
    if !column.month_names.is_empty() && !column.formats.iter().any(names_months) {
        findings.add(file, key(".month_names"), "none of the formats has a month's name: %b");
    }
    for context in column.from.into_iter().chain(column.unless_stated) {
        check_context(file, column, context, findings);
    }
    if column.unless_stated.is_some() && source.format == Format::Json {
        findings.add(file, key(".unless_stated"), "only rows of flat files have cells that something stands in for");
    }
    let located = !column.path.is_empty() || column.from.is_some();
    match source.format {
        Format::Json if !located => findings.add(file, key(""), "a JSON column needs `path` or `from`"),
        Format::Tsv | Format::Csv if !column.path.is_empty() => {
            findings.add(file, key(".path"), "only JSON sources have paths; flat files have `headers`");
        }
        _ => {}
    }
}

fn is_outside_rows(path: &ColumnPath) -> bool {
    matches!(path, ColumnPath::Document(path) if path.iter().all(|segment| matches!(segment, Segment::Key(_))))
}

fn check_context(file: &str, column: &Column, context: Context, findings: &mut Findings) {
    let expected = match context {
        Context::AsOf => ColumnType::Timestamp,
        Context::AsOfDay | Context::WindowFrom | Context::WindowTo => ColumnType::Date,
        Context::Ordinal | Context::PartOrdinal => ColumnType::Int,
        Context::Scope | Context::Marketplace | Context::RowKind | Context::NodePath | Context::Key => ColumnType::Text,
    };
    if column.column_type != expected {
        let key = format!("columns.{}.type", column.name);
        findings.add(file, key, format!("is {}, but what it is taken from is {expected}", column.column_type));
    }
}

fn check_headers(file: &str, source: &Source, findings: &mut Findings) {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for column in source.columns.values().filter(|column| column.from.is_none() && column.path.is_empty()) {
        let mut spellings: Vec<String> = column.headers.iter().map(|header| normalise(header)).collect();
        spellings.push(normalise(&column.name));
        spellings.sort();
        spellings.dedup();
        for spelling in spellings {
            if let Some(earlier) = owners.insert(spelling.clone(), &column.name) {
                let problem = format!("{spelling:?} already names column {earlier:?}");
                findings.add(file, format!("columns.{}.headers", column.name), problem);
            }
        }
    }
}

fn check_format(file: &str, source: &Source, findings: &mut Findings) {
    match source.format {
        Format::Json => {
            if source.rows.is_empty() {
                findings.add(file, "rows", "a JSON source needs at least one [[rows]]");
            }
            let has = source.has.iter().flat_map(|one| &one.0).map(|path| ("has", path));
            let others = [("lacks", &source.lacks), ("next_page", &source.next_page)];
            let others = others.into_iter().flat_map(|(key, paths)| paths.iter().map(move |path| (key, path)));
            for (key, path) in has.chain(others) {
                if !matches!(ColumnPath::try_from(path.clone()), Ok(ColumnPath::Document(_))) {
                    findings.add(file, key, format!("{path:?} is not a path from the document"));
                }
            }
            if !source.separators.is_empty() {
                findings.add(file, "separators", "only flat files have this");
            }
            if !matches!(source.window_paths.len(), 0 | 2) {
                findings.add(file, "window_paths", "expected two paths: first day, last day");
            }
        }
        Format::Tsv | Format::Csv => {
            for separator in
                source.separators.iter().filter(|separator| **separator != '\t' && !separator.is_ascii_punctuation())
            {
                findings.add(file, "separators", format!("{separator:?} is no separator such as \";\""));
            }
            let json_only = [
                ("rows", source.rows.is_empty()),
                ("wrappers", source.wrappers.is_empty()),
                ("window_paths", source.window_paths.is_empty()),
                ("amount_keys", source.amount_keys.is_empty()),
                ("next_page", source.next_page.is_empty()),
            ];
            for (key, _) in json_only.iter().filter(|(_, absent)| !absent) {
                findings.add(file, *key, "only JSON sources have this");
            }
        }
    }
}

fn check_references(file: &str, source: &Source, findings: &mut Findings) {
    let is_time = |found: ColumnType| matches!(found, ColumnType::Date | ColumnType::Timestamp);
    let is_order = |found: ColumnType| is_time(found) || found == ColumnType::Int;
    let is_number = |found: ColumnType| matches!(found, ColumnType::Decimal(..) | ColumnType::Int);
    let mut apart_in_vain = Vec::new();
    let mut refer = |key: &str, name: &str, fits: &dyn Fn(ColumnType) -> bool, expected: &str| match source
        .columns
        .get(name)
    {
        None => findings.unknown(file, key, "a column of this source", name, source.columns.keys().map(String::as_str)),
        Some(column) if !fits(column.column_type) => {
            findings.add(file, key, format!("{name:?} is {}, expected {expected}", column.column_type));
        }
        Some(_) => {}
    };
    let units = std::iter::once(&source.unit).chain(source.rows.iter().filter_map(|rows| rows.unit.as_ref()));
    for unit in units {
        match unit {
            Unit::Columns(names) => names.iter().for_each(|name| refer("unit", name, &|_| true, "")),
            Unit::Day(name) => refer("unit", name, &is_time, "date or timestamp"),
            Unit::Period | Unit::AsOfDay => {}
        }
    }
    source.rows.iter().filter_map(|set| set.each_day.as_ref()).for_each(|name| {
        refer("rows.each_day", name, &is_time, "date or timestamp");
    });
    for (set, apart) in source.rows.iter().filter_map(|set| set.apart.as_ref().map(|apart| (set, apart))) {
        refer("rows.apart", &apart.column, &|_| true, "");
        let outside = source.columns.get(&apart.column).is_none_or(|column| column.path.iter().any(is_outside_rows));
        if !outside || matches!(set.unit, None | Some(Unit::Columns(_))) {
            apart_in_vain.push(apart.column.clone());
        }
    }
    source.may_end_with.iter().for_each(|name| refer("may_end_with", name, &|_| true, ""));
    source.identity.iter().for_each(|name| refer("identity", name, &|_| true, ""));
    let is_dated = |kind| is_time(kind) || kind == ColumnType::Text;
    source.dated_by.iter().for_each(|name| refer("dated_by", name, &is_dated, "date, timestamp or text"));
    if source.format != Format::Json {
        source.has.iter().flat_map(|one| &one.0).for_each(|name| refer("has", name, &|_| true, ""));
    }
    source.same_day.iter().flatten().for_each(|name| refer("same_day", name, &is_time, "date or timestamp"));
    source.in_order.iter().flatten().for_each(|name| refer("in_order", name, &is_time, "date or timestamp"));
    source.filled.iter().chain(source.together.iter().flatten()).for_each(|name| refer("filled", name, &|_| true, ""));
    let quotients = source.quotients.iter().flat_map(|quotient| [&quotient.value, &quotient.of, &quotient.by]);
    quotients.for_each(|name| refer("quotients", name, &is_number, "a number"));
    let within = source.within.iter().flat_map(|within| [&within.day, &within.from, &within.to]);
    within.for_each(|name| refer("within", name, &is_time, "date or timestamp"));
    if let Some(name) = &source.as_of {
        refer("as_of", name, &is_time, "date or timestamp");
    }
    if let Some(name) = &source.version_column {
        refer("version_column", name, &is_order, "timestamp, date or int");
    }
    if let Some(name) = source.month.as_deref().filter(|name| !matches!(*name, "as_of" | "window")) {
        refer("month", name, &is_time, "date or timestamp");
    }
    for control in &source.controls {
        control.sum.iter().chain([&control.equals]).for_each(|name| refer("controls", name, &is_number, "a number"));
    }
    for column in apart_in_vain {
        let problem =
            format!("{column:?} must stand outside the rows, and the rows must have a request unit of their own");
        findings.add(file, "rows.apart", problem);
    }
}
