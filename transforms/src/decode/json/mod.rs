//! JSON documents: checks what the bytes are, asks the document what the request left open, then reads it record by
//! record. Memory holds one record and what lies outside the records, never a whole document.

pub(crate) mod known;
mod marks;
mod node;
mod reader;
mod repeats;
mod stated;
mod stream;
pub(crate) mod walk;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use sellerlake_contracts::{Error, Kind, Result, Window};
use sellerlake_schemas::{ColumnPath, Segment, Source};

use crate::decode::json::known::KnownShape;
use crate::decode::json::reader::{JsonDocument, Reader};
use crate::decode::json::stated::stated_once;
use crate::decode::json::stream::{JsonFault, JsonLayout, JsonStop, skim};
use crate::decode::json::walk::{JsonRowPlan, scalar_at};
use crate::decode::moment::Moments;
use crate::decode::rows::{self, needs_as_of_first};
use crate::decode::{DecodeRequest, Emit, Outcome};

/// Characters of a document that a refusal quotes.
const QUOTED: usize = 80;
const CHARSET: &str = "UTF-8";

/// Decodes the documents in `bytes`: one, or several one after the other.
pub fn decode(request: &DecodeRequest<'_>, bytes: &[u8], emit: &mut Emit<'_>) -> Result<Outcome> {
    let source = request.source;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Err(reason) = documents_begin(bytes) {
        return Ok(refused(reason));
    }
    let sets: Vec<JsonRowPlan<'_>> = source.rows.iter().map(|set| JsonRowPlan::new(source, set)).collect();
    let layout = layout(source, &sets);
    let stated = match Stated::of(request, bytes, &layout, &sets)? {
        Ok(stated) => stated,
        Err(reason) => return Ok(refused(reason)),
    };
    let plan = rows::RowPlan::new(request, stated.window, stated.as_of, &stated.options)?;
    let known = KnownShape::of(source)?;
    let mut reader = Reader::new(&plan, &known, &layout, &sets);
    let mut refusal = None;
    for document in documents(bytes, &layout) {
        let (document, at) = match document {
            Ok(document) => document,
            Err(reason) => {
                refusal = Some(reason);
                break;
            }
        };
        match reader.read(&document, emit) {
            Ok(()) => {}
            Err(JsonStop::Failed(error)) => return Err(error),
            Err(JsonStop::Broken(fault)) => refusal = Some(describe(&fault.moved(at), bytes)),
            Err(JsonStop::Foreign(reason)) => refusal = Some(reason),
        }
        if refusal.is_some() {
            break;
        }
    }
    let mut outcome = reader.finish(emit)?;
    outcome.charset = CHARSET.to_owned();
    if refusal.is_some() {
        outcome.refused = refusal;
        outcome.empty.clear();
    }
    Ok(outcome)
}

fn refused(reason: String) -> Outcome {
    Outcome { refused: Some(reason), charset: CHARSET.to_owned(), ..Outcome::default() }
}

/// The lists of records, each way to one named once.
fn layout<'s>(source: &'s Source, sets: &[JsonRowPlan<'s>]) -> JsonLayout<'s> {
    let mut lists: Vec<&[Segment]> = Vec::new();
    for list in sets.iter().filter_map(JsonRowPlan::list) {
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    JsonLayout { wrappers: &source.wrappers, lists, skeleton_bytes: source.max_line_bytes() }
}

/// The documents in turn, skimmed, each with its offset; or why the rest can't be read.
fn documents<'a>(
    bytes: &'a [u8],
    layout: &JsonLayout<'_>,
) -> impl Iterator<Item = Result<(JsonDocument<'a>, usize), String>> {
    let mut rest = 0;
    let mut broken = false;
    std::iter::from_fn(move || {
        rest += bytes[rest..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if broken || rest >= bytes.len() {
            return None;
        }
        let at = rest;
        let found = documents_begin(&bytes[at..]).and_then(|()| {
            let skeleton = skim(&bytes[at..], layout).map_err(|fault| describe(&fault.moved(at), bytes))?;
            rest = at + skeleton.length;
            Ok((JsonDocument { bytes: &bytes[at..rest], skeleton }, at))
        });
        broken = found.is_err();
        Some(found)
    })
}

/// Says what stands where a JSON document should begin, if it isn't one.
fn documents_begin(bytes: &[u8]) -> Result<(), String> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let begins = || {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(QUOTED * 8)]).into_owned();
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.join(" ").chars().take(QUOTED).collect::<String>()
    };
    match first {
        Some(_)
            if bytes.starts_with(b"\xff\xfe")
                || bytes.starts_with(b"\xfe\xff")
                || bytes.iter().take(8).any(|byte| *byte == 0) =>
        {
            Err("this is UTF-16 text, and JSON is read as UTF-8: save it as UTF-8".to_owned())
        }
        None => Err("the file is empty where a JSON document was expected".to_owned()),
        Some(b'{' | b'[') => Ok(()),
        Some(b'<') => Err(format!("this is HTML or XML where JSON was expected; it begins: {}", begins())),
        Some(_) => Err(format!("this is not a JSON object or list; it begins: {}", begins())),
    }
}

/// A sentence with the place: line and column from 1, bytes from the file's start.
fn describe(fault: &JsonFault, bytes: &[u8]) -> String {
    let before = &bytes[..fault.offset.min(bytes.len())];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1) + 1;
    let broken = if fault.reason.starts_with("EOF") { "the JSON document is cut off" } else { "the JSON is malformed" };
    format!("{broken} at line {line}, column {column}, byte {}: {}", fault.offset, fault.reason)
}

/// What the documents say of the request that they answer.
#[derive(Debug)]
struct Stated {
    window: Option<Window>,
    as_of: Option<DateTime<Utc>>,
    /// By column: options of the request that tell units apart, as the first document that has them repeats them.
    options: BTreeMap<String, String>,
}

impl Stated {
    /// The delivery's own window and as-of; the documents are asked only where these are absent and needed.
    fn of(
        request: &DecodeRequest<'_>,
        bytes: &[u8],
        layout: &JsonLayout<'_>,
        sets: &[JsonRowPlan<'_>],
    ) -> Result<Result<Self, String>> {
        let (source, delivery) = (request.source, request.delivery);
        let mut stated = Self { window: delivery.window, as_of: delivery.as_of, options: BTreeMap::new() };
        let wants_window = !source.window_paths.is_empty();
        let wants_as_of = stated.as_of.is_none() && source.as_of.is_some() && needs_as_of_first(source);
        let apart: Vec<&str> =
            source.rows.iter().filter_map(|set| set.apart.as_ref().map(|apart| apart.column.as_str())).collect();
        if !wants_window && !wants_as_of && apart.is_empty() {
            return Ok(Ok(stated));
        }
        let window_paths = window_paths(source)?;
        let (mut from, mut to) = (None, None);
        for document in documents(bytes, layout) {
            let (document, at) = match document {
                Ok(document) => document,
                Err(reason) => return Ok(Err(reason)),
            };
            if wants_window {
                let bound = |at: usize| window_paths.get(at).and_then(|path| scalar_at(&document.skeleton.node, path));
                from = earliest(from, bound(0).and_then(|text| instant(&text, false)));
                to = to.max(bound(1).and_then(|text| instant(&text, true)));
            }
            for column in apart.iter().filter_map(|name| source.columns.get(*name)) {
                if let Some(value) = stated_once(column, &document.skeleton.node) {
                    stated.options.entry(column.name.clone()).or_insert(value);
                }
            }
            if wants_as_of {
                match document.as_of(source, layout, sets) {
                    Ok(found) => stated.as_of = stated.as_of.max(found),
                    Err(fault) => return Ok(Err(describe(&fault.moved(at), bytes))),
                }
            }
        }
        if let (true, Some(from), Some(to)) = (wants_window, from, to) {
            let own = Window::new(from, to).ok();
            let days = |window: Window| (window.from.date_naive(), window.last_day());
            match (stated.window.map(days), own.map(days)) {
                (Some(asked), Some(own)) if asked != own => {
                    return Ok(Err(format!(
                        "it says itself that it covers {}..{}, not the window {}..{}; --window must be the one the file \
                         was made for",
                        own.0, own.1, asked.0, asked.1
                    )));
                }
                _ => stated.window = stated.window.or(own),
            }
        }
        Ok(Ok(stated))
    }
}

fn earliest(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn window_paths(source: &Source) -> Result<Vec<Vec<Segment>>> {
    let parse = |text: &String| match ColumnPath::try_from(text.clone()) {
        Ok(ColumnPath::Document(path)) => Ok(path),
        _ => Err(Error::permanent(Kind::Declaration, format!("{text:?} is not a path from the document"))
            .at("decode.json")
            .with("source", &source.name)),
    };
    source.window_paths.iter().map(parse).collect()
}

/// A bound of a window: a day (the last one is inside) or an instant (the last second of a day stands for its end).
fn instant(text: &str, is_end: bool) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let day = TimeDelta::days(1);
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let at = date.and_time(NaiveTime::MIN).and_utc();
        return if is_end { at.checked_add_signed(day) } else { Some(at) };
    }
    let Ok(micros) = Moments::new(&[], None).instant(text) else { return None };
    let at = DateTime::from_timestamp_micros(micros)?;
    let midnight = at.date_naive().and_time(NaiveTime::MIN).and_utc();
    let next = midnight.checked_add_signed(day)?;
    Some(if is_end && next - at <= TimeDelta::seconds(1) { next } else { at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_of_a_window_is_inside() {
        let end = |text: &str| instant(text, true).map(|at| at.to_rfc3339());
        for text in ["2024-02-26", "2024-02-26T23:59:59Z", "2024-02-26T23:59:59.999Z"] {
            assert_eq!(end(text).as_deref(), Some("2024-02-27T00:00:00+00:00"), "{text}");
        }
        assert_eq!(end("2024-02-26T08:00:00Z").as_deref(), Some("2024-02-26T08:00:00+00:00"));
        assert_eq!(instant("2024-02-26", false).unwrap().to_rfc3339(), "2024-02-26T00:00:00+00:00");
        assert_eq!(instant("last week", false), None);
    }
}
