//! Walks a JSON document down to its records without holding it: what lies outside the records is kept as a small
//! skeleton, a record is handed out as the slice of text it is.

use std::borrow::Cow;
use std::fmt;

use sellerlake_contracts::Error;
use sellerlake_schemas::Segment;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::decode::json::node::{NameSeed, Node, mend_surrogates, number, parse};

/// Where records are: wrappers that may be around the document, and the way to each list of records.
#[derive(Debug)]
pub(crate) struct JsonLayout<'s> {
    pub(crate) wrappers: &'s [String],
    /// Segments up to and including the first `[]`, one for every different way.
    pub(crate) lists: Vec<&'s [Segment]>,
    /// Longest value outside the records that is kept, all together, in bytes.
    pub(crate) skeleton_bytes: usize,
}

/// One record, as text.
pub(crate) struct Record<'a, 'w> {
    pub(crate) text: &'a str,
    /// Position in [`Layout::lists`].
    pub(crate) list: usize,
    /// Offset in the document.
    pub(crate) at: usize,
    /// Position in its list, from 0.
    pub(crate) ordinal: u64,
    /// Members that lead from the document to the list.
    pub(crate) way: &'w [String],
}

/// A document without its records.
#[derive(Debug)]
pub(crate) struct Skeleton<'a> {
    pub(crate) node: Node<'a>,
    /// Whether a place where records belong was there, empty or not.
    pub(crate) met: bool,
    /// Paths of values that are too long, or broken text.
    pub(crate) left_out: Vec<String>,
    /// Bytes up to the document's end.
    pub(crate) length: usize,
}

/// What is wrong with a document and where.
#[derive(Debug)]
pub(crate) struct JsonFault {
    pub(crate) reason: String,
    /// Offset in the bytes given.
    pub(crate) offset: usize,
}

/// Reads the document that starts at `bytes[0]` but for its records; checks the syntax of all of it.
pub(crate) fn skim<'a>(bytes: &'a [u8], layout: &JsonLayout<'_>) -> Result<Skeleton<'a>, JsonFault> {
    let mut walker = Walker::new(layout, bytes, None);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let node = walker.start().deserialize(&mut json).map_err(|error| JsonFault::of(&error, bytes))?;
    let length = json.into_iter::<IgnoredAny>().byte_offset();
    Ok(Skeleton { node, met: walker.met, left_out: walker.left_out, length })
}

/// Why reading ended early.
#[derive(Debug)]
pub(crate) enum JsonStop {
    /// The receiver of the batches failed.
    Failed(Error),
    /// The document is no JSON after all.
    Broken(JsonFault),
    /// It is JSON, but not what it was said to be.
    Foreign(String),
}

impl From<Error> for JsonStop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Hands out every record of the document, in order.
pub(crate) fn records<'a>(
    document: &'a [u8],
    layout: &JsonLayout<'_>,
    take: &mut dyn FnMut(Record<'a, '_>) -> Result<(), JsonStop>,
) -> Result<(), JsonStop> {
    let mut walker = Walker::new(layout, document, Some(take));
    let mut json = serde_json::Deserializer::from_slice(document);
    let done = walker.start().deserialize(&mut json);
    match (walker.stopped, done) {
        (Some(stop), _) => Err(stop),
        (None, Err(error)) => Err(JsonStop::Broken(JsonFault::of(&error, document))),
        (None, Ok(_)) => Ok(()),
    }
}

impl JsonFault {
    /// The same, seen from bytes that begin so much earlier.
    pub(crate) fn moved(self, by: usize) -> Self {
        Self { offset: self.offset + by, ..self }
    }

    /// serde_json counts lines and columns from 1, and columns in bytes.
    pub(crate) fn of(error: &serde_json::Error, bytes: &[u8]) -> Self {
        let mut start = 0;
        for _ in 1..error.line() {
            start = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at + 1);
        }
        let text = error.to_string();
        let reason = text.split_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned();
        Self { reason, offset: (start + error.column().saturating_sub(1)).min(bytes.len()) }
    }
}

type Take<'t, 'a> = &'t mut dyn FnMut(Record<'a, '_>) -> Result<(), JsonStop>;

struct Walker<'t, 'l, 's, 'a> {
    layout: &'l JsonLayout<'s>,
    /// Address of the document's first byte, to tell how far in a slice of it is.
    begin: usize,
    /// Absent while skimming.
    take: Option<Take<'t, 'a>>,
    way: Vec<String>,
    met: bool,
    room: usize,
    left_out: Vec<String>,
    stopped: Option<JsonStop>,
}

impl<'t, 'l, 's, 'a> Walker<'t, 'l, 's, 'a> {
    fn new(layout: &'l JsonLayout<'s>, document: &'a [u8], take: Option<Take<'t, 'a>>) -> Self {
        let room = layout.skeleton_bytes;
        let begin = document.as_ptr() as usize;
        Self { layout, begin, take, way: Vec::new(), met: false, room, left_out: Vec::new(), stopped: None }
    }

    fn start(&mut self) -> Place<'_, 't, 'l, 's, 'a> {
        let active = (0..self.layout.lists.len()).map(|list| (list, 0)).collect();
        Place { walker: self, active, wrapper: Some(0) }
    }

    fn path(&self, name: &str) -> String {
        let mut path = self.way.join(".");
        if !path.is_empty() && !name.is_empty() {
            path.push('.');
        }
        path + name
    }

    /// A value no list of records lies in: kept while there is room.
    fn outside(&mut self, raw: &'a RawValue, name: &str) -> Result<Option<Node<'a>>, serde_json::Error> {
        if raw.get().len() > self.room {
            self.left_out.push(self.path(name));
            return Ok(None);
        }
        match parse(raw.get()) {
            Ok(parsed) => {
                self.room -= raw.get().len();
                Ok(Some(parsed.node))
            }
            Err(_) if mend_surrogates(raw.get()).is_some() => {
                self.left_out.push(self.path(name));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// A value on the way to records: which lists it can lead to, and how many segments of each lie behind.
struct Place<'w, 't, 'l, 's, 'a> {
    walker: &'w mut Walker<'t, 'l, 's, 'a>,
    active: Vec<(usize, usize)>,
    /// The next wrapper that may be here; `None` inside the document.
    wrapper: Option<usize>,
}

impl<'a> Place<'_, '_, '_, '_, 'a> {
    fn segment(&self, (list, at): (usize, usize)) -> &Segment {
        &self.walker.layout.lists[list][at]
    }

    /// Position after the wrapper of this name, where one may be here; outer ones may be missing.
    fn past_wrapper(&self, name: &str) -> Option<usize> {
        let at = self.wrapper?;
        let wrappers = self.walker.layout.wrappers.get(at..)?;
        wrappers.iter().position(|wrapper| wrapper == name).map(|skipped| at + skipped + 1)
    }

    fn beneath(&self, name: &str) -> Vec<(usize, usize)> {
        let matches = |place: &(usize, usize)| match self.segment(*place) {
            Segment::Key(key) => key == name,
            Segment::AnyKey => true,
            _ => false,
        };
        self.active.iter().copied().filter(matches).map(|(list, at)| (list, at + 1)).collect()
    }

    fn member<M: MapAccess<'a>>(
        &mut self,
        name: Cow<'a, str>,
        map: &mut M,
        entries: &mut Vec<(Cow<'a, str>, Node<'a>)>,
    ) -> Result<(), M::Error> {
        if let Some(wrapper) = self.past_wrapper(&name) {
            let place = Place { walker: &mut *self.walker, active: self.active.clone(), wrapper: Some(wrapper) };
            match map.next_value_seed(place)? {
                Node::Object(inner) => entries.extend(inner.into_entries()),
                Node::Null => {}
                other => entries.push((name, other)),
            }
            return Ok(());
        }
        let active = self.beneath(&name);
        if !active.is_empty() {
            self.walker.way.push(name.clone().into_owned());
            let node = map.next_value_seed(Place { walker: &mut *self.walker, active, wrapper: None })?;
            self.walker.way.pop();
            entries.push((name, node));
        } else if self.walker.take.is_some() {
            map.next_value::<IgnoredAny>()?;
        } else {
            let raw = map.next_value::<&'a RawValue>()?;
            if let Some(node) = self.walker.outside(raw, &name).map_err(M::Error::custom)? {
                entries.push((name, node));
            }
        }
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for Place<'_, '_, '_, '_, 'a> {
    type Value = Node<'a>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Node<'a>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Place<'_, '_, '_, '_, 'a> {
    type Value = Node<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_unit<E>(self) -> Result<Node<'a>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'a>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'a>, E> {
        Ok(Node::integer(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'a>, E> {
        Ok(Node::integer(value))
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Node<'a>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'a>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_map<M: MapAccess<'a>>(mut self, mut map: M) -> Result<Node<'a>, M::Error> {
        let mut entries = Vec::new();
        let mut first = true;
        while let Some(name) = map.next_key_seed(NameSeed)? {
            if std::mem::take(&mut first) {
                if let Some(number) = number(&name, &mut map)? {
                    return Ok(number);
                }
                let open = self.active.iter().any(|place| *self.segment(*place) == Segment::AnyKey);
                self.walker.met |= open;
            }
            self.member(name, &mut map, &mut entries)?;
        }
        Ok(Node::object(entries))
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<Node<'a>, S::Error> {
        let lists: Vec<usize> =
            self.active.iter().filter(|place| *self.segment(**place) == Segment::Each).map(|place| place.0).collect();
        let walker = self.walker;
        let mut elements = Vec::new();
        if lists.is_empty() {
            while let Some(raw) = seq.next_element::<&'a RawValue>()? {
                elements.extend(walker.outside(raw, "[]").map_err(S::Error::custom)?);
            }
            return Ok(Node::List(elements));
        }
        walker.met = true;
        let Some(take) = &mut walker.take else {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Node::Null);
        };
        let mut ordinal = 0;
        while let Some(raw) = seq.next_element::<&'a RawValue>()? {
            for list in &lists {
                let at = raw.get().as_ptr() as usize - walker.begin;
                let record = Record { text: raw.get(), list: *list, at, ordinal, way: &walker.way };
                if let Err(stop) = take(record) {
                    walker.stopped = Some(stop);
                    return Err(S::Error::custom("stopped"));
                }
            }
            ordinal += 1;
        }
        Ok(Node::Null)
    }
}
