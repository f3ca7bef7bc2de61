//! What Amazon charges without an order: subscription, storage, transport, coupons, advertising.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};

use super::{Growth, converted};
use crate::world::{AdProduct, Charge, Line, Marketplace, MovementKind, TransactionKind, What};

impl Growth {
    pub(super) fn charge_services(&mut self) {
        let home = self.seller.marketplaces[0];
        for month in months(self.from, self.to) {
            let at = home.midnight(month) + TimeDelta::days(3) + self.minutes(0, 60 * 20);
            let fee = converted(3999, home);
            self.bill(TransactionKind::ServiceFee, home, at, Charge::Subscription, None, -fee, home.fee_tax);
            for pool in self.pools() {
                self.charge_storage(pool, month);
            }
        }
        self.charge_receipts();
        self.charge_coupons();
        self.bill_advertising();
    }

    /// Last month's storage, one transaction for each product, posted in the second week.
    fn charge_storage(&mut self, market: &'static Marketplace, month: NaiveDate) {
        let ended = market.midnight(month);
        let began = market.midnight(month - Months::new(1));
        let averages = self.average_levels(market.pool, began, ended);
        let at = ended + TimeDelta::days(8) + self.minutes(0, 60 * 10);
        for (product, average) in averages {
            // Ten-thousandths of a cubic foot, 0.78 US dollars for each foot.
            let fee = converted(average * self.seller.products[product].volume * 78 / 10_000, market);
            if fee > 0 {
                let kind = TransactionKind::ServiceFee;
                self.bill(kind, market, at, Charge::Storage, Some(product), -fee, market.fee_tax);
            }
        }
    }

    /// Units of each product on hand, averaged over the first and last moment of a month.
    fn average_levels(
        &self,
        pool: &str,
        began: DateTime<Utc>,
        ended: DateTime<Utc>,
    ) -> BTreeMap<usize, i64> {
        let mut sums: BTreeMap<usize, i64> = BTreeMap::new();
        for event in &self.seller.events {
            if let What::StockMoved(movement) = &event.what
                && movement.market.pool == pool
                && event.at < ended
            {
                let weight = if event.at < began { 2 } else { 1 };
                *sums.entry(movement.product).or_default() += movement.units * weight;
            }
        }
        sums.into_iter().map(|(product, sum)| (product, sum / 2)).collect()
    }

    /// Transport of every receipt, a few days after it.
    fn charge_receipts(&mut self) {
        let receipts: Vec<(DateTime<Utc>, usize, &'static Marketplace, i64)> = self
            .seller
            .events
            .iter()
            .filter_map(|event| match &event.what {
                What::StockMoved(movement) if movement.kind == MovementKind::Receipt => {
                    Some((event.at, movement.product, movement.market, movement.units))
                }
                _ => None,
            })
            .collect();
        for (received_at, product, market, units) in receipts {
            let at = received_at + self.minutes(60 * 24, 60 * 24 * 5);
            let fee = converted(units * 23, market);
            self.bill(TransactionKind::ServiceFee, market, at, Charge::Inbound, Some(product), -fee, market.fee_tax);
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

    /// Every week the clicks of the week before, as they stand then.
    fn bill_advertising(&mut self) {
        for profile in 0..self.seller.ads_profiles.len() {
            let market = self.seller.ads_profiles[profile].market;
            let mut day = self.from + Days::new(7);
            while day < self.to + Days::new(7) {
                let at = market.midnight(day) + TimeDelta::days(4) + self.minutes(0, 600);
                let cost = self.cost_of_week(profile, day);
                if cost > 0 {
                    self.bill(TransactionKind::ProductAds, market, at, Charge::Advertising, None, -cost, 0);
                }
                day = day + Days::new(7);
            }
        }
    }

    fn cost_of_week(&self, profile: usize, before: NaiveDate) -> i64 {
        let mut costs: BTreeMap<(usize, NaiveDate), (DateTime<Utc>, i64)> = BTreeMap::new();
        let week = before - Days::new(7);
        for event in &self.seller.events {
            let (ad, day, cost) = match &event.what {
                What::AdsCounted { ad, day, cost, .. } | What::AdsCorrected { ad, day, cost, .. } => (*ad, *day, *cost),
                _ => continue,
            };
            if day < week || day >= before || self.seller.campaigns[self.seller.ads[ad].campaign].profile != profile {
                continue;
            }
            let newest = costs.entry((ad, day)).or_insert((event.at, cost));
            if event.at >= newest.0 {
                *newest = (event.at, cost);
            }
        }
        costs.values().map(|(_, cost)| cost).sum()
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

    /// Whether a campaign of this kind counts clicks by product.
    pub(super) fn by_product(kind: AdProduct) -> bool {
        kind != AdProduct::Brands
    }
}

/// First days of the months that begin in `(from, to]`.
fn months(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    let first = from.with_day(1).unwrap_or(from) + Months::new(1);
    std::iter::successors(Some(first), |month| month.checked_add_months(Months::new(1)))
        .take_while(move |month| *month <= to)
}
