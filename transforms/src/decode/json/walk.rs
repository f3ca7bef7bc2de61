//! Finds a record's rows and reads their columns: the path language of `schemas/src/path.rs`, evaluated.

use std::borrow::Cow;

use sellerlake_contracts::Result;
use sellerlake_schemas::{Column, ColumnPath, ColumnType, RowSet, Segment, Source};

use crate::decode::json::node::{Node, write_list};

/// A row set made ready: which list of records it lives in and how each column is read from its rows.
#[derive(Debug)]
pub(crate) struct JsonRowPlan<'s> {
    pub(crate) set: &'s RowSet,
    /// Segments that lead to the record; 0 where the document is the record.
    pub(crate) record_at: usize,
    /// One for every declared column, in order.
    pub(crate) columns: Vec<ColumnPlan<'s>>,
    amount_keys: &'s [String],
}

/// How one column is read from a row of one row set.
#[derive(Debug)]
pub(crate) struct ColumnPlan<'s> {
    pub(crate) column: &'s Column,
    reads: Vec<Read<'s>>,
    /// Whether rows of this set can have the value at all, so that `required` means something.
    pub(crate) reachable: bool,
}

#[derive(Debug)]
enum Read<'s> {
    /// From the node the row's path had reached after so many segments.
    Shared(usize, &'s [Segment]),
    /// From the nearest enclosing object that has the first segment's key.
    Enclosing(&'s str, &'s [Segment]),
    /// Member of every level of the recursive list.
    Names(&'s str),
}

/// Positions of the columns a row of this set must have: required ones its rows can have at all.
pub(crate) fn required(source: &Source, set: &RowSet) -> Vec<usize> {
    let plan = JsonRowPlan::new(source, set);
    let columns = plan.columns.iter().enumerate();
    columns.filter(|(_, plan)| plan.column.required && plan.reachable).map(|(index, _)| index).collect()
}

/// Where the record lies in its document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home<'r, 'a> {
    /// The document without its records.
    pub(crate) skeleton: &'r Node<'a>,
    pub(crate) record: &'r Node<'a>,
    /// Members that lead from the document to the record's list; empty where the document is the record.
    pub(crate) way: &'r [String],
    /// Position in that list.
    pub(crate) ordinal: u64,
}

/// One row: a node, and everything around it that its columns may read.
#[derive(Debug)]
pub(crate) struct JsonRow<'r, 'a> {
    /// The node after each segment of the row's path; the row's own comes last.
    bound: Vec<&'r Node<'a>>,
    /// The nodes around it, outermost first, itself included.
    around: Vec<&'r Node<'a>>,
    /// Levels of the recursive list.
    levels: Vec<&'r Node<'a>>,
    keys: Vec<&'r str>,
    any_key: Option<&'r str>,
    ordinals: Vec<u64>,
}

/// What a path led to.
#[derive(Debug, PartialEq)]
enum Reached<'r, 'a> {
    Nothing,
    One(&'r Node<'a>),
    Each(Vec<&'r Node<'a>>),
}

impl<'s> JsonRowPlan<'s> {
    /// Readies one row set of a source.
    pub(crate) fn new(source: &'s Source, set: &'s RowSet) -> Self {
        let record_at = set.path.0.iter().position(|segment| *segment == Segment::Each).map_or(0, |at| at + 1);
        // A list that isn't reached by members alone (`x{}` or `**` come first) is walked inside the document.
        let plain = |segment: &Segment| matches!(segment, Segment::Key(_) | Segment::AnyKey | Segment::Each);
        let record_at = if set.path.0[..record_at].iter().all(plain) { record_at } else { 0 };
        let columns = source.columns.values().map(|column| ColumnPlan::new(source, column, &set.path.0)).collect();
        Self { set, record_at, columns, amount_keys: &source.amount_keys }
    }

    /// The way to the list of records; `None` where the document is the record.
    pub(crate) fn list(&self) -> Option<&'s [Segment]> {
        (self.record_at > 0).then(|| &self.set.path.0[..self.record_at])
    }

    /// Whether a list of the record leads to the row, other than that of its leaves.
    pub(crate) fn is_in_a_part(&self) -> bool {
        let below = self.set.path.0[self.record_at..].iter();
        below.take_while(|segment| !matches!(segment, Segment::Leaves(_))).any(|segment| *segment == Segment::Each)
    }

    /// Whether the row is one object of the document, reached by members alone.
    pub(crate) fn is_single(&self) -> bool {
        self.set.path.0.iter().all(|segment| matches!(segment, Segment::Key(_)))
    }

    /// Whether a single object is the row it could be: a page that holds a list instead has none of its values.
    pub(crate) fn is_there(&self, row: &JsonRow<'_, '_>) -> bool {
        let located = || self.columns.iter().filter(|plan| plan.column.from.is_none() && plan.reachable);
        let must = located().any(|plan| plan.column.required);
        let mut looked = located().filter(|plan| plan.column.required || !must);
        looked.any(|plan| !matches!(plan.cell(row), Ok(None)))
    }

    /// Hands out the rows of one record, in the document's order.
    pub(crate) fn rows<'r, 'a>(
        &self,
        home: Home<'r, 'a>,
        take: &mut dyn FnMut(&JsonRow<'r, 'a>) -> Result<()>,
    ) -> Result<()>
    where
        's: 'r,
    {
        let mut row = JsonRow::at(home, &self.set.path.0[..self.record_at]);
        self.descend(home.record, self.record_at, &mut row, take)
    }

    fn descend<'r, 'a>(
        &self,
        node: &'r Node<'a>,
        at: usize,
        row: &mut JsonRow<'r, 'a>,
        take: &mut dyn FnMut(&JsonRow<'r, 'a>) -> Result<()>,
    ) -> Result<()>
    where
        's: 'r,
    {
        let Some(segment) = self.set.path.0.get(at) else { return take(row) };
        match segment {
            Segment::Key(key) => match node.member(key) {
                Some(value) => row.under(key, |row| self.enter(value, at + 1, row, take)),
                None => Ok(()),
            },
            Segment::Each => {
                for (ordinal, element) in node.elements().iter().enumerate() {
                    row.ordinals.push(ordinal as u64);
                    self.enter(element, at + 1, row, take)?;
                    row.ordinals.pop();
                }
                Ok(())
            }
            Segment::AnyKey => {
                let Node::Object(members) = node else { return Ok(()) };
                for (key, value) in members.iter() {
                    let outer = row.any_key.replace(key);
                    row.under(key, |row| self.enter(value, at + 1, row, take))?;
                    row.any_key = outer;
                }
                Ok(())
            }
            Segment::Leaves(name) => self.leaves(node, name, at, row, take),
            Segment::Amounts => self.amounts(node, at, row, take),
            // Row paths never hold these; the loader refuses them.
            Segment::Where(..) => Ok(()),
        }
    }

    /// Binds `node` as what the segments so far led to, and goes on.
    fn enter<'r, 'a>(
        &self,
        node: &'r Node<'a>,
        at: usize,
        row: &mut JsonRow<'r, 'a>,
        take: &mut dyn FnMut(&JsonRow<'r, 'a>) -> Result<()>,
    ) -> Result<()>
    where
        's: 'r,
    {
        row.bound.push(node);
        row.around.push(node);
        self.descend(node, at, row, take)?;
        row.around.pop();
        row.bound.pop();
        Ok(())
    }

    fn leaves<'r, 'a>(
        &self,
        node: &'r Node<'a>,
        name: &'r str,
        at: usize,
        row: &mut JsonRow<'r, 'a>,
        take: &mut dyn FnMut(&JsonRow<'r, 'a>) -> Result<()>,
    ) -> Result<()>
    where
        's: 'r,
    {
        let Some(list) = node.member(name) else { return Ok(()) };
        row.keys.push(name);
        for (ordinal, element) in list.elements().iter().enumerate() {
            row.ordinals.push(ordinal as u64);
            row.levels.push(element);
            row.around.push(element);
            let children = element.member(name).is_some_and(|list| !list.elements().is_empty());
            if children {
                self.leaves(element, name, at, row, take)?;
            } else {
                row.bound.push(element);
                self.descend(element, at + 1, row, take)?;
                row.bound.pop();
            }
            row.around.pop();
            row.levels.pop();
            row.ordinals.pop();
        }
        row.keys.pop();
        Ok(())
    }

    fn amounts<'r, 'a>(
        &self,
        node: &'r Node<'a>,
        at: usize,
        row: &mut JsonRow<'r, 'a>,
        take: &mut dyn FnMut(&JsonRow<'r, 'a>) -> Result<()>,
    ) -> Result<()>
    where
        's: 'r,
    {
        let is_amount =
            |key: &String| matches!(node.member(key), Some(Node::Number(_) | Node::Text(_) | Node::Bool(_)));
        if self.amount_keys.iter().any(is_amount) {
            row.bound.push(node);
            self.descend(node, at + 1, row, take)?;
            row.bound.pop();
        }
        match node {
            Node::Object(members) => {
                for (key, value) in members.iter() {
                    row.around.push(value);
                    row.under(key, |row| self.amounts(value, at, row, take))?;
                    row.around.pop();
                }
            }
            Node::List(elements) => {
                for (ordinal, element) in elements.iter().enumerate() {
                    row.ordinals.push(ordinal as u64);
                    row.around.push(element);
                    self.amounts(element, at, row, take)?;
                    row.around.pop();
                    row.ordinals.pop();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl<'s> ColumnPlan<'s> {
    fn new(source: &'s Source, column: &'s Column, row: &[Segment]) -> Self {
        let read = |path: &'s ColumnPath| match path {
            ColumnPath::Document(path) => {
                let shared = shared_length(path, row);
                Read::Shared(shared, &path[shared..])
            }
            ColumnPath::Enclosing(path) => match path.split_first() {
                Some((Segment::Key(key), rest)) => Read::Enclosing(key, rest),
                _ => Read::Shared(0, path),
            },
            ColumnPath::Names(key) => Read::Names(key),
        };
        // Lists that have rows of their own aren't repeated, as JSON, in the rows around them.
        let owned_elsewhere = |path: &ColumnPath| match path {
            ColumnPath::Document(path) => source.rows.iter().any(|other| {
                let own = shared_length(path, row);
                let length = shared_length(path, &other.path.0);
                length > own && path[own..length].iter().any(is_many)
            }),
            _ => false,
        };
        let reads: Vec<Read<'s>> = column.path.iter().filter(|path| !owned_elsewhere(path)).map(read).collect();
        let reachable = reads.iter().any(|read| match read {
            Read::Shared(_, rest) => !rest.iter().any(is_many),
            Read::Enclosing(..) => true,
            Read::Names(_) => row.iter().any(|segment| matches!(segment, Segment::Leaves(_))),
        });
        Self { column, reads, reachable: reachable || column.from.is_some() }
    }

    /// The text of the row's cell, `None` for NULL, or why there can't be one.
    pub(crate) fn cell<'r>(&self, row: &JsonRow<'r, '_>) -> Result<Option<Cow<'r, str>>, Unfit> {
        for read in &self.reads {
            let reached = match read {
                Read::Shared(at, rest) => match row.bound.get(*at) {
                    Some(from) => reach(from, rest),
                    None => Reached::Nothing,
                },
                Read::Enclosing(key, rest) => row.enclosing(key).map_or(Reached::Nothing, |from| reach(from, rest)),
                Read::Names(key) => match row.names(key) {
                    Some(names) => return Ok(Some(Cow::Owned(names))),
                    None => Reached::Nothing,
                },
            };
            let found = match reached {
                Reached::One(node) if node.has_value() => cell_text(node, self.column.column_type)?,
                Reached::Each(nodes) if self.column.column_type == ColumnType::Json => json_list(&nodes),
                _ => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// Why a value fits no cell. Without the value: whole objects may hold anybody's name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfit(pub(crate) String);

fn cell_text<'r>(node: &'r Node<'_>, wanted: ColumnType) -> Result<Option<Cow<'r, str>>, Unfit> {
    match (node, wanted) {
        (Node::Null, _) => Ok(None),
        (_, ColumnType::Json) => {
            let mut json = String::new();
            node.write_json(&mut json);
            Ok(Some(Cow::Owned(json)))
        }
        (Node::Text(text) | Node::Number(text), _) => Ok(Some(Cow::Borrowed(text))),
        (Node::Bool(value), _) => Ok(Some(Cow::Borrowed(if *value { "true" } else { "false" }))),
        (Node::List(_), _) => Err(Unfit(format!("is a list where {wanted} is declared"))),
        (Node::Object(_), _) => Err(Unfit(format!("is an object where {wanted} is declared"))),
    }
}

fn json_list<'r>(nodes: &[&Node<'_>]) -> Option<Cow<'r, str>> {
    let mut out = String::new();
    write_list(nodes.iter().copied().filter(|node| **node != Node::Null), &mut out);
    (out != "[]").then_some(Cow::Owned(out))
}

/// How many segments two paths have in common from the start.
fn shared_length(path: &[Segment], other: &[Segment]) -> usize {
    path.iter().zip(other).take_while(|(own, other)| own == other).count()
}

fn is_many(segment: &Segment) -> bool {
    !matches!(segment, Segment::Key(_) | Segment::Where(..))
}

/// The text of a scalar that a path without lists leads to.
pub(crate) fn scalar_at<'r>(from: &'r Node<'_>, path: &[Segment]) -> Option<Cow<'r, str>> {
    match reach(from, path) {
        Reached::One(node) => cell_text(node, ColumnType::Text).ok().flatten(),
        _ => None,
    }
}

/// Follows the rest of a column's path. Lists and keys the row didn't bind lead to many values.
fn reach<'r, 'a>(from: &'r Node<'a>, rest: &[Segment]) -> Reached<'r, 'a> {
    let mut nodes = vec![from];
    let mut many = false;
    for segment in rest {
        many |= is_many(segment);
        nodes = match segment {
            Segment::Key(key) => nodes.iter().filter_map(|node| node.member(key)).collect(),
            Segment::Where(member, value) => {
                let picked = |element: &&Node<'_>| element.member(member).is_some_and(|own| own.reads(value));
                nodes.iter().filter_map(|node| node.elements().iter().find(picked)).collect()
            }
            Segment::Each => nodes.iter().flat_map(|node| node.elements()).collect(),
            Segment::AnyKey => nodes.iter().flat_map(|node| members(node)).collect(),
            Segment::Leaves(name) => {
                let mut leaves = Vec::new();
                nodes.iter().for_each(|node| collect_leaves(node, name, &mut leaves));
                leaves
            }
            Segment::Amounts => Vec::new(),
        };
    }
    match (many, nodes.first()) {
        (_, None) => Reached::Nothing,
        (false, Some(node)) => Reached::One(node),
        (true, Some(_)) => Reached::Each(nodes),
    }
}

fn members<'r, 'a>(node: &'r Node<'a>) -> Vec<&'r Node<'a>> {
    match node {
        Node::Object(members) => members.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

fn collect_leaves<'r, 'a>(node: &'r Node<'a>, name: &str, leaves: &mut Vec<&'r Node<'a>>) {
    for element in node.member(name).map_or(&[][..], Node::elements) {
        if element.member(name).is_some_and(|list| !list.elements().is_empty()) {
            collect_leaves(element, name, leaves);
        } else {
            leaves.push(element);
        }
    }
}

impl<'r, 'a> JsonRow<'r, 'a> {
    /// The record itself, reached by `path` through the document.
    fn at(home: Home<'r, 'a>, path: &[Segment]) -> Self {
        static NOTHING: Node<'static> = Node::Null;
        let mut row = Self {
            bound: vec![home.skeleton],
            around: vec![home.skeleton],
            levels: Vec::new(),
            keys: Vec::new(),
            any_key: None,
            ordinals: vec![home.ordinal],
        };
        let (mut node, mut way) = (Some(home.skeleton), home.way.iter());
        for segment in path {
            if let Segment::Key(_) | Segment::AnyKey = segment {
                let key = way.next();
                node = node.zip(key).and_then(|(node, key)| node.member(key));
                row.around.extend(node);
                if *segment == Segment::AnyKey {
                    row.any_key = key.map(String::as_str);
                }
                row.bound.push(node.unwrap_or(&NOTHING));
            } else {
                row.bound.push(home.record);
                row.around.push(home.record);
            }
        }
        row
    }

    fn under<T>(&mut self, key: &'r str, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.keys.push(key);
        let done = inside(self);
        self.keys.pop();
        done
    }

    fn enclosing(&self, key: &str) -> Option<&'r Node<'a>> {
        self.around.iter().rev().find_map(|node| node.member(key))
    }

    fn names(&self, key: &str) -> Option<String> {
        let mut joined = String::new();
        for level in &self.levels {
            let Some(name) = level.member(key).and_then(|name| cell_text(name, ColumnType::Text).ok().flatten()) else {
                continue;
            };
            if !joined.is_empty() {
                joined.push_str(" > ");
            }
            joined.push_str(&name);
        }
        (!joined.is_empty()).then_some(joined)
    }

    /// Members from the record down to the row, joined by dots; empty for the record itself.
    pub(crate) fn node_path(&self) -> String {
        self.keys.join(".")
    }

    /// The key that `*` matched, the innermost one.
    pub(crate) fn any_key(&self) -> Option<&str> {
        self.any_key
    }

    /// Position in the record's own list that leads to the row, from 0.
    pub(crate) fn part_ordinal(&self) -> Option<u64> {
        self.ordinals.get(1).copied()
    }

    /// Position in the innermost list, from 0.
    pub(crate) fn ordinal(&self) -> u64 {
        self.ordinals.last().copied().unwrap_or(0)
    }
}
