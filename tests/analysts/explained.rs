//! Differences that are known, with their reasons: `explained.toml`.

use std::fs;

use serde::Deserialize;

use crate::analysts::Verdict;
use crate::analysts::engines::Outcome;
use crate::site::tree;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// `fails_here`, `fails_there`, `fails_on_both` or `differs`.
    what: String,
    /// Part of what an engine says, or, where both answer, of the statement.
    says: String,
    /// Part of the statement, where what is said isn't enough.
    asked: Option<String>,
    why: String,
}

#[derive(Deserialize)]
pub struct Explained {
    #[serde(default)]
    reason: Vec<Reason>,
}

impl Explained {
    pub fn read() -> Self {
        toml::from_str(&fs::read_to_string(tree().join("tests/analysts/explained.toml")).unwrap()).unwrap()
    }

    /// Why this is no surprise. A panic always is one.
    pub fn why(&self, verdict: Verdict, sql: &str, here: &Outcome, there: &Outcome) -> Option<&str> {
        let (what, said) = match verdict {
            Verdict::FailsHere => ("fails_here", here.to_string()),
            Verdict::FailsThere => ("fails_there", there.to_string()),
            Verdict::FailsOnBoth => ("fails_on_both", format!("{here} {there}")),
            Verdict::Differs => ("differs", sql.to_owned()),
            _ => return None,
        };
        let asked = |reason: &&Reason| reason.asked.as_ref().is_none_or(|part| sql.contains(part));
        let mut reasons = self.reason.iter().filter(|reason| reason.what == what).filter(asked);
        let reason = reasons.find(|reason| said.contains(&reason.says));
        reason.map(|reason| reason.why.as_str())
    }
}
