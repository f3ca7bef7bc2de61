//! Orders and sales, folded from the events.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::taxes::contained;
use crate::world::{Marketplace, Order, Seller, Tax, What, decimal};

/// An order.
///
/// Compare with the lake's `orders`; with `item_count` of items that aren't cancelled, since documents differ in how
/// long they keep printing cancelled ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderTruth {
    /// Amazon's id.
    pub order_id: String,
    /// Marketplace; none for multi-channel fulfilment.
    pub marketplace_id: Option<String>,
    /// Local day it was placed; the UTC day where there is no marketplace.
    pub local_day: String,
    /// Currency; none while no price is known, and when cancelled.
    pub currency: Option<String>,
    /// `Pending`, `Unshipped`, `PartiallyShipped`, `Shipped` or `Cancelled`.
    pub status: String,
    /// When it last changed: RFC 3339, UTC.
    pub updated_at: String,
    /// Item rows not called off.
    pub items: i64,
    /// Units of them.
    pub units: i64,
    /// Price times units; none while no price is known, and when cancelled.
    pub revenue: Option<String>,
}

/// A row of `daily_sales`: what was ordered of a product on a local day and not called off.
///
/// `orders` counts orders with the product in them. Money is none where no row states any, like the lake's sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DailySales {
    /// Local day.
    pub local_day: String,
    /// Marketplace; none for multi-channel fulfilment.
    pub marketplace_id: Option<String>,
    /// Currency of the marketplace.
    pub currency: Option<String>,
    /// Seller's SKU.
    pub sku: String,
    /// Amazon's id of the product.
    pub asin: String,
    /// Orders.
    pub orders: i64,
    /// Item rows.
    pub order_items: i64,
    /// Units.
    pub units: i64,
    /// Units whose price isn't known yet.
    pub unpriced_units: i64,
    /// Units of multi-channel orders, counted apart.
    pub mcf_units: i64,
    /// Units of replacements, counted apart.
    pub replacement_units: i64,
    /// Price times units.
    pub gross_sales: Option<String>,
    /// Tax on the goods.
    pub item_tax: Option<String>,
    /// Discount on the goods, positive.
    pub item_promotion_discount: Option<String>,
    /// The tax in what was paid for the goods, negative, to four decimals; told by Amazon or hidden.
    pub vat: Option<String>,
    /// Shipping.
    pub shipping_sales: Option<String>,
    /// Tax on shipping.
    pub shipping_tax: Option<String>,
    /// Discount on shipping, positive.
    pub ship_promotion_discount: Option<String>,
    /// Gift wrap.
    pub gift_wrap_sales: Option<String>,
    /// Tax on gift wrap.
    pub gift_wrap_tax: Option<String>,
}

/// Sales of a marketplace's day. Adding up `daily_sales` gives the same but for `orders`, which counts an order once
/// here and once for each of its products there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DailyTotal {
    /// Local day.
    pub local_day: String,
    /// Marketplace.
    pub marketplace_id: String,
    /// Its currency.
    pub currency: String,
    /// Orders with anything left of them.
    pub orders: i64,
    /// Item rows.
    pub items: i64,
    /// Units.
    pub units: i64,
    /// Units whose price isn't known yet.
    pub unpriced_units: i64,
    /// Price times units of those whose price is known.
    pub revenue: String,
}

/// Orders of a UTC day, pending ones included and what was called off left out; sales on Amazon only.
///
/// Compare with the lake's `sales_metrics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metrics {
    /// UTC day.
    pub day: String,
    /// Marketplace.
    pub marketplace_id: String,
    /// Orders.
    pub orders: i64,
    /// Item rows.
    pub items: i64,
    /// Units.
    pub units: i64,
}

/// An order so far.
pub(super) struct Folded {
    placed: bool,
    paid: bool,
    cancelled: bool,
    updated_at: DateTime<Utc>,
    left: Vec<i64>,
    shipped: i64,
}

impl Folded {
    fn is_priced(&self, order: &Order) -> bool {
        self.paid && !self.cancelled && !order.non_amazon
    }

    fn status(&self) -> &'static str {
        let left: i64 = self.left.iter().sum();
        match self {
            Self { cancelled: true, .. } => "Cancelled",
            Self { paid: false, .. } => "Pending",
            Self { shipped: 0, .. } => "Unshipped",
            Self { shipped, .. } if *shipped < left => "PartiallyShipped",
            _ => "Shipped",
        }
    }
}

/// Every order after all that happened before or at `seen`.
pub(super) fn fold(seller: &Seller, seen: DateTime<Utc>) -> Vec<Folded> {
    let mut folded: Vec<Folded> = seller
        .orders
        .iter()
        .map(|order| Folded {
            placed: false,
            paid: false,
            cancelled: false,
            updated_at: order.placed_at,
            left: order.items.iter().map(|item| item.units).collect(),
            shipped: 0,
        })
        .collect();
    for event in seller.events.iter().take_while(|event| event.at <= seen) {
        let Some(order) = event.what.order().map(|order| &mut folded[order]) else { continue };
        order.updated_at = event.at;
        match &event.what {
            What::Ordered { .. } => order.placed = true,
            What::PaymentAuthorised { .. } => order.paid = true,
            What::UnitsCancelled { item, units, .. } => order.left[*item] -= units,
            What::Cancelled { .. } => {
                order.cancelled = true;
                order.left.fill(0);
            }
            What::Shipped { parcel, .. } => {
                order.shipped += parcel.lines.iter().map(|(_, units)| units).sum::<i64>();
            }
            _ => {}
        }
    }
    folded
}

fn local_day(order: &Order) -> String {
    let day = if order.non_amazon { order.placed_at.date_naive() } else { order.market.day(order.placed_at) };
    day.to_string()
}

/// Orders by id.
pub(super) fn orders(seller: &Seller, folded: &[Folded]) -> Vec<OrderTruth> {
    let placed = seller.orders.iter().zip(folded).filter(|(_, state)| state.placed);
    let mut found: Vec<OrderTruth> = placed
        .map(|(order, state)| {
            let rows = order.items.iter().zip(&state.left).filter(|(_, left)| **left > 0);
            let revenue: i64 = rows.clone().map(|(item, left)| item.each.price * left).sum();
            let priced = state.is_priced(order);
            // Whatever stands beside them, nothing is paid here for what was cancelled or ordered elsewhere.
            let brings_nothing = order.non_amazon || state.status() == "Cancelled";
            OrderTruth {
                order_id: order.id.clone(),
                marketplace_id: (!order.non_amazon).then(|| order.market.id.to_owned()),
                local_day: local_day(order),
                currency: priced.then(|| order.market.currency.to_owned()),
                status: state.status().to_owned(),
                updated_at: state.updated_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                items: rows.clone().count() as i64,
                units: state.left.iter().sum(),
                revenue: (priced || brings_nothing)
                    .then(|| decimal(if brings_nothing { 0 } else { revenue }, order.market.digits)),
            }
        })
        .collect();
    found.sort_by(|one, other| one.order_id.cmp(&other.order_id));
    found
}

/// Sums of a product's day. Money in the order of [`DailySales`]; a sum nobody states stays unknown.
#[derive(Default)]
struct Sums {
    orders: BTreeSet<usize>,
    items: i64,
    units: i64,
    unpriced: i64,
    mcf: i64,
    replaced: i64,
    digits: u32,
    money: [Option<i64>; 8],
    market: Option<&'static Marketplace>,
}

impl Sums {
    /// The tax in prices less discounts: sales tax comes on top of them.
    fn vat(&self) -> Option<String> {
        let (market, price) = (self.market?, self.money[0]?);
        let vat = match market.tax {
            Tax::Added(_) => 0,
            Tax::Hidden(_) => contained(price - self.money[2].unwrap_or(0), market),
            Tax::Withheld(_) | Tax::Split(_) => self.money[1].unwrap_or(0) * 10_i64.pow(4 - market.digits),
        };
        Some(decimal(-vat, 4))
    }
}

type Key = (String, Option<&'static str>, Option<&'static str>, usize);

/// Sales by product and in total.
pub(super) fn sales(seller: &Seller, folded: &[Folded]) -> (Vec<DailySales>, Vec<DailyTotal>) {
    let mut sums: BTreeMap<Key, Sums> = BTreeMap::new();
    for (number, (order, state)) in seller.orders.iter().zip(folded).enumerate() {
        if !state.placed || state.cancelled {
            continue;
        }
        let market = (!order.non_amazon).then_some(order.market);
        for (item, left) in order.items.iter().zip(&state.left).filter(|(_, left)| **left > 0) {
            let key =
                (local_day(order), market.map(|market| market.id), market.map(|market| market.currency), item.product);
            let sum = sums.entry(key).or_default();
            sum.digits = order.market.digits;
            sum.market = market;
            if order.non_amazon {
                sum.mcf += left;
                continue;
            }
            if order.replaces.is_some() {
                sum.replaced += left;
                continue;
            }
            sum.orders.insert(number);
            sum.items += 1;
            sum.units += left;
            if !state.is_priced(order) {
                sum.unpriced += left;
                continue;
            }
            let each = &item.each;
            *sum.money[0].get_or_insert(0) += each.price * left;
            let others = [
                each.tax,
                each.discount,
                each.shipping,
                each.shipping_tax,
                each.shipping_discount,
                each.gift_wrap,
                each.gift_wrap_tax,
            ];
            for (slot, amount) in sum.money[1..].iter_mut().zip(others).filter(|(_, amount)| *amount != 0) {
                *slot.get_or_insert(0) += amount * left;
            }
        }
    }
    (by_product(seller, &sums), totals(&sums))
}

fn by_product(seller: &Seller, sums: &BTreeMap<Key, Sums>) -> Vec<DailySales> {
    let rows = sums.iter().map(|((local_day, marketplace_id, currency, product), sum)| {
        let money = |place: usize| sum.money[place].map(|amount| decimal(amount, sum.digits));
        DailySales {
            local_day: local_day.clone(),
            marketplace_id: marketplace_id.map(str::to_owned),
            currency: currency.map(str::to_owned),
            sku: seller.products[*product].sku.clone(),
            asin: seller.products[*product].asin.clone(),
            orders: sum.orders.len() as i64,
            order_items: sum.items,
            units: sum.units,
            unpriced_units: sum.unpriced,
            mcf_units: sum.mcf,
            replacement_units: sum.replaced,
            gross_sales: money(0),
            item_tax: money(1),
            item_promotion_discount: money(2),
            vat: sum.vat(),
            shipping_sales: money(3),
            shipping_tax: money(4),
            ship_promotion_discount: money(5),
            gift_wrap_sales: money(6),
            gift_wrap_tax: money(7),
        }
    });
    rows.collect()
}

fn totals(sums: &BTreeMap<Key, Sums>) -> Vec<DailyTotal> {
    type Key<'a> = (&'a str, &'a str, &'a str);
    let mut days: BTreeMap<Key<'_>, (BTreeSet<usize>, [i64; 4], u32)> = BTreeMap::new();
    for ((local_day, marketplace_id, currency, _), sum) in sums {
        let (Some(marketplace_id), Some(currency)) = (marketplace_id, currency) else { continue };
        if sum.orders.is_empty() {
            continue;
        }
        let day = days.entry((local_day, marketplace_id, currency)).or_default();
        day.0.extend(&sum.orders);
        let added = [sum.items, sum.units, sum.unpriced, sum.money[0].unwrap_or(0)];
        day.1.iter_mut().zip(added).for_each(|(total, more)| *total += more);
        day.2 = sum.digits;
    }
    days.into_iter()
        .map(|((local_day, marketplace_id, currency), (orders, [items, units, unpriced_units, revenue], digits))| {
            DailyTotal {
                local_day: local_day.to_owned(),
                marketplace_id: marketplace_id.to_owned(),
                currency: currency.to_owned(),
                orders: orders.len() as i64,
                items,
                units,
                unpriced_units,
                revenue: decimal(revenue, digits),
            }
        })
        .collect()
}

/// Orders by UTC day and marketplace.
pub(super) fn metrics(seller: &Seller, folded: &[Folded]) -> Vec<Metrics> {
    let mut days: BTreeMap<(String, &'static str), [i64; 3]> = BTreeMap::new();
    for (order, state) in seller.orders.iter().zip(folded) {
        let left = state.left.iter().filter(|left| **left > 0);
        let is_sale = state.placed && !order.non_amazon && order.replaces.is_none();
        if !is_sale || left.clone().count() == 0 {
            continue;
        }
        let day = days.entry((order.placed_at.date_naive().to_string(), order.market.id)).or_default();
        let counts = [1, left.clone().count() as i64, left.sum()];
        day.iter_mut().zip(counts).for_each(|(sum, more)| *sum += more);
    }
    days.into_iter()
        .map(|((day, marketplace_id), [orders, items, units])| Metrics {
            day,
            marketplace_id: marketplace_id.to_owned(),
            orders,
            items,
            units,
        })
        .collect()
}
