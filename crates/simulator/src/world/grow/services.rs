//! What Amazon charges without an order: subscription, storage, transport, coupons, advertising.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};

use super::{Growth, converted};
use crate::world::{Charge, Line, Marketplace, Movement, MovementKind, TransactionKind, What};

impl Growth {
    pub(super) fn charge_services(&mut self) {
        let home = self.seller.marketplaces[0];
        let moved: Vec<(DateTime<Utc>, Movement)> = self
            .seller
            .events
            .iter()
            .filter_map(|event| match &event.what {
                What::StockMoved(movement) => Some((event.at, movement.clone())),
                _ => None,
            })
            .collect();
        for month in months(self.from, self.to) {
            let at = home.midnight(month) + TimeDelta::days(3) + self.minutes(0, 60 * 20);
            let fee = converted(3999, home);
            self.bill(TransactionKind::ServiceFee, home, at, Charge::Subscription, None, -fee, home.fee_tax);
            for pool in self.pools() {
                self.charge_storage(&moved, pool, month);
            }
        }
        self.charge_receipts(&moved);
        self.charge_coupons();
        self.bill_advertising();
    }

    /// Last month's storage, one transaction for each product, posted in the second week.
    fn charge_storage(&mut self, moved: &[(DateTime<Utc>, Movement)], market: &'static Marketplace, month: NaiveDate) {
        let ended = market.midnight(month);
        let began = market.midnight(month - Months::new(1));
        let at = ended + TimeDelta::days(8) + self.minutes(0, 60 * 10);
        // Twice the average of the units on hand at the first and at the last moment of the month.
        let mut doubled: BTreeMap<usize, i64> = BTreeMap::new();
        for (at, movement) in moved.iter().filter(|(at, movement)| *at < ended && movement.market.pool == market.pool) {
            let weight = if *at < began { 2 } else { 1 };
            *doubled.entry(movement.product).or_default() += movement.units * weight;
        }
        for (product, doubled) in doubled {
            // Ten-thousandths of a cubic foot, 0.78 US dollars for each foot.
            let fee = converted(doubled / 2 * self.seller.products[product].volume * 78 / 10_000, market);
            if fee > 0 {
                let kind = TransactionKind::ServiceFee;
                self.bill(kind, market, at, Charge::Storage, Some(product), -fee, market.fee_tax);
            }
        }
    }

    /// Transport of every receipt, a few days after it.
    fn charge_receipts(&mut self, moved: &[(DateTime<Utc>, Movement)]) {
        for (received_at, movement) in moved.iter().filter(|(_, movement)| movement.kind == MovementKind::Receipt) {
            let market = movement.market;
            let at = *received_at + self.minutes(60 * 24, 60 * 24 * 5);
            let (fee, product) = (converted(movement.units * 23, market), Some(movement.product));
            self.bill(TransactionKind::ServiceFee, market, at, Charge::Inbound, product, -fee, market.fee_tax);
        }
    }

    fn charge_coupons(&mut self) {
        let home = self.seller.marketplaces[0];
        let mut day = self.from + Days::new(5);
        while day < self.to {
            let at = home.midnight(day) + self.minutes(60, 60 * 20);
            let fee = converted(60 * self.random.i64(1..12), home);
            self.bill(TransactionKind::ServiceFee, home, at, Charge::Coupon, None, -fee, home.fee_tax);
            day = day + Days::new(self.random.u64(9..16));
        }
    }

    /// Every week the clicks of the week before, corrections included: they are over by then.
    fn bill_advertising(&mut self) {
        let mut newest: BTreeMap<(usize, NaiveDate), (DateTime<Utc>, i64)> = BTreeMap::new();
        for event in &self.seller.events {
            let (What::AdsCounted { ad, day, cost, .. } | What::AdsCorrected { ad, day, cost, .. }) = event.what else {
                continue;
            };
            let known = newest.entry((ad, day)).or_insert((event.at, cost));
            if event.at >= known.0 {
                *known = (event.at, cost);
            }
        }
        let mut weeks: BTreeMap<(usize, i64), i64> = BTreeMap::new();
        for ((ad, day), (_, cost)) in newest {
            let profile = self.seller.campaigns[self.seller.ads[ad].campaign].profile;
            *weeks.entry((profile, (day - self.from).num_days() / 7)).or_default() += cost;
        }
        for ((profile, week), cost) in weeks.into_iter().filter(|(_, cost)| *cost > 0) {
            let market = self.seller.ads_profiles[profile].market;
            let ended = market.midnight(self.from + Days::new(week as u64 * 7 + 7));
            let at = ended + TimeDelta::days(4) + self.minutes(0, 600);
            self.bill(TransactionKind::ProductAds, market, at, Charge::Advertising, None, -cost, 0);
        }
    }

    #[allow(clippy::too_many_arguments)] // one line and where it belongs
    pub(super) fn bill(
        &mut self,
        kind: TransactionKind,
        market: &'static Marketplace,
        at: DateTime<Utc>,
        charge: Charge,
        product: Option<usize>,
        base: i64,
        tax_rate: i64,
    ) {
        let line = Line { item: None, product, units: 0, charge, base, tax: base * tax_rate / 1000 };
        self.post(kind, market, at, None, None, None, vec![line]);
    }
}

/// First days of the months that begin in `(from, to]`.
fn months(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    let first = from.with_day(1).unwrap_or(from) + Months::new(1);
    std::iter::successors(Some(first), |month| month.checked_add_months(Months::new(1)))
        .take_while(move |month| *month <= to)
}
