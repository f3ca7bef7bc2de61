//! How soon requests can be answered at all: Amazon's documented quotas are the bound (amazon-facts B.2).

use chrono::TimeDelta;

/// The scarcest call each operation needs: calls a second, and how many at once after a rest. What is not here is not
/// held up by quotas worth mentioning, or by none that Amazon publishes (Ads).
const SCARCEST: [(&str, f64, f64); 9] = [
    ("data_kiosk", 0.0167, 15.0),
    ("financial_event_groups_v0", 0.5, 30.0),
    ("financial_events_v0", 0.5, 30.0),
    ("order_items_v0", 0.5, 30.0),
    ("orders", 0.0056, 20.0),
    ("orders_v0", 0.0167, 20.0),
    ("report", 0.0167, 15.0),
    ("settlements", 0.0167, 15.0),
    ("transactions", 0.5, 10.0),
];

/// The least time that requests of these operations take, counted per operation, with full token buckets. Operations
/// have buckets of their own, so they run side by side.
pub(crate) fn least<'a>(requests: impl IntoIterator<Item = (&'a str, u64)>) -> TimeDelta {
    let seconds = requests.into_iter().filter_map(|(operation, count)| {
        let (_, rate, burst) = SCARCEST.into_iter().find(|(name, _, _)| *name == operation)?;
        Some((count as f64 - burst).max(0.0) / rate)
    });
    TimeDelta::seconds(seconds.fold(0.0, f64::max).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scarcest_quota_decides() {
        assert_eq!(least([("report", 15), ("transactions", 10)]), TimeDelta::zero());
        assert_eq!(least([("report", 75), ("transactions", 100)]), TimeDelta::seconds(3593));
        assert_eq!(least([("ads_report", 1000)]), TimeDelta::zero());
    }
}
