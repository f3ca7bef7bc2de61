//! Files in which `"` quotes: RFC 4180, with doubled quotes and line ends inside fields.

use std::borrow::Cow;
use std::ops::Range;

use super::charset::Charset;
use super::chunk::count_newlines;

/// Records too long or never closed after which the rest of the file isn't worth searching.
const MAX_BROKEN: usize = 1_000;

/// A field's bytes, without the quotes around it.
#[derive(Debug, Clone)]
pub struct Field {
    range: Range<usize>,
    quoted: bool,
    doubled: bool,
}

impl Field {
    /// Whether quotes stood around it.
    pub fn is_quoted(&self) -> bool {
        self.quoted
    }

    /// The bytes themselves, quotes within still doubled.
    pub fn content<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.range.clone()]
    }

    /// The text; `None` where the charset doesn't know its bytes.
    pub fn text<'b>(&self, bytes: &'b [u8], charset: Charset) -> Option<Cow<'b, str>> {
        let text = charset.decode(&bytes[self.range.clone()])?;
        Some(if self.doubled { Cow::Owned(text.replace("\"\"", "\"")) } else { text })
    }

    /// Whether nothing but white space is in it.
    pub fn is_blank(&self, bytes: &[u8]) -> bool {
        bytes[self.range.clone()].trim_ascii().is_empty()
    }

    /// Whether a field of a file without quoting stands in quotes nevertheless.
    pub fn is_wrapped(&self, bytes: &[u8]) -> bool {
        let text = bytes[self.range.clone()].trim_ascii();
        text.len() > 1 && text.starts_with(b"\"") && text.ends_with(b"\"")
    }

    /// The text, with U+FFFD in place of invalid bytes.
    pub fn text_lossy<'b>(&self, bytes: &'b [u8], charset: Charset) -> Cow<'b, str> {
        charset.decode_lossy(&bytes[self.range.clone()])
    }
}

/// What comes next in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A record that starts at this physical line; its fields are in [`Records::fields`].
    Record(u64),
    /// A line that makes no record.
    Broken(u64, Broken),
    /// The end.
    End,
}

/// Why a line makes no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Longer than allowed.
    TooLong,
    /// A quote opens that isn't closed within the length allowed.
    Unclosed,
    /// So many did before that the rest of the file is given up as one.
    GivenUp,
}

/// The records of a file, one after the other.
pub struct Records<'b> {
    bytes: &'b [u8],
    at: usize,
    line: u64,
    delimiter: u8,
    limit: usize,
    width: usize,
    broken: usize,
    quotes: bool,
    /// Fields of the last record, at most as many as asked for.
    pub fields: Vec<Field>,
    /// Fields beyond those.
    pub surplus: usize,
    /// Whether any of those holds a value.
    pub surplus_filled: bool,
    /// Where the last record stands.
    pub range: Range<usize>,
}

impl<'b> Records<'b> {
    /// The records from `at`, which is on physical line `line`; keeps the first `width` fields of each.
    pub fn new(bytes: &'b [u8], at: usize, line: u64, delimiter: u8, limit: usize, width: usize) -> Self {
        Self {
            bytes,
            at,
            line,
            delimiter,
            limit,
            width,
            broken: 0,
            quotes: true,
            fields: Vec::new(),
            surplus: 0,
            surplus_filled: false,
            range: 0..0,
        }
    }

    /// All the bytes.
    pub fn bytes(&self) -> &'b [u8] {
        self.bytes
    }

    /// The same records once more, as far as they haven't been read; keeps the first `width` fields of each.
    pub fn again(&self, width: usize) -> Self {
        let mut records = Self::new(self.bytes, self.at, self.line, self.delimiter, self.limit, width);
        records.quotes = self.quotes;
        records
    }

    /// Goes on at the line that starts at `at`.
    pub fn skip_to(&mut self, at: usize) {
        self.move_to(at);
    }

    /// Whether the last record ends the file without a line end.
    pub fn is_open(&self) -> bool {
        self.range.end == self.bytes.len() && !self.bytes.ends_with(b"\r")
    }

    /// Takes quotes for data from here on.
    pub fn ignore_quotes(&mut self) {
        self.quotes = false;
    }

    /// Where the next record starts, and on which line.
    pub fn position(&self) -> (usize, u64) {
        (self.at, self.line)
    }

    /// Reads on.
    pub fn advance(&mut self) -> Found {
        self.skip_blank_lines();
        if self.at >= self.bytes.len() {
            return Found::End;
        }
        let (start, line) = (self.at, self.line);
        self.fields.clear();
        self.surplus = 0;
        self.surplus_filled = false;
        // Two bytes over the limit, for a carriage return and for what tells that there is more.
        let horizon = self.bytes.len().min(start.saturating_add(self.limit).saturating_add(2));
        let end = self.record(start, horizon);
        match end {
            Some(end) if end < horizon || horizon == self.bytes.len() => {
                self.range = start..end;
                self.move_to((end + 1).min(self.bytes.len()));
                let content = &self.bytes[start..end];
                let length = content.strip_suffix(b"\r").unwrap_or(content).len();
                if length > self.limit { Found::Broken(line, Broken::TooLong) } else { Found::Record(line) }
            }
            Some(_) => self.skip_line(line, Broken::TooLong),
            None => self.skip_line(line, Broken::Unclosed),
        }
    }

    /// Gives up a record but only the first line of it: what follows may be sound.
    fn skip_line(&mut self, line: u64, why: Broken) -> Found {
        self.broken += 1;
        if self.broken > MAX_BROKEN {
            self.at = self.bytes.len();
            return Found::Broken(line, Broken::GivenUp);
        }
        let newline = memchr::memchr(b'\n', &self.bytes[self.at..]);
        self.move_to(newline.map_or(self.bytes.len(), |newline| self.at + newline + 1));
        Found::Broken(line, why)
    }

    fn move_to(&mut self, at: usize) {
        self.line += count_newlines(&self.bytes[self.at..at]);
        self.at = at;
    }

    fn skip_blank_lines(&mut self) {
        while let Some(end) = memchr::memchr(b'\n', &self.bytes[self.at..self.bytes.len().min(self.at + 4096)]) {
            if !self.bytes[self.at..self.at + end].trim_ascii().is_empty() {
                return;
            }
            self.at += end + 1;
            self.line += 1;
        }
        if self.bytes.len() - self.at < 4096 && self.bytes[self.at..].trim_ascii().is_empty() {
            self.at = self.bytes.len();
        }
    }

    /// Cuts fields until the record ends before `horizon`, or at it; `None` where a quote isn't closed.
    fn record(&mut self, start: usize, horizon: usize) -> Option<usize> {
        let mut at = start;
        loop {
            let (field, end) = self.field(at, horizon)?;
            let ends_record = end >= horizon || self.bytes[end] == b'\n';
            if self.fields.len() < self.width {
                self.fields.push(field);
            } else {
                self.surplus += 1;
                self.surplus_filled |= !field.is_blank(self.bytes);
            }
            if ends_record {
                return Some(end);
            }
            at = end + 1;
        }
    }

    /// One field and the position of what ends it; `None` where its quote isn't closed.
    fn field(&self, start: usize, horizon: usize) -> Option<(Field, usize)> {
        let stop = |from: usize| {
            let found = memchr::memchr2(self.delimiter, b'\n', &self.bytes[from..horizon]);
            found.map_or(horizon, |at| from + at)
        };
        if !self.quotes || start >= horizon || self.bytes[start] != b'"' {
            let end = stop(start.min(horizon));
            return Some((Field { range: start..end, quoted: false, doubled: false }, end));
        }
        let mut doubled = false;
        let mut at = start + 1;
        loop {
            let quote = at + memchr::memchr(b'"', &self.bytes[at..horizon])?;
            if quote + 1 < horizon && self.bytes[quote + 1] == b'"' {
                doubled = true;
                at = quote + 2;
                continue;
            }
            let end = stop(quote + 1);
            // Text after the closing quote: the quotes were data.
            let alone = self.bytes[quote + 1..end].trim_ascii().is_empty();
            let range = if alone { start + 1..quote } else { start..end };
            return Some((Field { range, quoted: alone, doubled: doubled && alone }, end));
        }
    }
}
