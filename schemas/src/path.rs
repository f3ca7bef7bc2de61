//! The little language that says where JSON rows and values are.
//!
//! | Text | Meaning |
//! |---|---|
//! | `a.b` | member `b` of member `a` |
//! | `a[]` | each element of the list `a` |
//! | `a[k=v]` | first element of the list `a` whose member `k` is `v` |
//! | `a{}` | leaves of the recursive list `a`: elements without children in a member `a` of their own |
//! | `*` | each member of an object, whatever its key |
//! | `**` | each object, at any depth, that has one of the source's amount keys |
//! | `^a.b` | columns only: nearest enclosing object that has a member `a`, then `b` |
//! | `@names(k)` | columns only: member `k` of each level of the recursive list, joined by ` > ` |
//!
//! A column's path starts at the document, like a row's; the part both share stands for the row's own elements.

use std::fmt;

use serde::Deserialize;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Member of an object.
    Key(String),
    /// Each element of the list reached so far.
    Each,
    /// First element of the list whose member has this text.
    Where(String, String),
    /// Leaves of the list under this key, which recurs inside its own elements.
    Leaves(String),
    /// Each member of the object, whatever its key.
    AnyKey,
    /// Each object below that holds an amount.
    Amounts,
}

/// Where the rows of a row set are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RowPath(pub Vec<Segment>);

/// Where a column's value is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ColumnPath {
    /// From the document, sharing what it can with the row's path.
    Document(Vec<Segment>),
    /// From the nearest enclosing object that has the first segment's key.
    Enclosing(Vec<Segment>),
    /// Member of each level of the recursive list, joined by ` > `.
    Names(String),
}

fn segments(text: &str) -> Result<Vec<Segment>, String> {
    let mut found = Vec::new();
    if text.is_empty() {
        return Ok(found);
    }
    for step in split_steps(text) {
        match step {
            "" => return Err(format!("{text:?} has an empty step")),
            "*" => found.push(Segment::AnyKey),
            "**" => found.push(Segment::Amounts),
            _ => step_with_suffix(step, &mut found).ok_or_else(|| format!("can't read {step:?} in {text:?}"))?,
        }
    }
    Ok(found)
}

/// Splits at dots outside brackets: values of `[k=v]` may hold dots.
fn split_steps(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '.' && depth == 0
    })
    .collect()
}

fn step_with_suffix(step: &str, found: &mut Vec<Segment>) -> Option<()> {
    if let Some(key) = step.strip_suffix("{}") {
        found.push(Segment::Leaves(key.to_owned()));
        return (!key.is_empty()).then_some(());
    }
    let (key, mut rest) = step.find('[').map_or((step, ""), |at| step.split_at(at));
    match key {
        "" => {}
        "*" => found.push(Segment::AnyKey),
        key if key.contains(['{', '}', ']', '^', '@']) => return None,
        key => found.push(Segment::Key(key.to_owned())),
    }
    while !rest.is_empty() {
        let end = rest.find(']')?;
        let inner = rest.strip_prefix('[')?.get(..end - 1)?;
        if inner.is_empty() {
            found.push(Segment::Each);
        } else {
            let (member, value) = inner.split_once('=')?;
            found.push(Segment::Where(member.to_owned(), value.to_owned()));
        }
        rest = &rest[end + 1..];
    }
    Some(())
}

impl TryFrom<String> for RowPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let found = segments(&text)?;
        if found.iter().any(|segment| matches!(segment, Segment::Where(..))) {
            return Err(format!("{text:?}: a row path can't pick an element by value"));
        }
        Ok(Self(found))
    }
}

impl TryFrom<String> for ColumnPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(key) = text.strip_prefix("@names(").and_then(|rest| rest.strip_suffix(')')) {
            return Ok(Self::Names(key.to_owned()));
        }
        if let Some(rest) = text.strip_prefix('^') {
            let found = segments(rest)?;
            return match found.first() {
                Some(Segment::Key(_)) => Ok(Self::Enclosing(found)),
                _ => Err(format!("{text:?}: a member's name must follow ^")),
            };
        }
        Ok(Self::Document(segments(&text)?))
    }
}

impl fmt::Display for RowPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_segments(f, &self.0)
    }
}

impl fmt::Display for ColumnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(found) => write_segments(f, found),
            Self::Enclosing(found) => f.write_str("^").and_then(|()| write_segments(f, found)),
            Self::Names(key) => write!(f, "@names({key})"),
        }
    }
}

fn write_segments(f: &mut fmt::Formatter<'_>, found: &[Segment]) -> fmt::Result {
    for (index, segment) in found.iter().enumerate() {
        let dot = if index == 0 { "" } else { "." };
        match segment {
            Segment::Key(key) => write!(f, "{dot}{key}")?,
            Segment::Each => f.write_str("[]")?,
            Segment::Where(key, value) => write!(f, "[{key}={value}]")?,
            Segment::Leaves(key) => write!(f, "{dot}{key}{{}}")?,
            Segment::AnyKey => write!(f, "{dot}*")?,
            Segment::Amounts => write!(f, "{dot}**")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_they_were_written() {
        for text in ["orders[].orderItems[]", "FinancialEvents.*[].**", "transactions[].items[].breakdowns{}", "[]"] {
            assert_eq!(RowPath::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for text in ["^AmazonOrderId", "a.ids[name=ORDER.ID].value", "@names(breakdownType)"] {
            assert_eq!(ColumnPath::try_from(text.to_owned()).unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["a..b", "a[", "a[k]", "^[]", "a{}b"] {
            assert!(ColumnPath::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert!(RowPath::try_from("a[k=v]".to_owned()).is_err());
    }
}
