//! What goes wrong, and when: by script, or by a seed that replays.
//!
//! Nothing here loses data for good: what a fault hides, doubles or changes in one reading is right in a later one, so a
//! client that reads again where it should ends at the truth.
//!
//! A plan by POST to `/simulator/faults`:
//!
//! ```json
//! {"script": [{"kind": "http_503_html", "operation": "orders_2026.*", "nth": 2, "times": 3}],
//!  "seeded": {"seed": 1, "rate": 0.02, "until": "2026-11-05T00:00:00Z"}}
//! ```

mod kind;
mod plan;

pub mod documents;

use chrono::TimeDelta;

pub use kind::Kind;
pub use plan::{FaultPlan, Faults, Scripted, Seeded};

/// What happened longer ago than this is never hidden: nobody would look for it again.
pub const RECENT: TimeDelta = TimeDelta::days(3);
