//! Which leaves of a document some column, row set or `ignore` entry accounts for. The others are drift: counted by
//! path, their values kept in `_extra`.

use std::collections::{BTreeMap, HashMap};

use sellerlake_contracts::{Error, Kind, Result};
use sellerlake_schemas::{ColumnPath, ColumnType, Segment, Source};

use crate::decode::json::node::{Node, write_list, write_text};
use crate::decode::personal::Personal;

/// Different paths counted one by one; a document whose keys are data must not fill the memory.
const PATHS: usize = 2_000;

/// Where further paths are counted together.
const MORE: &str = "(more paths)";

#[derive(Debug, Default)]
struct Spot {
    keys: HashMap<String, usize>,
    any_key: Option<usize>,
    each: Option<usize>,
    wheres: Vec<(String, String, usize)>,
    /// Where `**` begins: entered together with this one.
    amounts: Option<usize>,
    /// Stays active however deep the walk goes.
    any_depth: bool,
    /// A scalar here is accounted for.
    leaf: bool,
    /// So is everything below.
    subtree: bool,
}

/// The declared paths of a source as one tree.
#[derive(Debug)]
pub(crate) struct KnownShape {
    spots: Vec<Spot>,
}

const ROOT: usize = 0;
/// Where `^` paths begin, at every object.
const ANYWHERE: usize = 1;

impl KnownShape {
    /// Every path the source declares.
    pub(crate) fn of(source: &Source) -> Result<Self> {
        let mut known = Self { spots: vec![Spot::default(), Spot::default()] };
        for column in source.columns.values() {
            for path in &column.path {
                known.declare(path, column.column_type == ColumnType::Json, source);
            }
        }
        for set in &source.rows {
            known.insert(ROOT, &set.path.0, &source.amount_keys);
        }
        for text in source.ignore.iter().chain(&source.window_paths).chain(&source.next_page) {
            let path = ColumnPath::try_from(text.clone()).map_err(|reason| {
                Error::permanent(Kind::Declaration, reason).at("decode.json").with("source", &source.name)
            })?;
            known.declare(&path, true, source);
        }
        Ok(known)
    }

    fn declare(&mut self, path: &ColumnPath, subtree: bool, source: &Source) {
        let ends = match path {
            ColumnPath::Document(segments) => vec![self.insert(ROOT, segments, &source.amount_keys)],
            ColumnPath::Enclosing(segments) => vec![self.insert(ANYWHERE, segments, &source.amount_keys)],
            ColumnPath::Names(key) => {
                let name = Segment::Key(key.clone());
                let levels = source.rows.iter().filter_map(|set| {
                    let at = set.path.0.iter().position(|segment| matches!(segment, Segment::Leaves(_)))?;
                    Some([&set.path.0[..=at], std::slice::from_ref(&name)].concat())
                });
                let levels: Vec<_> = levels.collect();
                levels.iter().map(|segments| self.insert(ROOT, segments, &source.amount_keys)).collect()
            }
        };
        for end in ends {
            self.spots[end].leaf = true;
            self.spots[end].subtree |= subtree;
        }
    }

    fn insert(&mut self, from: usize, segments: &[Segment], amount_keys: &[String]) -> usize {
        let mut at = from;
        for segment in segments {
            at = match segment {
                Segment::Key(key) => self.key(at, key),
                Segment::AnyKey => self.step(at, |spot| &mut spot.any_key),
                Segment::Each => self.step(at, |spot| &mut spot.each),
                Segment::Where(member, value) => self.picked(at, member, value),
                Segment::Leaves(name) => {
                    let list = self.key(at, name);
                    let element = self.step(list, |spot| &mut spot.each);
                    // The list inside an element is the same list again.
                    self.spots[element].keys.insert(name.clone(), list);
                    element
                }
                Segment::Amounts => {
                    let below = self.step(at, |spot| &mut spot.amounts);
                    self.spots[below].any_depth = true;
                    for key in amount_keys {
                        let amount = self.key(below, key);
                        self.spots[amount].leaf = true;
                    }
                    below
                }
            };
        }
        at
    }

    fn add(&mut self) -> usize {
        self.spots.push(Spot::default());
        self.spots.len() - 1
    }

    fn key(&mut self, at: usize, key: &str) -> usize {
        if let Some(next) = self.spots[at].keys.get(key) {
            return *next;
        }
        let next = self.add();
        self.spots[at].keys.insert(key.to_owned(), next);
        next
    }

    fn step(&mut self, at: usize, field: impl Fn(&mut Spot) -> &mut Option<usize>) -> usize {
        if let Some(next) = *field(&mut self.spots[at]) {
            return next;
        }
        let next = self.add();
        *field(&mut self.spots[at]) = Some(next);
        next
    }

    fn picked(&mut self, at: usize, member: &str, value: &str) -> usize {
        if let Some(known) = self.spots[at].wheres.iter().find(|known| known.0 == member && known.1 == value) {
            return known.2;
        }
        let next = self.add();
        let chooser = self.key(next, member);
        self.spots[chooser].leaf = true;
        self.spots[at].wheres.push((member.to_owned(), value.to_owned(), next));
        next
    }

    /// Where the walk stands at the document's root.
    pub(crate) fn root(&self) -> Vec<usize> {
        self.entered(vec![ROOT])
    }

    fn entered(&self, mut spots: Vec<usize>) -> Vec<usize> {
        let below: Vec<usize> = spots.iter().filter_map(|at| self.spots[*at].amounts).collect();
        spots.extend(below);
        spots.sort_unstable();
        spots.dedup();
        spots
    }

    /// Where it stands in the elements of the list that `way` leads to.
    pub(crate) fn record(&self, way: &[String]) -> Vec<usize> {
        let list = way.iter().fold(self.root(), |active, key| self.beneath(&active, key));
        self.elements(&list)
    }

    fn beneath(&self, active: &[usize], key: &str) -> Vec<usize> {
        let mut next: Vec<usize> = self.spots[ANYWHERE].keys.get(key).copied().into_iter().collect();
        for at in active {
            let spot = &self.spots[*at];
            next.extend(spot.keys.get(key));
            next.extend(spot.any_key);
            next.extend(spot.any_depth.then_some(*at));
        }
        self.entered(next)
    }

    fn elements(&self, active: &[usize]) -> Vec<usize> {
        let mut next = Vec::new();
        for at in active {
            let spot = &self.spots[*at];
            next.extend(spot.each);
            next.extend(spot.any_depth.then_some(*at));
        }
        self.entered(next)
    }

    /// Hands every leaf nobody accounts for to `found`, with its path.
    pub(crate) fn unknown<'n, 'a>(
        &self,
        node: &'n Node<'a>,
        active: &[usize],
        path: &mut String,
        found: &mut dyn FnMut(&str, &'n Node<'a>),
    ) {
        if active.iter().any(|at| self.spots[*at].subtree) {
            return;
        }
        match node {
            Node::Object(members) => {
                for (key, value) in members.iter() {
                    let length = path.len();
                    if length > 0 {
                        path.push('.');
                    }
                    path.push_str(key);
                    self.unknown(value, &self.beneath(active, key), path, found);
                    path.truncate(length);
                }
            }
            Node::List(elements) => {
                let length = path.len();
                path.push_str("[]");
                let shared = self.elements(active);
                let picked = self.picks(active, elements);
                for (index, element) in elements.iter().enumerate() {
                    let mut next = shared.clone();
                    next.extend(picked.iter().filter(|(at, _)| *at == index).map(|(_, spot)| *spot));
                    self.unknown(element, &self.entered(next), path, found);
                }
                path.truncate(length);
            }
            leaf => {
                if leaf.has_value() && !active.iter().any(|at| self.spots[*at].leaf) {
                    found(path, leaf);
                }
            }
        }
    }

    /// Positions of the elements that `[k=v]` steps pick, with the place each leads to.
    fn picks(&self, active: &[usize], elements: &[Node<'_>]) -> Vec<(usize, usize)> {
        let wheres = active.iter().flat_map(|at| &self.spots[*at].wheres);
        wheres
            .filter_map(|(member, value, next)| {
                let chosen = |element: &Node<'_>| element.member(member).is_some_and(|own| own.reads(value));
                elements.iter().position(chosen).map(|at| (at, *next))
            })
            .collect()
    }
}

/// Counts drift over a delivery.
#[derive(Debug)]
pub(crate) struct Drift {
    /// By path: values kept in `_extra`.
    pub(crate) kept: BTreeMap<String, u64>,
    /// By path: values dropped because their name says that they are personal.
    pub(crate) dropped: BTreeMap<String, u64>,
    pub(crate) total: u64,
    personal: Personal,
}

impl Drift {
    /// Nothing so far.
    pub(crate) fn new(source: &Source, allow_personal_data: bool) -> Self {
        let personal = Personal::of(source, allow_personal_data);
        Self { kept: BTreeMap::new(), dropped: BTreeMap::new(), total: 0, personal }
    }

    /// Counts one value at a path. Whether it may be kept.
    pub(crate) fn count(&mut self, path: &str) -> bool {
        self.total += 1;
        if let Some(count) = self.kept.get_mut(path) {
            *count += 1;
            return true;
        }
        if let Some(count) = self.dropped.get_mut(path) {
            *count += 1;
            return false;
        }
        let is_personal = self.personal.has_path(path);
        let counts = if is_personal { &mut self.dropped } else { &mut self.kept };
        let path = if counts.len() < PATHS { path } else { MORE };
        *counts.entry(path.to_owned()).or_default() += 1;
        !is_personal
    }
}

/// The unknown leaves of one record, as the `_extra` column holds them: an object of lists by path.
#[derive(Debug, Default)]
pub(crate) struct Extra<'n, 'a> {
    values: BTreeMap<String, Vec<&'n Node<'a>>>,
}

impl<'n, 'a> Extra<'n, 'a> {
    /// Keeps one value.
    pub(crate) fn keep(&mut self, path: &str, value: &'n Node<'a>) {
        if let Some(values) = self.values.get_mut(path) {
            values.push(value);
            return;
        }
        self.values.insert(path.to_owned(), vec![value]);
    }

    /// Compact JSON, or `None` where there is nothing.
    pub(crate) fn into_json(self) -> Option<String> {
        if self.values.is_empty() {
            return None;
        }
        let mut out = String::from("{");
        for (index, (path, values)) in self.values.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_text(path, &mut out);
            out.push(':');
            write_list(values.iter().copied(), &mut out);
        }
        out.push('}');
        Some(out)
    }
}
