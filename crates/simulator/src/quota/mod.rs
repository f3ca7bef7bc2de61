//! Token buckets: per seller, application and operation, or per application for calls without a seller
//! (amazon.md: Quotas).

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, Utc};

use crate::server::held;

/// Whose bucket: seller (empty for grantless operations), application, operation.
pub type Key = (String, String, &'static str);

/// All buckets. A bucket nobody has used is full.
#[derive(Default)]
pub struct Quota(Mutex<HashMap<Key, Bucket>>);

struct Bucket {
    tokens: f64,
    at: DateTime<Utc>,
}

impl Quota {
    /// Takes a token at `now` from a bucket that refills with `rate` tokens a second up to `burst`; `false` if there is
    /// none.
    pub fn take(&self, key: Key, rate: f64, burst: u32, now: DateTime<Utc>) -> bool {
        let full = f64::from(burst);
        let mut buckets = held(&self.0);
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: full, at: now });
        // Exact: whoever calls often must not lose part of a millisecond each time.
        let idle = (now - bucket.at).as_seconds_f64().max(0.0);
        bucket.tokens = (bucket.tokens + idle * rate).min(full);
        bucket.at = bucket.at.max(now);
        // A client that waits exactly 1/rate must not fail on the last bit of a float.
        let enough = bucket.tokens >= 1.0 - 1e-6;
        if enough {
            bucket.tokens = (bucket.tokens - 1.0).max(0.0);
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_bucket_bursts_and_refills() {
        let quota = Quota::default();
        let key = || ("S".to_owned(), "A".to_owned(), "x.y");
        let start = DateTime::UNIX_EPOCH;
        assert!((0..15).all(|_| quota.take(key(), 0.0167, 15, start)));
        assert!(!quota.take(key(), 0.0167, 15, start + TimeDelta::seconds(59)));
        assert!(quota.take(key(), 0.0167, 15, start + TimeDelta::seconds(60)));
        assert!(!quota.take(key(), 0.0167, 15, start + TimeDelta::seconds(61)));
        assert!(quota.take(("T".to_owned(), "A".to_owned(), "x.y"), 0.0167, 15, start));
    }
}
