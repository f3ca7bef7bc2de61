//! What becomes of orders: paid, shipped in one parcel or more, called off, sent back.

use chrono::{DateTime, TimeDelta, Utc};

use super::Growth;
use crate::world::{CancelledBy, Movement, MovementKind, Parcel, Return, What};

const REASONS: [&str; 5] = ["UNWANTED_ITEM", "DEFECTIVE", "NOT_AS_DESCRIBED", "ORDERED_WRONG_ITEM", "NO_REASON_GIVEN"];

impl Growth {
    pub(super) fn live_orders(&mut self) {
        for order in 0..self.seller.orders.len() {
            self.live(order);
        }
    }

    fn live(&mut self, order: usize) {
        let placed_at = self.seller.orders[order].placed_at;
        self.happens(placed_at, What::Ordered { order });
        if self.chance(30) {
            let at = placed_at + self.minutes(5, 60 * 20);
            let emptied = self.chance(300);
            self.happens(at, What::Cancelled { order, by: CancelledBy::Buyer, emptied });
            return;
        }
        let slow = self.chance(80);
        let paid_at = placed_at + if slow { self.minutes(60, 60 * 20) } else { self.minutes(20, 40) };
        self.happens(paid_at, What::PaymentAuthorised { order });
        if self.chance(12) {
            let at = paid_at + self.minutes(10, 60 * 6);
            let by = self.one_of(&[CancelledBy::Buyer, CancelledBy::Seller]);
            self.happens(at, What::Cancelled { order, by, emptied: false });
            return;
        }
        let open = self.take_some_back(order, paid_at);
        let shipped_at = self.ship(order, paid_at + TimeDelta::hours(3), &open);
        if self.chance(40) {
            let at = shipped_at + self.minutes(60 * 20, 60 * 24 * 20);
            self.happens(at, What::Touched { order });
        }
    }

    /// Units of each item still wanted after some orders lost a few.
    fn take_some_back(&mut self, order: usize, paid_at: DateTime<Utc>) -> Vec<i64> {
        let mut open: Vec<i64> = self.seller.orders[order].items.iter().map(|item| item.units).collect();
        let units: i64 = open.iter().sum();
        if units > 1 && self.chance(120) {
            let item = self.random.usize(0..open.len());
            let taken = if open.len() > 1 { self.random.i64(1..=open[item]) } else { self.random.i64(1..open[item]) };
            open[item] -= taken;
            let at = paid_at + self.minutes(5, 170);
            self.happens(at, What::UnitsCancelled { order, item, units: taken, by: CancelledBy::Buyer });
        }
        open
    }

    /// Ships what is open, now and then in two parcels; gives the moment of the last.
    fn ship(&mut self, order: usize, ready_at: DateTime<Utc>, open: &[i64]) -> DateTime<Utc> {
        let lines: Vec<(usize, i64)> = open.iter().copied().enumerate().filter(|(_, units)| *units > 0).collect();
        let by_amazon = self.seller.orders[order].by_amazon;
        let first_at = ready_at + if by_amazon { self.minutes(30, 60 * 26) } else { self.minutes(60 * 6, 60 * 48) };
        let units: i64 = lines.iter().map(|(_, units)| units).sum();
        if units < 2 || !self.chance(250) {
            self.send(order, first_at, lines);
            return first_at;
        }
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let mut left = units / 2;
        for (item, units) in lines {
            let now = units.min(left);
            left -= now;
            if now > 0 {
                first.push((item, now));
            }
            if units > now {
                second.push((item, units - now));
            }
        }
        self.send(order, first_at, first);
        let second_at = first_at + self.minutes(60 * 4, 60 * 40);
        self.send(order, second_at, second);
        second_at
    }

    fn send(&mut self, order: usize, at: DateTime<Utc>, lines: Vec<(usize, i64)>) {
        let parcel = Parcel { number: self.number(), lines };
        if self.seller.orders[order].by_amazon {
            self.leave_warehouse(order, at, &parcel);
        }
        let deferred = self.charge_parcel(order, &parcel, at);
        self.send_back(order, at, &parcel, deferred);
        self.happens(at, What::Shipped { order, parcel });
    }

    fn leave_warehouse(&mut self, order: usize, at: DateTime<Utc>, parcel: &Parcel) {
        let market = self.seller.orders[order].market;
        for (item, units) in &parcel.lines {
            let movement = Movement {
                product: self.seller.orders[order].items[*item].product,
                market,
                warehouse: market.warehouses[0],
                kind: MovementKind::Shipment,
                units: -units,
                disposition: "SELLABLE",
                reason: "",
                reference: parcel.number,
            };
            self.happens(at, What::StockMoved(movement));
        }
    }

    /// Some units come back, and some money without any.
    fn send_back(&mut self, order: usize, at: DateTime<Utc>, parcel: &Parcel, released_at: Option<DateTime<Utc>>) {
        for (item, shipped) in &parcel.lines {
            if !self.chance(65) {
                continue;
            }
            let units = self.random.i64(1..=*shipped);
            let refunded_at = at + self.minutes(60 * 24 * 3, 60 * 24 * 26);
            let placed = &self.seller.orders[order];
            if !placed.non_amazon && placed.replaces.is_none() {
                self.refund(order, *item, units, refunded_at, released_at);
            }
            if self.seller.orders[order].by_amazon && !self.chance(250) {
                self.receive_return(order, *item, units, refunded_at);
            }
        }
    }

    fn receive_return(&mut self, order: usize, item: usize, units: i64, refunded_at: DateTime<Utc>) {
        let at = refunded_at + self.minutes(-60 * 30, 60 * 24 * 6);
        let market = self.seller.orders[order].market;
        let disposition = self.one_of(&["SELLABLE", "SELLABLE", "CUSTOMER_DAMAGED", "DEFECTIVE"]);
        let (reason, warehouse) = (self.one_of(&REASONS), self.one_of(&market.warehouses));
        let settled_at = at + self.minutes(60 * 20, 60 * 24 * 9);
        let plate = self.number();
        let entry = self.seller.returns.len();
        self.seller.returns.push(Return { order, item, units, at, warehouse, disposition, reason, settled_at, plate });
        self.happens(at, What::Returned { entry });
        self.happens(settled_at, What::ReturnSettled { entry });
        let product = self.seller.orders[order].items[item].product;
        let kind = MovementKind::CustomerReturn;
        let movement = Movement { product, market, warehouse, kind, units, disposition, reason: "", reference: plate };
        self.happens(at, What::StockMoved(movement));
    }
}
