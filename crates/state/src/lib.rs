//! What runs remember from one to the next: deliveries, the object catalogue, alarms.
//!
//! The lake could be rebuilt without it: state is a ledger and a cache, and whatever it says of objects is healed
//! when a read finds it old. One portable SQL text: `$1` parameters, text ids made by the caller, times as
//! milliseconds, no booleans, no JSON operators. Time is passed in: a database's own clock is nobody's.

mod alarms;
mod database;
mod deliveries;
mod migrations;
mod objects;

pub use alarms::{Alarm, Severity};
pub use database::State;
pub use deliveries::{DeliveryFilter, DeliveryRecord, DeliveryStatus, LoadReport};
pub use objects::{ObjectFilter, ObjectRecord};
