//! Files that were put together, header and all: the lines behind a header that stands among the rows are those of
//! another file, or of the same one once more.

use std::collections::{BTreeSet, HashMap};
use std::ops::{Range, RangeInclusive};

use memchr::memmem;

use super::chunk::count_newlines;

/// Begins a file, and may stand in the middle of one that was put together.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What the parts of a file have in common.
#[derive(Debug, Clone, Default)]
pub struct Glued {
    /// Physical lines of parts that stood before as a whole, in the order of the file.
    again: Vec<RangeInclusive<u64>>,
    /// Physical lines that stood in another part, while others of their own part didn't.
    doubtful: BTreeSet<u64>,
}

/// What a line is by the parts that stand before its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// News.
    New,
    /// One of a part that says the same as another: it counts once.
    Again,
    /// In two parts that don't say the same: whether it counts once or twice, nothing tells.
    Doubtful,
}

impl Glued {
    /// Looks for the header among the rows, which start at `body`: where their first line begins, and its number.
    pub fn of(bytes: &[u8], body: (usize, u64)) -> Self {
        let mut glued = Self::default();
        let (start, first_line) = body;
        let header = bytes[..start].trim_ascii_end();
        let is_line = |at: &usize| matches!(bytes.get(at + header.len()), None | Some(b'\r' | b'\n'));
        let found = memmem::find_iter(&bytes[start..], header).map(|at| start + at);
        let headers: Vec<usize> = if header.is_empty() { Vec::new() } else { found.filter(is_line).collect() };
        if headers.is_empty() {
            return glued;
        }
        let mut before: HashMap<&[u8], u64> = HashMap::new();
        let (mut at, mut number) = (start, first_line);
        for end in headers.into_iter().chain([bytes.len()]) {
            glued.hear(bytes, at..end, number, &mut before, at == start);
            number += count_newlines(&bytes[at..end]);
            at = end;
        }
        glued
    }

    /// Compares the lines of a part, which begins in line `first`, with those of the parts before it. All parts but the
    /// first one begin with a header.
    fn hear<'b>(
        &mut self,
        bytes: &'b [u8],
        part: Range<usize>,
        first: u64,
        before: &mut HashMap<&'b [u8], u64>,
        is_first: bool,
    ) {
        let lines = || bytes[part.clone()].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).zip(first..);
        let rows = || lines().skip(usize::from(!is_first)).filter(|(line, _)| is_row(line));
        let mut own: HashMap<&[u8], u64> = HashMap::new();
        rows().for_each(|(line, _)| *own.entry(line).or_default() += 1);
        let stood = |line: &[u8]| before.get(line).copied().unwrap_or_default();
        if !is_first && own.iter().all(|(line, times)| *times <= stood(line)) {
            // A header may stand in one line with the row before it, which had no line end.
            let above = &bytes[..part.start];
            let begins_line = above.strip_suffix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(above).ends_with(b"\n");
            let last = lines().last().map_or(first, |(_, number)| number);
            self.again.push(first + u64::from(!begins_line)..=last);
        } else if !is_first {
            self.doubtful.extend(rows().filter(|(line, _)| stood(line) > 0).map(|(_, number)| number));
        }
        for (line, times) in own {
            let stood = before.entry(line).or_default();
            *stood = times.max(*stood);
        }
    }

    /// What the line of this number is.
    pub fn heard(&self, number: u64) -> Heard {
        let next = self.again.partition_point(|lines| *lines.end() < number);
        if self.again.get(next).is_some_and(|lines| lines.contains(&number)) {
            Heard::Again
        } else if self.doubtful.contains(&number) {
            Heard::Doubtful
        } else {
            Heard::New
        }
    }
}

fn is_row(line: &[u8]) -> bool {
    !line.is_empty() && line != BYTE_ORDER_MARK.as_bytes()
}
