//! How a call can end without an answer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sellerlake_contracts::{AccountId, Error, Kind};

/// What went wrong, told apart as far as the next move depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallFault {
    /// 429.
    Throttled,
    /// 500 with Amazon's own error in it; sometimes the request's fault (amazon.md: Headers and error answers).
    Internal,
    /// 502, 503, 504 and whatever else isn't JSON at 5xx.
    Unavailable,
    /// A success that holds nothing, or not JSON.
    NotAnAnswer,
    /// The body ends before it should.
    CutShort,
    /// Nobody answered in time.
    TimedOut,
    /// No connection came about: nothing was sent.
    NoConnection,
    /// The connection was lost; whether anything was done is unknown.
    HungUp,
    /// 401, or a 403 that speaks of the token.
    Token,
    /// Any other 403.
    Denied,
    /// 400 and its relatives.
    Invalid,
    /// 404.
    NotFound,
    /// A presigned address that has expired.
    Expired,
    /// 425: the same report is being made already.
    Duplicate,
    /// Not from Amazon.
    Ours,
}

impl CallFault {
    /// The kind an operator reads, and whether trying again can help.
    pub(crate) fn error(self, message: impl Into<String>) -> Error {
        match self {
            Self::Throttled => Error::transient(Kind::Throttled, message),
            Self::Internal | Self::Unavailable | Self::NotAnAnswer | Self::CutShort | Self::Expired => {
                Error::transient(Kind::Remote, message)
            }
            Self::TimedOut | Self::NoConnection | Self::HungUp => Error::transient(Kind::Unreachable, message),
            Self::Token => Error::permanent(Kind::Unauthorized, message),
            Self::Denied => Error::permanent(Kind::Forbidden, message),
            Self::Invalid | Self::Duplicate => Error::permanent(Kind::Refused, message),
            Self::NotFound => Error::permanent(Kind::NotFound, message),
            Self::Ours => Error::permanent(Kind::Internal, message),
        }
    }

    /// Whether the request may have been acted on although no answer says so.
    pub(crate) fn leaves_doubt(self) -> bool {
        matches!(
            self,
            Self::Internal | Self::Unavailable | Self::NotAnAnswer | Self::CutShort | Self::TimedOut | Self::HungUp
        )
    }
}

/// A call that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub fault: CallFault,
    /// Amazon's words, where it had any.
    pub text: String,
    /// How long Amazon asks to be left alone.
    pub hint: Option<Duration>,
    pub error: Error,
}

/// A wait that is too long to sit through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Later {
    /// When to come back.
    pub until: DateTime<Utc>,
    /// The token bucket that is empty until then, if that is why.
    pub bucket: Option<String>,
}

impl From<DateTime<Utc>> for Later {
    fn from(until: DateTime<Utc>) -> Self {
        Self { until, bucket: None }
    }
}

/// Why a step can't go on now.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Nothing to do before then.
    Later(Later),
    /// It failed, after all the attempts its policy grants.
    Failed(Box<Failure>),
}

impl Stop {
    /// Nothing to do before `until`.
    pub(crate) fn later(until: DateTime<Utc>) -> Self {
        Self::Later(until.into())
    }

    /// A failure of Amazon's or of the network.
    pub(crate) fn failed(fault: CallFault, text: impl Into<String>, error: Error) -> Self {
        Self::Failed(Box::new(Failure { fault, text: text.into(), hint: None, error }))
    }

    /// The failure, if it is one of the given sort.
    pub(crate) fn fault(&self) -> Option<CallFault> {
        match self {
            Self::Later(_) => None,
            Self::Failed(failure) => Some(failure.fault),
        }
    }

    /// As an error for callers that have nothing to store and can't come back later.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Failed(failure) => failure.error,
            Self::Later(later) => {
                Error::transient(Kind::Throttled, "Amazon's quota for this call is used up").with("until", later.until)
            }
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::failed(CallFault::Ours, "", error)
    }
}

/// What an operator does about a grant that no longer works.
pub(crate) fn reauthorise(account: &AccountId) -> String {
    format!("re-authorise account {account}: let the seller grant access again and store the new refresh token")
}
