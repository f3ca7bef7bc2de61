//! The documents that moved lines: deliveries whose rows differ between two moments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sellerlake_contracts::{Area, Month, ObjectState, Result, SellerId};
use sellerlake_query::{LAKE, LakeReader};
use sellerlake_schemas::Source;
use sellerlake_transforms::{Change, Match};

use crate::asking::tables::source_table;
use crate::history::moved::{Bench, column_of_text, lines_of, parts, quoted};

/// How a document came to move a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// It arrived since.
    Arrived,
    /// It stood, and nothing is read from it any more.
    StandsNoLonger,
    /// It stood and stands, and is read otherwise than when the lake was loaded.
    ReadOtherwise,
}

impl How {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::StandsNoLonger => "stands no longer",
            Self::ReadOtherwise => "read otherwise",
        }
    }
}

/// A delivery that moved something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mover {
    pub(crate) source: String,
    pub(crate) delivery: String,
    pub(crate) how: How,
}

/// Documents by the key of the line they moved.
pub(crate) type Movers = BTreeMap<String, BTreeSet<Mover>>;

/// The lake at one of the moments.
pub(crate) struct Moment<'a> {
    pub(crate) name: &'static str,
    pub(crate) reader: &'a LakeReader,
    pub(crate) objects: &'a [ObjectState],
}

/// Finds documents of lines that moved.
pub(crate) struct Search<'a> {
    pub(crate) bench: &'a Bench,
    pub(crate) then: Moment<'a>,
    pub(crate) now: Moment<'a>,
    /// Deliveries that had come by then.
    pub(crate) known: &'a BTreeSet<String>,
    /// Sources whose rows of both moments stand in the bench; false for those without a difference.
    pub(crate) ready: BTreeMap<String, bool>,
}

impl Search<'_> {
    /// The documents of a change's moved lines, whose keys are in `moved`.
    pub(crate) async fn movers(
        &mut self,
        change: &Change,
        moved: &str,
        source: impl Fn(&str) -> Option<Arc<Source>>,
    ) -> Result<Movers> {
        let mut movers = Movers::new();
        for (name, ways) in &change.documents {
            let Some(source) = source(name) else { continue };
            if !self.set_up(&source)? {
                continue;
            }
            let mut found: BTreeSet<String> = BTreeSet::new();
            for way in ways {
                let before = found.clone();
                for (key, mover) in self.by(change, moved, &source, way).await? {
                    if !before.contains(&key) {
                        found.insert(key.clone());
                        movers.entry(key).or_default().insert(mover);
                    }
                }
            }
        }
        Ok(movers)
    }

    /// Puts a source's rows of both moments side by side, as far as partitions differ; false where none does.
    fn set_up(&mut self, source: &Source) -> Result<bool> {
        if let Some(ready) = self.ready.get(&source.name) {
            return Ok(*ready);
        }
        let then = differing(source, self.then.objects, self.now.objects);
        let now = differing(source, self.now.objects, self.then.objects);
        let differs = !then.is_empty() || !now.is_empty();
        for (moment, objects) in [(&self.then, then), (&self.now, now)] {
            let table = source_table(moment.reader, source, objects, false);
            self.bench.session().register(LAKE, &rows_of(source, moment.name), Arc::new(table))?;
        }
        self.ready.insert(source.name.clone(), differs);
        Ok(differs)
    }

    /// Lines, each with a document in which rows that belong to it differ.
    async fn by(&self, change: &Change, moved: &str, source: &Source, way: &Match) -> Result<Vec<(String, Mover)>> {
        let wanted: Vec<String> =
            way.values().enumerate().map(|(at, name)| format!("{} AS c{at}", quoted(name))).collect();
        // A list that all sellers share stands beside each one's own.
        let shared = source.shared.then(|| format!("'{}' AS seller_id", SellerId::shared()));
        let owners: Vec<String> = std::iter::once("seller_id".to_owned()).chain(shared).collect();
        let side = |moment: &str, owner: &str| {
            format!("SELECT line_key, {owner}, {} FROM {}", wanted.join(", "), lines_of(change, moment))
        };
        let sides: Vec<String> =
            owners.iter().flat_map(|owner| ["then", "now"].map(|moment| side(moment, owner))).collect();
        let touched = format!(
            "SELECT DISTINCT * FROM ({}) AS l LEFT SEMI JOIN {moved} AS m ON l.line_key = m.line_key",
            sides.join(" UNION ALL ")
        );
        // Each step is kept: their keys say nothing of one another.
        let (touched, _) = self.bench.keep(&touched).await?;
        let (differing, rows) = self.bench.keep(&differing_rows(source, way, &touched)).await?;
        if rows == 0 {
            return Ok(Vec::new());
        }
        let on = conditions(way.keys().map(|name| format!("d.{}", quoted(name))), "t");
        let pairs = format!(
            "SELECT DISTINCT t.line_key, d.seller_id, d._unit FROM {differing} AS d INNER JOIN {touched} AS t
             ON d.seller_id = t.seller_id AND {on}"
        );
        let (pairs, _) = self.bench.keep(&pairs).await?;
        let (stood, _) = self.bench.keep(&standing_deliveries(source, &pairs)).await?;
        let found = format!(
            "SELECT DISTINCT p.line_key, s.delivery_then, s.delivery_now FROM {pairs} AS p
             INNER JOIN {stood} AS s ON p.seller_id = s.seller_id AND p._unit = s._unit"
        );
        let mut found_movers = Vec::new();
        for batch in self.bench.rows(&found).await? {
            let (keys, then, now) =
                (column_of_text(&batch, 0)?, column_of_text(&batch, 1)?, column_of_text(&batch, 2)?);
            for ((key, then), now) in keys.into_iter().zip(then).zip(now) {
                if let (Some(key), Some((delivery, how))) = (key, self.blame(then, now)) {
                    found_movers.push((key, Mover { source: source.name.clone(), delivery, how }));
                }
            }
        }
        Ok(found_movers)
    }

    /// Which of the deliveries that stood for a unit and stand for it now is the one that moved it.
    fn blame(&self, then: Option<String>, now: Option<String>) -> Option<(String, How)> {
        match (then, now) {
            (_, Some(now)) if !self.known.contains(&now) => Some((now, How::Arrived)),
            (Some(then), Some(now)) if then == now => Some((now, How::ReadOtherwise)),
            (Some(then), _) => Some((then, How::StandsNoLonger)),
            (None, now) => now.map(|now| (now, How::ReadOtherwise)),
        }
    }
}

/// Adds, to lines of a change, the documents of others that move them; true if there was any to add.
pub(crate) fn pass_on(change: &Change, keys: &[String], movers: &mut BTreeMap<String, Movers>) -> bool {
    let mut grew = false;
    for (name, through) in &change.through {
        let mut by_parts: BTreeMap<Vec<&str>, BTreeSet<&Mover>> = BTreeMap::new();
        let category = ["category".to_owned()];
        for (key, found) in movers.get(name).into_iter().flatten() {
            let counts = through.categories.is_empty()
                || through.categories.iter().any(|wanted| parts(key, &category) == [wanted.as_str()]);
            if counts {
                by_parts.entry(parts(key, &through.on)).or_default().extend(found);
            }
        }
        let passed: Vec<(String, Vec<Mover>)> = keys
            .iter()
            .filter_map(|key| Some((key.clone(), by_parts.get(&parts(key, &through.on))?)))
            .map(|(key, found)| (key, found.iter().map(|mover| (*mover).clone()).collect()))
            .collect();
        let own = movers.entry(change.name.clone()).or_default();
        for (key, found) in passed {
            let known = own.entry(key).or_default();
            for mover in found {
                grew |= known.insert(mover);
            }
        }
    }
    grew
}

/// Objects of a source whose rows are not those the other moment has in the same partition.
fn differing(source: &Source, of: &[ObjectState], other: &[ObjectState]) -> Vec<ObjectState> {
    let owned = |object: &&ObjectState| {
        object.partition.area == Area::Sources && object.partition.name == source.name && object.rows > 0
    };
    let other: BTreeSet<(&SellerId, Option<Month>, &str)> = other.iter().filter(owned).map(identity).collect();
    of.iter().filter(owned).filter(|object| !other.contains(&identity(object))).cloned().collect()
}

fn identity(object: &ObjectState) -> (&SellerId, Option<Month>, &str) {
    (&object.partition.seller, object.partition.month, &object.row_hash)
}

fn rows_of(source: &Source, moment: &str) -> String {
    format!("rows_{moment}_{}", source.name)
}

/// `x = t.c0 AND y = t.c1 …`
fn conditions(columns: impl Iterator<Item = String>, table: &str) -> String {
    let equal = columns.enumerate().map(|(at, column)| format!("{column} = {table}.c{at}"));
    equal.collect::<Vec<_>>().join(" AND ")
}

/// Rows that may belong to the lines touched and that only one of the moments has, or more often than the other.
fn differing_rows(source: &Source, way: &Match, touched: &str) -> String {
    let columns: Vec<String> = source.columns.keys().map(|name| quoted(name)).collect();
    let columns = format!("seller_id, _unit, {}", columns.join(", "));
    let on = conditions(way.keys().map(|name| format!("r.{}", quoted(name))), "t");
    let side = |moment: &str, sign: &str| {
        format!(
            "SELECT {columns}, {sign} AS side FROM {} AS r LEFT SEMI JOIN {touched} AS t
             ON r.seller_id = t.seller_id AND {on} WHERE NOT _marker",
            rows_of(source, moment)
        )
    };
    let shown: Vec<String> = way.keys().map(|name| quoted(name)).collect();
    format!(
        "SELECT seller_id, _unit, {} FROM ({} UNION ALL {}) GROUP BY {columns} HAVING sum(side) <> 0",
        shown.join(", "),
        side("now", "1"),
        side("then", "-1")
    )
}

/// Whose rows, or whose emptiness, stood for units and stand for them now.
fn standing_deliveries(source: &Source, units: &str) -> String {
    let side = |moment: &str, is_now: bool| {
        format!("SELECT seller_id, _unit, _delivery_id, {is_now} AS is_now FROM {}", rows_of(source, moment))
    };
    format!(
        "SELECT r.seller_id, r._unit,
             max(r._delivery_id) FILTER (WHERE NOT r.is_now) AS delivery_then,
             max(r._delivery_id) FILTER (WHERE r.is_now) AS delivery_now
         FROM ({} UNION ALL {}) AS r LEFT SEMI JOIN {units} AS u ON r.seller_id = u.seller_id AND r._unit = u._unit
         GROUP BY r.seller_id, r._unit",
        side("then", false),
        side("now", true)
    )
}
