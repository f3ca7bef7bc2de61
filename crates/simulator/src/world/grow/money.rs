//! Money of parcels and refunds.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Growth, converted};
use crate::world::{
    Charge, Item, Line, Marketplace, Parcel, Product, Tax, Transaction, TransactionKind, UnitMoney, What,
};

/// Collects the lines of one item; amounts of nothing are no lines.
struct Lines {
    item: usize,
    product: usize,
    units: i64,
    found: Vec<Line>,
}

impl Lines {
    fn add(&mut self, charge: Charge, amount: i64) {
        self.fee(charge, amount, 0);
    }

    /// A fee before tax, with tax in thousandths on top of it.
    fn fee(&mut self, charge: Charge, base: i64, tax_rate: i64) {
        if base != 0 {
            self.found.push(Line {
                item: Some(self.item),
                product: Some(self.product),
                units: self.units,
                charge,
                base,
                tax: base * tax_rate / 1000,
            });
        }
    }

    /// What buyers pay, with `sign` 1 for a sale and -1 for a refund.
    fn sale(&mut self, each: &UnitMoney, tax: Tax, sign: i64) {
        let times = self.units * sign;
        let split = |hidden: i64| if matches!(tax, Tax::Withheld(_) | Tax::Split(_)) { hidden } else { 0 };
        self.add(Charge::Principal, (each.price - split(each.tax)) * times);
        self.add(Charge::Tax, each.tax * times);
        self.add(Charge::Shipping, (each.shipping - split(each.shipping_tax)) * times);
        self.add(Charge::ShippingTax, each.shipping_tax * times);
        self.add(Charge::GiftWrap, (each.gift_wrap - split(each.gift_wrap_tax)) * times);
        self.add(Charge::GiftWrapTax, each.gift_wrap_tax * times);
        self.add(Charge::Promotion, -each.discount * times);
        self.add(Charge::ShippingPromotion, -each.shipping_discount * times);
        if matches!(tax, Tax::Withheld(_) | Tax::Added(_)) {
            self.add(Charge::WithheldPrincipal, -each.tax * times);
            self.add(Charge::WithheldShipping, -each.shipping_tax * times);
            self.add(Charge::WithheldOther, -each.gift_wrap_tax * times);
        }
    }
}

/// The referral fee of one unit, positive.
fn referral(item: &Item, product: &Product) -> i64 {
    (item.each.price - item.each.discount) * product.referral / 1000
}

impl Growth {
    /// Charges for a parcel; gives the moment its money is let go, if it is held back.
    pub(super) fn charge_parcel(&mut self, order: usize, parcel: &Parcel, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let placed = &self.seller.orders[order];
        let market = placed.market;
        let free = placed.non_amazon || placed.replaces.is_some();
        let mut found = Vec::new();
        for (item, units) in &parcel.lines {
            let bought = &placed.items[*item];
            let product = &self.seller.products[bought.product];
            let mut lines = Lines { item: *item, product: bought.product, units: *units, found: Vec::new() };
            if !free {
                lines.sale(&bought.each, market.tax, 1);
                lines.fee(Charge::Commission, -referral(bought, product) * units, market.fee_tax);
            }
            if placed.by_amazon {
                let fee = converted(product.fulfilment, market);
                lines.fee(Charge::Fulfilment, -fee * units, market.fee_tax);
                let kept = bought.each.shipping - bought.each.shipping_discount;
                lines.fee(Charge::ShippingChargeback, -kept * units, 0);
                lines.fee(Charge::GiftWrapChargeback, -bought.each.gift_wrap * units, 0);
            }
            found.append(&mut lines.found);
        }
        if found.is_empty() {
            return None;
        }
        // Money of most orders is held back until a week after delivery, that of companies until they pay their bill.
        let business = placed.business;
        let held = !free && self.chance(750);
        let (least, most) = if business { (30, 48) } else { (9, 13) };
        let released_at = held.then(|| at + self.minutes(60 * 24 * least, 60 * 24 * most));
        let kind = TransactionKind::Shipment;
        self.post(kind, market, at, released_at, Some(order), Some(parcel.number), found);
        released_at
    }

    pub(super) fn refund(
        &mut self,
        order: usize,
        item: usize,
        units: i64,
        at: DateTime<Utc>,
        held_until: Option<DateTime<Utc>>,
    ) {
        let placed = &self.seller.orders[order];
        let market = placed.market;
        let bought = &placed.items[item];
        let product = &self.seller.products[bought.product];
        let mut lines = Lines { item, product: bought.product, units, found: Vec::new() };
        let keeps_shipping = bought.each.shipping > bought.each.shipping_discount;
        let each = if keeps_shipping {
            UnitMoney { shipping: 0, shipping_tax: 0, shipping_discount: 0, ..bought.each }
        } else {
            bought.each
        };
        lines.sale(&each, market.tax, -1);
        let fee = referral(bought, product) * units;
        lines.fee(Charge::Commission, fee, market.fee_tax);
        lines.fee(Charge::RefundCommission, -(fee / 5).min(converted(500, market)), market.fee_tax);
        if placed.by_amazon {
            lines.fee(Charge::GiftWrapChargeback, each.gift_wrap * units, 0);
        }
        if self.random.u32(0..100) < 4 {
            lines.add(Charge::Goodwill, -converted(150, market));
        }
        // A refund before the sale was let go is held back with it.
        let released_at = held_until.filter(|until| *until > at + TimeDelta::hours(6));
        let found = lines.found;
        self.post(TransactionKind::Refund, market, at, released_at, Some(order), None, found);
    }

    #[allow(clippy::too_many_arguments)] // the fields of a transaction, in their order
    pub(super) fn post(
        &mut self,
        kind: TransactionKind,
        market: &'static Marketplace,
        posted_at: DateTime<Utc>,
        released_at: Option<DateTime<Utc>>,
        order: Option<usize>,
        parcel: Option<u64>,
        lines: Vec<Line>,
    ) {
        let number = self.number();
        let transaction = self.seller.transactions.len();
        self.seller.transactions.push(Transaction {
            number,
            kind,
            market,
            posted_at,
            released_at,
            order,
            parcel,
            lines,
        });
        self.happens(posted_at, What::Posted { transaction });
        if let Some(at) = released_at {
            self.happens(at, What::Released { transaction });
        }
    }
}
