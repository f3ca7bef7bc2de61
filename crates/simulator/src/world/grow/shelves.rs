//! Stock in Amazon's warehouses: enough of it, always, and never exactly where the books say.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Growth;
use crate::world::{Charge, Line, Marketplace, Movement, MovementKind, Reimbursement, TransactionKind, What, hashed};

/// What happens to the units that can be sold: when, and how many.
type Changes = Vec<(DateTime<Utc>, i64)>;

/// What Amazon does about units it lost or damaged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It pays.
    Paid,
    /// It gives stock, where it lost some.
    Replaced,
    /// It still owes them.
    Nothing,
}

impl Answer {
    fn of(product: usize, at: DateTime<Utc>) -> Self {
        match hashed(&[product as u64, at.timestamp().unsigned_abs()]) % 6 {
            0 => Self::Nothing,
            1 => Self::Replaced,
            _ => Self::Paid,
        }
    }
}

impl Growth {
    pub(super) fn fill_shelves(&mut self) {
        for market in self.pools() {
            for product in 0..self.seller.products.len() {
                if self.seller.products[product].by_amazon {
                    self.disturb(product, market);
                }
            }
        }
        for ((product, pool), mut changes) in self.changes() {
            let market = self.pools().into_iter().find(|market| market.pool == pool);
            if let Some(market) = market {
                changes.sort_unstable();
                self.replenish(product, market, &changes);
            }
        }
    }

    /// Units lost, found, damaged and moved between warehouses.
    fn disturb(&mut self, product: usize, market: &'static Marketplace) {
        let mut at = self.birth() + self.minutes(60 * 24 * 2, 60 * 24 * 25);
        let end = market.midnight(self.to);
        while at < end {
            let units = self.random.i64(1..3);
            match self.random.u32(0..4) {
                0 => self.lose(product, market, at, units),
                1 => self.adjust(product, market, at, units, "SELLABLE", "F"),
                2 => self.damage(product, market, at, units),
                _ => self.transfer(product, market, at, units),
            }
            at += self.minutes(60 * 24 * 8, 60 * 24 * 40);
        }
    }

    fn lose(&mut self, product: usize, market: &'static Marketplace, at: DateTime<Utc>, units: i64) {
        self.adjust(product, market, at, -units, "SELLABLE", "M");
        let answer_at = at + TimeDelta::days(4);
        let answer = Answer::of(product, at);
        let number = match answer {
            Answer::Paid => Some(self.reimburse(product, market, answer_at, units, "Lost_Warehouse", None)),
            Answer::Replaced => {
                self.replace(product, market, answer_at, units);
                None
            }
            Answer::Nothing => None,
        };
        if answer != Answer::Replaced && self.chance(250) {
            let found_at = at + self.minutes(60 * 24 * 8, 60 * 24 * 20);
            self.adjust(product, market, found_at, units, "SELLABLE", "F");
            if let Some(number) = number {
                self.reimburse(product, market, found_at, -units, "Reimbursement_Reversal", Some(number));
            }
        }
    }

    fn damage(&mut self, product: usize, market: &'static Marketplace, at: DateTime<Utc>, units: i64) {
        self.adjust(product, market, at, -units, "SELLABLE", "E");
        self.adjust(product, market, at, units, "WAREHOUSE_DAMAGED", "P");
        if Answer::of(product, at) != Answer::Nothing {
            self.reimburse(product, market, at + TimeDelta::days(6), units, "Damaged_Warehouse", None);
        }
    }

    fn transfer(&mut self, product: usize, market: &'static Marketplace, at: DateTime<Utc>, units: i64) {
        let arrived = at + self.minutes(60 * 5, 60 * 48);
        let [from, to] = market.warehouses;
        for (at, warehouse, units) in [(at, from, -units), (arrived, to, units)] {
            self.move_stock(product, market, at, MovementKind::Transfer, units, "SELLABLE", "", warehouse);
        }
    }

    fn adjust(
        &mut self,
        product: usize,
        market: &'static Marketplace,
        at: DateTime<Utc>,
        units: i64,
        disposition: &'static str,
        reason: &'static str,
    ) {
        let warehouse = market.warehouses[0];
        self.move_stock(product, market, at, MovementKind::Adjustment, units, disposition, reason, warehouse);
    }

    #[allow(clippy::too_many_arguments)] // the fields of a movement
    fn move_stock(
        &mut self,
        product: usize,
        market: &'static Marketplace,
        at: DateTime<Utc>,
        kind: MovementKind,
        units: i64,
        disposition: &'static str,
        reason: &'static str,
        warehouse: &'static str,
    ) {
        let reference = self.number();
        let movement = Movement { product, market, warehouse, kind, units, disposition, reason, reference };
        self.happens(at, What::StockMoved(movement));
    }

    /// Pays for units, or takes it back; gives the reimbursement's number.
    fn reimburse(
        &mut self,
        product: usize,
        market: &'static Marketplace,
        at: DateTime<Utc>,
        units: i64,
        reason: &'static str,
        reverses: Option<u64>,
    ) -> u64 {
        let number = self.number();
        let per_unit = match reverses {
            Some(original) => self.seller.reimbursements.iter().find(|entry| entry.number == original),
            None => None,
        }
        .map_or_else(|| self.seller.products[product].price(market.id, at) * 6 / 10, |entry| entry.per_unit);
        let entry = self.seller.reimbursements.len();
        let paid = Reimbursement { number, market, at, product, units, per_unit, reason, in_stock: false, reverses };
        self.seller.reimbursements.push(paid);
        self.happens(at, What::Reimbursed { entry });
        let charge = if units < 0 { Charge::ReversedReimbursement } else { Charge::Reimbursement };
        let line =
            Line { item: None, product: Some(product), units: units.abs(), charge, base: per_unit * units, tax: 0 };
        let posted_at = at + self.minutes(30, 60 * 10);
        self.post(TransactionKind::Reimbursement, market, posted_at, None, None, None, vec![line]);
        number
    }

    /// Gives units back as stock in place of money.
    fn replace(&mut self, product: usize, market: &'static Marketplace, at: DateTime<Utc>, units: i64) {
        self.adjust(product, market, at, units, "SELLABLE", "N");
        let (number, entry) = (self.number(), self.seller.reimbursements.len());
        let (per_unit, reason) = (0, "Lost_Warehouse");
        let given =
            Reimbursement { number, market, at, product, units, per_unit, reason, in_stock: true, reverses: None };
        self.seller.reimbursements.push(given);
        self.happens(at, What::Reimbursed { entry });
    }

    /// Every change to what can be sold: promised to buyers, called off, come back, lost and found.
    fn changes(&self) -> BTreeMap<(usize, &'static str), Changes> {
        let mut changes: BTreeMap<(usize, &'static str), Changes> = BTreeMap::new();
        let mut units: Vec<Vec<i64>> = Vec::with_capacity(self.seller.orders.len());
        for order in &self.seller.orders {
            units.push(order.items.iter().map(|item| item.units).collect());
            for item in order.items.iter().filter(|_| order.by_amazon) {
                changes.entry((item.product, order.market.pool)).or_default().push((order.placed_at, -item.units));
            }
        }
        let mut events: Vec<_> = self.seller.events.iter().collect();
        events.sort_by_key(|event| event.at);
        for event in events {
            match &event.what {
                What::UnitsCancelled { order, item, units: taken, .. } if self.seller.orders[*order].by_amazon => {
                    units[*order][*item] -= taken;
                    let placed = &self.seller.orders[*order];
                    let product = placed.items[*item].product;
                    changes.entry((product, placed.market.pool)).or_default().push((event.at, *taken));
                }
                What::Cancelled { order, .. } if self.seller.orders[*order].by_amazon => {
                    let placed = &self.seller.orders[*order];
                    for (item, left) in placed.items.iter().zip(&units[*order]) {
                        changes.entry((item.product, placed.market.pool)).or_default().push((event.at, *left));
                    }
                }
                What::StockMoved(movement)
                    if movement.disposition == "SELLABLE" && movement.kind != MovementKind::Shipment =>
                {
                    let key = (movement.product, movement.market.pool);
                    changes.entry(key).or_default().push((event.at, movement.units));
                }
                _ => {}
            }
        }
        changes
    }

    /// Sends stock so that what can be sold never runs out.
    fn replenish(&mut self, product: usize, market: &'static Marketplace, changes: &Changes) {
        let days = (self.to - self.from).num_days().max(1);
        let sold: i64 = changes.iter().map(|(_, units)| (-units).max(0)).sum();
        let daily = sold / days + 1;
        let (floor, batch) = (daily * 10 + 8, daily * 30 + 20);
        let start = self.birth() - TimeDelta::hours(20);
        let mut level = batch;
        self.receive(product, market, start, batch, None);
        for (at, units) in changes {
            if level + units < floor {
                self.receive(product, market, *at - TimeDelta::minutes(7), batch, Some(start));
                level += batch;
            }
            level += units;
        }
    }

    fn receive(
        &mut self,
        product: usize,
        market: &'static Marketplace,
        at: DateTime<Utc>,
        units: i64,
        not_before: Option<DateTime<Utc>>,
    ) {
        if let Some(start) = not_before {
            let sent_at = (at - self.minutes(60 * 24 * 4, 60 * 24 * 9)).max(start + TimeDelta::hours(1));
            let pool = market.pool;
            self.happens(sent_at.min(at), What::InboundSent { product, pool, units });
        }
        let warehouse = market.warehouses[0];
        self.move_stock(product, market, at, MovementKind::Receipt, units, "SELLABLE", "", warehouse);
    }
}
