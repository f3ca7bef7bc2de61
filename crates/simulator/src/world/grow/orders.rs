//! Orders as they are placed.

use chrono::{DateTime, Utc};

use super::{Growth, converted};
use crate::world::{Item, Marketplace, Order, Tax, UnitMoney, hashed};

const PROMOTIONS: [&str; 3] = ["Spring sale, 10% off A1B2", "Coupon PLM-3C1F", "Lightning, ends soon"];

impl Growth {
    pub(super) fn take_orders(&mut self) {
        for place in 0..self.seller.marketplaces.len() {
            let market = self.seller.marketplaces[place];
            let to = self.to;
            for day in self.from.iter_days().take_while(|day| *day < to) {
                for _ in 0..self.orders_on(place, day) {
                    let placed_at = self.moment(market, day);
                    let order = self.order(market, placed_at);
                    self.seller.orders.push(order);
                }
            }
        }
        self.seller.orders.sort_by(|one, other| one.placed_at.cmp(&other.placed_at).then(one.id.cmp(&other.id)));
        self.replace_some();
    }

    fn order(&mut self, market: &'static Marketplace, placed_at: DateTime<Utc>) -> Order {
        let non_amazon = self.chance(12);
        let first = self.popular(placed_at, non_amazon.then_some(true));
        let by_amazon = self.seller.products[first].by_amazon;
        let business = self.chance(60);
        let mut items = vec![self.item(market, first, placed_at, non_amazon)];
        let more = match self.random.u32(0..100) {
            0..12 => 1,
            12..15 => 2,
            _ => 0,
        };
        for _ in 0..more {
            let other = self.popular(placed_at, Some(self.seller.products[first].by_amazon));
            items.push(self.item(market, other, placed_at, non_amazon));
        }
        if self.chance(25) {
            let twin = Item { id: self.item_id(), ..items[0].clone() };
            items.push(twin);
        }
        Order {
            id: self.order_id(market, non_amazon),
            market,
            non_amazon,
            placed_at,
            by_amazon,
            business,
            replaces: None,
            place: self.random.usize(0..market.places.len()),
            items,
            history: Vec::new(),
        }
    }

    /// A product on sale at the moment; the first are bought more often than the last.
    fn popular(&mut self, at: DateTime<Utc>, by_amazon: Option<bool>) -> usize {
        for _ in 0..8 {
            let count = self.seller.products.len();
            let place = self.random.usize(0..count).min(self.random.usize(0..count));
            let product = &self.seller.products[place];
            if product.listed_at <= at && by_amazon.is_none_or(|wanted| product.by_amazon == wanted) {
                return place;
            }
        }
        // The first product is always on sale and always at Amazon's; an order of the seller's own keeps to itself.
        let wanted = by_amazon.unwrap_or(true);
        let known = self.seller.products.iter();
        known.enumerate().find(|(_, product)| product.by_amazon == wanted && product.listed_at <= at).map_or(0, |p| p.0)
    }

    fn item(&mut self, market: &'static Marketplace, product: usize, at: DateTime<Utc>, non_amazon: bool) -> Item {
        let units = match self.random.u32(0..100) {
            0..10 => 2,
            10..15 => 3,
            15 => 6,
            _ => 1,
        };
        let by_amazon = self.seller.products[product].by_amazon;
        let (each, promotion) =
            if non_amazon { (UnitMoney::default(), None) } else { self.unit_money(market, product, by_amazon, at) };
        Item { id: self.item_id(), product, units, each, promotion }
    }

    fn unit_money(
        &mut self,
        market: &'static Marketplace,
        product: usize,
        by_amazon: bool,
        at: DateTime<Utc>,
    ) -> (UnitMoney, Option<&'static str>) {
        let price = self.seller.products[product].price(market.id, at);
        let mut money = UnitMoney { price, ..UnitMoney::default() };
        let mut promotion = None;
        if self.chance(150) {
            money.discount = price / 10;
            promotion = Some(self.one_of(&PROMOTIONS));
        }
        if self.chance(if by_amazon { 250 } else { 700 }) {
            money.shipping = converted(399, market);
            if self.chance(400) {
                money.shipping_discount = money.shipping;
                promotion = promotion.or(Some("Core Free Shipping 2015/04/08"));
            }
        }
        if self.chance(20) {
            money.gift_wrap = converted(349, market);
        }
        match market.tax {
            Tax::Added(rate) => {
                money.tax = (price - money.discount) * rate / 1000;
                money.shipping_tax = (money.shipping - money.shipping_discount) * rate / 1000;
                money.gift_wrap_tax = money.gift_wrap * rate / 1000;
            }
            Tax::Withheld(rate) | Tax::Split(rate) => {
                money.tax = (price - money.discount) * rate / (1000 + rate);
                money.shipping_tax = (money.shipping - money.shipping_discount) * rate / (1000 + rate);
                money.gift_wrap_tax = money.gift_wrap * rate / (1000 + rate);
            }
            Tax::Hidden(_) => {}
        }
        (money, promotion)
    }

    /// A few orders are sent again for nothing.
    fn replace_some(&mut self) {
        let mut replacements = Vec::new();
        for place in 0..self.seller.orders.len() {
            let order = &self.seller.orders[place];
            if order.non_amazon || !order.by_amazon || !self.chance(8) {
                continue;
            }
            let (market, item) = (self.seller.orders[place].market, self.seller.orders[place].items[0].clone());
            let placed_at = self.seller.orders[place].placed_at + self.minutes(60 * 24 * 6, 60 * 24 * 20);
            replacements.push((
                self.seller.orders[place].id.clone(),
                Order {
                    id: self.order_id(market, false),
                    placed_at,
                    business: false,
                    items: vec![Item {
                        id: self.item_id(),
                        units: 1,
                        each: UnitMoney::default(),
                        promotion: None,
                        ..item
                    }],
                    ..self.seller.orders[place].clone()
                },
            ));
        }
        let ids: Vec<String> = replacements.iter().map(|(original, _)| original.clone()).collect();
        let new: Vec<String> = replacements.iter().map(|(_, order)| order.id.clone()).collect();
        self.seller.orders.extend(replacements.into_iter().map(|(_, order)| order));
        self.seller.orders.sort_by(|one, other| one.placed_at.cmp(&other.placed_at).then(one.id.cmp(&other.id)));
        let places: std::collections::BTreeMap<String, usize> =
            self.seller.orders.iter().enumerate().map(|(place, order)| (order.id.clone(), place)).collect();
        for (original, replacement) in ids.iter().zip(&new) {
            self.seller.orders[places[replacement]].replaces = places.get(original).copied();
        }
    }

    fn order_id(&mut self, market: &Marketplace, non_amazon: bool) -> String {
        let number = self.number();
        // An odd factor permutes the last seven digits, so that numbers in a row don't look like it and never collide.
        let (first, last) = (hashed(&[number]) % 10_000_000, number * 7_654_321 % 10_000_000);
        if non_amazon {
            format!("S01-{first:07}-{last:07}")
        } else {
            let prefix = u64::from(market.order_prefix) + number % 3;
            format!("{prefix}-{first:07}-{last:07}")
        }
    }

    fn item_id(&mut self) -> u64 {
        10_000_000_000_000 + self.number()
    }
}
