//! Tables that aren't made from their inputs as these stand: a rebuild was left out, cut short, or failed.

use std::collections::{BTreeMap, BTreeSet};

use sellerlake_contracts::{Month, Partition};
use sellerlake_transforms::Stage;

use crate::objects::catalogue::Catalogue;
use crate::rebuilding::Rebuilding;
use crate::rebuilding::rebuild::is_downstream;

impl Rebuilding {
    /// The partitions of these stages, inputs first, that a rebuild would compute, and those that follow from them.
    pub(crate) fn behind(&self, stages: &[&Stage], catalogue: &Catalogue) -> BTreeSet<Partition> {
        let mut behind = BTreeSet::new();
        for stage in stages {
            let stale = self.stale(stage, catalogue, None).into_iter().map(|(month, _)| month);
            let mut months: BTreeSet<_> = stale.collect();
            if !behind.is_empty() {
                let all = catalogue.months(stage, &self.shared.declarations).into_iter();
                months.extend(all.filter(|month| is_downstream(stage, *month, &behind)));
            }
            let partition = |month| catalogue.partition(stage.area, &stage.table.name, month);
            behind.extend(months.into_iter().map(partition));
        }
        behind
    }

    /// The stages that these tables are made by, and those that make what they read, inputs first.
    pub(crate) fn makers(&self, tables: &BTreeSet<String>) -> Vec<&Stage> {
        let mut wanted = tables.clone();
        let mut makers: Vec<&Stage> = Vec::new();
        for stage in self.shared.declarations.stages.values().rev() {
            if wanted.contains(&stage.table.name) {
                makers.push(stage);
                wanted.extend(stage.reads.keys().cloned());
            }
        }
        makers.reverse();
        makers
    }
}

/// In words, a line for each table of each seller: what it is about, and how much of it is behind.
pub(crate) fn told_behind(behind: &BTreeSet<Partition>) -> Vec<(String, String)> {
    let mut months: BTreeMap<String, Vec<Month>> = BTreeMap::new();
    for partition in behind {
        let folder = Partition { month: None, ..partition.clone() }.path().replace("/data.parquet", "");
        months.entry(folder).or_default().extend(partition.month);
    }
    let tell = |months: &[Month]| {
        let of = match months {
            [] => String::new(),
            [month] => format!(" in {month}"),
            [first, .., last] => format!(" in {} months from {first} to {last}", months.len()),
        };
        format!("not made from all that is loaded{of}; run `sellerlake rollup`")
    };
    months.into_iter().map(|(folder, months)| (folder, tell(&months))).collect()
}
