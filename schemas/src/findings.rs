//! Mistakes in declarations, collected so that one run reports them all.

use std::fmt;

use sellerlake_contracts::{Error, Kind, Result};

/// One mistake: where, what, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// File, relative to the tree or the user's directory.
    pub file: String,
    /// Key inside the file, dotted; empty for the file as a whole.
    pub key: String,
    /// What is wrong, with what was expected.
    pub problem: String,
    /// The nearest name that would be valid.
    pub nearest: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.problem.replace('\n', " ").trim_end())?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean {nearest:?}?"),
            None => Ok(()),
        }
    }
}

/// All mistakes found so far.
#[derive(Debug, Clone, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Records a mistake.
    pub fn add(&mut self, file: &str, key: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Finding { file: file.to_owned(), key: key.into(), problem: problem.into(), nearest: None });
    }

    /// Records a name that means nothing, with the nearest one that would.
    pub fn unknown<'a>(
        &mut self,
        file: &str,
        key: impl Into<String>,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let nearest = nearest(name, known).map(str::to_owned);
        let problem = format!("{name:?} is not {what}");
        self.0.push(Finding { file: file.to_owned(), key: key.into(), problem, nearest });
    }

    /// Records what a TOML reader objected to; if it was an unknown key or value, with the nearest one it expected.
    pub fn unreadable(&mut self, file: &str, key: impl Into<String>, error: &str) {
        let unknown = ["unknown field `", "unknown variant `"].iter().find_map(|words| error.split_once(words));
        let nearest = unknown.and_then(|(_, rest)| {
            let (name, _) = rest.split_once('`')?;
            nearest(name, expected_names(rest)).map(str::to_owned)
        });
        self.0.push(Finding { file: file.to_owned(), key: key.into(), problem: error.to_owned(), nearest });
    }

    /// Every mistake, in order of file and key.
    pub fn sorted(mut self) -> Vec<Finding> {
        self.0.sort();
        self.0.dedup();
        self.0
    }

    /// No mistakes?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An error that lists every mistake, or nothing.
    pub fn into_result(self) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let found = self.sorted();
        let lines: Vec<String> = found.iter().map(|finding| format!("\n  {finding}")).collect();
        let count = match found.len() {
            1 => "1 mistake".to_owned(),
            many => format!("{many} mistakes"),
        };
        Err(Error::permanent(Kind::Declaration, format!("{count} in the declarations:{}", lines.concat()))
            .at("declarations.load")
            .hint("mend the lines above; `sellerlake check` reports what is left"))
    }
}

/// The names after the first in ``formt`, expected one of `format`, `scope```.
fn expected_names(rest: &str) -> impl Iterator<Item = &str> {
    rest.split('`').skip(2).step_by(2)
}

/// Whether two names differ by little more than a slip of the hand.
pub fn resemble(one: &str, other: &str) -> bool {
    strsim::normalized_damerau_levenshtein(one, other) >= 0.75
}

/// The known name closest to `name`, if any is close enough to be a slip.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate))
        .filter(|(score, _)| *score >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
