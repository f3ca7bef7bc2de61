//! When Amazon shows what happened: a pure function of the event, different for every source.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Transaction, hashed};

/// A family of documents that fall behind the world by the same measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Orders APIs.
    Orders,
    /// The All Orders reports.
    OrderReports,
    /// Shipments by Amazon.
    Shipments,
    /// FBA returns and reimbursements.
    Returns,
    /// A closed settlement.
    Settlements,
    /// The inventory ledger.
    Ledger,
    /// First counts of an ad's day.
    AdsTraffic,
    /// Corrections and attributed sales.
    AdsRestated,
    /// Stock lists and listings.
    Snapshots,
}

/// When a source shows something that happened at `at`.
pub fn published_at(source: Source, at: DateTime<Utc>) -> DateTime<Utc> {
    at + latency(source)
}

/// How far behind the world a source is.
pub(crate) fn latency(source: Source) -> TimeDelta {
    match source {
        Source::Orders => TimeDelta::minutes(2),
        Source::OrderReports => TimeDelta::minutes(30),
        Source::Shipments => TimeDelta::hours(3),
        Source::Returns => TimeDelta::hours(24),
        Source::Settlements => TimeDelta::hours(4),
        Source::Ledger => TimeDelta::hours(36),
        Source::AdsTraffic => TimeDelta::hours(12),
        Source::AdsRestated => TimeDelta::hours(6),
        Source::Snapshots => TimeDelta::zero(),
    }
}

/// When the Finances APIs show a transaction that was posted or released at `at`: half an hour to 47 hours later,
/// each after its own time, so that money keeps arriving behind a window that was already read.
pub fn transaction_published_at(transaction: &Transaction, at: DateTime<Utc>) -> DateTime<Utc> {
    at + TimeDelta::minutes(30 + (hashed(&[transaction.number, 3]) % 2790) as i64)
}
