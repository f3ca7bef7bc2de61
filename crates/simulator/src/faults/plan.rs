//! Plans: which fault strikes at which opportunity.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::server::{chance, held};

/// What shall go wrong. The default is nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// Faults at counted opportunities.
    #[serde(default)]
    pub script: Vec<Scripted>,
    /// Faults at opportunities that a seed picks.
    #[serde(default)]
    pub seeded: Option<Seeded>,
}

/// One line of a script. An opportunity is a call at which the kind could strike: for `expired_page_token`, one that
/// brings a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// What happens.
    pub kind: Kind,
    /// Operations it happens to; `*` stands for anything: `reports.*`.
    #[serde(default = "everything")]
    pub operation: String,
    /// The seller it happens to; absent: all of them, counted together.
    #[serde(default)]
    pub seller: Option<String>,
    /// The first opportunity it strikes at, from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// At how many opportunities in a row.
    #[serde(default = "one")]
    pub times: u64,
}

/// Faults by chance that replays: what happens follows from seed, kind, operation, seller and number of the call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeded {
    /// The seed.
    pub seed: u64,
    /// Chance of each kind at each of its opportunities, 0 to 1.
    pub rate: f64,
    /// The kinds that may strike. Absent: all but `revoked_token`, which needs somebody who grants again.
    #[serde(default)]
    pub kinds: Option<Vec<Kind>>,
    /// Nothing strikes from this moment on, so that a last sync can arrive at the truth.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    /// Nothing strikes any more after so many faults.
    #[serde(default)]
    pub at_most: Option<u64>,
}

/// A plan under way.
#[derive(Default)]
pub struct Faults(Mutex<State>);

#[derive(Default)]
struct State {
    plan: FaultPlan,
    opportunities: Vec<u64>,
    fired: BTreeMap<Kind, BTreeMap<String, u64>>,
}

impl Faults {
    /// Follows `plan` from its beginning.
    pub fn new(plan: FaultPlan) -> Self {
        let faults = Self::default();
        faults.follow(plan);
        faults
    }

    /// Replaces the plan. Counts of what fired stay.
    pub fn follow(&self, plan: FaultPlan) {
        let mut state = held(&self.0);
        state.opportunities = vec![0; plan.script.len()];
        state.plan = plan;
    }

    /// How often each kind struck, by operation.
    pub fn fired(&self) -> BTreeMap<Kind, BTreeMap<String, u64>> {
        held(&self.0).fired.clone()
    }

    /// Tells whether `kind` strikes at this opportunity, and counts it if so. `number` tells the calls of one seller and
    /// operation apart.
    pub fn strikes(&self, kind: Kind, operation: &str, seller: &str, number: u64, now: DateTime<Utc>) -> bool {
        let mut state = held(&self.0);
        let struck = state.scripted(kind, operation, seller) | state.seeded(kind, operation, seller, number, now);
        if struck {
            *state.fired.entry(kind).or_default().entry(operation.to_owned()).or_default() += 1;
        }
        struck
    }
}

impl State {
    fn scripted(&mut self, kind: Kind, operation: &str, seller: &str) -> bool {
        let mut struck = false;
        for (line, seen) in self.plan.script.iter().zip(&mut self.opportunities) {
            let meant = line.kind == kind
                && fits(&line.operation, operation)
                && line.seller.as_deref().is_none_or(|wanted| wanted == seller);
            if meant {
                *seen += 1;
                struck |= *seen >= line.nth && *seen < line.nth + line.times;
            }
        }
        struck
    }

    fn seeded(&self, kind: Kind, operation: &str, seller: &str, number: u64, now: DateTime<Utc>) -> bool {
        let Some(seeded) = &self.plan.seeded else { return false };
        let may = seeded.kinds.as_ref().map_or(kind != Kind::RevokedToken, |kinds| kinds.contains(&kind));
        let over = seeded.until.is_some_and(|until| now >= until)
            || seeded.at_most.is_some_and(|most| self.fired.values().flat_map(BTreeMap::values).sum::<u64>() >= most);
        may && !over && chance::share(seeded.seed, &[kind.name(), operation, seller, &number.to_string()]) < seeded.rate
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|skipped| rest.get(skipped..).is_some_and(|rest| fits(after, rest)))
        }),
    }
}

fn everything() -> String {
    "*".to_owned()
}

fn one() -> u64 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_with_stars() {
        assert!(fits("*", "reports.createReport") && fits("reports.*", "reports.createReport"));
        assert!(fits("*.getOrder*", "orders_v0.getOrders") && fits("a*c*e", "abcde"));
        assert!(!fits("reports", "reports.createReport") && !fits("*.getOrder", "orders_v0.getOrders"));
    }

    #[test]
    fn a_script_strikes_at_the_counted_opportunities_only() {
        let line = Scripted { kind: Kind::Http500, operation: "a.*".into(), seller: None, nth: 2, times: 2 };
        let faults = Faults::new(FaultPlan { script: vec![line], seeded: None });
        let now = DateTime::UNIX_EPOCH;
        let struck: Vec<bool> = (0..5).map(|number| faults.strikes(Kind::Http500, "a.b", "S", number, now)).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert!(
            !faults.strikes(Kind::Http429, "a.b", "S", 1, now) && !faults.strikes(Kind::Http500, "b.a", "S", 1, now)
        );
        assert_eq!(faults.fired()[&Kind::Http500]["a.b"], 2);
    }

    #[test]
    fn a_seed_replays() {
        let seeded = Seeded { seed: 7, rate: 0.3, kinds: None, until: None, at_most: None };
        let run = || {
            let faults = Faults::new(FaultPlan { script: Vec::new(), seeded: Some(seeded.clone()) });
            let strikes = |number| faults.strikes(Kind::Timeout, "a.b", "S", number, DateTime::UNIX_EPOCH);
            (0..200).map(strikes).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        assert!((40..80).contains(&first.iter().filter(|struck| **struck).count()));
    }
}
