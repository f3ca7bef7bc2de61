//! What can go wrong while the other engine works.

use polars_core::prelude::{PolarsError, PolarsResult};

/// The result of a step.
pub(crate) type Outcome<T> = PolarsResult<T>;

/// Something that isn't as it is declared.
pub(crate) fn unexpected(words: String) -> PolarsError {
    PolarsError::ComputeError(words.into())
}
