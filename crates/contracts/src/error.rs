//! One error type: what went wrong, in which operation, with which facts, and what to do about it.

use std::error::Error as StdError;
use std::fmt;

use crate::printable;

/// The result of every fallible operation in sellerlake.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong. A policy table maps each kind to retry or stop-and-tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The caller's arguments or settings make no sense; nothing was done.
    Usage,
    /// A declaration (source, table, stage, check) is wrong.
    Declaration,
    /// A document can't be decoded as the source it was said to be.
    Decode,
    /// Data contradicts what was promised of it: a failed check, an overflowing number.
    Data,
    /// The thing asked for does not exist.
    NotFound,
    /// Somebody else changed the object in the meantime: look again.
    Conflict,
    /// The store, disk or database failed.
    Storage,
    /// The store answered too late; whether it acted is unknown: look again.
    Timeout,
    /// A limit of memory, rows, time or size was reached.
    Limit,
    /// SQL that can't be planned or isn't allowed.
    Query,
    /// Amazon doesn't accept our credentials: a revoked grant, an expired secret, a token of another region.
    Unauthorized,
    /// Amazon accepts us but not for this: a role is missing, a profile isn't ours.
    Forbidden,
    /// Amazon wants us to slow down.
    Throttled,
    /// Amazon failed, or answered something that isn't an answer: HTML, half a body.
    Remote,
    /// Nobody answered: no network, a refused connection, a time-out.
    Unreachable,
    /// Amazon refuses the request as it is.
    Refused,
    /// A defect in sellerlake.
    Internal,
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The same call may succeed later.
    Transient,
    /// The same: but it has been made again, as often as makes sense at once. Whoever tries anew waits longer.
    Spent,
    /// The same call will fail again until somebody changes something.
    Permanent,
}

/// An error for a reader: kind, operation, context pairs, source, and a hint.
///
/// `Display` is one line; `{:#}` and `Debug` add the chain of sources.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    status: Status,
    message: String,
    operations: Vec<&'static str>,
    context: Vec<(&'static str, String)>,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    fn new(kind: Kind, status: Status, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            status,
            message: message.into(),
            operations: Vec::new(),
            context: Vec::new(),
            hint: None,
            source: None,
        }))
    }

    /// An error that will come again until somebody changes something.
    pub fn permanent(kind: Kind, message: impl Into<String>) -> Self {
        Self::new(kind, Status::Permanent, message)
    }

    /// An error that may pass by itself.
    pub fn transient(kind: Kind, message: impl Into<String>) -> Self {
        Self::new(kind, Status::Transient, message)
    }

    /// Names the operation, as `area.verb`: `raw.land`, `partition.swap`. Those around it are named after it.
    #[must_use]
    pub fn at(mut self, operation: &'static str) -> Self {
        if self.0.operations.last() != Some(&operation) {
            self.0.operations.push(operation);
        }
        self
    }

    /// Says that what may pass was tried again already.
    #[must_use]
    pub fn spent(mut self) -> Self {
        if self.0.status == Status::Transient {
            self.0.status = Status::Spent;
        }
        self
    }

    /// Adds one fact the reader needs: `path`, `delivery`, `line`; one that is there already isn't said twice. What others
    /// chose, such as a file's name, is made printable.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        let fact = (key, printable(&value.to_string()).into_owned());
        if !self.0.context.contains(&fact) {
            self.0.context.push(fact);
        }
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Whether trying again can help.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// Whether it may pass by itself.
    pub fn may_pass(&self) -> bool {
        self.0.status != Status::Permanent
    }

    /// The operations it happened in, the innermost first.
    pub fn operations(&self) -> &[&'static str] {
        &self.0.operations
    }

    /// What to do, if anybody knows.
    pub fn remedy(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The sentence alone, without operation, context and chain.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the answer is to look again: somebody else was faster, or the outcome is unknown.
    pub fn is_look_again(&self) -> bool {
        matches!(self.0.kind, Kind::Conflict | Kind::Timeout)
    }
}

impl fmt::Display for Error {
    #[expect(clippy::recursive_format_impl, reason = "the alternate form holds the plain one, which ends")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for (index, (key, value)) in self.0.context.iter().enumerate() {
            f.write_str(if index == 0 { " (" } else { ", " })?;
            write!(f, "{key}: {value}")?;
        }
        if !self.0.context.is_empty() {
            f.write_str(")")?;
        }
        if f.alternate() {
            let mut said = vec![self.to_string()];
            let mut cause = StdError::source(self);
            while let Some(error) = cause {
                let text = error.to_string();
                // Whoever wraps an error often says it again, or nothing.
                if text.is_empty() {
                    cause = error.source();
                    continue;
                }
                if !said.iter().any(|said| said.ends_with(&text) || text.ends_with(said)) {
                    write!(f, ": {text}")?;
                }
                said.push(text);
                cause = error.source();
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}", self.0.kind, self.0.status)?;
        if !self.0.operations.is_empty() {
            write!(f, " at {}", self.0.operations.join(", in "))?;
        }
        write!(f, ": {self:#}")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_and_alternate_adds_the_chain() {
        let error = Error::permanent(Kind::Storage, "can't write the object")
            .at("partition.swap")
            .with("path", "tables/orders/data.parquet")
            .source(std::io::Error::other("disk full"));
        assert_eq!(error.to_string(), "can't write the object (path: tables/orders/data.parquet)");
        assert_eq!(format!("{error:#}"), "can't write the object (path: tables/orders/data.parquet): disk full");
        assert!(format!("{error:?}").starts_with("Storage/Permanent at partition.swap"));
        let further = error.at("partition.swap").at("source.load");
        assert_eq!(further.operations(), ["partition.swap", "source.load"]);
    }

    #[test]
    fn only_what_may_pass_can_be_spent() {
        let [passing, lasting] = [Error::transient(Kind::Remote, ""), Error::permanent(Kind::Refused, "")];
        assert_eq!((passing.spent().status(), lasting.spent().status()), (Status::Spent, Status::Permanent));
    }

    #[test]
    fn what_a_cause_only_repeats_is_said_once() {
        #[derive(Debug)]
        struct Wrapper(Error);
        impl fmt::Display for Wrapper {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "External error: {}", self.0)
            }
        }
        impl StdError for Wrapper {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(&self.0)
            }
        }
        let said = || Error::permanent(Kind::Limit, "too much at once").with("limit_mib", 64);
        let inner = said().source(std::io::Error::other("no room"));
        let again = Error::permanent(Kind::Limit, said().to_string()).source(Wrapper(inner));
        assert_eq!(format!("{again:#}"), "too much at once (limit_mib: 64): no room");
    }
}
