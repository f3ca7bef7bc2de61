//! How many orders a day brings, and at what hour. Whole numbers only, so that every machine agrees.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use super::Growth;
use crate::world::Marketplace;

/// Monday to Sunday, in thousandths of an average day.
const WEEKDAYS: [u64; 7] = [1060, 980, 960, 950, 930, 1010, 1110];

/// Orders by local hour; their sum is 200.
const HOURS: [u64; 24] = [4, 2, 1, 1, 1, 2, 4, 7, 10, 11, 11, 11, 12, 11, 10, 10, 10, 10, 11, 13, 16, 15, 11, 6];

/// Days the slow wave takes to come round.
const WAVE_DAYS: u64 = 91;

impl Growth {
    /// How many orders a marketplace gets on a day.
    pub(super) fn orders_on(&mut self, place: usize, day: NaiveDate) -> u64 {
        let weekday = WEEKDAYS[day.weekday().num_days_from_monday() as usize];
        let expected = self.pace * self.share(place) / 1000 * weekday / 1000 * wave(day) / 1000;
        let noisy = expected * self.random.u64(700..1301) / 1000;
        noisy / 1000 + u64::from(self.random.u64(0..1000) < noisy % 1000)
    }

    /// A marketplace's share of the orders in thousandths: half for the home, the rest for the others alike.
    pub(super) fn share(&self, place: usize) -> u64 {
        match (self.seller.marketplaces.len() as u64, place) {
            (1, _) => 1000,
            (_, 0) => 500,
            (count, _) => 500 / (count - 1),
        }
    }

    /// A moment of a local day when people buy.
    pub(super) fn moment(&mut self, market: &Marketplace, day: NaiveDate) -> DateTime<Utc> {
        let mut drawn = self.random.u64(0..200);
        let mut hour = 23;
        for (place, weight) in HOURS.iter().enumerate() {
            if drawn < *weight {
                hour = place;
                break;
            }
            drawn -= weight;
        }
        market.midnight(day) + TimeDelta::seconds(hour as i64 * 3600 + self.random.i64(0..3600))
    }
}

/// Between 750 and 1250 thousandths, up and down in straight lines.
fn wave(day: NaiveDate) -> u64 {
    let phase = day.num_days_from_ce() as u64 % WAVE_DAYS;
    let rising = phase.min(WAVE_DAYS - phase);
    750 + rising * 1000 / WAVE_DAYS
}
