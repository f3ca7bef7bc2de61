//! Why a cell can't be read.

use std::borrow::Cow;

/// Why a text is not a value of its column, as a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(pub Cow<'static, str>);

impl From<&'static str> for Fault {
    fn from(reason: &'static str) -> Self {
        Self(Cow::Borrowed(reason))
    }
}
