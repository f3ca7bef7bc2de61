//! The one merge (ARCHITECTURE.md: One merge): per unit, the rows of the highest stamp stand, all of them.
//!
//! A delivery's rows are sorted by unit ([`Sorter`]), stamped ([`stamp`]), merged with what stands
//! ([`merge`]) and thinned to the standing version ([`standing`]). Taking the highest stamp is idempotent,
//! commutative and associative, so neither the order of arrival nor repetition matters, and what was already
//! merged may be merged again with whatever somebody else wrote in the meantime.

mod months;
mod run;
mod schema;
mod sort;
mod sorter;
mod stamp;
mod standing;
mod ties;

pub use months::{MonthRows, split_months};
pub use schema::{marker_batch, stored_schema, working_schema};
pub use sort::{as_input, merge};
pub use sorter::Sorter;
pub use stamp::{Stamp, stamp};
pub use standing::{StandingTally, standing};
pub use ties::{Tie, Ties};
