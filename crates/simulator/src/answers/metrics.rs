//! Sales v1: what was ordered, by hour, day or longer.

use std::collections::BTreeMap;

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc,
};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::world::{Marketplace, Source, World, decimal, latency, marketplace, standing};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsQuery {
    /// Marketplace id.
    pub marketplace: String,
    /// First moment.
    pub from: DateTime<Utc>,
    /// Last moment, exclusive.
    pub to: DateTime<Utc>,
    /// `Hour`, `Day`, `Week`, `Month`, `Year` or `Total`.
    pub granularity: String,
    /// IANA time zone of the intervals.
    pub zone: String,
    /// Only this product.
    pub asin: Option<String>,
    /// Only this SKU.
    pub sku: Option<String>,
}

#[derive(Default)]
struct Sum {
    orders: i64,
    items: i64,
    units: i64,
    amount: i64,
}

/// One entry for each interval, empty ones included: units, items, orders and ordered product sales, pending orders
/// counted and cancelled ones gone.
///
/// # Errors
///
/// The text of Amazon's 400: an unknown zone or granularity, or more intervals than anybody could want.
pub fn order_metrics(
    world: &World,
    seller: &str,
    query: &MetricsQuery,
    now: DateTime<Utc>,
) -> Result<Vec<Value>, String> {
    let zone: Tz = query.zone.parse().map_err(|_| format!("Invalid granularityTimeZone: {}.", query.zone))?;
    let (Some(seller), Some(market)) = (world.seller(seller), marketplace(&query.marketplace)) else {
        return Ok(Vec::new());
    };
    let mut sums: BTreeMap<DateTime<Utc>, Sum> = BTreeMap::new();
    let mut start = query.from;
    while start < query.to {
        sums.insert(start, Sum::default());
        if sums.len() > 20_000 {
            return Err("The interval is too long.".to_owned());
        }
        start = next(start, zone, &query.granularity)?.min(query.to);
    }
    let seen = now - latency(Source::Orders);
    for number in seller.orders_placed(query.from, query.to.min(now)) {
        let order = &seller.orders[number];
        if order.market.id != market.id || order.non_amazon || order.replaces.is_some() {
            continue;
        }
        let Some(standing) = standing(seller, number, seen) else { continue };
        let Some((_, sum)) = sums.range_mut(..=order.placed_at).next_back() else { continue };
        let before = sum.items;
        for (item, state) in order.items.iter().zip(&standing.items).filter(|(_, state)| state.ordered > 0) {
            let product = &seller.products[item.product];
            let fits = query.asin.as_ref().is_none_or(|asin| *asin == product.asin)
                && query.sku.as_ref().is_none_or(|sku| *sku == product.sku);
            if fits {
                sum.items += 1;
                sum.units += state.ordered;
                sum.amount += item.each.price * state.ordered;
            }
        }
        sum.orders += i64::from(sum.items > before);
    }
    let ends: Vec<DateTime<Utc>> = sums.keys().skip(1).copied().chain([query.to]).collect();
    Ok(sums.iter().zip(ends).map(|((from, sum), to)| shown(market, zone, *from, to, sum)).collect())
}

/// Where the interval that holds `at` ends. Weeks begin on Monday.
fn next(at: DateTime<Utc>, zone: Tz, granularity: &str) -> Result<DateTime<Utc>, String> {
    let local = at.with_timezone(&zone);
    let day = local.date_naive();
    let first = |day: NaiveDate| day.with_day(1).unwrap_or(day);
    let until = match granularity {
        "Hour" => {
            // Not by the clock on the wall, which shows one hour twice when it goes back.
            let into_it = TimeDelta::minutes(i64::from(local.minute())) + TimeDelta::seconds(i64::from(local.second()));
            return Ok(at - into_it + TimeDelta::hours(1));
        }
        "Day" => day + Days::new(1),
        "Week" => day + Days::new(7 - u64::from(day.weekday().num_days_from_monday())),
        "Month" => first(day) + Months::new(1),
        "Year" => first(day).with_month(1).unwrap_or(day) + Months::new(12),
        "Total" => NaiveDate::MAX - Days::new(400),
        other => return Err(format!("Invalid granularity: {other}.")),
    };
    Ok(instant(zone, until.and_time(NaiveTime::MIN)))
}

fn instant(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    zone.from_local_datetime(&local).earliest().map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
}

fn shown(market: &Marketplace, zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>, sum: &Sum) -> Value {
    let stamp = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%dT%H:%M%:z").to_string();
    let money = |minor: i64| json!({ "amount": decimal(minor, market.digits), "currencyCode": market.currency });
    json!({
        "interval": format!("{}--{}", stamp(from), stamp(to)),
        "unitCount": sum.units,
        "orderItemCount": sum.items,
        "orderCount": sum.orders,
        "averageUnitPrice": money(if sum.units == 0 { 0 } else { sum.amount / sum.units }),
        "totalSales": money(sum.amount),
    })
}
