//! The header line: which cell feeds which column, and whether this can be the file it was said to be.

use std::collections::{HashMap, HashSet};

use sellerlake_schemas::{Source, nearest, normalise, resemble};

use super::personal::Personal;

/// More header cells than this are no report.
const MAX_CELLS: usize = 5_000;

/// What the cells under a header are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The declared column at this index.
    Column(usize),
    /// That column once more: a cell is empty here or there, or says the same.
    Again(usize),
    /// A declared personal column that is dropped, at this index.
    Dropped(usize),
    /// An undeclared header, at this index among them.
    Unknown(usize),
    /// Known and left out on purpose.
    Ignored,
    /// A blank header: its cells must be empty.
    Blank,
}

impl Target {
    /// The declared column it feeds.
    pub fn column(self) -> Option<usize> {
        match self {
            Self::Column(column) | Self::Again(column) => Some(column),
            _ => None,
        }
    }
}

/// A header the source doesn't declare.
#[derive(Debug, Clone)]
pub struct UnknownColumn {
    /// As it stands in the file; the second of a name is numbered.
    pub text: String,
    /// As a JSON string.
    pub json: String,
    /// Its values are dropped.
    pub personal: bool,
}

/// The header line, understood.
#[derive(Debug, Clone)]
pub struct Header {
    /// What each cell is for.
    pub targets: Vec<Target>,
    /// The undeclared ones.
    pub unknown: Vec<UnknownColumn>,
    /// The texts themselves.
    pub texts: Vec<String>,
    /// What separates the file's cells.
    pub delimiter: u8,
}

impl Header {
    /// Understands the header cells; an error is the sentence with which the file is refused.
    pub fn read(source: &Source, cells: &[&str], delimiter: u8, allow_personal_data: bool) -> Result<Self, String> {
        if cells.len() > MAX_CELLS {
            return Err(format!("the first line has {} cells, which no {} file has", cells.len(), source.name));
        }
        if cells.iter().any(|cell| cell.contains(['\r', '\0'])) {
            return Err(unreadable(source, cells));
        }
        let (known, personal) = (names(source), Personal::of(source, allow_personal_data));
        let ignored: HashSet<String> = source.ignore.iter().map(|text| normalise(text)).collect();
        let texts = cells.iter().map(|cell| (*cell).to_owned()).collect();
        let mut header = Self { targets: Vec::with_capacity(cells.len()), unknown: Vec::new(), texts, delimiter };
        let mut taken: HashSet<&str> = HashSet::new();
        for cell in cells {
            let text = cell.trim();
            let plain = if normalise(text).is_empty() { text.to_owned() } else { normalise(text) };
            let column = known.get(&plain).copied();
            let is_first = column.is_none_or(|index| taken.insert(&source.columns[index].name));
            let target = match column {
                _ if plain.is_empty() => Target::Blank,
                Some(index) if source.columns[index].pii && !allow_personal_data => Target::Dropped(index),
                Some(index) if is_first => Target::Column(index),
                Some(index) => Target::Again(index),
                None if ignored.contains(&plain) => Target::Ignored,
                None => header.add_unknown(text, &personal),
            };
            header.targets.push(target);
        }
        header.check(source, cells, &taken)?;
        Ok(header)
    }

    /// How many declared columns it has.
    pub fn known(&self) -> usize {
        self.targets.iter().filter(|target| matches!(target, Target::Column(_) | Target::Dropped(_))).count()
    }

    fn add_unknown(&mut self, text: &str, personal: &Personal) -> Target {
        let mut name = text.to_owned();
        let mut number = 1;
        while self.unknown.iter().any(|unknown| unknown.text == name) {
            number += 1;
            name = format!("{text} ({number})");
        }
        let json = serde_json::Value::from(name.as_str()).to_string();
        self.unknown.push(UnknownColumn { text: name, json, personal: personal.has(text) });
        Target::Unknown(self.unknown.len() - 1)
    }

    fn check(&self, source: &Source, cells: &[&str], taken: &HashSet<&str>) -> Result<(), String> {
        if !self.targets.iter().any(|target| matches!(target, Target::Column(_) | Target::Dropped(_))) {
            return Err(unreadable(source, cells));
        }
        let foreign: HashSet<String> = source.lacks.iter().map(|text| normalise(text)).collect();
        if let Some(text) = cells.iter().find(|text| foreign.contains(&normalise(text))) {
            return Err(format!("the header has {:?}, which no {} file has", text.trim(), source.name));
        }
        let present = |name: &&str| taken.contains(*name);
        let required = source.columns.values().filter(|column| column.required && column.from.is_none());
        let required = required.map(|column| vec![column.name.as_str()]);
        let has = source.has.iter().map(|one| one.0.iter().map(String::as_str).collect::<Vec<_>>());
        let mut missing: Vec<String> = Vec::new();
        for names in required.chain(has).filter(|names| !names.iter().any(present)) {
            let described: Vec<String> = names.iter().map(|name| self.describe_missing(source, name)).collect();
            let described = described.join(" or ");
            if !missing.contains(&described) {
                missing.push(described);
            }
        }
        if !missing.is_empty() {
            return Err(format!(
                "the header lacks {}, without which this is no {} file",
                missing.join(", "),
                source.name
            ));
        }
        if source.by_hand { self.check_slips(source, taken) } else { Ok(()) }
    }

    /// A header that nearly names a column that isn't there, in a list that somebody keeps by hand.
    fn check_slips(&self, source: &Source, taken: &HashSet<&str>) -> Result<(), String> {
        let absent =
            source.columns.values().filter(|column| column.from.is_none() && !taken.contains(column.name.as_str()));
        let mut spellings = absent.flat_map(|column| column.headers.iter().chain([&column.name]));
        let slip = spellings.find_map(|name| {
            let is_meant = |unknown: &&UnknownColumn| resemble(&normalise(&unknown.text), &normalise(name));
            self.unknown.iter().find(is_meant).map(|unknown| (name, &unknown.text))
        });
        slip.map_or(Ok(()), |(name, text)| {
            Err(format!("the header has {text:?} and lacks {name}: name the column {name}, or leave it out"))
        })
    }

    /// A missing column's name, with what stands in the file and comes near it.
    fn describe_missing(&self, source: &Source, name: &str) -> String {
        let headers = source.columns.get(name).into_iter().flat_map(|column| &column.headers);
        let mut spellings = std::iter::once(name).chain(headers.map(String::as_str));
        let texts: Vec<&str> = self.unknown.iter().map(|unknown| unknown.text.as_str()).collect();
        let close = spellings.find_map(|name| nearest(name, texts.iter().copied()).or_else(|| part_of(name, &texts)));
        close.map_or(name.to_owned(), |close| format!("{name} (nearest: {close:?})"))
    }
}

/// A text that a name contains word for word, or that contains it: `cost` where `unit_cost` is missing.
fn part_of<'t>(name: &str, texts: &[&'t str]) -> Option<&'t str> {
    let name = normalise(name);
    texts.iter().copied().find(|text| {
        let text = normalise(text);
        text.len() > 2 && (name.contains(&text) || text.contains(&name))
    })
}

/// Every normalised spelling of every column that cells can feed.
fn names(source: &Source) -> HashMap<String, usize> {
    let mut known = HashMap::new();
    for (index, column) in source.columns.values().enumerate().filter(|(_, column)| column.from.is_none()) {
        for alias in &column.headers {
            known.entry(normalise(alias)).or_insert(index);
        }
    }
    for (index, column) in source.columns.values().enumerate().filter(|(_, column)| column.from.is_none()) {
        known.insert(normalise(&column.name), index);
    }
    known
}

fn unreadable(source: &Source, cells: &[&str]) -> String {
    let first = cells.iter().map(|cell| cell.trim()).find(|cell| !cell.is_empty()).unwrap_or_default();
    let control = |c: char| c.is_control() || c == '\u{fffd}';
    if cells.iter().any(|cell| cell.contains(|c: char| control(c) && c != '\r')) {
        return format!("the file is not text, so it is no {} file", source.name);
    }
    if cells.iter().any(|cell| cell.contains('\r')) {
        return "lines end in a bare carriage return; save the file with line feeds".to_owned();
    }
    let shown: String = first.chars().take(60).collect();
    let expected: Vec<&str> = source.columns.values().take(3).map(|column| column.name.as_str()).collect();
    format!(
        "no header of a {} file was found: the first line starts with {shown:?} where {} and others are expected; \
         is it another source, or another delimiter?",
        source.name,
        expected.join(", "),
    )
}
