//! One JSON value in memory: text borrowed from the document, numbers as they were written, members in order.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// How serde_json hands out a number whose digits it keeps: an object with this one member.
const NUMBER_MEMBER: &str = "$serde_json::private::Number";

/// From here on a member is found by binary search.
const SMALL: usize = 16;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    /// The digits as written, but for the `e` and its sign; never through a float.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Members<'a>),
}

/// The members of an object, in the document's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Members<'a> {
    entries: Vec<(Cow<'a, str>, Node<'a>)>,
    /// Positions by name, once there are many.
    by_name: Vec<u32>,
}

impl<'a> Members<'a> {
    fn new(entries: Vec<(Cow<'a, str>, Node<'a>)>) -> Self {
        let mut by_name = Vec::new();
        if entries.len() > SMALL {
            by_name.extend(0..entries.len() as u32);
            by_name.sort_by(|a, b| entries[*a as usize].0.cmp(&entries[*b as usize].0));
        }
        Self { entries, by_name }
    }

    /// The member of that name; the first one, where a document repeats it.
    pub(crate) fn get(&self, name: &str) -> Option<&Node<'a>> {
        if self.by_name.is_empty() {
            return self.entries.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        }
        let at = self.by_name.partition_point(|at| *self.entries[*at as usize].0 < *name);
        let (key, value) = &self.entries[*self.by_name.get(at)? as usize];
        (key == name).then_some(value)
    }

    /// Name and value of every member.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Node<'a>)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// Members without their names' index, to be put together anew.
    pub(crate) fn into_entries(self) -> Vec<(Cow<'a, str>, Node<'a>)> {
        self.entries
    }

    fn repeated(&self) -> Option<&str> {
        let name = |at: usize| self.entries[at].0.as_ref();
        if self.by_name.is_empty() {
            return (1..self.entries.len()).find(|at| (0..*at).any(|earlier| name(earlier) == name(*at))).map(name);
        }
        let pair = self.by_name.windows(2).find(|pair| name(pair[0] as usize) == name(pair[1] as usize));
        pair.map(|pair| name(pair[0] as usize))
    }
}

impl<'a> Node<'a> {
    /// An object of these members.
    pub(crate) fn object(entries: Vec<(Cow<'a, str>, Node<'a>)>) -> Self {
        Self::Object(Members::new(entries))
    }

    /// A whole number that fits 64 bits, which serde_json hands out as such: JSON has one spelling for it.
    pub(crate) fn integer(value: impl fmt::Display) -> Self {
        Self::Number(Cow::Owned(value.to_string()))
    }

    /// A member that is there and isn't null.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(name).filter(|value| **value != Self::Null),
            _ => None,
        }
    }

    /// The elements of a list; none of anything else.
    pub(crate) fn elements(&self) -> &[Self] {
        match self {
            Self::List(elements) => elements,
            _ => &[],
        }
    }

    /// Whether a column could take something from it: neither null nor an empty text.
    pub(crate) fn has_value(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Text(text) => !text.is_empty(),
            _ => true,
        }
    }

    /// Whether this scalar reads as `text`.
    pub(crate) fn reads(&self, text: &str) -> bool {
        match self {
            Self::Number(own) | Self::Text(own) => own == text,
            Self::Bool(own) => text == if *own { "true" } else { "false" },
            _ => false,
        }
    }

    /// Appends the value as compact JSON.
    pub(crate) fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => write_text(text, out),
            Self::List(elements) => write_list(elements.iter(), out),
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(key, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

/// Appends a JSON list of these values.
pub(crate) fn write_list<'n, 'a: 'n>(elements: impl Iterator<Item = &'n Node<'a>>, out: &mut String) {
    out.push('[');
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push(',');
        }
        element.write_json(out);
    }
    out.push(']');
}

/// Appends a quoted JSON text.
pub(crate) fn write_text(text: &str, out: &mut String) {
    if let Ok(quoted) = serde_json::to_string(text) {
        out.push_str(&quoted);
    }
}

/// A record read from its text.
#[derive(Debug)]
pub(crate) struct Parsed<'a> {
    pub(crate) node: Node<'a>,
    /// The first member found twice in one object: which of the two holds can't be said.
    pub(crate) repeated: Option<String>,
}

/// Reads one value. Nesting deeper than serde_json's limit is an error, never a stack overflow.
pub(crate) fn parse(text: &str) -> serde_json::Result<Parsed<'_>> {
    let repeated = RefCell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    let node = NodeSeed { repeated: &repeated }.deserialize(&mut json)?;
    json.end()?;
    Ok(Parsed { node, repeated: repeated.into_inner() })
}

/// Replaces escapes of half a surrogate pair (an emoji cut in two upstream) by U+FFFD; `None` where there is none.
pub(crate) fn mend_surrogates(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let code = |at: usize| -> Option<u32> {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let (mut mended, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(step) = memchr::memchr(b'\\', &bytes[at..]) {
        at += step;
        match code(at) {
            Some(0xd800..=0xdbff) if matches!(code(at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                mended.push_str(&text[kept..at]);
                mended.push_str("\\ufffd");
                at += 6;
                kept = at;
            }
            // Past the backslash and what it escapes: an ASCII byte, or the document is no JSON anyway.
            _ => at = (at + 2).min(bytes.len()),
        }
    }
    (kept > 0).then(|| mended + &text[kept..])
}

/// A member's name, borrowed where no escape stands in the way.
pub(crate) struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// The digits, if a map's first member announces a number rather than an object.
pub(crate) fn number<'de, M: MapAccess<'de>>(name: &str, map: &mut M) -> Result<Option<Node<'de>>, M::Error> {
    if name != NUMBER_MEMBER {
        return Ok(None);
    }
    map.next_value_seed(NameSeed).map(|digits| Some(Node::Number(digits)))
}

#[derive(Clone, Copy)]
struct NodeSeed<'r> {
    repeated: &'r RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Node<'de>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::integer(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::integer(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Node<'de>, S::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element_seed(self)? {
            elements.push(element);
        }
        Ok(Node::List(elements))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Node<'de>, M::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key_seed(NameSeed)? {
            if entries.is_empty()
                && let Some(number) = number(&name, &mut map)?
            {
                return Ok(number);
            }
            entries.push((name, map.next_value_seed(self)?));
        }
        if u32::try_from(entries.len()).is_err() {
            return Err(M::Error::custom("too many members"));
        }
        let members = Members::new(entries);
        if let Some(name) = members.repeated() {
            self.repeated.borrow_mut().get_or_insert_with(|| name.to_owned());
        }
        Ok(Node::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_prints_as_it_was_written() {
        let text = r#"{"a":[1.10,-0,7,-7,1e+3,123456789012345678901234567890.5],"b":{"c":null,"d":"q\"\n","é":true}}"#;
        let parsed = parse(text).unwrap();
        let mut out = String::new();
        parsed.node.write_json(&mut out);
        assert_eq!(out, text);
        assert_eq!(parsed.repeated, None);
        assert_eq!(parse(r#"[{"a":1,"a":2}]"#).unwrap().repeated.as_deref(), Some("a"));
    }

    #[test]
    fn members_are_found_among_few_and_many() {
        for count in [3, 40] {
            let text: Vec<String> = (0..count).map(|n| format!(r#""k{n}":{n}"#)).collect();
            let text = format!("{{{}}}", text.join(","));
            let parsed = parse(&text).unwrap().node;
            for n in 0..count {
                assert!(parsed.member(&format!("k{n}")).unwrap().reads(&n.to_string()));
            }
            assert!(parsed.member("k").is_none() && parsed.member("z").is_none());
        }
    }

    #[test]
    fn half_an_emoji_is_replaced_and_whole_ones_are_kept() {
        assert_eq!(mend_surrogates(r#"{"t":"ok \ud83d\ude00 \\ud83d"}"#), None);
        assert_eq!(mend_surrogates(r#"["\ud83d", "\ude00x"]"#).as_deref(), Some(r#"["\ufffd", "\ufffdx"]"#));
    }

    #[test]
    fn nesting_is_limited() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(&deep).unwrap_err().to_string().contains("recursion limit"));
    }
}
