//! What the rows of a unit say, where a unit is one row: two that differ contradict each other.

use std::collections::BTreeMap;

use sellerlake_schemas::Source;

use super::cell::Value;
use super::outcome::{MAX_REJECTS, Outcome, Reject};

/// Lines named in a reason.
const NAMED: usize = 5;

/// Lines of each unit, by what they say.
#[derive(Default)]
pub struct Statements(BTreeMap<String, BTreeMap<String, Vec<u64>>>);

impl Statements {
    /// Takes what a line says of a unit.
    pub fn add(&mut self, source: &Source, unit: &str, line: u64, values: &[Value<'_>]) {
        let mut said = String::new();
        for (value, column) in values.iter().zip(source.columns.values()) {
            value.render(column.column_type, &mut said);
            said.push('\u{1f}');
        }
        self.0.entry(unit.to_owned()).or_default().entry(said).or_default().push(line);
    }

    /// Adds those of the lines that follow.
    pub fn merge(&mut self, later: Self) {
        for (unit, statements) in later.0 {
            let own = self.0.entry(unit).or_default();
            for (said, lines) in statements {
                own.entry(said).or_default().extend(lines);
            }
        }
    }

    /// Rejects the rows that contradict each other, whatever share of the file they are: the others are as good as ever.
    pub fn settle(self, outcome: &mut Outcome) {
        for (unit, statements) in self.0.into_iter().filter(|(_, statements)| statements.len() > 1) {
            let mut lines: Vec<u64> = statements.into_values().flatten().collect();
            lines.sort_unstable();
            for line in &lines {
                let mut others: Vec<String> =
                    lines.iter().filter(|other| *other != line).take(NAMED).map(u64::to_string).collect();
                if lines.len() > NAMED + 1 {
                    others.push("…".to_owned());
                }
                let reason = format!("contradicts line {}: the same is said there otherwise", others.join(", "));
                if outcome.rejects.len() < MAX_REJECTS {
                    outcome.rejects.push(Reject { line: *line, column: None, reason, value: None });
                }
            }
            outcome.rows -= lines.len() as u64;
            outcome.rejected += lines.len() as u64;
            outcome.held_back.insert(unit);
        }
        outcome.rejects.sort_by_key(|reject| reject.line);
    }
}
